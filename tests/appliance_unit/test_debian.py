"""Which upgrades are taken, of what apt says."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.appliance.debian import Upgrade, broken, parse, wanted

SAID = """\
Reading package lists...
The following packages will be upgraded:
  libssl3t64 linux-image-arm64 tzdata
Inst libssl3t64 [3.5.1-1] (3.5.1-1+deb13u1 Debian-Security:13/stable-security [arm64])
Inst tzdata [2025b-4] (2025c-1 Debian:13.2/stable, Debian:13-updates/stable-updates [all]) []
Inst linux-image-arm64 [6.12.43-1] (6.12.57-1 Debian-Security:13/stable-security [arm64])
Inst libx:arm64 [1:2~rc1-1] (1:2-1 Debian:13.2/stable, Debian-Security:13/stable-security [arm64])
Inst base-files [13.8] (13.8+deb13u2 Debian:13.2/stable [arm64]) []
Inst old [1] (2 Debian:12.14/oldstable [all])
Inst tz-soon [2025b-4] (2025c-1 Debian:13-updates/stable-updates [all])
Inst back [1] (2 Debian Backports:stable-backports [all])
Inst camera [1] (2 Raspberry Pi Foundation:stable [arm64])
Inst raspi-firmware [1] (2 Debian:13.2/stable [all])
Inst new-one (1.0 Debian-Security:13/stable-security [arm64])
Inst evil;reboot [1] (2 Debian-Security:13/stable-security [arm64])
Inst evil [1] ($(reboot) Debian-Security:13/stable-security [arm64])
Conf libssl3t64 (3.5.1-1+deb13u1 Debian-Security:13/stable-security [arm64])
"""


DUE = ["libssl3t64", "tzdata", "linux-image-arm64", "libx:arm64", "base-files", "old",
       "raspi-firmware"]  # fmt: skip
HELD = {"linux-image-arm64", "raspi-firmware"}


def test_security_and_point_releases_are_taken_and_the_kernel_is_not() -> None:
    found = parse(SAID)
    waiting = {"tz-soon", "back", "camera"}
    assert {one.name for one in found} == {*DUE, *waiting}
    assert [one.name for one in found if one.due] == DUE
    assert [one.name for one in wanted(found)] == [name for name in DUE if name not in HELD]
    assert wanted(found)[0].new == "3.5.1-1+deb13u1"


def test_what_belongs_to_the_boot_partition_is_held() -> None:
    for name in ("linux-image-6.12.57+deb13-arm64", "raspi-firmware", "firmware-brcm80211",
                 "rpi-eeprom", "linux-image-arm64:arm64", "initramfs-tools-core"):  # fmt: skip
        assert Upgrade(name, "2", True).held, name
    for name in ("linux-libc-dev", "libc6", "python3.13", "systemd"):
        assert not Upgrade(name, "2", True).held, name


@settings(deadline=None)
@given(st.text())
def test_any_words_are_read(text: str) -> None:
    for one in parse(text):
        assert " " not in one.name + one.new


def test_a_package_that_is_half_there_is_broken() -> None:
    said = "installed dpkg\nhalf-configured libssl3\nconfig-files old\nunpacked x\n\n"
    assert broken(said) == ["libssl3", "x"]
