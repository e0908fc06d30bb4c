"""The first boot: what is taken from the card, what is told, and a power cut after each step."""

from __future__ import annotations

import itertools
import json
import shutil
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from intercom.appliance import fat, owner
from intercom.appliance.disk import Disk
from intercom.appliance.fat import BootCard
from intercom.appliance.firstboot import DEFAULT, ERRORS, first_boot, once, unnamed
from intercom.appliance.places import Places
from intercom.appliance.taking import Taken
from intercom.config import load
from intercom.enroll.code import from_bits
from intercom.enroll.key import DeviceKey
from intercom.errors import IntercomError
from tests.appliance_unit.cutting import LOSSES, THROUGH, CutFiles, PowerCut, every_cut

SETTINGS = (
    '[station]\nname = "Front door"\nuser = "door"\nhostname = "door"\ntimezone = "Europe/Berlin"\n'
)
WIFI = "ssid = Home\r\npassword = topsecret1\r\ncountry = DE\r\n"
ENROLL = f"hub.local {from_bits(2**59 + 12345).text()}"
KEYS = "ssh-ed25519 AAAA me\n"
OWN = {"config.txt": "arm_64bit=1\n", "cmdline.txt": "quiet\n"}


def machine(root: Path, files: Mapping[str, str | bytes] = {}) -> Places:
    """A card that boots for the first time, with these `files` on BOOT."""
    places = Places(root)
    for folder in (places.data, places.card, places.etc, places.state, places.network):
        folder.mkdir(parents=True)
    places.zones.parent.mkdir(parents=True)
    places.zones.symlink_to("/usr/share/zoneinfo")
    for name, content in {**OWN, **files}.items():
        data = content if isinstance(content, bytes) else content.encode()
        (places.card / name).write_bytes(data)
    return places


def boot(places: Places, disk: Disk | None = None) -> Taken:
    """One boot, on a card that is as long as it can be."""
    return first_boot(places, disk or Disk(), enlarge=lambda folder: None)


def on_card(places: Places) -> set[str]:
    """What is on BOOT besides what belongs there."""
    return {path.name for path in places.card.iterdir()} - set(OWN)


def test_a_card_nobody_configured(tmp_path: Path) -> None:
    places = machine(tmp_path)
    taken = boot(places)
    assert (taken.names, taken.faults) == ([], [])
    assert (
        load((places.etc / "station.toml").read_text(), "x", "station").station.name == "Intercom"
    )
    assert DeviceKey.load(places.state / "device.key").public
    assert (places.booted / "errors.txt").read_text() == ""
    assert on_card(places) == set()
    marks = json.loads((places.data / "firstboot.json").read_text())["done"]
    assert set(marks) == {"grow", "key", "default"}


def test_all_is_taken(tmp_path: Path) -> None:
    places = machine(
        tmp_path,
        {
            "Intercom.TOML": SETTINGS.encode("utf-16"),
            "wifi.txt": WIFI,
            "authorized_keys": KEYS,
            "enroll.txt": ENROLL,
        },
    )
    (places.card / "SSH").touch()
    taken = boot(places)
    assert taken.faults == []
    assert len(taken.names) == 5
    assert on_card(places) == set()
    config = load((places.etc / "station.toml").read_text(), "x", "station")
    assert config.station.name == "Front door"
    assert (places.data / "hostname").read_text() == "door\n"
    assert (places.data / "country").read_text() == "DE\n"
    connection = places.network / "intercom-wifi.nmconnection"
    assert "psk=topsecret1" in connection.read_text()
    assert stat.S_IMODE(connection.stat().st_mode) == 0o600, "or NetworkManager does not read it"
    assert stat.S_IMODE((places.etc / "station.toml").stat().st_mode) == 0o640
    assert (places.state / "enroll.json").exists()
    assert (places.data / "ssh/enabled").exists()
    assert (places.data / "ssh/authorized_keys").read_text() == KEYS
    host_key = places.root / "etc/ssh/ssh_host_ed25519_key"
    assert host_key.read_bytes() == (places.data / "ssh/ssh_host_ed25519_key").read_bytes()
    assert stat.S_IMODE(host_key.stat().st_mode) == 0o600


def local(places: Places) -> str:
    """The zone that the running system goes by."""
    return str((places.root / "etc/localtime").readlink())


def test_the_system_goes_by_the_owners_zone_from_the_first_boot_on(tmp_path: Path) -> None:
    places = machine(tmp_path, {"intercom.toml": SETTINGS})
    (places.root / "etc/localtime").symlink_to("/usr/share/zoneinfo/Etc/UTC")
    assert boot(places).faults == []
    assert local(places) == "/usr/share/zoneinfo/Europe/Berlin"
    (places.root / "etc/localtime").unlink()  # /etc is made anew at each boot
    assert boot(places).faults == []
    assert local(places) == "/usr/share/zoneinfo/Europe/Berlin"
    assert (places.root / "etc/timezone").read_text() == "Europe/Berlin\n"
    (places.card / "timezone.txt").write_text("Asia/Shanghai\r\n")
    assert boot(places).faults == []
    assert local(places) == "/usr/share/zoneinfo/Asia/Shanghai"


