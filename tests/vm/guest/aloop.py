"""Two sound cards by the kernel's snd-aloop: what is played into device 0 is heard at device 1."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import numpy as np

RATE = 48_000
DRIVER = Path("/sys/bus/platform/drivers/snd_aloop")
DEVICES = {"Door": "snd_aloop.0", "Kitchen": "snd_aloop.1"}


def tone(hertz: float, seconds: float, path: Path) -> Path:
    """A tone in a WAV file, at a quarter of the full scale."""
    at = np.arange(int(RATE * seconds)) / RATE
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((8000 * np.sin(2 * np.pi * hertz * at)).astype("<i2").tobytes())
    return path


def running(card: str, way: str) -> list[str]:
    """The streams on which a station records ("c") or plays ("p") now."""
    states = Path(f"/proc/asound/{card}/pcm1{way}").glob("sub*/status")
    return sorted(path.parent.name for path in states if "RUNNING" in path.read_text())


def far_end(card: str, way: str) -> str:
    """Where ALSA has the other end of what a station records ("c") or plays ("p").

    The card has several streams, and who lists the devices may have had the first for a moment.
    """
    stream = min(running(card, way), default="sub0").removeprefix("sub")
    return f"plughw:CARD={card},DEV=0,SUBDEV={stream}"


def speak(card: str, path: Path) -> subprocess.Popen[bytes]:
    """Start to play a file at the far end of a card's microphone."""
    return subprocess.Popen(["aplay", "-q", "-D", far_end(card, "c"), str(path)])


def listen(card: str, seconds: int, path: Path) -> bool:
    """Record at the far end of a card's speaker; whether that could be done, by ALSA's words."""
    done = subprocess.run(
        ["arecord", "-q", "-D", far_end(card, "p"), "-f", "S16_LE", "-r", str(RATE),
         "-c", "1", "-d", str(seconds), str(path)],
        check=False, timeout=60 + 10 * seconds,
    )  # fmt: skip
    return done.returncode == 0


def share(path: Path, hertz: float, width: float = 20.0) -> float:
    """The part (0 to 1) of a recording's power that is within `width` Hz of a tone."""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(float)
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    at = np.fft.rfftfreq(len(samples), 1 / RATE)
    total = power[at > 50].sum()
    return float(power[np.abs(at - hertz) < width].sum() / total) if total else 0.0


def number(card: str) -> int:
    """The card's number now."""
    for path in Path("/sys/class/sound").glob("card*"):
        if (path / "id").read_text().strip() == card:
            return int(path.name.removeprefix("card"))
    raise LookupError(f"no card {card}")


def holders() -> list[str]:
    """Who has which file of any card open."""
    held = [
        f"{link.parts[2]} {(Path(*link.parts[:3]) / 'comm').read_text().strip()}: {link.readlink()}"
        for link in Path("/proc").glob("[0-9]*/fd/*")
        if link.is_symlink() and "/dev/snd" in str(link.readlink())
    ]
    return sorted(held)


def unplug(card: str) -> None:
    """Take a card away, in use or not."""
    (DRIVER / "unbind").write_text(DEVICES[card])


def plug(card: str) -> None:
    """Have it there again."""
    (DRIVER / "bind").write_text(DEVICES[card])
