"""The room that updates of the system take on the card: asked for before, given back after."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from intercom.appliance import system_update
from intercom.appliance.card_system import CardSystem, UpdateError
from intercom.appliance.disk import Disk
from intercom.appliance.places import Places
from intercom.appliance.run import ProgramError


@pytest.fixture
def places(tmp_path: Path) -> Places:
    """A card that runs its factory system, with what a cut night has left."""
    made = Places(tmp_path)
    (made.booted / "factory/usr").mkdir(parents=True)
    told = {"generation": 0, "trial": False, "data_state": "clean"}
    (made.booted / "preinit.json").write_text(json.dumps(told))
    for folder in ("build/upper", "archives/partial", "lists"):
        (made.system / "apt" / folder).mkdir(parents=True)
        (made.system / "apt" / folder / "left").touch()
    return made


def left(places: Places) -> list[str]:
    """What is in the folder of updates."""
    return sorted(path.name for path in (places.system / "apt").iterdir())


def test_without_room_nothing_is_begun(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    commands: list[Sequence[object]] = []
    monkeypatch.setattr(system_update, "ROOM", 1 << 60)
    monkeypatch.setattr(system_update, "run", lambda words, *_: commands.append(words))
    with pytest.raises(UpdateError, match=r"the card is full: \d+ MiB more are needed"):
        system_update.upgrade(places, Disk(), ())
    assert commands == []
    assert left(places) == ["lists"], "what was left is gone before it is measured"


@pytest.mark.parametrize("fails", ["mount", "chroot"])
def test_what_fails_gives_its_room_back(
    places: Places, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    seen: list[str] = []

    def run(words: Sequence[object], timeout: float = 0) -> str:
        seen.append(str(words[0]))
        assert (places.system / "apt/build/upper").is_dir()
        (places.system / "apt/build/root/etc").mkdir(exist_ok=True)
        if words[0] == fails:
            raise ProgramError("no")
        return ""

    monkeypatch.setattr(system_update, "ROOM", 0)
    monkeypatch.setattr(system_update, "run", run)
    with pytest.raises(ProgramError, match=r"^no$"):
        system_update.upgrade(places, Disk(), ())
    assert seen[-1] == fails
    assert left(places) == ["lists"]
    assert not (places.system / "generations").exists()


def test_what_is_still_mounted_is_not_removed(places: Places) -> None:
    build = system_update.Build(places, CardSystem(places, Disk()), Path("/"))
    build._folder = Path("/proc")  # noqa: SLF001  (mounted wherever tests run)
    build.clear()
    assert left(places) == ["archives", "build", "lists"]
