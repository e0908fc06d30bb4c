"""A real decoder in its thread: every frame at once, and no garbage after damage."""

from __future__ import annotations

import threading

import av

from intercom.media.assembler import Frame
from intercom.media.decoder import QUEUE, Decoder
from tests.media_rig import coded, no_new_threads


class Shown:
    """Collects pictures and losses; waits for them."""

    def __init__(self) -> None:
        self.frames: list[av.VideoFrame] = []
        self.lost = 0
        self._changed = threading.Condition()

    def show(self, frame: av.VideoFrame) -> None:
        with self._changed:
            self.frames.append(frame)
            self._changed.notify()

    def lose(self) -> None:
        with self._changed:
            self.lost += 1
            self._changed.notify()

    def wait(self, frames: int = 0, lost: int = 0) -> None:
        with self._changed:
            assert self._changed.wait_for(
                lambda: len(self.frames) >= frames and self.lost >= lost, timeout=10
            )


def test_each_frame_gives_its_picture_at_once() -> None:
    with no_new_threads():
        shown = Shown()
        decoder = Decoder(shown.show, shown.lose)
        for index, unit in enumerate(coded(5)):
            decoder.submit("H264", Frame(index, index == 0, unit))
            shown.wait(frames=index + 1)
        decoder.close()
        decoder.close()
    assert shown.lost == 0


def test_damage_asks_for_a_key_frame_and_shows_nothing_until_it_comes() -> None:
    shown = Shown()
    decoder = Decoder(shown.show, shown.lose)
    units = coded(4, keys=(0, 3))
    decoder.submit("H264", Frame(0, True, units[0]))
    decoder.submit("H264", Frame(1, False, b"\0\0\0\1\x41garbage"))
    shown.wait(frames=1, lost=1)
    decoder.submit("H264", Frame(2, False, units[2]))
    decoder.submit("H264", Frame(3, True, units[3]))
    shown.wait(frames=2)
    decoder.close()
    assert [frame.pts for frame in shown.frames] == [0, 3]
    assert decoder.errors == 1


def test_a_stream_begins_with_a_key_frame() -> None:
    shown = Shown()
    decoder = Decoder(shown.show, shown.lose)
    units = coded(3, keys=(0, 2))
    decoder.submit("H264", Frame(1, False, units[1]))
    decoder.submit("H264", Frame(2, True, units[2]))
    shown.wait(frames=1)
    decoder.close()
    assert [frame.pts for frame in shown.frames] == [2]


def test_a_decoder_that_cannot_follow_drops_to_the_next_key_frame() -> None:
    shown = Shown()
    busy, held = threading.Event(), threading.Event()

    def slow(frame: av.VideoFrame) -> None:
        busy.set()
        held.wait(10)
        shown.show(frame)

    decoder = Decoder(slow, shown.lose)
    units = coded(QUEUE + 4)
    for index, unit in enumerate(units):
        decoder.submit("H264", Frame(index, index == 0, unit))
        assert busy.wait(10)  # with the first picture
    shown.wait(lost=1)
    held.set()
    decoder.submit("H264", Frame(99, True, units[0]))
    shown.wait(frames=2)
    decoder.close()
    assert decoder.overflows == 1
    assert shown.frames[-1].pts == 99
