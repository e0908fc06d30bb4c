"""Fixtures of the doctor's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.hw.servers import Pulse, missing, private_pulse


@pytest.fixture(scope="session")
def pulse() -> Iterator[Pulse]:
    """A private PulseAudio, which PyAudio finds through ALSA; skips where it is not installed."""
    pytest.importorskip("pyaudio", reason="PyAudio is not installed")
    if reason := missing("pulseaudio", "pacat", "parec", "pactl"):
        pytest.skip(reason)
    with TemporaryDirectory(prefix="pulse") as folder, private_pulse(Path(folder)) as server:
        yield server
