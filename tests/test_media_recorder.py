"""What is recorded is what was heard: its pitch, its length, and nothing after the end."""

from __future__ import annotations

import asyncio
import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.media.mixer import Samples
from intercom.media.recorder import KEPT_RATE, Recorder
from tests.media_rig import Side, no_new_threads, tone, until
from tests.messages_rig import heard, pitch


def block(number: int, size: int = 480) -> Samples:
    return np.frombuffer(tone(number, size), np.int16)


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([240, 480, 960, 1323]), st.integers(1, 150))
def test_a_tone_is_kept_with_its_pitch_and_its_length(size: int, count: int) -> None:
    recorder = Recorder()
    recorder.start(60)
    for number in range(count):
        recorder.take(block(number, size))
    assert recorder.seconds == pytest.approx(size * count / 48000)
    samples, rate = heard(recorder.stop())
    assert rate == KEPT_RATE
    assert abs(len(samples) - size * count / 3) <= 2
    if len(samples) > 3200:
        hertz, near = pitch(samples, rate)
        assert hertz == pytest.approx(440, abs=6)
        assert near > 0.99
    assert np.abs(samples).max() <= 8200


def test_it_is_the_sound_itself_sample_by_sample() -> None:
    noise = np.random.default_rng(3)
    time = np.arange(48000) / 48000
    voice = sum(noise.normal() * np.sin(2 * np.pi * f * time + f) for f in range(100, 3000, 61))
    spoken = (4000 * voice / np.abs(voice).max()).astype(np.int16)
    recorder = Recorder()
    recorder.start(60)
    for at in range(0, len(spoken), 480):
        recorder.take(spoken[at : at + 480])
    kept = heard(recorder.stop())[0].astype(float)
    wanted = spoken[::3].astype(float)[: len(kept)]
    assert np.corrcoef(kept[200:-200], wanted[200:-200])[0, 1] > 0.999


def test_no_more_than_was_asked_for() -> None:
    recorder = Recorder()
    recorder.start(0.5)
    for number in range(100):
        recorder.take(block(number))
    assert recorder.seconds == 0.5
    assert len(heard(recorder.stop())[0]) == pytest.approx(KEPT_RATE / 2, abs=2)


def test_what_comes_before_or_after_is_not_kept() -> None:
    recorder = Recorder()
    recorder.take(block(0))
    assert (recorder.seconds, recorder.stop()) == (0, b"")
    recorder.start(60)
    assert recorder.stop() == b""
    recorder.take(block(0))
    assert recorder.stop() == b""
    recorder.start(60)
    recorder.take(block(0))
    recorder.start(60)  # anew
    recorder.take(block(0))
    assert len(heard(recorder.stop())[0]) == pytest.approx(160, abs=2)


def test_it_may_be_stopped_while_sound_comes() -> None:
    recorder = Recorder()
    ended = threading.Event()

    def hear() -> None:
        number = 0
        while not ended.is_set():
            recorder.take(block(number))
            number += 1

    thread = threading.Thread(target=hear)
    thread.start()
    for _ in range(50):
        recorder.start(60)
        while not recorder.seconds:
            pass
        heard(recorder.stop())
    ended.set()
    thread.join()


async def test_a_microphone_is_recorded_between_calls_although_it_is_muted() -> None:
    with no_new_threads():
        side = Side("door", "240p", False)
        media = side.media
        media.set_mic_mute(True)
        await media.open_sound()
        media.recorder.start(10)
        await until(lambda: media.recorder.seconds >= 1)
        sound = await asyncio.to_thread(media.recorder.stop)
        await media.close()
    hertz, near = pitch(*heard(sound))
    assert hertz == pytest.approx(440, abs=2)
    assert near > 0.95
