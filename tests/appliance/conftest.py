"""One guest with a house in it, shared by the tests that leave it as it was."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.vm.uml import Disk, unavailable

from . import bundles, card
from .house import House
from .machine import Machine
from .power import prepare

Measure = Callable[[str, float], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A guest takes minutes: `make test-appliance`."""
    here = Path(__file__).parent
    mine = [it for it in items if here in it.path.parents and it.path.name != "test_writelog.py"]
    reason = unavailable() if mine else ""
    for item in mine:
        item.add_marker(pytest.mark.slow)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def image() -> Path:
    """The card as it is flashed."""
    return card.build()


@pytest.fixture(scope="module")
def flashed(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card as its owner puts it into the station."""
    copy = tmp_path_factory.mktemp("flashed") / "card.img"
    prepare(image, copy)
    return copy


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An update that works."""
    return bundles.make(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="session")
def machine(image: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """The card, booted for the first time by its own first process."""
    over = tmp_path_factory.mktemp("card") / "writes"
    with Machine([Disk(image, over=over)], root=card.SYSTEM, init=card.PREINIT) as made:
        made.up()
        made.run("timeout 120 systemctl is-system-running --wait || true", seconds=150)
        yield made


@pytest.fixture(scope="session")
def furnished(machine: Machine) -> House:
    """A hub, a door and a kitchen."""
    made = House(machine)
    made.furnish()
    made.start()
    return made


@pytest.fixture
def house(furnished: House) -> House:
    """The same, all of it running."""
    furnished.sound()
    return furnished


@pytest.fixture
def measured(request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]) -> Measure:
    """Say a number: they are what these tests are run for, too."""

    def say(what: str, seconds: float) -> None:
        with capsys.disabled():
            print(f"\n  {request.node.name}: {what} {seconds:.2f} s", end="")  # noqa: T201

    return say


class Watch:
    """Seconds since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def read(self) -> float:
        """Return them."""
        return time.monotonic() - self._began
