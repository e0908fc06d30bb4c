/* Preloaded into the guest's kernel: logs each write to the card's image, and each flush.
 *
 * RECORD_IMAGE is the image, RECORD_LOG where the log goes: records of three 64-bit numbers (kind:
 * 1 write, 2 flush; offset; length), each write followed by its bytes. A real card keeps what was
 * written before a flush; of what came after it, it may lose any part.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static ssize_t (*real_pwrite)(int, const void *, size_t, off64_t);
static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static struct stat image;
static int log_file = -1;

__attribute__((constructor)) static void start(void)
{
	const char *path = getenv("RECORD_IMAGE"), *log = getenv("RECORD_LOG");

	real_pwrite = dlsym(RTLD_NEXT, "pwrite64");
	real_fsync = dlsym(RTLD_NEXT, "fsync");
	real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
	if (path && log && stat(path, &image) == 0)
		log_file = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
}

static int is_image(int file)
{
	struct stat found;

	return log_file >= 0 && fstat(file, &found) == 0 && found.st_ino == image.st_ino &&
	       found.st_dev == image.st_dev;
}

static void put(const void *data, size_t size)
{
	/* A log with a hole in it would prove nothing. */
	if (write(log_file, data, size) != (ssize_t)size)
		abort();
}

static void record(uint64_t kind, uint64_t offset, uint64_t size, const void *data)
{
	uint64_t head[3] = {kind, offset, size};

	put(head, sizeof(head));
	if (data)
		put(data, size);
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset)
{
	if (is_image(file))
		record(1, offset, size, data);
	return real_pwrite(file, data, size, offset);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
	return pwrite64(file, data, size, offset);
}

int fsync(int file)
{
	if (is_image(file))
		record(2, 0, 0, NULL);
	return real_fsync(file);
}

int fdatasync(int file)
{
	if (is_image(file))
		record(2, 0, 0, NULL);
	return real_fdatasync(file);
}
