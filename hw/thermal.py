"""How hot the processor is, and what the Pi's firmware holds against it, as the kernel tells.

Temperature: Documentation/driver-api/thermal/sysfs-api.rst, millidegrees. The firmware's word: the
`get_throttled` of raspberrypi/linux, hexadecimal, and the hwmon driver rpi_volt, which knows of the
supply alone. That driver asks the firmware every 2 s and clears what it remembers of the past while
it does (raspberrypi-hwmon.c); the file in /sys shows the last answer. So the bits from 16 on tell
there of the last 2 s, and nothing in /sys tells what was since the boot; `vcgencmd` does.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SYSFS = Path("/sys")

UNDER_VOLTAGE = 1 << 0
"""The supply is below 4.63 V now."""
CAPPED = 1 << 1
"""The clock is held down now, whatever for."""
THROTTLED = 1 << 2
"""The clock is held down now, for heat or for a weak supply."""
SOFT_LIMIT = 1 << 3
"""The soft limit of the temperature is reached now (3B+: 60 degrees)."""
ALL_BITS = 0xF
PAST = 16
"""The same four bits, shifted by so many, say that it was so since somebody cleared them."""

_ZONES = "class/thermal/thermal_zone*"
_FIRMWARE = "devices/platform/soc*/*:firmware/get_throttled"
_SUPPLY = "class/hwmon/hwmon*"
_SANE = range(-40_000, 150_001)  # millidegrees; sensors that are off say nonsense


@dataclass(frozen=True, slots=True)
class Heat:
    """Degrees Celsius, and the firmware's bits as above; None where this machine does not say.

    `flags` are those of the present, `known` masks those that can be told, `since_boot` are those
    that ever were set.
    """

    celsius: float | None = None
    flags: int | None = None
    known: int = ALL_BITS
    since_boot: int | None = None


def read_heat(root: Path = SYSFS) -> Heat:
    """Ask the kernel, in well under a millisecond; `root` is where /sys is."""
    word, weak = _word(root), _alarm(root)
    if word is None and weak is None:
        return Heat(_celsius(root))
    # A supply that is weak for an instant is weak: the last 2 s count as well.
    flags = (word or 0) & ALL_BITS | (word or 0) >> PAST & UNDER_VOLTAGE | (weak or 0)
    return Heat(_celsius(root), flags, UNDER_VOLTAGE if word is None else ALL_BITS)


def _celsius(root: Path) -> float | None:
    """The hottest zone of the processor's, or the hottest of all where none is named so."""
    found = [(_text(zone / "type"), _text(zone / "temp")) for zone in root.glob(_ZONES)]
    known = [(kind, int(value)) for kind, value in found if _is_number(value)]
    sane = [(kind, value) for kind, value in known if value in _SANE]
    named = [value for kind, value in sane if "cpu" in kind]
    hottest = max(named or [value for _, value in sane], default=None)
    return None if hottest is None else hottest / 1000


def _word(root: Path) -> int | None:
    """What the firmware's driver tells: the present, and from bit 16 on the last 2 s."""
    for path in root.glob(_FIRMWARE):
        text = _text(path)
        try:
            return int(text, 16)
        except ValueError:
            continue
    return None


def _alarm(root: Path) -> int | None:
    """UNDER_VOLTAGE if the supply was weak in the last 2 s, else 0; None without that driver."""
    for folder in root.glob(_SUPPLY):
        if _text(folder / "name") == "rpi_volt":
            alarm = _text(folder / "in0_lcrit_alarm")
            return (UNDER_VOLTAGE if alarm == "1" else 0) if alarm else None
    return None


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _text(path: Path) -> str:
    """What the file says; nothing if it cannot be read, as zones that are off cannot."""
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
