"""Enrolment when all goes wrong at the worst moment: the hub dies, its disk is full, clocks lie."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from intercom.calling import Calling
from intercom.enroll.client import enroll
from intercom.enroll.errors import CodeRefused, NotReachable
from intercom.enroll.key import DeviceKey
from intercom.enroll.store import Enrolled
from intercom.hub import enroll_clock
from intercom.hub.devices_book import DeviceBook
from intercom.hub.devices_schema import FILE
from intercom.hub.enroll_clock import Moment
from intercom.link import pinned

ROOT = Path(__file__).parent.parent


class Child:
    """A hub in a process of its own."""

    def __init__(self, mode: str, folder: Path) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.enroll_child", mode, str(folder / "hub")],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        assert self.process.stdout is not None
        port, self.pin = self.process.stdout.readline().split()
        self.address = f"127.0.0.1:{port}"

    @property
    def book(self) -> DeviceBook:
        """Its book, as another process opens it."""
        return DeviceBook(self.folder / "hub" / FILE)

    def invite(self) -> str:
        """A code for the door."""
        with contextlib.closing(self.book) as book:
            return book.invite("door", 900).text()

    def devices(self) -> int:
        """How many are in the book."""
        with contextlib.closing(self.book) as book:
            return len(book.devices())

    async def enroll(self, code: str, station: str = "station") -> Enrolled:
        """Enroll a station."""
        return await enroll(self.address, code, self.folder / station / "device.key")

    async def login(self, enrolled: Enrolled) -> None:
        """Log the station in, and out."""
        calling = Calling(enrolled.url, ssl_context=pinned(enrolled.pin))
        await calling.login("door", DeviceKey.load(self.folder / "station" / "device.key"))
        await calling.logout()


@contextlib.contextmanager
def child(mode: str, folder: Path) -> Iterator[Child]:
    """A hub, killed in the end."""
    made = Child(mode, folder)
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait()
        assert made.process.stdout is not None
        made.process.stdout.close()


@pytest.mark.parametrize(("mode", "written"), [("before", 0), ("after", 1)])
async def test_a_hub_that_is_killed_while_it_enrolls_can_be_asked_again(
    tmp_path: Path, mode: str, written: int
) -> None:
    with child(mode, tmp_path) as hub:
        code = hub.invite()
        with pytest.raises(NotReachable):
            await hub.enroll(code)
        assert hub.process.wait(10) == -signal.SIGKILL
        assert hub.devices() == written
    with child("well", tmp_path) as hub:
        if written:
            with pytest.raises(CodeRefused, match="used"):  # it is that one's
                await hub.enroll(code, "other")
        enrolled = await hub.enroll(code)
        await hub.login(enrolled)
        assert hub.devices() == 1
        with pytest.raises(CodeRefused, match="used"):
            await hub.enroll(code, "another")


async def test_a_full_disk_at_the_hub_uses_no_code_up(tmp_path: Path) -> None:
    with child("full", tmp_path) as hub:
        code = hub.invite()
        for _ in range(2):
            with pytest.raises(NotReachable, match="book of devices"):
                await hub.enroll(code)
        assert hub.devices() == 0
        hub.process.send_signal(signal.SIGUSR1)
        await hub.login(await hub.enroll(code))


# -- clocks -------------------------------------------------------------------------------------


class Clocks:
    """A machine's clocks, to be set and to pass."""

    def __init__(self) -> None:
        self.boot, self.uptime, self.wall = "a", 100.0, 0.0

    def now(self) -> Moment:
        """The moment since the boot."""
        return Moment(self.boot, self.uptime)

    def book(self, folder: Path) -> DeviceBook:
        """A book that goes by them."""
        return DeviceBook(folder / FILE, self.now, lambda: self.wall)


def test_a_clock_that_is_set_ends_no_code(tmp_path: Path) -> None:
    """From 1970 to today, as soon as the network is there."""
    clocks = Clocks()
    with contextlib.closing(clocks.book(tmp_path)) as book:
        code = book.invite("door", 900)
        clocks.wall, clocks.uptime = 1.8e9, 160.0
        found = book.invitation(code.id)
        assert found is not None
        assert found.over == ""
        clocks.wall, clocks.uptime = 0.0, 1000.0  # and back again: that prolongs none
        found = book.invitation(code.id)
        assert found is not None
        assert found.over == "the code has expired"


@pytest.mark.parametrize("uptime", [10.0, 100.0, 200.0])
def test_a_code_ends_with_the_boot(tmp_path: Path, uptime: float) -> None:
    """How long the machine was off, nobody can know who has no clock."""
    clocks = Clocks()
    with contextlib.closing(clocks.book(tmp_path)) as book:
        code = book.invite("door", 900)
        clocks.boot, clocks.uptime = "b", uptime
        assert book.invitation(code.id) is None
        book.prune()
        clocks.boot, clocks.uptime = "a", 101.0
        assert book.invitation(code.id) is None


def test_where_the_boot_is_not_known_moments_are_compared(tmp_path: Path) -> None:
    clocks = Clocks()
    with contextlib.closing(clocks.book(tmp_path)) as book:
        code = book.invite("door", 900)
        clocks.boot = ""
        found = book.invitation(code.id)
        assert found is not None
        assert found.over == ""
        clocks.uptime = 10.0
        assert book.invitation(code.id) is None
        book.prune()
        clocks.uptime = 101.0
        assert book.invitation(code.id) is None


def test_all_processes_of_a_machine_have_one_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    say = "from intercom.hub.enroll_clock import now; print(now().boot, now().seconds)"
    before = enroll_clock.now()
    asked = subprocess.run(
        [sys.executable, "-c", say], capture_output=True, text=True, check=True, cwd=ROOT
    )
    boot, seconds = asked.stdout.split()
    after = enroll_clock.now()
    assert boot == before.boot == after.boot
    assert len(boot) == 32
    assert before.seconds <= float(seconds) <= after.seconds
    # As systemd's %b gives it to a hub from which the kernel's file is hidden.
    monkeypatch.setenv(enroll_clock.VARIABLE, boot)
    monkeypatch.setattr(enroll_clock, "_FILE", Path("/nowhere"))
    assert enroll_clock.now().boot == boot
