"""Requests for key frames are limited and none is lost; one stream reaches all open gates."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from intercom.media.aiortc_seams import Encoded
from intercom.media.feed import KEY_FRAME_INTERVAL, Feed, KeyFrameGate
from intercom.media.tracks import PacketTrack


def test_a_request_within_the_interval_is_served_at_its_end() -> None:
    gate = KeyFrameGate()
    assert not gate.take(10.0)
    gate.request()
    assert gate.take(10.0)
    gate.request()
    gate.request()
    assert not gate.take(10.0 + KEY_FRAME_INTERVAL / 2)
    assert gate.take(10.0 + KEY_FRAME_INTERVAL)
    assert not gate.take(20.0)


@given(st.lists(st.booleans(), max_size=100))
def test_never_two_within_an_interval_and_every_request_is_served(requests: list[bool]) -> None:
    gate, made, open_request = KeyFrameGate(), [], False
    for frame, wanted in enumerate([*requests, *[False] * 12]):
        if wanted:
            gate.request()
            open_request = True
        if gate.take(frame / 30):
            made.append(frame / 30)
            open_request = False
    assert not open_request
    assert all(b - a > KEY_FRAME_INTERVAL - 1e-6 for a, b in pairwise(made))


async def test_one_frame_reaches_every_open_track() -> None:
    feed = Feed(asyncio.get_running_loop(), 1_000_000)
    tracks = [PacketTrack("video") for _ in range(3)]
    for track in tracks:
        feed.add(track)
    assert not feed.wanted
    for track in tracks[:2]:
        track.gate(True)
    assert feed.wanted
    assert feed.keys.take(10.0)
    frame = Encoded([b"x"], 1, True)
    await asyncio.to_thread(feed.deliver, frame)
    assert [await track.recv() for track in tracks[:2]] == [frame, frame]
    for track in tracks:
        feed.remove(track)
    assert not feed.wanted


async def test_a_track_that_is_open_already_asks_on_joining() -> None:
    feed = Feed(asyncio.get_running_loop(), 1_000_000)
    track = PacketTrack("video")
    track.gate(True)
    feed.add(track)
    assert feed.wanted
    assert feed.keys.take(10.0)


async def test_a_track_that_changes_streams_begins_at_a_key_frame() -> None:
    loop = asyncio.get_running_loop()
    old, new = Feed(loop, 1_000_000), Feed(loop, 1_000_000)
    track = PacketTrack("video")
    old.add(track)
    track.gate(True)
    old.deliver(Encoded([b"old"], 1, True))
    await asyncio.sleep(0)
    old.remove(track)
    new.add(track)
    new.deliver(Encoded([b"between"], 2, False))
    new.deliver(Encoded([b"new"], 3, True))
    assert (await track.recv()).payloads == [b"new"]
