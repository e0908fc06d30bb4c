"""A station at rest looks at nobody and hears nobody; the lamp tells whenever it does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from intercom import CallType, Event, State
from intercom.station import app
from intercom.station import scene as sc
from intercom.station.controls import Intent
from intercom.station.lamp import LampState
from tests.station_rig import Start, Station, in_call


class Witness:
    """Remembers in which state of the call each device was opened."""

    def __init__(self, station: Station, monkeypatch: pytest.MonkeyPatch) -> None:
        self.opened: list[tuple[str, State]] = []
        self._station = station
        for kind in ("camera", "microphone", "speaker"):
            self._watch(kind, monkeypatch)

    def _watch(self, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
        opener = getattr(self._station.devices, f"open_{kind}")

        def told(*arguments: Any) -> Any:
            self.opened.append((kind, self._station.state))
            return opener(*arguments)

        monkeypatch.setattr(self._station.devices, f"open_{kind}", told)


async def test_nothing_is_opened_at_rest(
    start: Start, login: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "REST", 0.05)
    desk = await login("desk")
    door = await start("[call]\nended_seconds = 0.1\n", camera="simulated")
    witness = Witness(door, monkeypatch)
    ticking = asyncio.create_task(door.app.run())
    door.do(Intent.NUMBERS, Intent.QUIET, Intent.QUIET, Intent.MUTE)
    await desk.call("door", type=CallType.VIDEO)
    await door.shows(sc.RingingIn)
    await desk.hangup()
    await door.shows(sc.Idle)
    await asyncio.sleep(0.3)
    assert [kind for kind, state in witness.opened if state is State.IDLE] == []
    assert not door.media.camera_open
    assert not door.media.microphone_open
    ticking.cancel()
    await asyncio.wait([ticking])


async def test_the_camera_is_open_for_the_call_alone_and_the_lamp_is_lit_meanwhile(
    start: Start, login: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = await login("desk")
    door = await start(camera="simulated")
    witness = Witness(door, monkeypatch)
    await in_call(door, desk)
    await door.until(lambda: door.media.camera_open)
    await door.hears("lamp", state=LampState.IN_CALL.value)
    door.do(Intent.HANGUP)
    await desk.wait(Event.CALL_END)
    await door.until(lambda: not door.media.camera_open)
    assert {state for kind, state in witness.opened if kind == "camera"} <= {
        State.RINGING,
        State.CONNECTED,
    }


async def test_a_camera_that_is_open_without_a_call_is_told_by_the_lamp(start: Start) -> None:
    door = await start(camera="simulated")
    await door.hears("lamp", state=LampState.IDLE.value)
    await door.media.open_camera()
    door.app.face.refresh()
    await door.hears("lamp", state=LampState.DEVICE_OPEN.value)
    await door.media.close_camera()
    door.app.face.refresh()
    await door.hears("lamp", state=LampState.IDLE.value)
