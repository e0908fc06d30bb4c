"""The gate, and what a slow peer costs."""

from __future__ import annotations

import asyncio

import pytest
from aiortc.mediastreams import MediaStreamError

from intercom.media.aiortc_seams import Encoded
from intercom.media.tracks import AUDIO_QUEUE, VIDEO_QUEUE, PacketTrack


def frame(number: int, key: bool = False) -> Encoded:
    return Encoded([b"x"], number, key)


def video() -> tuple[PacketTrack, list[str]]:
    """An open video track and what it asked for."""
    asked: list[str] = []
    track = PacketTrack("video")
    track.on_need_key = lambda: asked.append("key")
    track.on_gate = lambda: asked.append("gate")
    track.gate(True)
    return track, asked


async def test_nothing_passes_a_shut_gate() -> None:
    track = PacketTrack("video")
    track.push(frame(0, key=True))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(track.recv(), 0.01)
    assert not track.is_open


async def test_shutting_drops_what_is_queued() -> None:
    track, _ = video()
    track.push(frame(0, key=True))
    track.gate(False)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(track.recv(), 0.01)


async def test_opening_asks_for_a_key_frame_and_begins_with_it() -> None:
    track, asked = video()
    assert asked == ["gate", "key"]
    track.push(frame(1))
    track.push(frame(2, key=True))
    track.push(frame(3))
    assert [(await track.recv()).timestamp for _ in range(2)] == [2, 3]
    assert track.dropped == 1


async def test_opening_twice_asks_once() -> None:
    track, asked = video()
    track.gate(True)
    assert asked.count("key") == 1


async def test_overflow_drops_to_the_next_key_frame_and_asks_for_it() -> None:
    track, asked = video()
    for number in range(VIDEO_QUEUE):
        track.push(frame(number, key=number == 0))
    assert asked.count("key") == 1
    track.push(frame(VIDEO_QUEUE))
    assert asked.count("key") == 2
    assert track.dropped == VIDEO_QUEUE + 1
    track.push(frame(50))
    track.push(frame(51, key=True))
    assert (await track.recv()).timestamp == 51


async def test_sound_overflows_by_its_oldest_packet() -> None:
    track = PacketTrack("audio")
    track.gate(True)
    for number in range(AUDIO_QUEUE + 2):
        track.push(frame(number, key=True))
    assert (await track.recv()).timestamp == 2
    assert track.dropped == 2


async def test_a_waiting_sender_wakes_for_a_frame_and_for_the_end() -> None:
    track, _ = video()
    waiting = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    track.push(frame(7, key=True))
    assert (await waiting).timestamp == 7
    waiting = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    track.stop()
    track.stop()
    with pytest.raises(MediaStreamError):
        await waiting
