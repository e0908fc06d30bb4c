"""Where a simulated microphone's speech comes from: a recording, or a speech synthesiser."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from hw.base import DeviceError

RECORDED = Path("/usr/share/sounds/alsa/Front_Center.wav")
_TEXT = "Good evening. I am at the front door. Would you please let me in?"


def names() -> list[str]:
    """The voices that are installed."""
    voices = {"recorded": RECORDED.is_file(), "synthetic": shutil.which("espeak-ng") is not None}
    return [name for name, there in voices.items() if there]


def find(voice: str) -> Path:
    """The sound file of a voice, "" (the first there is) or a path; raises DeviceError."""
    if voice in ("", "recorded") and RECORDED.is_file():
        return RECORDED
    if voice in ("", "synthetic"):
        return _spoken()
    if voice == "recorded":
        raise DeviceError("microphone", f"no {RECORDED} here: install alsa-utils or name a file")
    path = Path(voice).expanduser()
    if not path.is_file():
        raise DeviceError("microphone", f"no sound file at {path}: give the path of one")
    return path


def _spoken() -> Path:
    program = shutil.which("espeak-ng")
    if program is None:
        raise DeviceError(
            "microphone", "no speech to play: install alsa-utils or espeak-ng, or name a sound file"
        )
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "intercom"
    path = cache / "speech.wav"
    if path.is_file():
        return path
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _speak(program, path)
    except (OSError, subprocess.SubprocessError) as error:
        raise DeviceError("microphone", f"espeak-ng made no speech in {cache}: {error}") from error
    return path


def _speak(program: str, path: Path) -> None:
    # Renamed into place, so that another process never sees half a file.
    handle, name = tempfile.mkstemp(suffix=".wav", dir=path.parent)
    os.close(handle)
    part = Path(name)
    try:
        command = [program, "-w", name, _TEXT]
        subprocess.run(command, check=True, timeout=20, capture_output=True)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
