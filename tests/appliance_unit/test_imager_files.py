"""What Raspberry Pi Imager leaves on a card beside the owner's files, at a boot."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from intercom.appliance import orders, update
from intercom.appliance.disk import Disk
from intercom.appliance.firstboot import ERRORS
from intercom.appliance.places import Places
from tests.appliance_unit.cutting import CutFiles, every_cut
from tests.appliance_unit.test_firstboot import boot, machine, on_card


def test_what_the_imager_wrote_for_cloud_init_is_told_and_goes(tmp_path: Path) -> None:
    secret = "network:\n  wifis:\n    wlan0:\n      access-points: {Home: {password: topsecret1}}\n"
    files = {"network-config": secret, "user-data": "#cloud-config\nhostname: bell\n",
             "meta-data": "instance-id: rpi-imager-1\n"}  # fmt: skip
    places = machine(tmp_path, files)
    taken = boot(places)
    assert [words.partition(":")[0] for words in taken.faults] == ["network-config", "user-data"]
    told = (places.card / ERRORS).read_text(encoding="utf-8-sig")
    assert "network-config: is for cloud-init" in told
    assert "topsecret1" not in told
    assert on_card(places) == {ERRORS}
    assert boot(places).faults == []


ORDER = " systemd.run=/boot/firstrun.sh systemd.run_success_action=reboot"
ORDER += " systemd.unit=kernel-command-line.target"
FIRSTRUN = {
    "firstrun.sh": "#!/bin/sh\n/usr/lib/x/imager_custom set_hostname 'bell'\n",
    "cmdline.txt": f"quiet init=/usr/lib/intercom/preinit{ORDER}\n",
}


@pytest.mark.parametrize("faulty", [False, True])
def test_the_imagers_script_is_not_run_in_place_of_the_station(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, faulty: bool
) -> None:
    files = FIRSTRUN | ({"firstrun.sh": "x/imager_custom set_hostname 'a b'\n"} if faulty else {})
    places = machine(tmp_path, files)
    boots: list[object] = []
    monkeypatch.setattr(orders, "_as_root", lambda: (places, Disk()))
    monkeypatch.setattr(update, "take_effect", boots.append)
    orders.at_boot(lambda places, disk, bundles: boot(places, disk))
    assert len(boots) == 1, "this boot would not start the station"
    assert (places.card / "cmdline.txt").read_text().split() == [
        "quiet", "init=/usr/lib/intercom/preinit",
    ]  # fmt: skip
    assert on_card(places) == ({"firstrun.sh", ERRORS} if faulty else set())
    (places.booted / "again").unlink()  # /run is empty at the next boot
    orders.at_boot(lambda places, disk, bundles: boot(places, disk))
    assert len(boots) == 1


def test_a_cut_while_the_imagers_script_is_taken(memory: Path) -> None:
    numbers = itertools.count()

    def fresh() -> Path:
        root = memory / str(next(numbers))
        machine(root, FIRSTRUN)
        return root

    for root, what in every_cut(fresh, lambda root, files: boot(Places(root), Disk(files))):
        places = Places(root)
        line = (places.card / "cmdline.txt").read_text()
        if "firstrun.sh" not in on_card(places):
            assert not set(line.split()) & set(ORDER.split()), (
                f"{what}: it is never looked at again"
            )
        assert boot(places, Disk(CutFiles())).faults == [], what
        line = (places.card / "cmdline.txt").read_text()
        assert not set(line.split()) & set(ORDER.split()), what
        assert line.startswith("quiet init=/usr/lib/intercom/preinit "), what
        assert (places.data / "hostname").read_text() == "bell\n", what
        shutil.rmtree(root)
