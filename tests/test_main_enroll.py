"""`intercom invite`, `enroll`, `devices` and `revoke`: what they print, and how they end."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import segno
from click.testing import CliRunner

from intercom import main_enroll
from intercom.__main__ import cli
from intercom.config import HubConfig
from intercom.enroll import store
from intercom.enroll.address import invitation
from intercom.enroll.code import parse
from intercom.enroll.errors import NotReachable
from intercom.errors import IntercomError
from intercom.hub import enroll_invite
from intercom.main_enroll import contradictions
from intercom.main_load import load_file

from .test_main import intercom

HUB = """
[hub]
listen = "{listen}"
state_dir = "{folder}/state"
[hub.users.door]
name = "Front door"
"""


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A hub's configuration."""
    path = tmp_path / "hub.toml"
    path.write_text(HUB.format(folder=tmp_path, listen="0.0.0.0"))
    return path


def test_an_invitation_says_what_to_type(hub: Path) -> None:
    done = intercom("invite", "door", "--minutes", "5", "--hub", "hub.lan", "--config", str(hub))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == 'A code for one device of "door" (Front door), good once, for 5 minutes:'
    code = lines[2].strip()
    assert parse(code).text() == code
    [command] = [line for line in lines if "intercom enroll" in line]
    assert command.split() == ["sudo", "intercom", "enroll", "hub.lan"]  # the code is asked for
    [line] = [line for line in lines if line.strip().startswith("hub.lan ")]
    assert invitation(line) == ("hub.lan", code)
    assert enroll_invite.qr(f"hub.lan {code}") in done.stdout


def test_who_invites_makes_nothing_that_the_hub_cannot_use(hub: Path, tmp_path: Path) -> None:
    assert intercom("invite", "door", "--config", str(hub)).returncode == 0
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["devices.db"]


STATIONS = {
    "a station": "[station]\nuser = 'door'\n[hub]\nstate_dir = '{folder}/state'\n",
    "a station that is told its hub": "[hub]\nurl = 'wss://hub'\nstate_dir = '{folder}/state'\n",
    "nothing of a hub": "[call]\ncallee = 'indoor'\n",
}


@pytest.mark.parametrize("text", STATIONS.values(), ids=STATIONS.keys())
@pytest.mark.parametrize(
    "words", [["invite", "door"], ["devices"], ["revoke", "x"], ["token", "door"], ["calls"]]
)
def test_where_there_is_no_hub_nothing_is_made(tmp_path: Path, words: list[str], text: str) -> None:
    path = tmp_path / "station.toml"
    path.write_text(text.format(folder=tmp_path))
    ran = CliRunner().invoke(cli, [*words, "--config", str(path)])
    assert isinstance(ran.exception, IntercomError)
    assert "run this on the hub's machine" in str(ran.exception)
    assert not (tmp_path / "state").exists()


def test_a_station_that_carries_its_hub_is_one(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_text(
        f"[station]\nuser = 'door'\n[hub]\nembedded = true\nstate_dir = '{tmp_path}/state'\n"
    )
    assert CliRunner().invoke(cli, ["invite", "door", "--config", str(path)]).exit_code == 0


@pytest.mark.parametrize("words", [["devices"], ["revoke", "x"]])
def test_who_only_looks_makes_no_book(hub: Path, tmp_path: Path, words: list[str]) -> None:
    CliRunner().invoke(cli, [*words, "--config", str(hub)])
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize("there", [["hub"], ["station"], ["hub", "station"]])
def test_the_hubs_commands_know_where_its_file_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: list[str]
) -> None:
    monkeypatch.setattr(main_enroll, "HUB", tmp_path / "hub.toml")
    monkeypatch.setattr(main_enroll, "STATION", tmp_path / "station.toml")
    embedded = {"hub": "", "station": "embedded = true\n[station]\nuser = 'a'\n"}
    for name in there:
        state = f"state_dir = '{tmp_path}/{name}'\n"
        (tmp_path / f"{name}.toml").write_text(f"[hub]\n{state}{embedded[name]}")
    for words in (["invite", "door"], ["devices"], ["token", "door"], ["config"]):
        ran = CliRunner().invoke(cli, words)
        assert ran.exit_code == 0, ran.output
    made = {path.name for path in tmp_path.iterdir() if path.is_dir()}
    assert made == {there[0]}


def test_enroll_knows_where_the_stations_file_is_and_asks_for_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(main_enroll, "STATION", tmp_path / "station.toml")
    (tmp_path / "station.toml").write_text(f"[station]\nkey_file = '{tmp_path}/device.key'\n")
    ran = CliRunner().invoke(cli, ["enroll", "wss://127.0.0.1:1"], input="7S97-WC5M-XKE5-B7R3\n")
    assert "Code: " in ran.output
    assert isinstance(ran.exception, NotReachable)
    assert (tmp_path / "device.key").exists()


