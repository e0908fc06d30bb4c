"""libspeexdsp itself."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from intercom.media import speex
from intercom.media.speex import LinearCanceller, Resampler, ResidualSuppressor, SpeexError
from tests.media_rig import tone

RATE, FRAME = 16_000, 160


def noise(frames: int, seed: int = 1) -> speex.Samples:
    return (np.random.default_rng(seed).standard_normal(frames * FRAME) * 3000).astype(np.int16)


def power(samples: speex.Samples) -> float:
    return float(np.mean(samples.astype(float) ** 2))


def test_an_echo_is_subtracted() -> None:
    canceller = LinearCanceller(RATE, FRAME, 10 * FRAME)
    far = noise(300)
    near = np.roll(far, 50) // 2
    for at in range(0, len(far), FRAME):
        out = canceller.process(near[at : at + FRAME], far[at : at + FRAME])
    assert power(out) < power(near) / 300
    canceller.close()
    canceller.close()
    with pytest.raises(SpeexError, match="closed"):
        canceller.process(near[:FRAME], far[:FRAME])


def test_steady_noise_is_suppressed_as_far_as_is_wanted() -> None:
    left = {}
    silence = np.zeros(FRAME, np.int16)
    for noise_db in (0, -15):
        canceller = LinearCanceller(RATE, FRAME, 10 * FRAME)
        suppressor = ResidualSuppressor(RATE, FRAME, canceller, noise_db)
        heard = [
            suppressor.process(canceller.process(block, silence))
            for block in noise(300).reshape(-1, FRAME)
        ]
        left[noise_db] = power(np.concatenate(heard[200:]))
        suppressor.close()
        canceller.close()
    assert left[-15] < left[0] / 5


def test_a_tone_comes_through_both_resamplers_as_loud() -> None:
    down, up = Resampler(48_000, 24_000), Resampler(24_000, 48_000)
    blocks = [up.process(down.process(np.frombuffer(tone(n), np.int16))) for n in range(20)]
    assert {len(block) for block in blocks} == {480}
    wanted = power(np.frombuffer(tone(0, 4800), np.int16))
    assert power(np.concatenate(blocks[10:])) == pytest.approx(wanted, rel=0.02)
    down.close()
    up.close()


@pytest.mark.parametrize("bad", [np.zeros(FRAME, np.float32), np.zeros(9, np.int16)])
def test_wrong_input_is_refused(bad: speex.Samples) -> None:
    canceller = LinearCanceller(RATE, FRAME, FRAME)
    with pytest.raises(SpeexError, match="160 samples"):
        canceller.process(bad, np.zeros(FRAME, np.int16))
    canceller.close()


def test_a_missing_library_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> ctypes.CDLL:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    speex._library.cache_clear()  # noqa: SLF001 - looked for again
    with pytest.raises(SpeexError, match="apt install libspeexdsp1"):
        speex.check_library()
    monkeypatch.undo()
    speex.check_library()
