"""preinit as the kernel's first process, in a guest: the root it builds, and what it survives."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from intercom.appliance.generations import State, parse, render
from tests.appliance_unit import minitree
from tests.vm.uml import unavailable

REASON = unavailable() or ("" if shutil.which("gcc") else "there is no C compiler")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(REASON), reason=REASON)]

RUN = "/run/intercom-boot"
TOLD = "cat /run/intercom-boot/preinit.json; cat /file; "
Lay = Callable[[dict[str, str]], Path]


@pytest.fixture(scope="session")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return minitree.make(tmp_path_factory.mktemp("factory") / "tree")


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """Makes a data partition's image with these files in it; a name that ends in / is a folder."""

    def make(files: dict[str, str]) -> Path:
        content = tmp_path / "content"
        content.mkdir()
        for name, text in files.items():
            path = content / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                path.mkdir()
            else:
                path.write_text(text)
        image = tmp_path / "data.img"
        subprocess.run(["truncate", "-s", "48M", image], check=True)
        command = ["mke2fs", "-q", "-t", "ext4", "-L", "data", "-d"]
        subprocess.run([*command, str(content), str(image)], check=True, capture_output=True)
        return image

    return make


def told(said: str) -> dict[str, Any]:
    """preinit.json of a boot, and the text of /file as `file`."""
    first, _, rest = said.partition("\n")
    found = json.loads(first)
    assert isinstance(found, dict)
    return {**found, "file": rest.partition("\n")[0], "rest": rest.partition("\n")[2]}


def generation(number: int, state: State, **more: str) -> dict[str, str]:
    """Files of a card with one generation, whose /file says its number."""
    folder = f"system/generations/{number}"
    files = {f"{folder}/tree/file": f"generation {number}\n", f"{folder}/generation.json": "{}"}
    return {**files, "system/state": render(state).decode(), **more}


def state_of(said: dict[str, Any]) -> State | None:
    """The record, if the boot was asked to print it at the end."""
    return parse(str(said["rest"]).encode())


def test_nothing_but_data_is_kept(tree: Path, lay: Lay) -> None:
    card = lay({})
    sound = "/var/lib/alsa/asound.state"
    write = "echo x >/etc/new; echo y >/data/kept; echo z >/etc/intercom/station.toml; sync"
    write = f"echo levels >{sound}; {write}"
    first = told(minitree.boot(tree, f"{TOLD} cat /etc/machine-id; {write}", card))
    assert (first["generation"], first["data"], first["faults"]) == (0, "/dev/ubda", "")
    look = "ls -1 /etc/new /data/kept /etc/intercom/* /run/intercom-boot/factory/file 2>&1"
    look = f"{look}; cat {sound}"
    second = told(minitree.boot(tree, f"{TOLD} cat /etc/machine-id; {look}", card))
    assert re.fullmatch(r"[0-9a-f]{32}", first["rest"].strip())
    assert second["rest"].startswith(first["rest"]), "the machine keeps its id"
    assert second["rest"].endswith("\nlevels\n"), "the sound's levels are kept"
    for name in ("/data/kept", "/etc/intercom/shipped.toml", "/etc/intercom/station.toml",
                 "/run/intercom-boot/factory/file"):  # fmt: skip
        assert f"\n{name}" in second["rest"]
    assert "cannot access '/etc/new'" in second["rest"]
    assert not (tree / "etc/new").exists()


def test_a_trial_is_booted_twice_and_then_dropped(tree: Path, lay: Lay) -> None:
    card = lay(generation(5, State(0, 5)))
    wanted = f"{TOLD} cat /data/system/state; sync"
    seen = [told(minitree.boot(tree, wanted, card)) for _ in range(3)]
    assert [one["file"] for one in seen] == ["generation 5", "generation 5", "factory"]
    assert [one["trial"] for one in seen] == [True, True, False]
    assert [state_of(one) for one in seen] == [State(0, 5, 1), State(0, 5, 2), State(0, 0, 0, 5)]
    assert seen[2]["faults"] == "generation 5 did not prove itself"


def test_a_confirmed_one_stays(tree: Path, lay: Lay) -> None:
    card = lay(generation(5, State(5), **{"system/generations/5/confirmed": ""}))
    said = told(minitree.boot(tree, f"{TOLD} ls /run/intercom-boot", card))
    assert (said["file"], said["trial"], said["faults"]) == ("generation 5", False, "")
    assert "trial" not in said["rest"].split()


def two(**more: str) -> dict[str, str]:
    """Files of a card with the generations 2 and 5, which were healthy once; 5 is current."""
    marks = {f"system/generations/{number}/confirmed": "" for number in (2, 5)}
    return {**generation(2, State(5)), **generation(5, State(5)), **marks, **more}


def seen(tree: Path, card: Path, held: list[bool]) -> list[str]:
    """The text of /file in each boot; who holds out leaves his mark, as intercom.health does."""
    found = []
    for holds in held:
        mark = "mkdir -p /data/state; : >/data/state/steady; sync" if holds else ":"
        found.append(told(minitree.boot(tree, f"{TOLD} {mark}", card))["file"])
    return found


def test_one_that_does_not_hold_out_makes_room_for_a_boot(tree: Path, lay: Lay) -> None:
    card = lay(two())
    bad = seen(tree, card, [False] * 6)
    assert bad == [*["generation 5"] * 3, "generation 2", "factory", "generation 5"]
    # One that held out at last counts from the beginning.
    assert seen(tree, card, [True, False, False, False]) == ["generation 5"] * 4
    look = f"{TOLD} cat /data/system/boots; ls /data/state"
    last = told(minitree.boot(tree, look, card))
    assert (last["file"], last["rest"]) == ("generation 2", "5 4\n")
    assert last["faults"] == "generation 5 did not hold out in its last boots"
    assert last["trial"] is False


