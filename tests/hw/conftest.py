"""Servers that the tests of real device paths need, started once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from hw.environ import environment
from tests.hw.servers import Pulse, missing, private_pulse, xvfb


@pytest.fixture(scope="session")
def pulse() -> Iterator[Pulse]:
    """A private PulseAudio, which PyAudio finds through ALSA; skips where it is not installed."""
    pytest.importorskip("pyaudio", reason="PyAudio is not installed")
    if reason := missing("pulseaudio", "pacat", "parec"):
        pytest.skip(reason)
    # Not pytest's own folder: a socket's path has at most 107 characters.
    with TemporaryDirectory(prefix="pulse") as folder, private_pulse(Path(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """A private X display for SDL; skips where Xvfb is not installed."""
    if reason := missing("Xvfb"):
        pytest.skip(reason)
    with xvfb() as name, environment(DISPLAY=name, SDL_VIDEODRIVER="x11"):
        yield name
