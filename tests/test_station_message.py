"""A visitor leaves a message at the door, and it is seen and heard in the kitchen: real stations,
clients, media and hub, in this process, with devices that a test can look into."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from intercom.hub.server import Hub
from intercom.plan import Plan
from intercom.station import message, playback
from intercom.station import scene as sc
from intercom.station.controls import Intent
from tests.media_rig import loudness
from tests.messages_house import House
from tests.messages_rig import PICTURE, SOUND, heard, pitch
from tests.test_media_snapshot import shown

PROMPT = message.PROMPT


@pytest.fixture
async def house(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    monkeypatch.setattr(message, "PROMPT", 0.2)
    monkeypatch.setattr(message, "OUTCOME_SECONDS", 0.5)
    made = House(hub)
    yield made
    for station in made.stations:
        await station.close()


def tone_in(blocks: list[bytes]) -> float:
    """The loudest frequency of what a speaker played, in Hz."""
    return pitch(np.frombuffer(b"".join(blocks), np.int16), 48000)[0]


async def test_what_a_visitor_says_is_seen_and_heard_in_the_kitchen(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message, "PROMPT", PROMPT)
    door, kitchen = await house.door(seconds=2), await house.kitchen()
    door.app.do(Intent.CALL)
    await kitchen.shows(sc.RingingIn)
    await door.shows(sc.Recording, step="wait")
    await door.until(lambda: tone_in(door.devices.played[-30:]) == pytest.approx(850, abs=20))
    speaking = await door.shows(sc.Recording, step="speak", seen=True)
    assert speaking.seconds_left == 2
    await door.until(lambda: door.media.microphone_open and door.media.camera_open)
    await door.shows(sc.Recording, step="sent")
    await door.shows(sc.Idle)
    await door.until(lambda: not (door.media.microphone_open or door.media.camera_open))
    assert not door.app.dialer.active

    idle = await kitchen.shows(sc.Idle)
    await kitchen.until(lambda: kitchen.app.facts.messages)
    idle = await kitchen.shows(sc.Idle, missed=())
    assert [name for name, _ in idle.messages] == ["Front door"]
    [call] = kitchen.app.facts.messages
    sound, picture = await kitchen.calling.fetch_message(call.message)
    samples, rate = heard(sound)
    assert len(samples) / rate == pytest.approx(2, abs=0.3)
    hertz, near = pitch(samples, rate)
    assert hertz == pytest.approx(440, abs=3)
    assert near > 0.9
    assert (shown(picture).width, shown(picture).height) == (320, 240)

    await kitchen.until(lambda: not kitchen.media.microphone_open)
    kitchen.devices.opened.clear()
    played = len(kitchen.devices.played)
    kitchen.app.do(Intent.PLAY)
    seen = await kitchen.shows(sc.Message, step="play", name="Front door", others=0)
    assert seen.message_id == call.message
    assert set(kitchen.picture()[300:500, 150:300].flat) > set(range(60, 90))  # it is there
    await kitchen.shows(sc.Message, step="over")
    assert set(kitchen.devices.opened) <= {"speaker"}  # nobody is overheard who hears a message
    out = kitchen.devices.played[played:]
    assert loudness(out) > 6000
    assert tone_in(out) == pytest.approx(440, abs=3)
    assert not kitchen.media.microphone_open
    kitchen.app.do(Intent.HANGUP)
    await kitchen.shows(sc.Idle, messages=(), missed=())
    again = await house.kitchen()
    await again.until(lambda: again.app.facts.hub_ok)
    await asyncio.sleep(0.1)
    assert again.app.facts.missed == ()


async def test_the_visitor_ends_it_and_it_is_for_who_comes_later(house: House) -> None:
    door = await house.door(seconds=60)
    door.app.do(Intent.CALL)
    await door.shows(sc.Recording, step="speak")
    await door.until(lambda: door.media.recorder.seconds > 0.3)
    door.app.do(Intent.CALL)  # no other call while it is recorded
    await door.shows(sc.Recording, step="speak")
    door.app.do(Intent.HANGUP)
    await door.shows(sc.Recording, step="sent")
    door.app.do(Intent.HANGUP)
    await door.shows(sc.Idle)
    kitchen = await house.kitchen()  # it was offline
    await kitchen.until(lambda: kitchen.app.facts.messages)
    [call] = kitchen.app.facts.messages
    sound, picture = await kitchen.calling.fetch_message(call.message)
    samples, rate = heard(sound)
    assert 0.2 < len(samples) / rate < 5
    assert picture


async def test_who_does_not_want_to_leave_one_leaves_none(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message, "PROMPT", 5.0)
    door = await house.door()
    door.app.do(Intent.CALL)
    await door.shows(sc.Recording, step="wait")
    door.app.do(Intent.HANGUP)
    await door.shows(sc.Idle)
    assert not door.app.dialer.active
    kitchen = await house.kitchen()
    await kitchen.until(lambda: kitchen.app.facts.missed)
    assert kitchen.app.facts.messages == ()


async def test_without_a_camera_or_a_microphone_the_other_is_left(house: House) -> None:
    deaf = await house.door(seconds=1)
    deaf.devices.broken = {"microphone"}
    deaf.app.do(Intent.CALL)
    await deaf.shows(sc.Recording, step="sent")
    await deaf.close()
    house.stations.remove(deaf)
    blind = await house.door(seconds=1, using=Plan("", camera=False, muted=True))
    blind.app.do(Intent.CALL)
    await blind.shows(sc.Recording, step="sent")
    kitchen = await house.kitchen()
    await kitchen.until(lambda: len(kitchen.app.facts.messages) == 2)
    newest, oldest = kitchen.app.facts.messages
    sound, picture = await kitchen.calling.fetch_message(newest.message)
    assert (bool(sound), picture) == (True, b"")
    sound, picture = await kitchen.calling.fetch_message(oldest.message)
    assert (sound, bool(picture)) == (b"", True)
    kitchen.app.do(Intent.ACCEPT)  # a station without a touch screen plays them by its button
    assert (await kitchen.shows(sc.Message, step="play")).message_id == newest.message
    kitchen.app.do(Intent.CALL)
    assert (await kitchen.shows(sc.Message, step="over", others=0)).message_id == oldest.message
    assert kitchen.app.facts.messages == (oldest,)


async def test_a_hub_that_goes_is_tried_again_and_then_told(
    house: House, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(message, "PAUSES", (0.05, 0.05))
    door = await house.door(seconds=60)
    door.app.do(Intent.CALL)
    await door.shows(sc.Recording, step="speak")
    await hub.stop()
    door.app.do(Intent.HANGUP)
    await door.shows(sc.Recording, step="failed")
    await door.shows(sc.Idle)


async def leave(house: House, count: int) -> None:
    """Leave so many messages for the kitchen, without a visitor."""
    door = await house.door()
    for _ in range(count):
        call_id = await door.calling.call("indoor")
        await door.until(lambda: not door.calling.call_id)
        await door.calling.leave_message([call_id], SOUND, PICTURE)


async def test_one_after_the_other_is_played_and_deleted(house: House, tmp_path: Path) -> None:
    await leave(house, 3)
    kitchen = await house.kitchen()
    await kitchen.until(lambda: len(kitchen.app.facts.messages) == 3)
    newest, second, oldest = (call.message for call in kitchen.app.facts.messages)
    kitchen.app.do(Intent.PLAY)
    await kitchen.shows(sc.Message, message_id=newest, step="over", others=2)
    kitchen.app.do(Intent.DELETE)
    await kitchen.shows(sc.Idle)
    await kitchen.until(lambda: not (tmp_path / "messages" / newest).exists())
    kitchen.app.do(Intent.PLAY)
    await kitchen.shows(sc.Message, message_id=second, step="over", others=1)
    kitchen.app.do(Intent.CALL)
    await kitchen.shows(sc.Message, message_id=oldest, step="over", others=0)
    kitchen.app.do(Intent.PLAY)  # it again
    await kitchen.shows(sc.Message, message_id=oldest, step="over", others=0)
    kitchen.app.do(Intent.DISMISS)
    await kitchen.shows(sc.Idle, messages=())
    assert {it.name for it in (tmp_path / "messages").iterdir()} == {second, oldest}


async def test_a_call_comes_before_a_message_which_stays_new(house: House) -> None:
    await leave(house, 1)
    kitchen = await house.kitchen()
    await kitchen.until(lambda: kitchen.app.facts.messages)
    kitchen.app.do(Intent.PLAY)
    await kitchen.shows(sc.Message, step="over")
    door = house.stations[0]
    door.app.do(Intent.CALL)
    await kitchen.shows(sc.RingingIn)
    kitchen.app.do(Intent.HANGUP)
    idle = await kitchen.shows(sc.Idle)
    assert len(idle.messages) == 1


async def test_missed_calls_may_be_dismissed_and_messages_not(house: House) -> None:
    await leave(house, 1)
    door = house.stations[0]
    await door.calling.call("indoor")
    await door.until(lambda: not door.calling.call_id)
    kitchen = await house.kitchen()
    await kitchen.until(lambda: len(kitchen.app.facts.missed) == 2)
    idle = await kitchen.shows(sc.Idle)
    assert (len(idle.missed), len(idle.messages)) == (1, 1)
    kitchen.app.do(Intent.HANGUP)
    idle = await kitchen.shows(sc.Idle, missed=())
    assert len(idle.messages) == 1


async def test_a_message_that_is_gone_says_so(house: House, hub: Hub) -> None:
    await leave(house, 2)
    kitchen = await house.kitchen()
    await kitchen.until(lambda: len(kitchen.app.facts.messages) == 2)
    newest, oldest = kitchen.app.facts.messages
    await kitchen.calling.delete_message(newest.message)
    kitchen.app.do(Intent.PLAY)
    await kitchen.shows(sc.Message, step="gone")
    kitchen.app.do(Intent.HANGUP)
    idle = await kitchen.shows(sc.Idle)
    assert len(idle.messages) == 1
    await hub.stop()
    kitchen.app.do(Intent.PLAY)
    await kitchen.shows(sc.Message, step="failed", message_id=oldest.message)
    kitchen.app.do(Intent.HANGUP)
    idle = await kitchen.shows(sc.Idle)
    assert len(idle.messages) == 1  # it may come back


async def test_after_a_while_it_goes_by_itself(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playback, "SHOWN", 0.05)
    await leave(house, 1)
    kitchen = await house.kitchen()
    await kitchen.until(lambda: kitchen.app.facts.messages)
    kitchen.app.do(Intent.PLAY)
    await kitchen.shows(sc.Message)
    await kitchen.shows(sc.Idle, messages=())


@pytest.mark.parametrize("data", [b"\xff\xd8\xff", b"\xff\xd8\xff" + b"x" * 500, PICTURE[:200]])
def test_a_picture_that_is_none_is_left_out(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert playback.still(data) is None
    assert "cannot be shown" in caplog.text


def test_a_picture_that_is_huge_is_left_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(playback, "PIXELS_MAX", 320 * 240 - 1)
    assert playback.still(PICTURE) is None
    assert "320x240" in caplog.text


@pytest.mark.parametrize("data", [b"RIFFxxxxWAVE", b"RIFF\0\0\0\0WAVEfmt ", b"x" * 500])
def test_a_sound_that_is_none_is_left_out(data: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert playback.samples(data) == b""
    assert "cannot be played" in caplog.text


def test_nothing_is_nothing() -> None:
    assert playback.still(b"") is None
    assert playback.samples(b"") == b""
    assert len(playback.samples(SOUND)) == pytest.approx(2 * 2400, abs=8)
