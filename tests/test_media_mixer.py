"""Sums, limits and tones."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from intercom.media.mixer import KNEE, Tone, limit, mix, volume


def flat(value: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.full(480, value, np.int16)


def test_nobody_is_silence_and_one_is_unchanged() -> None:
    assert not mix([], 480).any()
    voice = flat(30_000)
    assert mix([voice], 480) is voice


def test_quiet_voices_are_added() -> None:
    assert set(mix([flat(1000), flat(2000), flat(-500)], 480)) == {2500}


@given(st.lists(st.integers(-32768, 32767), min_size=2, max_size=6))
def test_loud_voices_bend_and_never_wrap(values: list[int]) -> None:
    out = int(mix([flat(v) for v in values], 480)[0])
    total = sum(values)
    assert abs(out) <= abs(total)
    assert out == 0 or (out > 0) == (total > 0)
    if abs(total) <= KNEE:
        assert out == total


def test_the_limiter_keeps_the_order_of_loudness() -> None:
    out = limit(np.arange(0, 40_000, 50, dtype=np.int32))
    assert (np.diff(out.astype(int)) >= 0).all()
    assert out.max() <= 32767


def test_volume_is_a_scale_of_decibels() -> None:
    assert volume(flat(0)) == volume(flat(0)[:0]) == 0
    assert volume(flat(32767)) == 100
    assert volume(flat(328)) == 33  # -40 dB
    assert volume(flat(8)) == 0


def test_a_tone_ends_or_goes_on() -> None:
    pcm = np.arange(1, 701, dtype=np.int16).tobytes()
    once, again = Tone(pcm, repeat=False), Tone(pcm, repeat=True)
    assert list(once.pull(480)) == list(range(1, 481))
    assert not once.ended
    assert list(once.pull(480)) == [*range(481, 701), *[0] * 260]
    assert once.ended
    again.pull(480)
    assert list(again.pull(480)) == [*range(481, 701), *range(1, 261)]
    assert not again.ended
    assert not Tone(b"", repeat=True).pull(480).any()
