"""Runs a User-mode Linux kernel: a guest that boots in half a second, without KVM.

    with Guest(init="/abs/init.sh") as guest:           # the host's own tree is its root, read-only
        code = guest.wait(60)                           # the kernel's own exit code
    with Guest(init="/sbin/init", disks=[Disk(image)], root="/dev/ubda", rw=True) as guest:
        guest.wait_for("READY", 60)                     # on the console
        guest.kill()                                    # a power cut

The console's text is `guest.console`. A guest's exit code is the kernel's, which says nothing of
`init`: let the script write its own into a file (a hostfs file, or one on a disk).
"""

from __future__ import annotations

import contextlib
import os
import platform
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


def cache() -> Path:
    """Where kernels, trees and images are kept between runs."""
    named = os.environ.get("INTERCOM_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(named) if named else base / "intercom"


def kernel() -> Path | None:
    """The newest kernel that `make kernel` built of this fragment, or INTERCOM_KERNEL's."""
    if named := os.environ.get("INTERCOM_KERNEL"):
        return Path(named)
    done = subprocess.run([HERE / "build-kernel", "--find"], capture_output=True, text=True,
                          check=False)  # fmt: skip
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def unavailable() -> str:
    """Why no guest can run here, or an empty string."""
    if platform.machine() != "x86_64":
        return f"User-mode Linux runs on x86_64, not on {platform.machine()}"
    if os.geteuid() != 0:
        return "the guest needs root, since its root is the host's own tree"
    found = kernel()
    if found is None or not os.access(found, os.X_OK):
        return "there is no kernel: `make kernel`"
    return ""


@dataclass(frozen=True)
class Disk:
    """A disk's image: /dev/ubda is the first. `over` keeps writes in a file of their own."""

    image: Path
    read_only: bool = False
    over: Path | None = None
    """A copy-on-write file; the image itself stays as it is."""
    sync: bool = False
    """Each write reaches the host's disk at once (slow; not needed for power cuts)."""

    def argument(self, unit: int) -> str:
        """The kernel's own form, `ubd0r=over,image`."""
        flags = ("r" if self.read_only else "") + ("s" if self.sync else "")
        files = ",".join(str(file.absolute()) for file in (self.over, self.image) if file)
        return f"ubd{unit}{flags}={files}"


class Guest(contextlib.AbstractContextManager["Guest"]):
    """One User-mode Linux machine, started at once.

    `init`: what the kernel runs first, a path in the guest. The root is the folder `tree` of the
    host (hostfs), or with `root` one of `disks`, /dev/ubda or a partition of it, /dev/ubda2. The
    host's own tree is never writable: a guest may mount a folder (`mount -t hostfs -o FOLDER`).
    `arguments` follow on the command line; what is not the kernel's own becomes init's
    environment (`NAME=value`). A `bound` guest ends when the thread that started it does, however
    that dies. `stdin` and the network are not there; loopback is.
    """

    def __init__(
        self,
        *,
        init: str | Path,
        tree: str | Path = "/",
        disks: Sequence[Disk] = (),
        root: str = "",
        rw: bool = False,
        memory: str = "768M",
        arguments: Sequence[str] = (),
        quiet: bool = True,
        bound: bool = False,
        binary: Path | None = None,
    ) -> None:
        if rw and not root and Path(tree).resolve() == Path("/"):
            # Its init may be a system's, which empties /tmp and mounts what it likes.
            raise ValueError("the host's own tree is not to be written by a guest")
        found = binary or kernel()
        if found is None:
            raise FileNotFoundError("there is no kernel: `make kernel`")
        self.folder = Path(tempfile.mkdtemp(prefix="uml-"))
        """The guest's own files on the host (its memory, console); gone after `close`."""
        self._log = self.folder / "console"
        self._killed = False
        where = [f"root={root}"] if root else ["rootfstype=hostfs", f"rootflags={tree}"]
        command = [
            *(["setpriv", "--pdeathsig", "KILL"] if bound else []),
            str(found), f"mem={memory}", "seccomp=on",
            *where, "rw" if rw else "ro", f"init={init}",
            *[disk.argument(unit) for unit, disk in enumerate(disks)],
            f"umid={self.folder.name}", f"uml_dir={self.folder}", "con=null", "con0=null,fd:1",
            *(["quiet"] if quiet else []), *arguments,
        ]  # fmt: skip
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                start_new_session=True, cwd=self.folder,
                env={**os.environ, "TMPDIR": _memory_folder()},
            )  # fmt: skip

    @property
    def console(self) -> str:
        """What the guest has written to its console until now, without carriage returns."""
        return self._log.read_bytes().decode(errors="replace").replace("\r", "")

    @property
    def running(self) -> bool:
        """Whether the kernel is still there."""
        return self._process.poll() is None

    def wait(self, timeout: float) -> int:
        """The kernel's exit code, when it has powered off.

        Raises `TimeoutError` with the end of the console's text; the guest then goes on.
        """
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise self._late(f"is still running after {timeout} s") from None

    def wait_for(self, pattern: str, timeout: float) -> re.Match[str]:
        """The first match on the console; `TimeoutError` if the guest ended or took too long."""
        end = time.monotonic() + timeout
        while True:
            over = not self.running or time.monotonic() > end
            if match := re.search(pattern, self.console):
                return match
            if over:
                raise self._late(f"has not written {pattern!r}")
            time.sleep(0.05)

    def kill(self) -> None:
        """Pull the plug: the kernel and all its helpers are killed, nothing is written out."""
        if self._killed:
            return
        self._killed = True
        end = time.monotonic() + 10
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < end:  # until its helpers are gone: they hold the disks' locks
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
                time.sleep(0.01)

    def close(self) -> None:
        """Kill the guest if it runs, and take its files away."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __exit__(self, *fault: object) -> None:
        self.close()

    def _late(self, what: str) -> TimeoutError:
        lines = self.console.splitlines()[-40:]
        return TimeoutError("\n".join([f"the guest {what}; its console ends:", *lines]))


def _memory_folder() -> str:
    """The guest's memory is a file that is mapped: on a tmpfs that may be executed."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else tempfile.gettempdir()