def test_without_a_zone_the_system_keeps_its_own(tmp_path: Path) -> None:
    places = machine(tmp_path)
    boot(places)
    assert not (places.root / "etc/localtime").is_symlink()


def test_the_imagers_zone_is_taken_and_an_unknown_one_holds_up_nothing_else(tmp_path: Path) -> None:
    custom = '[system]\nhostname = "bell"\n[locale]\ntimezone = "{}"\n'
    places = machine(tmp_path, {"custom.toml": custom.format("Mars/Base")})
    faults = boot(places).faults
    assert len(faults) == 1
    assert 'custom.toml: the time zone must be a name like "Europe/Berlin", is "Mars' in faults[0]
    assert (places.data / "hostname").read_text() == "bell\n"
    assert on_card(places) == {"custom.toml", ERRORS}
    (places.card / "custom.toml").write_text(custom.format("America/New_York"))
    assert boot(places).faults == []
    assert local(places) == "/usr/share/zoneinfo/America/New_York"


def test_settings_with_an_unknown_zone_are_not_taken(tmp_path: Path) -> None:
    places = machine(tmp_path, {"intercom.toml": SETTINGS.replace("Berlin", "Berlim")})
    (faults,) = boot(places).faults
    assert faults.startswith("intercom.toml: station.timezone: must be a name like")
    assert 'did you mean "Europe/Berlin"?' in faults
    assert (places.etc / "station.toml").read_text() == DEFAULT
    assert not (places.data / "timezone").exists()


HUB = '[hub]\nlisten = "0.0.0.0"\n'
EMBEDDED = SETTINGS.replace('hostname = "door"\n', "") + HUB + "embedded = true\n"


@pytest.mark.parametrize(
    ("files", "name"),
    [
        ({}, "intercom-00ab"),
        ({"intercom.toml": SETTINGS}, "intercom-00ab"),
        ({"hub.toml": HUB}, "hub"),
        ({"hub.toml": HUB, "intercom.toml": SETTINGS}, "hub"),
        ({"intercom.toml": EMBEDDED}, "hub"),
    ],
)
def test_a_card_without_a_name_has_its_own_and_a_hub_is_called_hub(
    tmp_path: Path, files: dict[str, str], name: str
) -> None:
    places = machine(tmp_path, files)
    assert boot(places).faults == []
    assert unnamed(places) == ("hub" if name == "hub" else ""), "there is no ID yet"
    (places.root / "etc/machine-id").write_text("00ab" * 8 + "\n")
    assert unnamed(places) == name
    assert owner.hostname(name) == name


def test_a_fault_is_told_and_the_file_stays(tmp_path: Path) -> None:
    places = machine(
        tmp_path,
        {
            "intercom.toml": '[station]\nnam = "x"\n[sound]\nperiod_ms = 3\n',
            "wifi.txt": "ssid = Home\npassword = short\n",
        },
    )
    (places.etc / "station.toml").write_text(SETTINGS)
    taken = boot(places)
    assert len(taken.faults) == 2
    told = (places.card / ERRORS).read_text(encoding="utf-8-sig")
    assert "intercom.toml: station.nam: unknown key" in told
    assert "intercom.toml: sound.period_ms" in told
    assert "wifi.txt: the password must have 8 to 63" in told
    assert b"\r\n" in (places.card / ERRORS).read_bytes(), "Notepad's line ends"
    assert (places.booted / "errors.txt").read_text() in told.replace("\r\n", "\n")
    assert on_card(places) == {"intercom.toml", "wifi.txt", ERRORS}
    assert (places.etc / "station.toml").read_text() == SETTINGS, "the old ones go on"

    (places.card / "intercom.toml").write_text(SETTINGS)
    (places.card / "wifi.txt").write_text(WIFI)
    assert boot(places).faults == []
    assert on_card(places) == set(), "with the faults, their list is gone"


def test_a_card_that_was_not_put_right_is_not_written_again(tmp_path: Path) -> None:
    places = machine(tmp_path, {"wifi.txt": "?"})
    boot(places)
    before = (places.card / ERRORS).stat().st_mtime_ns
    boot(places)
    assert (places.card / ERRORS).stat().st_mtime_ns == before


def test_ssh_without_a_key_is_told(tmp_path: Path) -> None:
    places = machine(tmp_path, {"ssh": ""})
    boot(places)
    assert "nobody can log in" in (places.card / ERRORS).read_text(encoding="utf-8-sig")


