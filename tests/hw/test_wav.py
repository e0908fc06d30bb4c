"""The WAV that is valid at every moment, and reading sound files."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import numpy as np

from hw.wav import WavWriter, read_samples
from tests.hw.helpers import loudest_frequency, tone

_WRITER = """
import sys, time
from pathlib import Path
from hw.wav import WavWriter
writer = WavWriter(Path(sys.argv[1]), 8000)
while True:
    writer.write(bytes(range(1, 161)))
    time.sleep(0.0005)
"""


def test_an_empty_file_is_valid_at_once(tmp_path: Path) -> None:
    path = tmp_path / "empty.wav"
    writer = WavWriter(path, 48_000)
    with wave.open(str(path)) as sound:
        assert (sound.getnframes(), sound.getframerate(), sound.getnchannels()) == (0, 48_000, 1)
    writer.close()
    writer.close()


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "tone.wav"
    sound = tone(500, 2.5)
    writer = WavWriter(path, 48_000)
    for start in range(0, len(sound), 960):
        writer.write(sound[start : start + 960])
    writer.close()
    assert read_samples(path, 48_000) == sound


def test_a_killed_process_leaves_a_valid_file(tmp_path: Path) -> None:
    path = tmp_path / "killed.wav"
    process = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)])
    while not (path.exists() and path.stat().st_size > 60_000):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    with wave.open(str(path)) as sound:
        frames = sound.getnframes()
        assert frames >= 24_000
        data = sound.readframes(frames)
    assert len(data) == 2 * frames
    assert data == (bytes(range(1, 161)) * (len(data) // 160 + 1))[: len(data)]


def test_other_rates_are_converted(tmp_path: Path) -> None:
    path = tmp_path / "slow.wav"
    writer = WavWriter(path, 16_000)
    writer.write(tone(1000, 1, 16_000))
    writer.close()
    samples = read_samples(path, 48_000)
    assert abs(len(samples) // 2 - 48_000) < 500
    assert 990 < loudest_frequency(samples) < 1010


def test_stereo_becomes_mono(tmp_path: Path) -> None:
    path = tmp_path / "stereo.wav"
    left = np.frombuffer(tone(1000, 0.5), "<i2")
    both = np.stack([left, left], axis=1)
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(48_000)
        sound.writeframes(both.tobytes())
    samples = read_samples(path, 48_000)
    assert len(samples) == len(left) * 2
    assert 990 < loudest_frequency(samples) < 1010
