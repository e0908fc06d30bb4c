"""Cameras and microphones are listed and switched in a running call, and plugged in and out."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from intercom import CallingError, CallType, Code, Event
from tests.media_rig import TestDevices, until
from tests.pair_rig import CAMERAS, Eye, Pair, hears, join, longest_silence
from tests.scenarios.guest import Guest, shut
from tests.scenarios.house import House, connect

GAP = 2.0
"""Seconds that a switch may cost the other side."""


@dataclass
class Talk:
    """Anna, who has two of each, talks to ben, who sees and hears her."""

    anna: Guest
    ben: Guest
    pair: Pair
    eye: Eye
    dev: Path

    @property
    def epochs(self) -> list[int]:
        """The numbers of the transport, at both ends."""
        return [
            self.anna.mesh.stats()["ben"]["epoch"],
            self.ben.mesh.stats()["anna"]["epoch"],
        ]

    async def goes_on(self, camera: str = "front", microphone: str = "near") -> None:
        """Ben sees and hears these two, and no other one is open."""
        await self.eye.sees(camera)
        await hears(self.ben.devices, microphone)
        assert sorted(self.pair.in_use) == sorted([camera, microphone])


async def talk(house: House, folder: Path, encoded: bool = False) -> Talk:
    """Have them talk."""
    pair, dev = Pair(encoded), folder / "dev"
    dev.mkdir()
    anna = await join(house, "anna", pair, dev)
    ben = await join(house, "ben", TestDevices())
    made = Talk(anna, ben, pair, Eye(), dev)
    await ben.start_remote_view("anna", made.eye)
    await connect(anna, ben)
    await made.goes_on()
    return made


@pytest.mark.parametrize("encoded", [False, True], ids=["raw", "encoded"])
async def test_the_other_camera_is_seen(house: House, tmp_path: Path, encoded: bool) -> None:
    call = await talk(house, tmp_path, encoded)
    before, call.eye.longest = call.epochs, 0.0
    await call.anna.switch_device("camera", "back")
    await call.goes_on(camera="back")
    await call.anna.switch_device("camera", "front")
    await call.goes_on()
    assert call.eye.longest < GAP
    assert call.epochs == before
    assert not call.anna.all(Event.ERROR)
    assert len(call.ben.all(Event.USER_VIDEO_AVAILABLE)) == 1  # it never went off


async def test_the_other_microphone_is_heard(house: House, tmp_path: Path) -> None:
    call = await talk(house, tmp_path)
    before, since = call.epochs, time.monotonic()
    await call.anna.switch_device("microphone", "far")
    await call.goes_on(microphone="far")
    assert longest_silence(call.ben.devices, since) < GAP
    assert call.epochs == before
    assert not call.anna.all(Event.ERROR)


async def test_devices_are_listed_in_a_call(house: House, tmp_path: Path) -> None:
    call = await talk(house, tmp_path)
    assert await call.anna.get_cameras() == call.pair.cameras()
    assert await call.anna.get_microphones() == call.pair.microphones()
    await call.goes_on()


@pytest.mark.parametrize(
    ("kind", "code"), [("camera", Code.NO_CAMERA), ("microphone", Code.NO_MICROPHONE)]
)
async def test_an_unknown_device_is_refused_and_the_old_one_untouched(
    house: House, tmp_path: Path, kind: str, code: Code
) -> None:
    call = await talk(house, tmp_path)
    taken = list(call.pair.taken)
    with pytest.raises(CallingError, match=r"none such.*The (near|front)") as refused:
        await call.anna.switch_device(kind, "none such")
    assert refused.value.code is code
    await call.goes_on()
    assert call.pair.taken == taken
    with pytest.raises(CallingError) as wrong:
        await call.anna.switch_device("speaker", "any")
    assert wrong.value.code is Code.BAD_PARAMETER


@pytest.mark.parametrize(("kind", "other"), [("camera", "back"), ("microphone", "far")])
async def test_a_device_that_cannot_be_opened_leaves_the_old_one(
    house: House, tmp_path: Path, kind: str, other: str
) -> None:
    call = await talk(house, tmp_path)
    call.pair.refused = {other}
    before = call.epochs
    with pytest.raises(CallingError, match=r"stays the same.*zoom \(7\)") as refused:
        await call.anna.switch_device(kind, other)
    assert refused.value.code is Code.DEVICE_REFUSED
    await call.goes_on()
    assert call.epochs == before
    assert not call.anna.all(Event.ERROR)
    call.pair.refused = set()
    await call.anna.switch_device(kind, other)
    await call.goes_on(**{kind: other})


async def test_two_switches_at_once_end_with_the_last(house: House, tmp_path: Path) -> None:
    call = await talk(house, tmp_path)
    names = ("back", "front", "back")
    await asyncio.gather(*(call.anna.switch_device("camera", name) for name in names))
    await call.goes_on(camera="back")
    assert [name for name, _ in call.pair.taken if name in CAMERAS] == ["front", *names]


async def test_what_is_chosen_without_a_call_is_used_in_the_next(
    house: House, tmp_path: Path
) -> None:
    pair = Pair()
    anna, ben = await join(house, "anna", pair), await join(house, "ben", TestDevices())
    await anna.switch_device("camera", "back")
    await anna.switch_device("microphone", "far")
    assert pair.taken == []
    eye = Eye()
    await ben.start_remote_view("anna", eye)
    await connect(anna, ben)
    await eye.sees("back")
    await hears(ben.devices, "far")
    await anna.hangup()
    await shut(anna)
    assert pair.in_use == []


async def test_devices_that_cannot_be_listed_cannot_be_switched(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await talk(house, tmp_path)

    def broken() -> list[tuple[str, str]]:
        raise RuntimeError("no picamera2 library: apt install python3-picamera2")

    monkeypatch.setattr(call.pair, "cameras", broken)
    with pytest.raises(CallingError, match="apt install") as refused:
        await call.anna.switch_device("camera", "back")
    assert refused.value.code is Code.NO_CAMERA


async def test_a_switch_in_an_audio_call_opens_no_camera(house: House, tmp_path: Path) -> None:
    pair = Pair()
    anna, ben = await join(house, "anna", pair), await join(house, "ben", TestDevices())
    await connect(anna, ben, CallType.AUDIO)
    await hears(ben.devices, "near")
    await anna.switch_device("camera", "back")
    await anna.switch_device("microphone", "far")
    await hears(ben.devices, "far")
    assert pair.in_use == ["far"]
    assert "camera" not in pair.opened


# -- plugged in and pulled out ------------------------------------------------------------------


async def test_what_is_plugged_in_while_nothing_is_broken_is_told(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await talk(house, tmp_path)
    await _plugged(call, monkeypatch)
    assert not call.anna.all(Event.ERROR)
    await call.anna.switch_device("camera", "usb")  # and can be used at once
    await until(lambda: abs(call.eye.luma - 120) < 15)


async def test_what_is_plugged_in_without_a_call_is_told(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await talk(house, tmp_path)
    await call.anna.hangup()
    await shut(call.anna)
    await _plugged(call, monkeypatch)


async def _plugged(call: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A USB camera comes: its node, and itself in the list; DEVICE_UPDATED tells of it."""
    assert not call.anna.all(Event.DEVICE_UPDATED)
    monkeypatch.setitem(CAMERAS, "usb", 120)
    node = call.dev / "video7"
    node.touch()
    told = await call.anna.wait(Event.DEVICE_UPDATED)
    assert ("usb", "The usb camera") in told["cameras"]
    assert told["microphones"] == call.pair.microphones()
    assert not call.ben.all(Event.DEVICE_UPDATED)


async def test_what_is_pulled_out_unused_is_told_and_is_no_fault(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = await talk(house, tmp_path)
    await _plugged(call, monkeypatch)
    monkeypatch.delitem(CAMERAS, "usb")
    (call.dev / "video7").unlink()
    told = await call.anna.wait(Event.DEVICE_UPDATED)
    assert "usb" not in dict(told["cameras"])
    assert not call.anna.all(Event.ERROR)
    await call.goes_on()
