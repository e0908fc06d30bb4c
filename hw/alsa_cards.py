"""ALSA's cards by id: their numbers move from boot to boot, and when they are plugged in anew."""

from __future__ import annotations

import re
from pathlib import Path

from hw.base import DeviceError, Kind

CARDS = Path("/proc/asound/cards")
DEVICES = Path("/dev/snd")

# As ALSA itself writes it: CARD=Device, plughw:CARD=Device,DEV=0. PortAudio's names end in
# (hw:1,0) or (plughw:1,0).
_MEANT = re.compile(r"(?:(?:plug)?hw:)?CARD=([^,\s]+)(?:,DEV=(\d+))?")
_LINE = re.compile(r"\s*(\d+) \[(\S+)\s*\]:")


def ids(cards: Path = CARDS) -> dict[str, int]:
    """The number of each card that is there now, by its id."""
    try:
        lines = cards.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:  # no ALSA
        return {}
    found = (_LINE.match(line) for line in lines)
    return {match[2]: int(match[1]) for match in found if match}


def is_id(wanted: str) -> bool:
    """Whether a card is meant by its id."""
    return _MEANT.fullmatch(wanted.strip()) is not None


def nodes(kind: Kind, wanted: str, cards: Path = CARDS, devices: Path = DEVICES) -> tuple[str, ...]:
    """The device files by which the card of that id records or plays; none if it does not."""
    meant = _MEANT.fullmatch(wanted.strip())
    number = None if meant is None else _number(meant[1], cards)
    if meant is None or number is None:
        return ()
    way = "c" if kind == "microphone" else "p"
    return tuple(map(str, sorted(devices.glob(f"pcmC{number}D{meant[2] or '*'}{way}"))))


def present_name(kind: Kind, wanted: str, cards: Path = CARDS) -> str:
    """`wanted` as a part of PortAudio's name: "CARD=Door,DEV=1" is "hw:2,1)" now.

    What is no card's id stays as it is. Raises DeviceError when there is no such card.
    """
    meant = _MEANT.fullmatch(wanted.strip())
    if meant is None:
        return wanted
    number = _number(meant[1], cards)
    if number is None:
        known = ", ".join(map(repr, ids(cards))) or "none"
        raise DeviceError(
            kind, f"no sound card {meant[1]!r}: plug it in, or choose another; there are {known}"
        )
    return f"hw:{number},{meant[2]})" if meant[2] else f"hw:{number},"


def _number(card: str, cards: Path) -> int | None:
    """The number of a card now; None if it is not there. Capitals do not matter."""
    there = {name.casefold(): number for name, number in ids(cards).items()}
    return there.get(card.casefold())