def test_settings_that_come_later_replace_the_first(tmp_path: Path) -> None:
    places = machine(tmp_path)
    boot(places)
    assert (places.etc / "station.toml").read_text() == DEFAULT
    (places.card / "intercom.toml").write_text(SETTINGS)
    boot(places)
    assert (places.etc / "station.toml").read_text() == SETTINGS


def test_a_wiped_rest_is_nobodys_file(tmp_path: Path) -> None:
    places = machine(tmp_path, {"wifi.txt": bytes(64)})
    taken = boot(places)
    assert (taken.names, taken.faults) == ([], [])
    assert on_card(places) == set()


def test_bundles_are_left_to_the_update(tmp_path: Path) -> None:
    places = machine(tmp_path)
    (places.card / "intercom-2.bundle").write_bytes(b"x")
    assert boot(places).updates == ["intercom-2.bundle"]
    assert on_card(places) == {"intercom-2.bundle"}


def test_a_step_that_fails_is_repeated_and_holds_up_none(tmp_path: Path) -> None:
    runs: list[str] = []

    def bad() -> None:
        runs.append("bad")
        raise IntercomError("no")

    steps = [("bad", bad), ("good", lambda: runs.append("good"))]
    marks = tmp_path / "marks.json"
    for _ in range(2):
        assert once(steps, marks, Disk()) == ["first boot: bad: no"]
    assert runs == ["bad", "good", "bad"]
    for garbage in (b"", b"{", b"[]", b'{"done": 3}', b'{"done": {"good": "x"}}', b"\0" * 40):
        marks.write_bytes(garbage)
        assert once(steps[1:], marks, Disk()) == []


FILES = {
    "intercom.toml": SETTINGS,
    "wifi.txt": WIFI,
    "authorized_keys": KEYS,
    "hostname.txt": "bell",
    "enroll.txt": ENROLL,
}


def test_a_cut_after_any_step(memory: Path) -> None:
    numbers = itertools.count()

    def fresh() -> Path:
        root = memory / str(next(numbers))
        machine(root, FILES)
        return root

    cuts = 0
    for root, what in every_cut(fresh, lambda root, files: boot(Places(root), Disk(files))):
        cuts += 1
        places = Places(root)
        settings = places.etc / "station.toml"
        if settings.exists():
            assert settings.read_text() in (DEFAULT, SETTINGS), what
        if what == THROUGH:
            assert on_card(places) == set()
        taken = boot(places, Disk(CutFiles()))  # the next boot, in peace
        assert taken.faults == [], what
        check(places, what)
        shutil.rmtree(root)
    assert cuts > 250


def check(places: Places, what: str) -> None:
    """All is where it belongs, and no secret is on BOOT."""
    assert on_card(places) == set(), what
    assert (places.etc / "station.toml").read_text() == SETTINGS, what
    assert "psk=topsecret1" in (places.network / "intercom-wifi.nmconnection").read_text(), what
    assert (places.data / "ssh/authorized_keys").read_text() == KEYS, what
    assert (places.data / "hostname").read_text() == "bell\n", what
    assert (places.data / "timezone").read_text() == "Europe/Berlin\n", what
    assert DeviceKey.load(places.state / "device.key"), what
    assert (places.state / "enroll.json").exists(), what


def test_the_key_of_the_device_never_changes_once_it_is_made(tmp_path: Path) -> None:
    places = machine(tmp_path)
    boot(places)
    public = DeviceKey.load(places.state / "device.key").public
    (places.data / "firstboot.json").unlink()
    boot(places)
    assert DeviceKey.load(places.state / "device.key").public == public


def test_boot_is_mounted_from_the_roots_own_disk_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(fat, "CARD", tmp_path)
    monkeypatch.setattr(fat, "run", lambda command, *_: commands.append([*map(str, command)]))
    link = tmp_path / "boot"
    with BootCard(tmp_path, Disk()).present(link):
        assert commands == [], "it is not sought by its label"
    link.symlink_to("/dev/null")
    with BootCard(tmp_path, Disk()).present(link):
        assert str(link) in commands[0]
    assert [command[0] for command in commands] == ["mount", "umount"]


def test_a_cut_leaves_no_secret_once_it_was_taken(tmp_path: Path) -> None:
    """Wiping is renaming, then clearing, then removing; a cut in it is finished by `sweep`."""
    for limit, loss in itertools.product(range(1, 9), LOSSES):
        folder = tmp_path / f"{limit}-{loss}"
        folder.mkdir()
        (folder / "wifi.txt").write_text(WIFI)
        files = CutFiles(limit)
        try:
            BootCard(folder, Disk(files)).wipe("wifi.txt")
        except PowerCut:
            files.settle(loss)
        left = BootCard(folder, Disk())
        left.sweep()
        assert left.names() in ([], ["wifi.txt"])
        if left.names():
            assert left.read("wifi.txt") == WIFI.encode()
