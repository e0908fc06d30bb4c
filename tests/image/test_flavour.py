"""Flavours: what they consist of, and that their pieces agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.image.recipe import disk, flavour
from config.image.recipe.base import located
from config.image.recipe.flavour import FLAVOURS, IMAGE, PACKAGES, RecipeError, digest, load

MADE = [("debian", "amd64"), ("debian", "arm64"), ("rpios", "arm64")]
LISTS = sorted(path.name for path in PACKAGES.iterdir())


@pytest.mark.parametrize("name", LISTS)
def test_a_list_names_each_package_once_in_order(name: str) -> None:
    packages = flavour.read_list(name)
    assert packages
    assert len(packages) == len(set(packages))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", package) for package in packages)


def test_no_package_is_in_two_lists_of_a_flavour() -> None:
    for lists in (["program", "appliance", "debian", "debian-arm64"],
                  ["program", "appliance", "rpios"]):  # fmt: skip
        found = [package for name in lists for package in flavour.read_list(name)]
        assert len(found) == len(set(found))


def test_every_list_is_used() -> None:
    text = "".join(path.read_text() for path in FLAVOURS.glob("*.toml"))
    assert [name for name in LISTS if f'"{name}"' not in text] == []


@pytest.mark.parametrize(("name", "arch"), MADE)
def test_a_flavour_has_the_program_and_the_system(name: str, arch: str) -> None:
    made = load(name, arch)
    assert {"python3-numpy", "python3-pygame", "systemd-sysv", "e2fsprogs"} <= set(made.packages)
    assert f"Architectures: {arch}\n" in made.sources
    assert "@ARCH@" not in made.sources


@pytest.mark.parametrize(("name", "arch"), MADE)
def test_every_archive_is_signed_by_a_keyring_that_is_checked(name: str, arch: str) -> None:
    made = load(name, arch)
    named = set(re.findall(r"^Signed-By: (.*)$", made.sources, re.MULTILINE))
    assert named == {str(keyring) for keyring, _ in made.keyrings}
    assert made.sources.count("Types:") == made.sources.count("Signed-By:")
    assert all(re.fullmatch(r"[0-9A-F]{40}|", key) for _, key in made.keyrings)


def test_only_the_product_has_what_a_pi_needs() -> None:
    product, stand_in = load("rpios", "arm64"), load("debian", "arm64")
    assert "libcamera-ipa" in product.packages, "libcamera only recommends it"
    assert {"sudo"} <= set(product.packages) & set(stand_in.packages)
    assert {"python3-picamera2", "python3-lgpio", "linux-image-rpi-2712"} <= set(product.packages)
    assert "linux-image-arm64" in stand_in.packages
    assert "@RASPBERRYPI@" in product.sources


@pytest.mark.parametrize(
    ("name", "arch", "words"),
    [("ubuntu", "arm64", "there are: debian, rpios"), ("rpios", "amd64", "not made for amd64")],
)
def test_what_is_not_made_is_refused_in_words(name: str, arch: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        load(name, arch)


def test_a_dated_copy_takes_every_archive_of_debian() -> None:
    dated = load("debian", "arm64", "20261101T000000Z").sources
    assert "@" not in dated
    assert dated.count("/20261101T000000Z\n") == 2
    assert dated.count("Check-Valid-Until: no") == 2
    assert "archive/debian-security/2026" in dated


def test_the_addresses_are_those_of_this_machines_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    for archive in ("debian", "debian_security", "raspberrypi"):
        monkeypatch.setenv(f"{archive.upper()}_MIRROR", f"http://cache.example/{archive}")
    found = re.findall(r"^URIs: (.*)$", located(load("rpios", "arm64").sources), re.MULTILINE)
    there = ["debian", "debian_security", "raspberrypi"]
    assert found == [f"http://cache.example/{archive}" for archive in there]


def test_the_disks_number_is_the_same_wherever_it_stands() -> None:
    ident = f"{disk.DISK_ID:08x}"
    assert f"disk-signature = 0x{ident}" in disk.CONFIG.read_text()
    named = [
        IMAGE / "boot/rpios/boot/firmware/cmdline.txt",
        IMAGE / "boot/debian/etc/default/raspi-firmware",
    ]
    for file in named:
        assert f"PARTUUID={ident}-02" in file.read_text(), file


@pytest.mark.parametrize(
    "file",
    ["boot/rpios/boot/firmware/cmdline.txt", "boot/debian/etc/default/raspi-extra-cmdline"],
)
def test_both_flavours_boot_quietly_into_the_read_only_root(file: str) -> None:
    text = (IMAGE / file).read_text()
    assert text.count("\n") == 1, "the firmware reads one line"
    words = text.split()
    assert "init=/usr/lib/intercom/preinit" in words
    assert {"ro", "panic=10", "quiet", "consoleblank=0", "cgroup_enable=memory"} <= set(words)
    assert "vt.global_cursor_default=0" in words


def test_the_product_has_its_watchdog_and_finds_its_camera() -> None:
    lines = (IMAGE / "boot/rpios/boot/firmware/config.txt").read_text().splitlines()
    assert {"dtparam=watchdog=on", "camera_auto_detect=1", "dtoverlay=vc4-kms-v3d"} <= set(lines)


def test_a_digest_changes_with_content_name_and_mode(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    file = folder / "file"
    file.write_text("one")
    seen = {digest(folder)}
    file.write_text("two")
    seen.add(digest(folder))
    file.chmod(0o755)
    seen.add(digest(folder))
    file.rename(folder / "other")
    seen.add(digest(folder))
    (folder / "link").symlink_to("other")
    seen.add(digest(folder))
    assert len(seen) == 5
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_text("")
    assert digest(folder) in seen