def test_one_that_holds_out_stays(tree: Path, lay: Lay) -> None:
    card = lay(two())
    assert seen(tree, card, [True, True, False, False, True, True]) == ["generation 5"] * 6


def test_a_boot_that_cannot_be_counted_is_as_it_was_chosen(tree: Path, lay: Lay) -> None:
    card = lay(two(**{"system/boots": "5 3\n", "system/.new-boots/": ""}))
    assert seen(tree, card, [False, False]) == ["generation 5"] * 2


def test_after_a_repair_one_boot_is_enough(tree: Path, lay: Lay, tmp_path: Path) -> None:
    card = lay(two(hostname="hub\n"))
    damage = tmp_path / "damage"
    damage.write_text("sif hostname mode 0\nssv state 2\n")
    subprocess.run(["debugfs", "-w", "-f", damage, card], check=True, capture_output=True)
    first = told(minitree.boot(tree, TOLD, card))
    assert (first["file"], first["data_state"]) == ("generation 5", "repaired")
    assert "had to be repaired" in first["faults"]
    assert seen(tree, card, [True, True]) == ["generation 2", "generation 5"]


def test_one_that_cannot_be_booted_is_passed_over(tree: Path, lay: Lay) -> None:
    files = generation(2, State(3), **{"system/generations/2/confirmed": ""})
    broken = "system/generations/3"
    card = lay(
        {**files, f"{broken}/tree/usr/bin": "not a folder", f"{broken}/generation.json": "{}"}
    )
    said = told(minitree.boot(tree, TOLD, card))
    assert (said["generation"], said["file"]) == (2, "generation 2")
    assert "generation 3 cannot be mounted" in said["faults"]


@pytest.mark.parametrize("argument", ["intercom.factory", "intercom.data=/dev/ubda"])
def test_the_command_line_is_heard(tree: Path, lay: Lay, argument: str) -> None:
    card = lay(generation(5, State(5)))
    said = told(minitree.boot(tree, TOLD, card, argument))
    assert said["generation"] == (0 if argument == "intercom.factory" else 5)


def test_it_boots_without_a_card(tree: Path) -> None:
    said = told(minitree.boot(tree, f"{TOLD} echo y >/data/x && echo written", None))
    assert (said["data_state"], said["file"], said["rest"]) == ("absent", "factory", "written\n")
    assert "no data partition" in said["faults"]


@pytest.mark.parametrize(("seek", "count"), [(0, 2), (0, 4000), (30, 300)])
def test_it_boots_with_a_damaged_card(tree: Path, lay: Lay, seek: int, count: int) -> None:
    card = lay(generation(5, State(5)))
    with card.open("r+b") as file:
        file.seek(seek * 1024)
        file.write(b"\xaa" * count * 1024)
    said = told(minitree.boot(tree, TOLD, card, "intercom.data=/dev/ubda"))
    assert said["data_state"] in ("lost", "repaired")
    assert "data partition" in said["faults"]
    assert said["file"] in ("factory", "generation 5")


@pytest.mark.parametrize("has_boot", [True, False])
def test_the_owners_files_are_those_of_the_roots_own_disk(
    tree: Path, tmp_path: Path, has_boot: bool
) -> None:
    look = f"cat {RUN}/fsck-boot.txt; ls {RUN}; readlink {RUN}/boot"
    minitree.wish(tree, f"{TOLD} {look}; mount -r -t vfat {RUN}/boot /mnt && cat /mnt/whose")
    stick, card = tmp_path / "stick.img", tmp_path / "card.img"
    minitree.fat(stick, "of somebody")
    minitree.card(card, tree, "of the owner" if has_boot else "")
    said = told(minitree.run([stick, card], root="/dev/ubdb2"))
    assert (said["data"], said["data_state"], said["faults"]) == ("/dev/ubdb3", "clean", "")
    assert "of somebody" not in said["rest"]
    if has_boot:
        assert "Dirty bit is set" in said["rest"], "it is checked"
        assert said["rest"].endswith("/dev/ubdb1\nof the owner\n")
    else:
        assert "boot" not in said["rest"].split()


def test_the_clock_never_runs_back(tree: Path, lay: Lay) -> None:
    card = lay({"clock/clock": ""})
    subprocess.run(["debugfs", "-w", "-R", "sif clock/clock mtime @4102444800", card],
                   check=True, capture_output=True)  # fmt: skip
    said = told(minitree.boot(tree, f"{TOLD} date +%Y", card))
    assert said["rest"] == "2100\n"


def test_names_and_keys_come_from_the_card(tree: Path, lay: Lay) -> None:
    card = lay({"hostname": "hub\n", "machine-id": "0123456789abcdef" * 2 + "\n",
                "ssh/ssh_host_ed25519_key": "secret\n"})  # fmt: skip
    look = "cat /etc/hostname /etc/machine-id /etc/ssh/ssh_host_ed25519_key; cat /etc/hosts"
    said = told(minitree.boot(tree, TOLD + look, card))
    assert said["rest"].splitlines()[:3] == ["hub", "0123456789abcdef" * 2, "secret"]
    assert "127.0.1.1 hub" in said["rest"]
