"""The hardware encoder's path: recorded `outputframe` calls through the driver's output and on.

With the traits of picamera2's class for the Pi's encoder (V4L2Encoder and H264Encoder of 0.3.38, by
their source): called from a thread of its own, no `packet`, SPS and PPS in front of each key frame,
microseconds from the first frame. The Pi's own encoder was not seen.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from dataclasses import replace
from typing import Any

import av
import pytest

from hw.picture import MICROSECOND
from intercom.media.devices import OnFault, OnFrame, OnPacket
from intercom.media.quality import Quality
from intercom.media.rtp_payload import split_nals
from tests.hw import recorded
from tests.hw.recorded import Call, Silent, far_side, output, play
from tests.media_rig import Device, Line, until
from tests.media_wire import cameras_on
from tests.vm.picamera2.bars import assert_bars

CALLS = recorded.read()


def kinds(unit: bytes) -> list[int]:
    """The types of an access unit's NAL units."""
    return [nal[0] & 31 for nal in split_nals(unit)]


def test_the_recording_is_what_it_is_said_to_be() -> None:
    assert [index for index, call in enumerate(CALLS) if call.keyframe] == [0, 10, 20]
    assert all({7, 8, 5} <= set(kinds(call.frame)) for call in CALLS if call.keyframe)
    assert all(kinds(call.frame) == [1] for call in CALLS if not call.keyframe)
    stamps = [call.timestamp or 0 for call in CALLS]
    assert stamps[0] == 0
    assert sorted(set(stamps)) == stamps


def test_each_call_is_one_packet_in_the_thread_of_the_call() -> None:
    packets: list[av.Packet[Any]] = []
    threads: set[str] = set()

    def take(packet: av.Packet[Any]) -> None:
        packets.append(packet)
        threads.add(threading.current_thread().name)

    with output(take) as made:
        play(CALLS, made)
    assert [bytes(packet) for packet in packets] == [call.frame for call in CALLS]
    assert [packet.pts for packet in packets] == [call.timestamp for call in CALLS]
    assert [packet.is_keyframe for packet in packets] == [call.keyframe for call in CALLS]
    assert {packet.time_base for packet in packets} == {MICROSECOND}
    assert len(threads) == 1
    assert "thread_poll" in threads.pop()


def test_sound_and_what_comes_before_and_after_is_not_passed_on() -> None:
    packets: list[av.Packet[Any]] = []
    with output(packets.append) as made:
        play([replace(CALLS[0], audio=True)], made)
        made.stop()
        play(CALLS[:1], made)  # the encoder's last, which it still had in it
        made.start()
        play([replace(CALLS[0], timestamp=None)], made)
    assert [packet.pts for packet in packets] == [0]


async def test_the_far_side_sees_each_picture() -> None:
    pictures = await far_side(CALLS)
    assert len(pictures) == len(CALLS)
    assert {(frame.width, frame.height) for frame in pictures} == {(320, 240)}
    assert_bars(pictures[0], tolerance=8)
    assert_bars(pictures[-1], mirrored=True, tolerance=8)


@pytest.mark.parametrize(
    "change",
    [
        lambda call: replace(call, keyframe=False),  # vicodec marks its first so
        lambda call: replace(call, keyframe=True),
        lambda call: replace(call, timestamp=0),
        lambda call: replace(call, frame=call.frame.replace(b"\0\0\0\1", b"\0\0\1")),
        lambda call: replace(call, frame=call.frame + b"\0" * 8),  # trailing zeros are allowed
    ],
    ids=["no flags", "all flags", "no time", "short start codes", "trailing zeros"],
)
async def test_nothing_but_the_access_unit_itself_counts(change: Any) -> None:
    pictures = await far_side([change(call) for call in CALLS])
    assert_bars(pictures[-1], mirrored=True, tolerance=8)


class Player(Silent, Device):
    """Plays the recording for ever, and like the encoder gives a key frame when it is asked."""

    def __init__(self, quality: Quality, on_frame: OnFrame, on_packet: OnPacket) -> None:
        del on_frame
        Silent.__init__(self)
        self._key = True
        self._next: itertools.cycle[Call] = itertools.cycle(CALLS)
        with output(on_packet) as self._output:
            pass
        self._output.start()
        Device.__init__(self, 1 / quality.fps, self._play)

    def force_key_frame(self) -> None:
        """The next picture is one."""
        super().force_key_frame()
        self._key = True

    def close(self) -> None:
        """Stop playing."""
        Device.close(self)

    def _play(self, count: int) -> None:
        call = next(each for each in self._next if each.keyframe or not self._key)
        self._key = False
        stamp = count * 33_333
        self._output.outputframe(call.frame, call.keyframe, stamp, None, False)


async def test_a_call_of_two_stations_shows_the_recording() -> None:
    players: list[Player] = []

    def open_camera(
        quality: Quality, on_frame: OnFrame, on_packet: OnPacket, on_fault: OnFault
    ) -> Player:
        del on_fault
        players.append(Player(quality, on_frame, on_packet))
        return players[-1]

    async with Line(encoded=True) as line:
        line.door.devices.open_camera = open_camera  # type: ignore[method-assign, assignment]
        await line.connect()
        await cameras_on(line)
        line.door.peer.send(True, True)
        await until(lambda: line.flat.view.count >= 30)
        assert line.flat.view.last is not None
        assert (line.flat.view.last.width, line.flat.view.last.height) == (320, 240)
        assert players[0].forced >= 1  # for who begins to look
        await asyncio.sleep(0)
