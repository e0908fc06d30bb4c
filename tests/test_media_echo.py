"""What is done to the microphone, by the settings."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from intercom.media import VoiceSettings, speex
from intercom.media.echo import BLOCK, Canceller, EchoMode, Samples, make_canceller
from tests.audio_measure import erle, kept, run
from tests.audio_scene import Plan, Scene, available, make, pcm

pytestmark = pytest.mark.skipif(not available(), reason="espeak-ng is not installed")


@pytest.fixture(scope="module")
def scene() -> Scene:
    return make(Plan(seed=7, parts=(6.0, 4.0, 0.0, 2.0), bend=0.6))


def canceller(mode: EchoMode, noise: bool = False, gain: bool = False) -> Canceller:
    return make_canceller(VoiceSettings(mode, noise, gain))


def loudness(samples: Samples) -> float:
    return float(np.sqrt(np.mean(samples.astype(float) ** 2)))


def test_off_and_nothing_else_changes_nothing(scene: Scene) -> None:
    near = pcm(scene.microphone)[:BLOCK]
    assert canceller("off").process(near, near) is near


@pytest.mark.parametrize("mode", ["aec3", "full_duplex"])
def test_echo_is_taken(scene: Scene, mode: EchoMode) -> None:
    cleans = canceller(mode, noise=True)
    out, _ = run(cleans, scene)
    assert erle(scene, out, 2.5, 6.0) > 25
    cleans.close()
    cleans.close()


def test_without_libspeexdsp_it_is_aec3(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, scene: Scene
) -> None:
    def missing(name: str) -> ctypes.CDLL:
        raise OSError(f"{name}: cannot open shared object file")

    expected, _ = run(canceller("aec3"), scene)
    monkeypatch.setattr(ctypes, "CDLL", missing)
    speex._library.cache_clear()  # noqa: SLF001 - looked for again
    out, _ = run(canceller("full_duplex"), scene)
    assert (out == expected).all()
    assert caplog.text.count("apt install libspeexdsp1") == 1
    monkeypatch.undo()
    speex._library.cache_clear()  # noqa: SLF001 - it is there


@pytest.mark.parametrize("mode", ["off", "full_duplex"])
def test_steady_noise_is_taken_if_wanted(mode: EchoMode) -> None:
    noise = (np.random.default_rng(1).standard_normal(4 * 48_000) * 300).astype(np.int16)
    silence = np.zeros(BLOCK, np.int16)
    left = {}
    for wanted in (True, False):
        cleans = canceller(mode, noise=wanted)
        out = [cleans.process(noise[k : k + BLOCK], silence) for k in range(0, len(noise), BLOCK)]
        left[wanted] = loudness(np.concatenate(out[200:]))
        cleans.close()
    assert left[True] < left[False] / 2


def test_a_quiet_voice_is_raised_and_an_echo_is_not(scene: Scene) -> None:
    quiet = Scene(scene.plan, scene.far, scene.near, scene.echo, scene.microphone * 0.15)
    plain, _ = run(canceller("aec3"), quiet)
    raised, _ = run(canceller("aec3", gain=True), quiet)
    alone, own = scene.part(0), scene.part(1)
    assert np.std(raised[own]) > 1.5 * np.std(plain[own])
    assert np.std(raised[own]) < 4.1 * np.std(plain[own])  # 12 dB
    late = slice(alone.stop // 2, alone.stop)
    assert np.std(raised[late]) < 1.5 * np.std(plain[late]) + 1e-4


def test_where_there_is_no_echo_a_voice_passes_whole() -> None:
    scene = make(Plan(seed=8, parts=(6.0, 1.0, 6.0, 0.0), echo_db=-60.0))
    cleans = canceller("full_duplex", noise=True)
    out, _ = run(cleans, scene)
    assert kept(scene, out) > 0.97
    cleans.close()
