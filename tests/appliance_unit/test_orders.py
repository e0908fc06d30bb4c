"""What the commands decide by themselves: are nightly updates wanted, does somebody talk."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from intercom import main_enroll
from intercom.appliance import commands, orders, update
from intercom.appliance.disk import Disk
from intercom.appliance.places import Places
from intercom.appliance.run import ProgramError, run


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", True),
        ("[update]\nsystem = false\n", False),
        ("[update]\nsystem = true\n", True),
        ('[station]\nwrong = 1\n[update]\nsystem = false\n', False),
        ("[[[ not TOML", True),
        (None, True),
    ],
)  # fmt: skip
def test_security_comes_unless_it_is_refused(
    tmp_path: Path, text: str | None, wanted: bool
) -> None:
    path = tmp_path / "station.toml"
    if text is not None:
        path.write_text(text)
    assert orders.wants_system(path) is wanted


NO = "[update]\nsystem = false\n"


@pytest.mark.parametrize(
    ("station", "hub", "wanted"),
    [("", "", True), (None, None, True), (NO, None, False), (None, NO, False), ("", NO, False),
     (NO, "[update]\nsystem = true\n", False)],
)  # fmt: skip
def test_station_and_hub_may_each_refuse_what_comes_by_night(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    station: str | None,
    hub: str | None,
    wanted: bool,
) -> None:
    words = ["--system", "--nightly"]
    for name, text in (("station.toml", station), ("hub.toml", hub)):
        words += ["--config", str(tmp_path / name)]
        if text is not None:
            (tmp_path / name).write_text(text)
    monkeypatch.setattr(orders, "_as_root", lambda: (Places(tmp_path / "none"), Disk()))
    done = CliRunner().invoke(commands.update, words)
    refused = "system = false: nothing is done" in done.output
    assert refused is not wanted
    assert isinstance(done.exception, update.UpdateError) is wanted, "else it goes on"
    asked = CliRunner().invoke(commands.update, ["--system", *words[2:]])
    assert isinstance(asked.exception, update.UpdateError), "by hand it is done all the same"


def test_by_night_the_files_of_both_are_read() -> None:
    assert [path.name for path in commands.CONFIGS] == ["station.toml", "hub.toml"]
    assert main_enroll.HUB in commands.CONFIGS
    assert main_enroll.STATION in commands.CONFIGS


def test_an_open_microphone_is_a_call(tmp_path: Path) -> None:
    assert not orders.talking(tmp_path / "none")
    status = tmp_path / "card1/pcm0c/sub0/status"
    status.parent.mkdir(parents=True)
    status.write_text("closed\n")
    assert not orders.talking(tmp_path)
    status.write_text("state: RUNNING\nowner_pid   : 1\n")
    assert orders.talking(tmp_path)


@pytest.mark.parametrize("words", [[], ["--status", "--rollback"], ["x.bundle", "--system"]])
def test_one_thing_at_a_time(words: list[str]) -> None:
    done = CliRunner().invoke(commands.update, words)
    assert done.exit_code == 2
    assert "one of BUNDLE" in done.output


def test_the_way_is_chosen_by_who_booted(tmp_path: Path) -> None:
    places = Places(tmp_path)
    assert not update.system_of(places, Disk()).needs_boot
    places.booted.mkdir(parents=True)
    (places.booted / "preinit.json").write_text("{}")
    assert update.system_of(places, Disk()).needs_boot


def test_what_a_program_complains_of_is_told() -> None:
    assert run(["echo", "hello"]) == "hello\n"
    with pytest.raises(ProgramError, match=r"^ls: .*/no/such"):
        run(["ls", "/no/such"])
    with pytest.raises(ProgramError, match="no such program"):
        run(["no-such-program"])
    with pytest.raises(ProgramError, match="longer than"):
        run(["sleep", "5"], timeout=0.1)
    with pytest.raises(ProgramError, match="exit code 3"):
        run(["sh", "-c", "exit 3"])
