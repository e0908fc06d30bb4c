"""Microphone to packets and everything to the speaker."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from intercom.media import DeviceFault, MediaEvent, VoiceSettings, echo_path, speex
from intercom.media.echo import Canceller, Samples
from intercom.media.opus import PACKET
from intercom.media.receive_audio import AudioReceiver
from intercom.media.sound import QUEUE, Sound
from intercom.media.tracks import PacketTrack
from tests.media_rig import TestDevices, loudness, no_new_threads, tone, until


class Room:
    """A sound path and its devices."""

    def __init__(self, executor: ThreadPoolExecutor) -> None:
        self.devices = TestDevices()
        self.events: list[MediaEvent] = []
        self.sound = Sound(self.devices, executor, self.events.append)

    async def open(self) -> None:
        await asyncio.gather(self.sound.microphone.open(), self.sound.speaker.open())


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    executor = ThreadPoolExecutor(2)
    with no_new_threads():
        made = Room(executor)
        yield made
        await made.sound.close()
        await made.sound.close()
    executor.shutdown()


def member() -> tuple[PacketTrack, AudioReceiver]:
    """A peer's track and receiver."""
    return PacketTrack("audio"), AudioReceiver(lambda: None)


async def test_one_encode_goes_to_every_open_track(room: Room) -> None:
    members = [member() for _ in range(3)]
    for track, receiver in members:
        room.sound.add(track, receiver)
    for track, _ in members[:2]:
        track.gate(True)
    await room.sound.microphone.open()
    packets = await asyncio.gather(*(track.recv() for track, _ in members[:2]))
    assert packets[0] is packets[1]
    following = await members[0][0].recv()
    assert following.timestamp - packets[0].timestamp == PACKET
    for track, receiver in members:
        room.sound.remove(track, receiver)
        receiver.close()


async def test_a_missing_speaker_does_not_stop_the_microphone(room: Room) -> None:
    room.devices.broken = {"speaker"}
    await room.open()
    assert room.sound.microphone.device is not None
    assert room.sound.speaker.device is None
    assert room.events == [DeviceFault("speaker", "no speaker: plug one in")]


async def test_a_tone_is_played_until_silence(room: Room) -> None:
    await room.sound.speaker.open()
    room.sound.play(tone(0), repeat=True)
    await until(lambda: loudness(room.devices.played[-3:]) > 6000)
    room.sound.silence()
    await until(lambda: loudness(room.devices.played[-3:]) == 0)
    played = len(room.devices.played)
    room.sound.play(tone(0), repeat=False)
    await until(lambda: loudness(room.devices.played[played:]) > 6000)
    await until(lambda: loudness(room.devices.played[-3:]) == 0)


@pytest.mark.parametrize("error", [ImportError("no module"), speex.SpeexError("out of memory")])
async def test_a_microphone_that_cannot_be_cleaned_is_heard_as_it_is(
    room: Room, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def missing(settings: VoiceSettings) -> Canceller:
        raise error

    monkeypatch.setattr(echo_path, "make_canceller", missing)
    await room.sound.microphone.open()
    await until(lambda: room.events)
    await until(lambda: room.sound.take_volume() > 60)
    [fault] = room.events
    assert isinstance(fault, DeviceFault)
    assert fault.kind == "microphone"
    assert str(error) in fault.message


async def test_sound_goes_on_when_the_canceller_fails(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.sound.microphone.open()
    await until(lambda: room.sound.take_volume() > 60)
    room.sound._echo._canceller.close()  # type: ignore[union-attr]  # noqa: SLF001 - its states are gone
    await until(lambda: room.events)
    room.sound.take_volume()
    await until(lambda: room.sound.take_volume() > 60)
    assert [type(event) for event in room.events] == [DeviceFault]


async def test_a_microphone_that_is_faster_than_we_is_counted(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = threading.Event()
    clean = room.sound._echo.heard  # noqa: SLF001 - it is held up

    def slow(block: bytes, now: float) -> Samples:
        held.wait(10)
        return clean(block, now)

    monkeypatch.setattr(room.sound._echo, "heard", slow)  # noqa: SLF001 - the same
    for count in range(QUEUE + 5):
        room.sound._heard(tone(count))  # noqa: SLF001 - in the device's place
    counters = room.sound.counters
    held.set()
    assert counters["overruns"] in (4, 5)  # one may be in work
    assert counters["xruns"] == 0


async def test_the_own_volume_is_taken_after_mute(room: Room) -> None:
    await room.sound.microphone.open()
    await until(lambda: room.sound.take_volume() > 60)
    room.sound.set_mute(True)
    await asyncio.sleep(0.05)  # what was on its way
    room.sound.take_volume()
    await asyncio.sleep(0.1)
    assert room.sound.take_volume() == 0
