"""The 40 pins of a Raspberry Pi, the same from the Model B+ of 2014 on. PURE.

Odd numbers are one row, even numbers the other, which is the one at the board's edge. GPIO numbers
are those of the chip (BCM), as in the settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["3V3", "5V", "GND", "GPIO"]

PINS_PER_SIDE = 20


@dataclass(frozen=True, slots=True)
class Pin:
    """One pin; `gpio` is its BCM number, None for power; `bus` is what else it is good for."""

    number: int
    kind: Kind
    gpio: int | None = None
    bus: str = ""
    signal: str = ""

    @property
    def label(self) -> str:
        """What is written beside it."""
        match self.kind:
            case "GPIO":
                return f"GPIO {self.gpio}"
            case "GND":
                return "ground"
            case "3V3":
                return "3.3 V"
            case _:
                return "5 V"

    @property
    def left(self) -> bool:
        """Whether it is in the odd row."""
        return self.number % 2 == 1

    @property
    def row(self) -> int:
        """0 to 19, from the end with the SD card."""
        return (self.number - 1) // 2


_ORDER: tuple[Kind | int, ...] = (
    "3V3", "5V",
    2, "5V",
    3, "GND",
    4, 14,
    "GND", 15,
    17, 18,
    27, "GND",
    22, 23,
    "3V3", 24,
    10, "GND",
    9, 25,
    11, 8,
    "GND", 7,
    0, 1,
    5, "GND",
    6, 12,
    13, "GND",
    19, 16,
    26, 20,
    "GND", 21,
)  # fmt: skip
"""What pins 1, 2, 3 ... 40 are: power, ground, or the number of a GPIO."""

_BUSES: dict[int, tuple[str, str]] = {
    0: ("HAT", "ID SD"), 1: ("HAT", "ID SC"),
    2: ("I2C", "SDA"), 3: ("I2C", "SCL"),
    14: ("UART", "TXD"), 15: ("UART", "RXD"),
    8: ("SPI", "CE0"), 7: ("SPI", "CE1"), 9: ("SPI", "MISO"), 10: ("SPI", "MOSI"),
    11: ("SPI", "SCLK"),
    18: ("I2S", "CLK"), 19: ("I2S", "FS"), 20: ("I2S", "DIN"), 21: ("I2S", "DOUT"),
}  # fmt: skip
"""By GPIO: the bus that has it as soon as that bus is switched on, and the signal's name."""


def _pin(number: int, what: Kind | int) -> Pin:
    if isinstance(what, int):
        return Pin(number, "GPIO", what, *_BUSES.get(what, ("", "")))
    return Pin(number, what)


PINS = tuple(_pin(number, what) for number, what in enumerate(_ORDER, 1))
BY_GPIO = {pin.gpio: pin for pin in PINS if pin.gpio is not None}

PULLED_UP_AT_RESET = range(9)
"""GPIO 0 to 8 are pulled up from power-on until a program claims them, the others down."""


def of_kind(kind: Kind) -> list[Pin]:
    """All pins of that kind, by number."""
    return [pin for pin in PINS if pin.kind == kind]
