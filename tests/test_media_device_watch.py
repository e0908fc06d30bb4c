"""What comes and goes in a folder like /dev."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from intercom.media.device_watch import DeviceWatch, nodes
from tests.media_rig import until

PERIOD = 0.02


class Machine:
    """A folder of nodes that is watched, and how often news of it came."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.news = 0
        self.watch = DeviceWatch(self._changed, folder, PERIOD)

    def _changed(self) -> None:
        self.news += 1

    def plug(self, name: str) -> Path:
        """A node appears."""
        path = self.folder / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
        return path

    async def told(self, change: Callable[[], object]) -> None:
        """Change something, of which one piece of news must come."""
        before = self.news
        change()
        await until(lambda: self.news == before + 1)

    async def silent(self, change: Callable[[], object]) -> None:
        """Change something that is no news."""
        before = self.news
        change()
        await asyncio.sleep(5 * PERIOD)
        assert self.news == before


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Machine]:
    made = Machine(tmp_path)
    made.plug("video0")
    made.watch.start()
    yield made
    made.watch.close()
    made.watch.close()


async def test_what_is_there_at_the_start_is_no_news(machine: Machine) -> None:
    await machine.silent(machine.watch.start)


@pytest.mark.parametrize("name", ["video2", "video10", "snd/controlC1", "snd/pcmC1D0c"])
async def test_cameras_and_sound_cards_come_and_go(machine: Machine, name: str) -> None:
    await machine.told(lambda: machine.plug(name))
    await machine.told((machine.folder / name).unlink)


@pytest.mark.parametrize("name", ["video", "videodev", "snd/timer", "snd/seq", "ttyUSB0", "media0"])
async def test_other_nodes_are_no_news(machine: Machine, name: str) -> None:
    await machine.silent(lambda: machine.plug(name))


async def test_rights_that_come_after_the_node_are_news(machine: Machine) -> None:
    """A list that was taken before udev had set them would lack the camera."""
    node = machine.plug("video1")
    await machine.told(lambda: None)
    await machine.told(lambda: node.chmod(0o600))


async def test_a_card_of_many_nodes_is_told_of_once(machine: Machine) -> None:
    def plug() -> None:
        for node in ("controlC1", "pcmC1D0c", "pcmC1D0p"):
            machine.plug(f"snd/{node}")

    await machine.told(plug)
    await machine.silent(lambda: None)


async def test_who_is_back_under_the_same_name_is_another_one(machine: Machine) -> None:
    def swap() -> None:
        (machine.folder / "video0").rename(machine.folder / "gone")
        machine.plug("video0")

    await machine.told(swap)


async def test_after_the_close_nothing_is_told(machine: Machine) -> None:
    machine.watch.close()
    await machine.silent(lambda: machine.plug("video1"))


def test_the_real_folder_can_be_read_and_one_that_is_not_there() -> None:
    assert isinstance(nodes(Path("/dev")), frozenset)
    assert nodes(Path("/nowhere")) == frozenset()
