"""A private PipeWire with the same speaker and microphone as tests.hw.servers' PulseAudio."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hw.environ import environment
from tests.hw.servers import missing

PROGRAMS = ("dbus-run-session", "pipewire", "pipewire-pulse", "wireplumber", "pactl")

_SCRIPT = "pipewire & sleep 0.3; wireplumber & sleep 0.3; pipewire-pulse & wait"
_MODULES = (
    "module-null-sink sink_name=spk rate=48000",
    "module-null-sink sink_name=mic_in rate=48000",
    "module-remap-source source_name=mic master=mic_in.monitor",
)
_ALSA = """
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.house_microphone { type asym capture.pcm { type pulse device mic } }
pcm.house_speaker { type asym playback.pcm { type pulse device spk } }
"""


def reason() -> str:
    """Why there can be none here, or ""."""
    return missing(*PROGRAMS)


@contextmanager
def private_pipewire(folder: Path, quantum: int = 256) -> Iterator[None]:
    """PipeWire, its session manager and its PulseAudio server, in a D-Bus session of their own."""
    alsa, socket = folder / "asound.conf", folder / "pulse" / "native"
    alsa.write_text(_ALSA)
    variables = {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PULSE_RUNTIME_PATH": str(folder / "pulse"),
        "PULSE_SERVER": f"unix:{socket}",
        "ALSA_CONFIG_PATH": str(alsa),
        "PIPEWIRE_QUANTUM": f"{quantum}/48000",
    }
    command = ["dbus-run-session", "--", "sh", "-c", _SCRIPT]
    with (folder / "pipewire.log").open("wb") as log:
        server = subprocess.Popen(
            command,
            env={**os.environ, **variables},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        with environment(**variables):
            _wait_until_it_answers(server)
            for module in _MODULES:
                subprocess.run(["pactl", "load-module", *module.split()], check=True, timeout=10)
            time.sleep(0.5)  # the session manager links them
            yield
    finally:
        os.killpg(server.pid, signal.SIGTERM)  # the session that was started above
        server.wait(10)


def _wait_until_it_answers(server: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        assert server.poll() is None, "the server has ended"
        asked = subprocess.run(["pactl", "info"], capture_output=True, check=False, timeout=10)
        if asked.returncode == 0:
            return
        time.sleep(0.1)
    raise AssertionError("PipeWire does not answer")
