"""Sound through real sound servers: `python -m bench.audio_path [--seconds 20]`.

PulseAudio and PipeWire of our own, real PyAudio at 10 ms periods, two stations in one process:
echo end to end, and the delay from mouth to ear. Written to bench/results/audio_path.json.
Exit code 1: a bar was missed, 2: there is no sound server to measure with.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from rich.console import Console

from bench import machine
from intercom.media import VoiceSettings
from intercom.media.echo import EchoMode
from tests.audio_pipewire import private_pipewire, reason
from tests.audio_rig import acoustic_path, echo_heard, mouth_to_ear, playing
from tests.audio_scene import Signal, pcm, talk
from tests.hw.servers import missing, private_pulse

Start = Callable[[Path], AbstractContextManager[object]]

OUT = Path(__file__).parent / "results" / "audio_path.json"
MODES: tuple[EchoMode, ...] = ("off", "aec3", "full_duplex")
ERLE_DB, DELAY_MS = 30.0, 100.0  # the bars
PLAIN = VoiceSettings("off", noise_suppression=False, gain=False)


def measure(speech: Signal, seconds: float) -> dict[str, Any]:
    """On the sound server that the environment leads to."""
    found: dict[str, Any] = {}
    with acoustic_path(40):
        for mode in MODES:
            settings = VoiceSettings(mode, gain=False)
            found[f"echo, {mode}"] = asyncio.run(echo_heard(settings, speech, seconds))
    for name, voice in (("plain", PLAIN), ("full_duplex", VoiceSettings())):
        with playing(pcm(speech).tobytes()):
            delays = 1000 * asyncio.run(mouth_to_ear(voice, seconds))
        p50, p95 = np.percentile(delays, [50, 95]) if len(delays) else (np.nan, np.nan)
        found[f"mouth to ear, {name}"] = {
            "windows": len(delays),
            "p50_ms": float(p50),
            "p95_ms": float(p95),
        }
    return found


def missed(server: str, found: dict[str, Any]) -> list[str]:
    """What falls short of the bars, in words."""
    echo, path = found["echo, full_duplex"], found["mouth to ear, full_duplex"]
    short = []
    if not echo["erle_db"] >= ERLE_DB:
        short.append(f"{server}: {echo['erle_db']:.1f} dB of echo are taken, not {ERLE_DB:.0f}")
    if not path["p50_ms"] <= DELAY_MS:  # also when nothing was heard
        short.append(f"{server}: mouth to ear {path['p50_ms']:.0f} ms, not {DELAY_MS:.0f}")
    return short


def main() -> int:
    """Measure, show and write; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    seconds = parser.parse_args().seconds
    speech = talk(("en-us+f3", "en-gb-scotland+m4"), seconds + 10, 2501, pause=0.2)
    servers: dict[str, tuple[Start, str]] = {
        "PulseAudio": (private_pulse, missing("pulseaudio", "pacat", "parec", "pactl")),
        "PipeWire": (private_pipewire, reason()),
    }
    found: dict[str, Any] = {}
    for name, (start, absent) in servers.items():
        if absent:
            found[name] = absent
            continue
        with TemporaryDirectory(prefix="snd") as folder, start(Path(folder)):
            found[name] = measure(speech, seconds)
    Console().print_json(data=found)
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"machine": machine.machine(), **found}, indent=1) + "\n")
    measured = {name: value for name, value in found.items() if isinstance(value, dict)}
    short = [words for name, value in measured.items() for words in missed(name, value)]
    for words in short:
        Console(stderr=True).print(words)
    return 1 if short else 0 if measured else 2


if __name__ == "__main__":
    sys.exit(main())
