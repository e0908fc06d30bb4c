"""Private servers for real sound and screen paths without hardware: PulseAudio and Xvfb."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from hw.environ import environment

_PULSE = """
load-module module-native-protocol-unix auth-anonymous=1 socket={socket}
load-module module-null-sink sink_name=spk rate=48000
load-module module-null-sink sink_name=mic_in rate=48000
load-module module-null-sink sink_name=drain rate=48000
load-module module-remap-source source_name=mic master=mic_in.monitor
load-module module-loopback source=spk.monitor sink=drain latency_msec=10
load-module module-loopback source=mic_in.monitor sink=drain latency_msec=10
set-default-sink spk
set-default-source mic
"""

_ALSA = """
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.house_microphone { type asym capture.pcm { type pulse device mic } }
pcm.house_speaker { type asym playback.pcm { type pulse device spk } }
"""


@dataclass(frozen=True)
class Pulse:
    """A running PulseAudio of our own: `environment` leads programs and libraries to it."""

    environment: dict[str, str]

    @contextmanager
    def playing(self, samples: bytes) -> Iterator[None]:
        """Play mono s16le 48 kHz into the microphone's room, as long as the block lasts."""
        with TemporaryFile() as source:
            source.write(samples)
            source.seek(0)
            player = self._start("pacat", "--playback", "--device=mic_in", stdin=source)
            try:
                yield
            finally:
                player.kill()
                player.wait(10)

    def record(self, size: int, source: str = "spk.monitor") -> bytes:
        """That many bytes of what the speaker plays, or of what a source hears."""
        with self._start("parec", f"--device={source}", stdout=subprocess.PIPE) as recorder:
            assert recorder.stdout is not None
            data = recorder.stdout.read(size)
            recorder.kill()
        return data

    def _start(
        self,
        program: str,
        *options: str,
        stdin: IO[bytes] | None = None,
        stdout: int | None = None,
    ) -> subprocess.Popen[bytes]:
        command = [program, *options, "--raw", "--rate=48000", "--format=s16le", "--channels=1"]
        return subprocess.Popen(
            [*command, "--latency-msec=20"],
            env={**os.environ, **self.environment},
            stdin=stdin,
            stdout=stdout,
        )


def missing(*programs: str) -> str:
    """Why a test cannot run here: the programs that are not installed, or ""."""
    absent = [program for program in programs if shutil.which(program) is None]
    return f"not installed: {', '.join(absent)}" if absent else ""


@contextmanager
def private_pulse(folder: Path) -> Iterator[Pulse]:
    """PulseAudio with a speaker `spk` and a microphone `mic` that hears what `mic_in` plays."""
    script, alsa, socket = folder / "pulse.pa", folder / "asound.conf", folder / "native"
    script.write_text(_PULSE.format(socket=socket))
    alsa.write_text(_ALSA)
    variables = {
        "HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
        "PULSE_RUNTIME_PATH": str(folder / "pulse"),
        "PULSE_SERVER": f"unix:{socket}",
        "ALSA_CONFIG_PATH": str(alsa),
    }
    command = ["pulseaudio", "-n", "-F", str(script), "--exit-idle-time=-1", "--daemonize=no"]
    with (folder / "pulse.log").open("wb") as log:
        server = subprocess.Popen(command, env={**os.environ, **variables}, stderr=log)
    try:
        _wait_until_there(socket, server)
        pulse = Pulse(variables)
        for source in ("spk.monitor", "mic"):
            # A null sink sleeps for 2 s before its loopback makes it quick.
            pulse.record(48_000, source)
        with environment(**variables):
            yield pulse
    finally:
        server.terminate()
        server.wait(10)


def _wait_until_there(path: Path, server: subprocess.Popen[bytes]) -> None:
    for _ in range(1000):
        if path.exists():
            return
        assert server.poll() is None, "the server has ended"
        time.sleep(0.01)
    raise AssertionError(f"no {path.name} of {server.args!r}")


@contextmanager
def xvfb() -> Iterator[str]:
    """An X server without a screen on a free display; yields its name, as ":1"."""
    reader, writer = os.pipe()
    command = ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1024x768x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writer], stderr=subprocess.DEVNULL)
    os.close(writer)
    try:
        with os.fdopen(reader) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb does not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait(10)