def test_a_broken_enrolment_hides_no_configuration(tmp_path: Path) -> None:
    path = tmp_path / "station.toml"
    path.write_text(f"[station]\nkey_file = '{tmp_path}/device.key'\nuser = 'gate'\n")
    (tmp_path / store.FILE).write_text("garbage")
    done = intercom("config", "--config", str(path))
    assert done.returncode == 0
    assert 'user = "gate"' in done.stdout
    assert "enroll this station anew" in done.stderr
    assert "Traceback" not in done.stderr
    done = intercom("doctor", "--only", "clock", "--quick", "--no-ask", "--config", str(path))
    assert "enroll this station anew" in done.stderr
    assert "Traceback" not in done.stderr
    assert "clock" in done.stdout


def test_a_stranger_is_not_invited(hub: Path) -> None:
    done = intercom("invite", "stranger", "--config", str(hub))
    assert (done.returncode, done.stdout) == (1, "")
    assert "[hub.users]" in done.stderr


def test_without_a_table_whoever_is_a_user_id_may_be_invited(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(f'[hub]\nstate_dir = "{tmp_path}/state"\n')
    assert intercom("invite", "anybody", "--config", str(path)).returncode == 0
    done = intercom("invite", "no body", "--config", str(path))
    assert done.returncode == 1
    assert "no user ID" in done.stderr


def test_a_folder_that_cannot_be_used_is_told(hub: Path, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    for words in (["invite", "door"], ["devices"], ["revoke", "x"]):
        done = intercom(*words, "--config", str(hub))
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        assert str(tmp_path / "state") in done.stderr


def test_nothing_is_listed_and_nobody_revoked_where_there_is_none(hub: Path) -> None:
    assert "no devices are enrolled" in intercom("devices", "--config", str(hub)).stdout
    done = intercom("revoke", "abcd", "--config", str(hub))
    assert done.returncode == 1
    assert "intercom devices" in done.stderr


@pytest.mark.parametrize(
    ("text", "words", "say"),
    [
        ("", ["hub.local", "1234"], "no code"),
        ("", ["hub#local", "0000-0000-0000-0000"], "no address"),
        ("", ["ws://10.0.0.5", "0000000000000000"], "in the clear"),
        ("", ["wss://127.0.0.1:1", "0000 0000 0000 0000"], "is it running"),
        ("user = 'a'\n[hub]\nembedded = true", ["hub", "0"], "carries its hub"),
    ],
)
def test_a_station_that_cannot_be_enrolled_says_why(
    tmp_path: Path, text: str, words: list[str], say: str
) -> None:
    path = tmp_path / "station.toml"
    path.write_text(f'[station]\nkey_file = "{tmp_path}/device.key"\n{text}')
    done = intercom("enroll", *words, "--config", str(path))
    assert done.returncode == 1
    assert say in done.stderr
    assert "Traceback" not in done.stderr


def test_nobody_is_told_to_wait_for_a_restart_that_may_never_be_through() -> None:
    enrolled = store.Enrolled(url="wss://hub.local:8443", pin="", user="door", device="a" * 8)
    said = main_enroll._done(enrolled, Path("/etc/intercom/station.toml"))  # noqa: SLF001
    assert "\n    sudo systemctl --no-block restart intercom\n" in said
    assert "systemctl status intercom\n" in said


@pytest.mark.parametrize(
    ("listen", "more", "wanted"),
    [
        ("0.0.0.0", {}, r"\w[\w.-]*\.\w+"),
        ("::", {"port": 9000}, r"\w[\w.-]*\.\w+:9000"),
        ("10.0.0.5", {}, r"10\.0\.0\.5"),
        ("fe80::1", {"port": 9000}, r"\[fe80::1\]:9000"),
        ("127.0.0.1", {}, r"ws://127\.0\.0\.1:8443"),
        ("10.0.0.5", {"insecure": True}, r"ws://10\.0\.0\.5:8443"),
    ],
)
def test_the_address_that_is_told(listen: str, more: dict[str, int], wanted: str) -> None:
    assert re.fullmatch(wanted, enroll_invite.address(HubConfig(listen=listen, **more)))  # type: ignore[arg-type]  # any key


def test_the_qr_code_is_drawn_in_half_blocks_with_a_light_border() -> None:
    text = "hub.local 7S97-WC5M-XKE5-B7R3"
    rows = enroll_invite.qr(text).splitlines()
    upper, lower = {"█": 0, "▀": 0, "▄": 1, " ": 1}, {"█": 0, "▀": 1, "▄": 0, " ": 1}
    drawn = [[half[block] for block in row] for row in rows for half in (upper, lower)]
    matrix = [list(row) for row in segno.make_qr(text, error="m").matrix_iter(border=2)]
    assert drawn[: len(matrix)] == matrix


def test_what_the_owner_has_written_against_it_is_told(tmp_path: Path) -> None:
    enrolled = store.Enrolled(url="wss://hub.local:8443", pin="ab" * 32, user="door", device="d")
    path = tmp_path / "station.toml"
    path.write_text(
        '[station]\nuser = "gate"\n[hub]\nurl = "wss://x"\ntls_pin = "' + "cd" * 32 + '"'
    )
    said = list(contradictions(load_file(path, "station", enrolled=False), enrolled))
    assert [bool(re.search(word, "\n".join(said))) for word in ("url", "tls_pin", "user")] == [
        True
    ] * 3
    path.write_text('[station]\nuser = "door"\n')
    assert list(contradictions(load_file(path, "station", enrolled=False), enrolled)) == []
