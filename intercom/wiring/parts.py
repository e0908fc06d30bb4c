"""What hangs on which pin, from the settings, and what is wrong with that. PURE."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from intercom.config_types import Config, PanelConfig
from intercom.wiring.header import BY_GPIO, PULLED_UP_AT_RESET, Pin, of_kind

ROLES = {
    "call": "Call button",
    "accept": "Accept button",
    "hangup": "Hang-up button",
    "mute": "Mute button",
    "lamp": "Lamp",
}
"""The keys of [panel] that name a pin, and what they are called."""


@dataclass(frozen=True, slots=True)
class Part:
    """A button or the lamp on its pin; `back` is where its other wire goes.

    A lamp that is lit by a low pin, and a button that closes to 3.3 V, go back to a 3.3 V pin.
    """

    role: str
    pin: Pin
    back: Pin

    @property
    def name(self) -> str:
        """For people."""
        return ROLES[self.role]


@dataclass(frozen=True, slots=True)
class Remark:
    """What is to be known about a pin; with a `conflict` it does not work like that."""

    pin: Pin
    text: str
    conflict: bool = False

    def __str__(self) -> str:
        return f"GPIO {self.pin.gpio} (pin {self.pin.number}) {self.text}"


@dataclass(frozen=True, slots=True)
class Plan:
    """A station's panel as it is to be wired. `long`: on long wires, by optocouplers."""

    title: str
    parts: tuple[Part, ...]
    missing: tuple[str, ...]
    elsewhere: tuple[str, ...]
    remarks: tuple[Remark, ...]
    long: bool = False

    @property
    def conflicts(self) -> list[Remark]:
        """The remarks that forbid to build it like that."""
        return [remark for remark in self.remarks if remark.conflict]


def plan(config: Config, long: bool = False) -> Plan:
    """Lay out the panel of a configuration; on `long` wires by optocouplers and a transistor."""
    panel = config.panel
    roles = ROLES if panel.driver != "none" else {}
    wired = {role: BY_GPIO[gpio] for role in roles if (gpio := getattr(panel, role)) >= 0}
    low = {role: pin for role, pin in wired.items() if _is_low_side(role, panel, long)}
    parts = tuple(
        Part(role, pin, _ground(pin, [*low.values()]) if role in low else _supply(pin))
        for role, pin in sorted(wired.items(), key=lambda item: item[1].number)
    )
    return Plan(
        title=config.station.name,
        parts=parts,
        missing=tuple(name for role, name in ROLES.items() if role not in wired),
        elsewhere=tuple(_elsewhere(config)),
        remarks=tuple(_remarks(parts, panel, long)),
        long=long,
    )


def _is_low_side(role: str, panel: PanelConfig, long: bool) -> bool:
    """Whether the other wire of a part goes to ground; a transistor always stands on it."""
    if role == "lamp":
        return panel.lamp_active_high or long
    return panel.pull_up


def _ground(pin: Pin, grounded: list[Pin]) -> Pin:
    """One ground for all the parts of a row of pins: the one that is nearest to them all."""
    mine = [other for other in grounded if other.left == pin.left]
    return min(
        (ground for ground in of_kind("GND") if ground.left == pin.left),
        key=lambda ground: (sum(abs(ground.row - other.row) for other in mine), ground.number),
    )


def _supply(pin: Pin) -> Pin:
    return min(of_kind("3V3"), key=lambda supply: (abs(supply.row - pin.row), supply.number))


def _elsewhere(config: Config) -> Iterator[str]:
    """What of the station does not hang on these pins."""
    camera, sound, screen = config.camera.driver, config.sound.driver, config.screen
    match camera:
        case "picamera2":
            yield "Camera: ribbon to the CSI connector, with the power off"
        case "v4l2":
            yield "Camera: USB"
    if sound == "pyaudio":
        yield "Microphone and speaker: USB, or a sound HAT on the I2S pins"
    if screen.driver in ("kmsdrm", "window"):
        yield f"Screen: HDMI, or ribbon to the DSI connector ({screen.width}x{screen.height})"


_BUS_REMARKS = {
    "HAT": "is for the EEPROM of a HAT, and read at each boot: take another pin",
    "I2C": "has a pull-up of 1.8 kΩ on the board, and is taken as soon as I2C is on"
    " (sensors, clocks, some touch screens)",
    "UART": "is the serial console's: switch that off (raspi-config), or take another pin",
    "SPI": "is taken as soon as SPI is on (displays, some HATs)",
    "I2S": "is taken by a sound HAT; with sound by USB it is free",
}


def _remarks(parts: tuple[Part, ...], panel: PanelConfig, long: bool) -> Iterator[Remark]:
    taken: dict[int, str] = {}
    for part in parts:
        first = taken.setdefault(part.pin.number, part.name)
        if first != part.name:
            yield Remark(part.pin, f"is given to both {first} and {part.name}", conflict=True)
        if part.pin.bus:
            text = f"({part.name}) {_BUS_REMARKS[part.pin.bus]}"
            yield Remark(part.pin, text, conflict=part.pin.bus == "HAT")
        if part.role == "lamp":
            yield from _lamp_remarks(part, panel, long)
        elif part.pin.bus == "I2C" and not panel.pull_up:
            yield Remark(
                part.pin,
                f"({part.name}) cannot be pulled down against the 1.8 kΩ: with pull_up = false it"
                " reads pressed for ever",
                conflict=True,
            )


def _lamp_remarks(part: Part, panel: PanelConfig, long: bool) -> Iterator[Remark]:
    high_at_reset = part.pin.gpio in PULLED_UP_AT_RESET
    if long and not panel.lamp_active_high:
        yield Remark(
            part.pin,
            "(Lamp) drives a transistor, which lights it when the pin is high: set"
            " lamp_active_high = true",
            conflict=True,
        )
    elif high_at_reset == panel.lamp_active_high and (long or part.pin.bus == "I2C"):
        yield Remark(part.pin, "(Lamp) glows from power-on until the program starts")
