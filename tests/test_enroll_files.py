"""What a device keeps of its enrolment: whole, or as it was, and the owner's word comes first."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from intercom import files
from intercom.config import load
from intercom.enroll import pending, store
from intercom.enroll.errors import EnrollError
from intercom.enroll.key import DeviceKey, KeyFileError
from intercom.enroll.store import Enrolled
from intercom.main_load import load_file

PIN = "ab" * 32
ENROLLED = Enrolled(url="wss://hub.local:8443", pin=PIN, user="door", device="d" * 16)
CODE = "7S97-WC5M-XKE5-B7R3"


def station(folder: Path, text: str = "", hub: str = "") -> Path:
    """A station's configuration; its key would be in the folder."""
    path = folder / "station.toml"
    path.write_text(f'[station]\nkey_file = "{folder}/state/device.key"\n{text}\n[hub]\n{hub}\n')
    return path


# -- the key ------------------------------------------------------------------------------------


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "state" / "device.key"
    made = DeviceKey.load_or_make(path)
    assert DeviceKey.load_or_make(path).public == DeviceKey.load(path).public == made.public
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["device.key"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_is_the_daemons(tmp_path: Path) -> None:
    os.chown(tmp_path, 1234, 1234)
    DeviceKey.load_or_make(tmp_path / "device.key")
    store.write(tmp_path / store.FILE, ENROLLED)
    assert {file.stat().st_uid for file in tmp_path.iterdir()} == {1234}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_root_gives_away_what_it_made_and_not_what_lies_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The daemon's user may replace a new file by a link before it is given to it."""
    state, victim = tmp_path / "state", tmp_path / "victim"
    state.mkdir()
    os.chown(state, 1234, 1234)
    victim.write_bytes(b"root's")
    really = os.open

    def swapped(path: Path, flags: int, mode: int = 0o777) -> int:
        handle = really(path, flags, mode)
        if flags & os.O_CREAT:
            path.unlink()
            path.symlink_to(victim)
        return handle

    monkeypatch.setattr(os, "open", swapped)
    files.create(state / "new", b"new", 0o600)
    assert victim.stat().st_uid == 0
    assert victim.read_bytes() == b"root's"
    (state / "dangling").symlink_to(tmp_path / "nothing")
    monkeypatch.undo()
    with pytest.raises(FileExistsError):
        files.create(state / "dangling", b"new", 0o600)
    assert not (tmp_path / "nothing").exists()


def test_who_make_the_key_at_once_have_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`intercom enroll` and a station that waits: the hub knows one of them, and both use it."""
    path = tmp_path / "device.key"
    really, other = files.make_folder, list[str]()

    def slow(folder: Path) -> None:
        monkeypatch.undo()  # meanwhile the other one makes its own, and has it
        other.append(DeviceKey.load_or_make(path).device)
        really(folder)

    monkeypatch.setattr(files, "make_folder", slow)
    made = DeviceKey.load_or_make(path).device
    assert [made] == other == [DeviceKey.load(path).device]


@pytest.mark.parametrize("content", ["", "garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_broken_key_is_told_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "device.key"
    path.write_text(content)
    with pytest.raises(KeyFileError, match="no Ed25519 key"):
        DeviceKey.load_or_make(path)
    assert path.read_text() == content


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(KeyFileError, match="key_file"):
        DeviceKey.load_or_make(tmp_path / "state" / "device.key")
    with pytest.raises(KeyFileError, match="key_file"):
        DeviceKey.load(tmp_path / "nothing")


def test_a_file_that_cannot_be_replaced_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    files.write(path, b"old", 0o600)

    def fail(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        files.write(path, b"new", 0o600)
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


# -- what is in force ---------------------------------------------------------------------------


def test_an_enrolment_fills_in_what_is_not_written(tmp_path: Path) -> None:
    path = station(tmp_path)
    assert load_file(path, "station").hub.url == ""
    store.write(tmp_path / "state" / store.FILE, ENROLLED)
    config = load_file(path, "station")
    assert (config.hub.url, config.hub.tls_pin) == (ENROLLED.url, PIN)
    assert config.station.user == "door"
    assert load_file(path, None) == config
    assert load_file(path, "station", enrolled=False).hub.url == ""


@pytest.mark.parametrize(
    ("text", "hub", "wanted"),
    [
        ('user = "gate"', "", ("wss://hub.local:8443", PIN, "gate")),
        ("", 'url = "wss://10.0.0.5:9000"', ("wss://10.0.0.5:9000", PIN, "door")),
        ("", f'tls_pin = "{"cd" * 32}"', ("wss://hub.local:8443", "cd" * 32, "door")),
        ("", 'url = "ws://127.0.0.1:9000"', ("ws://127.0.0.1:9000", "", "door")),
        ('token = "t"\nuser = "gate"', 'url = "wss://x"', ("wss://x", "", "gate")),
        ('user = "gate"', "embedded = true", ("", "", "gate")),
    ],
)
def test_what_the_owner_writes_comes_first(
    tmp_path: Path, text: str, hub: str, wanted: tuple[str, str, str]
) -> None:
    store.write(tmp_path / "state" / store.FILE, ENROLLED)
    config = load_file(station(tmp_path, text, hub), "station")
    assert (config.hub.url, config.hub.tls_pin, config.station.user) == wanted


def test_a_hub_has_no_enrolment(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text("[hub]\nport = 1\n")
    assert load_file(path, None) == load("[hub]\nport = 1\n", "x", "hub")


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\xff", b'{"url":"http://x","pin":"","user":"a","device":""}']
)
def test_a_broken_enrolment_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / store.FILE).write_bytes(content)
    with pytest.raises(KeyFileError, match="enroll this station anew"):
        load_file(station(tmp_path), "station")


# -- what is to be done -------------------------------------------------------------------------


def test_what_is_pending_is_kept_until_it_is_done(tmp_path: Path) -> None:
    key_file = tmp_path / "state" / "device.key"
    assert pending.take(key_file) is None
    pending.put(key_file, *pending.parse(f"hub.local {CODE.lower()}"))
    asked = pending.take(key_file)
    assert asked == pending.Pending("hub.local", CODE)
    assert CODE not in repr(asked)
    assert stat.S_IMODE(pending.path_of(key_file).stat().st_mode) == 0o600
    pending.done(key_file)
    pending.done(key_file)
    assert pending.take(key_file) is None


@pytest.mark.parametrize(("hub", "code"), [("hub local", CODE), ("hub.local", "1234")])
def test_nothing_is_pending_that_cannot_work(tmp_path: Path, hub: str, code: str) -> None:
    with pytest.raises(EnrollError):
        pending.put(tmp_path / "device.key", hub, code)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 2000])
def test_what_is_pending_and_broken_is_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / pending.FILE).write_bytes(content)
    assert pending.take(tmp_path / "device.key") is None
