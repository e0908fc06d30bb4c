"""The owner's files: their names, their encodings, and what they say."""

from __future__ import annotations

import configparser
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.appliance import keyfile, owner, owner_imager
from intercom.appliance.owner import ForeignError, OwnerError, Wifi, Wishes

TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00\r\x1a\ufeff"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("intercom.toml", "station"),
        ("Intercom.TOML", "station"),
        ("INTERCOM.toml.txt", "station"),
        ("station.toml", "station"),
        ("hub.toml", "hub"),
        ("wifi", "wifi"),
        ("WiFi.txt", "wifi"),
        ("wifi.txt.txt", "wifi"),
        ("wifi.toml", "wifi"),
        ("enroll.txt", "enroll"),
        ("ssh", "ssh"),
        ("SSH.txt", "ssh"),
        ("authorized_keys", "keys"),
        ("authorized_keys.txt", "keys"),
        ("hostname.txt", "hostname"),
        ("Timezone.txt", "timezone"),
        ("custom.toml", "custom"),
        ("firstrun.sh", "firstrun"),
        ("user-data", "cloud"),
        ("network-config", "cloud"),
        ("meta-data", "cloud"),
        ("intercom-0.2.0-aarch64.bundle", "update"),
        ("intercom.bundle.txt", "update"),
        ("config.txt", None),
        ("cmdline.txt", None),
        ("intercom-errors.txt", None),
        ("._intercom.toml", None),
        (".intercom.toml", None),
        ("intercom.toml.bak", None),
        ("", None),
    ],
)
def test_a_file_is_known_by_its_name(name: str, kind: str | None) -> None:
    assert owner.kind_of(name) == kind


def test_the_settings_come_before_what_hangs_on_them() -> None:
    names = ["wifi.txt", "intercom-1.bundle", "config.txt", "enroll.txt", "Intercom.toml"]
    kinds = [kind for _, kind in owner.recognised(names)]
    assert kinds == ["station", "wifi", "enroll", "update"]


@settings(deadline=None)
@given(TEXTS)
def test_text_is_read_in_any_encoding_with_a_mark(text: str) -> None:
    for encoding in ("utf-8-sig", "utf-16"):
        assert owner.decode(text.encode(encoding)) == text
    assert owner.decode(text.replace("\n", "\r\n").encode("utf-8-sig")) == text


@settings(deadline=None)
@given(
    st.text(
        st.characters(min_codepoint=9, max_codepoint=126, blacklist_characters="\r\x1a"), min_size=1
    )
)
def test_text_without_a_mark_is_guessed(text: str) -> None:
    for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
        assert owner.decode(text.encode(encoding)) == text


def test_an_old_code_page_is_taken_for_what_it_is() -> None:
    assert owner.decode("ssid = Küche\r\n".encode("cp1252")) == "ssid = Küche\n"


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_somehow(data: bytes) -> None:
    assert isinstance(owner.decode(data), str)


@pytest.mark.parametrize(
    ("text", "wifi"),
    [
        ("ssid=Home\npassword=secret12\ncountry=de\n", Wifi("Home", "secret12", "DE")),
        ("SSID: My Home\nPassword: pass word 1\n", Wifi("My Home", "pass word 1")),
        ('ssid = "Home"\npsk = "with \\"quotes\\""\n', Wifi("Home", 'with "quotes"')),
        ("ssid='C:\\net'\npassword='back\\slash'", Wifi("C:\\net", "back\\slash")),
        ('ssid = "half\npassword = 12345678', Wifi('"half', "12345678")),
        ("# my network\n\n[wifi]\nssid = Café ☕\n", Wifi("Café ☕")),
        ("ssid = Home\nhidden = yes\n", Wifi("Home", hidden=True)),
        ("ssid = a = b\npassword = x=y=z=1234", Wifi("a = b", "x=y=z=1234")),
        (f"ssid = H\npassword = {'0f' * 32}", Wifi("H", "0f" * 32)),
    ],
)
def test_a_network_is_read(text: str, wifi: Wifi) -> None:
    assert owner.wifi(text) == wifi


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "ssid = NAME"),
        ("password = 12345678", "ssid = NAME"),
        ("my network\n", 'line 1 is not like "name = value"'),
        ("ssid = Home\nsecurity = wep", 'line 2: unknown name "security"'),
        ("ssid = Home\npassword = short", "8 to 63"),
        ("ssid = Home\npassword = " + "x" * 64, "64 characters"),
        ("ssid = Home\npassword = pässwörter", "without accents"),
        ("ssid = " + "x" * 33, "1 to 32"),
        ("ssid = Home\ncountry = Germany", "two letters"),
    ],
)
def test_what_is_wrong_is_said(text: str, word: str) -> None:
    with pytest.raises(OwnerError) as caught:
        owner.wifi(text)
    assert word in str(caught.value)
    assert "short" not in str(caught.value), "a password is not repeated"


@settings(deadline=None)
@given(TEXTS)
def test_any_text_is_a_network_or_a_fault(text: str) -> None:
    with suppress(OwnerError):
        assert owner.wifi(text).ssid


PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=8, max_size=63)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=8), PRINTABLE)
def test_the_connection_says_the_same_to_network_manager(ssid: str, password: str) -> None:
    text = keyfile.render(Wifi(ssid, password, hidden=True)) if ssid.isprintable() else ""
    parser = configparser.RawConfigParser(delimiters="=")
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text)
    if text:
        octets = bytes(int(one) for one in parser["wifi"]["ssid"].rstrip(";").split(";"))
        assert octets.decode() == ssid
        # GLib reads \s as a space and \\ as a backslash, and cuts spaces off at both ends.
        raw = next(line for line in text.split("\n") if line.startswith("psk="))[4:]
        assert not raw.startswith(" ")
        assert raw.replace("\\\\", "\0").replace("\\s", " ").replace("\0", "\\") == password
        assert parser["wifi"]["hidden"] == "true"


def test_an_open_network_has_no_security() -> None:
    assert "wifi-security" not in keyfile.render(Wifi("Guests"))


def test_a_hostname() -> None:
    assert owner.hostname(" Door-1 \n") == "door-1"
    for wrong in ("", "a b", "-x", "x" * 64, "tür", "a.b", "a\nb", "$(reboot)"):
        with pytest.raises(OwnerError):
            owner.hostname(wrong)


def test_public_keys() -> None:
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI me@home"
    assert owner.public_keys(f"# mine\n{key}\n\n") == (key,)
    for wrong in (
        "",
        "hello",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        'command="x" ssh-ed25519 AAAA',
    ):
        with pytest.raises(OwnerError):
            owner.public_keys(wrong)


CUSTOM = """
config_version = 1
[system]
hostname = "Door"
[user]
name = "pi"
password = "x"
[ssh]
enabled = true
authorized_keys = ["ssh-ed25519 AAAA me"]
[wlan]
ssid = "Home"
password = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
password_encrypted = true
country = "DE"
[locale]
timezone = "Europe/Berlin"
"""

FIRSTRUN = r"""#!/bin/bash
set +e
CURRENT_HOSTNAME=`cat /etc/hostname | tr -d " \t\n\r"`
if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom set_hostname door
else
   echo door >/etc/hostname
fi
if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom enable_ssh -k 'ssh-ed25519 AAAA me'
fi
if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom set_wlan -h 'It'\''s home' 'pass word' 'GB'
fi
if [ -f /usr/lib/raspberrypi-sys-mods/imager_custom ]; then
   /usr/lib/raspberrypi-sys-mods/imager_custom set_keymap 'gb'
   /usr/lib/raspberrypi-sys-mods/imager_custom set_timezone 'Europe/London'
else
   echo "Europe/London" >/etc/timezone
fi
rm -f /boot/firstrun.sh
exit 0
"""


def test_the_imagers_files_are_heard() -> None:
    keys = ("ssh-ed25519 AAAA me",)
    network = Wifi("Home", "0123456789abcdef" * 4, "DE")
    assert owner_imager.custom(CUSTOM) == Wishes("door", network, True, keys, "Europe/Berlin")
    assert owner_imager.firstrun(FIRSTRUN) == Wishes(
        "door", Wifi("It's home", "pass word", "GB", hidden=True), True, keys, "Europe/London"
    )
    assert owner_imager.custom("") == Wishes()
    assert owner_imager.firstrun("#!/bin/sh\nrm -rf /\n") == Wishes()


@pytest.mark.parametrize(
    "text",
    [
        "[[",
        "ssh = 3",
        "[ssh]\nauthorized_keys = true",
        '[system]\nhostname = "a b"',
        '[wlan]\nssid="H"\npassword="x"',
    ],
)
def test_faults_in_the_imagers_file(text: str) -> None:
    with pytest.raises(OwnerError):
        owner_imager.custom(text)


def test_what_is_for_cloud_init_is_refused_without_repeating_it() -> None:
    owner_imager.cloud("#cloud-config\n\n")
    owner_imager.cloud("instance-id: rpi-imager-1\n")
    for text in ("#cloud-config\nhostname: bell\n", "network:\n  wifis:\n    p: topsecret1\n"):
        with pytest.raises(ForeignError, match=r"wifi\.txt") as caught:
            owner_imager.cloud(text)
        assert "topsecret1" not in str(caught.value)


ORDER = "systemd.run={} systemd.run_success_action=reboot systemd.unit=kernel-command-line.target"


@pytest.mark.parametrize("path", ["/boot/firstrun.sh", "/boot/firmware/firstrun.sh"])
@pytest.mark.parametrize("line", ["quiet ro {}\n", "quiet {} ro", "{}"])
def test_the_order_to_run_the_script_goes_and_the_line_stays_as_long(path: str, line: str) -> None:
    before = line.format(ORDER.format(path)).encode()
    after = owner_imager.not_run(before)
    assert len(after) == len(before)
    assert after.split() == line.format("").encode().split()
    assert after.endswith(b"\n") == before.endswith(b"\n")


@pytest.mark.parametrize(
    "line",
    ["quiet ro\n", "systemd.run=/root/mine.sh\n", "systemd.unit=rescue.target\n",
     "x.systemd.unit=kernel-command-line.target2", ""],
)  # fmt: skip
def test_any_other_line_is_left_alone(line: str) -> None:
    assert owner_imager.not_run(line.encode()) == line.encode()


def test_a_torn_script_is_a_fault() -> None:
    with pytest.raises(OwnerError):
        owner_imager.firstrun("/usr/lib/x/imager_custom set_hostname 'do")
