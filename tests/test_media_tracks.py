"""The gate, and what a slow peer costs."""

from __future__ import annotations

import asyncio

import pytest
from aiortc.mediastreams import MediaStreamError

from intercom.media.aiortc_seams import Encoded
from intercom.media.tracks import AUDIO_QUEUE, SPREAD, VIDEO_QUEUE, PacketTrack, split


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
    assert asked == ["key", "gate"]
    track.push(frame(1))
    track.push(frame(2, key=True))
    track.push(frame(3))
    assert [(await track.recv()).timestamp for _ in range(2)] == [2, 3]
    assert track.dropped == 1


async def test_opening_twice_asks_once() -> None:
    track, asked = video()
    track.gate(True)
    assert asked.count("key") == 1


def big(number: int, key: bool, packets: int = 20) -> Encoded:
    return Encoded([bytes([n]) for n in range(packets)], number, key)


async def test_a_key_frame_goes_out_in_pieces_over_a_frames_time() -> None:
    track, _ = video()
    loop = asyncio.get_running_loop()
    began = loop.time()
    track.push(big(1, key=True))
    pieces = [await track.recv()]
    first = loop.time() - began
    while not pieces[-1].whole:
        pieces.append(await track.recv())
    took = loop.time() - began
    assert first < took
    assert SPREAD * 0.6 < took < 1  # the last piece needs no pause after it
    assert [p for piece in pieces for p in piece.payloads] == big(1, key=True).payloads
    assert max(len(piece.payloads) for piece in pieces) <= 3
    assert {piece.timestamp for piece in pieces} == {1}


async def test_no_frame_waits_for_the_rest_of_a_key_frame() -> None:
    track, _ = video()
    track.push(big(1, key=True))
    assert not (await track.recv()).whole
    track.push(big(2, key=False))
    loop = asyncio.get_running_loop()
    began = loop.time()
    rest, delta = await track.recv(), await track.recv()
    assert loop.time() - began < SPREAD / 2
    assert (rest.timestamp, rest.whole, len(rest.payloads)) == (1, True, 17)
    assert (delta.timestamp, delta.whole, len(delta.payloads)) == (2, True, 20)


async def test_small_key_frames_and_all_others_go_at_once() -> None:
    assert split(big(1, key=True, packets=4)) == [big(1, key=True, packets=4)]
    assert split(big(1, key=False)) == [big(1, key=False)]


async def test_shutting_drops_the_rest_of_a_key_frame() -> None:
    track, _ = video()
    track.push(big(1, key=True))
    await track.recv()
    track.gate(False)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(track.recv(), 0.05)


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
