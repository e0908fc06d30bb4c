"""What buttons, lamp and screen did means. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from intercom.doctor.results import Result, judged

Complaints = Iterator[tuple[str, str]]
"""What is wrong, and what to do."""
SMOOTH = 10.0
"""Pictures a second under which a call looks bad."""
_MULTI_TOUCH_X = 0x35
_SINGLE_X, _TOUCH = 0x00, 0x14A
"""ABS_MT_POSITION_X, ABS_X and BTN_TOUCH of linux/input-event-codes.h."""


@dataclass(frozen=True)
class Buttons:
    """The lines at rest, and what came when people were asked; `pins` by BCM number."""

    name: str
    pins: Mapping[str, int]
    closed: Sequence[str] = ()
    restless: Mapping[str, int] = field(default_factory=dict)
    came: Mapping[str, bool] | None = None
    """Whether each button was pressed when asked; None: nobody was asked."""
    crossed: Mapping[str, str] = field(default_factory=dict)
    """The button that came instead of the one asked for."""


def buttons(seen: Buttons, pull_up: bool) -> Result:
    """The verdict on the buttons."""
    rail = "ground" if pull_up else "3.3 V"
    wired = ", ".join(f"{name} (GPIO {pin})" for name, pin in seen.pins.items())
    came = seen.came or {}
    asked = "all pressed when asked" if came and all(came.values()) else ""
    rest = "" if seen.closed else "open at rest"
    text = f"{seen.name}: {', '.join(it for it in (wired, rest, asked) if it)}"
    return judged(
        "buttons",
        text,
        [*_stuck(seen, rail), *_absent(seen, rail)],
        _restless(seen, pull_up),
        wired=list(seen.pins),
        closed=list(seen.closed),
        restless=list(seen.restless),
        pressed=None if seen.came is None else [it for it, pressed in came.items() if pressed],
    )


def _stuck(seen: Buttons, rail: str) -> Complaints:
    for name in seen.closed:
        remedy = (
            f"see whether it is stuck, its wires touch, or GPIO {seen.pins[name]} leads to {rail};"
            " [panel] pull_up must suit the wiring"
        )
        yield f'"{name}" is pressed at rest', remedy


def _restless(seen: Buttons, pull_up: bool) -> Complaints:
    # As docs/hardware.md: with less than 10 kohm, 1 kohm in the wire leaves no level to be read.
    remedy = (
        f"a long wire: 10 kohm from the pin to {'3.3 V' if pull_up else 'ground'}, 1 kohm in"
        " series with the wire and 100 nF from pin to ground, all at the Pi; outdoors an"
        " optocoupler (docs/hardware.md); raise [panel] bounce"
    )
    for name, count in seen.restless.items():
        if name not in seen.closed:
            yield f'"{name}" moved {count} times with nobody near', remedy


def _absent(seen: Buttons, rail: str) -> Complaints:
    for name in (name for name, pressed in (seen.came or {}).items() if not pressed):
        if name in seen.crossed:
            words = f'"{seen.crossed[name]}" came when "{name}" was asked for'
            yield words, "swap the wires, or the numbers in [panel]"
        else:
            remedy = f"see its wire from GPIO {seen.pins[name]} to {rail}, and [panel] {name}"
            yield f'"{name}" did not come', remedy


def lamp(pin: int, driven: bool, why: str, answer: bool | None) -> Result:
    """The verdict on the lamp; `why` it could not be driven, `answer`: whether it was seen."""
    see = f"see its polarity, its resistor and its wire at GPIO {pin}; [panel] lamp_active_high"
    faults = []
    if not driven:
        faults.append((why or "it does not follow", see))
    elif answer is False:
        faults.append(("nobody saw it blink", see))
    told = {True: "seen by you", False: "not seen by you", None: "nobody was asked"}[answer]
    return judged("lamp", f"GPIO {pin}: driven on and off, {told}", faults, gpio=pin, seen=answer)


@dataclass(frozen=True)
class Screen:
    """A screen that opened: after how many seconds its first picture came (None: it did not),
    what was painted in how many seconds then, who can touch it."""

    name: str
    size: tuple[int, int]
    first: float | None
    pictures: int
    seconds: float
    touchscreens: Sequence[str] = ()
    faults: Sequence[str] = ()
    seen: bool | None = None
    touched: tuple[int, int] | None = None
    asked_touch: bool = False

    @property
    def rate(self) -> float:
        """Pictures a second."""
        return self.pictures / self.seconds if self.seconds else 0.0


def screen(look: Screen) -> Result:
    """The verdict on a screen."""
    width, height = look.size
    text = f"{look.name}, {width}x{height}: {look.rate:.0f} pictures/s"
    if look.first is not None:
        text += f", the first after {1000 * look.first:.0f} ms"
    text += f", touch: {', '.join(look.touchscreens)}" if look.touchscreens else ", no touchscreen"
    if look.touched is not None:
        text += ", touched at {},{}".format(*look.touched)
    return judged(
        "screen",
        text,
        _unseen(look),
        _poor(look),
        width=width,
        height=height,
        first_picture_ms=None if look.first is None else round(1000 * look.first),
        pictures_per_s=round(look.rate, 1),
        touchscreens=list(look.touchscreens),
        seen=look.seen,
        touched=None if look.touched is None else list(map(str, look.touched)),
    )


def _unseen(look: Screen) -> Complaints:
    yield from ((message, _CABLE) for message in look.faults)
    if look.first is None and not look.faults:
        yield "nothing is painted", _CABLE
    elif look.seen is False:
        yield "nobody saw the picture", _CABLE


def _poor(look: Screen) -> Complaints:
    if look.first is not None and look.seen is not False and look.rate < SMOOTH:
        remedy = "use the kms driver (`dtoverlay=vc4-kms-v3d` in config.txt), or a smaller [screen]"
        yield "it is slow", remedy
    if look.asked_touch and look.touched is None and look.touchscreens:
        yield "no touch came", "see the touchscreen's cable; is its group input?"


def touchscreens(devices: str) -> list[str]:
    """The names of the touchscreens in the text of /proc/bus/input/devices."""
    found = []
    for block in devices.split("\n\n"):
        name = re.search(r'^N: Name="(.*)"$', block, re.MULTILINE)
        absolute, keys = _bits(block, "ABS"), _bits(block, "KEY")
        several = _MULTI_TOUCH_X in absolute
        single = _SINGLE_X in absolute and _TOUCH in keys
        direct = 1 in _bits(block, "PROP")  # INPUT_PROP_DIRECT: on a screen, not a touchpad
        if name and (several or single) and direct:
            found.append(name[1])
    return found


def _bits(block: str, kind: str) -> set[int]:
    """The bits that are set in a line like "B: ABS=2608000 3", words of 64 bits, highest first."""
    line = re.search(rf"^B: {kind}=([0-9a-f ]+)$", block, re.MULTILINE)
    if line is None:
        return set()
    words = [int(word, 16) for word in reversed(line[1].split())]
    return {64 * n + bit for n, word in enumerate(words) for bit in range(64) if word >> bit & 1}


_CABLE = (
    "see the screen's power and cable; as the service's user, in the groups video and render, with"
    " no desktop running; Debian's python3-pygame"
)
