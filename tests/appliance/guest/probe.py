"""Runs in the guest as a unit with the sandbox of the real one: tries what an intruder would.

Prints a JSON object: what was tried, and "ok" or how it was refused. Needs only Python.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
PR_CAPBSET_READ, SCHED_FIFO, PROT_EXEC = 23, 1, 4
SYS_ADD_KEY, SYS_PTRACE, SYS_INIT_MODULE, SYS_BPF = 248, 101, 175, 321  # x86-64


def checked(result: int) -> None:
    """Raise OSError when a C function has failed."""
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def write(path: str) -> Callable[[], object]:
    """Try to make a file there."""
    return lambda: (Path(path) / "intruder").write_text("x")


def opened(path: str, flags: int = os.O_RDWR) -> Callable[[], object]:
    """Try to open a file or device."""
    return lambda: os.close(os.open(path, flags | os.O_NONBLOCK))


def others() -> None:
    """See a process that is not ours; PermissionError when there is none to be seen."""
    seen = [int(it.name) for it in Path("/proc").iterdir() if it.name.isdecimal()]
    mine = os.getuid()
    if not any(Path(f"/proc/{pid}").stat().st_uid != mine for pid in seen):
        raise PermissionError(errno.EPERM, "none seen")


def executable_memory() -> None:
    """Make memory that is writable executable, as injected code needs it."""
    page = mmap.mmap(-1, mmap.PAGESIZE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    protection = mmap.PROT_READ | mmap.PROT_WRITE | PROT_EXEC
    checked(LIBC.mprotect(ctypes.c_void_p(address), mmap.PAGESIZE, protection))


def capable() -> None:
    """Have any capability in the bounding set."""
    if not any(LIBC.prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1 for cap in range(41)):
        raise PermissionError(errno.EPERM, "none left")


def set_uid() -> None:
    """Make a program that runs as its owner."""
    path = Path(os.environ["STATE_DIRECTORY"]) / "intruder"
    path.write_text("")
    try:
        path.chmod(0o4755)
    finally:
        path.unlink()


def open_socket(family: int, kind: int, protocol: int = 0) -> Callable[[], object]:
    """Try to make a socket."""
    return lambda: socket.socket(family, kind, protocol).close()


def bind_udp() -> None:
    """Take a UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))


STATE, RUN = os.environ.get("STATE_DIRECTORY", ""), os.environ.get("RUNTIME_DIRECTORY", "")


def keep(folder: str) -> Callable[[], object]:
    """Write a file where it belongs, and remove it."""

    def tried() -> None:
        path = Path(folder) / "probe"
        path.write_text("x")
        path.unlink()

    return tried


TRIES: dict[str, Callable[[], object]] = {
    "write /etc": write("/etc"),
    "write /etc/intercom": write("/etc/intercom"),
    "write /usr": write("/usr/lib"),
    "write /opt": write("/opt/intercom"),
    "write /boot": write("/boot"),
    "write /var/log": write("/var/log"),
    "write /root": write("/root"),
    "write /dev/shm of others": lambda: Path("/dev/shm/lab").write_text("x"),
    "write /proc/sys": lambda: Path("/proc/sys/kernel/hostname").write_text("x"),
    "write cgroups": lambda: Path("/sys/fs/cgroup/cgroup.procs").write_text(str(os.getpid())),
    "open memory": opened("/dev/lab-mem"),
    "open the kernel's log": opened("/dev/lab-kmsg", os.O_RDONLY),
    "open the card": opened("/dev/lab-card", os.O_RDONLY),
    "open the watchdog": opened("/dev/lab-watchdog", os.O_WRONLY),
    "open another console": opened("/dev/lab-tty"),
    "open fuse": opened("/dev/lab-fuse"),
    "see others' processes": others,
    "have capabilities": capable,
    "become root": lambda: os.setuid(0),
    "kill the init": lambda: os.kill(1, signal.SIGCONT),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, time.time()),
    "set the host's name": lambda: socket.sethostname("x"),
    "mount": lambda: checked(LIBC.mount(b"none", b"/tmp", b"tmpfs", 0, None)),
    "make a user namespace": lambda: checked(LIBC.unshare(CLONE_NEWUSER)),
    "make a network namespace": lambda: checked(LIBC.unshare(CLONE_NEWNET)),
    "take real time": lambda: os.sched_setscheduler(0, SCHED_FIFO, os.sched_param(1)),
    "trace a process": lambda: checked(LIBC.syscall(SYS_PTRACE, 0, 0, 0, 0)),
    "load a module": lambda: checked(LIBC.syscall(SYS_INIT_MODULE, 0, 0, 0)),
    "load a BPF program": lambda: checked(LIBC.syscall(SYS_BPF, 5, 0, 0)),
    "make a set-uid program": set_uid,
    "open a raw packet socket": open_socket(socket.AF_PACKET, socket.SOCK_DGRAM),
    "open a raw IP socket": open_socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "open a vsock": open_socket(socket.AF_VSOCK, socket.SOCK_STREAM),
    "open a netlink socket": open_socket(socket.AF_NETLINK, socket.SOCK_DGRAM),
    "take a UDP port": bind_udp,
    "make memory executable": executable_memory,
    "keep state": keep(STATE),
    "use its run folder": keep(RUN),
    "use /tmp": keep("/tmp"),
    "open a sound card": opened("/dev/lab-sound"),
    "open a camera": opened("/dev/lab-video"),
    "open a GPIO chip": opened("/dev/lab-gpio"),
    "open TCP": open_socket(socket.AF_INET6, socket.SOCK_STREAM),
}


def attempt(tried: Callable[[], object]) -> str:
    """Do it; "ok", or the error's name."""
    try:
        tried()
    except OSError as refused:
        return errno.errorcode.get(refused.errno or 0, str(refused))
    return "ok"


def apart(tried: Callable[[], object]) -> str:
    """Do it in a process of its own, so that nothing that succeeds changes what follows."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.write(writer, attempt(tried).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as told:
        return told.read()


if __name__ == "__main__":
    json.dump({name: apart(tried) for name, tried in TRIES.items()}, sys.stdout)
