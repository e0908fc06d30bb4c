"""The values of the parts, each with its calculation: volts, ohms and milliamperes. PURE.

Sources: Raspberry Pi's documentation of its pads, data sheets of PC817 and BC337. Calculated, not
measured.
"""

from __future__ import annotations

from dataclasses import dataclass

PIN_HIGH = 3.3
PIN_DEFAULT = 4.0
"""mA that a pin of a Pi 4 or 5 is set to give at power-on with a good level; 8 before the 4."""
PIN_MOST = 8.0
"""mA of a Pi 4's pin at its strongest setting; 16 before the 4, 12 on a 5."""
PULL = 33_000
"""Ohms of the chip's own pull-up or pull-down at the least: 33 to 73 thousand, about 50."""

LED_FORWARD = 2.0
"""Volts of a red, yellow or old green LED; white and blue take 3.0 and do not shine at 3.3 V."""
LED_RESISTOR = 330
COPPER = 0.0175
"""Ohm mm2 / m, at 20 degrees."""

OPTO_FORWARD = 1.2
OPTO_TRANSFER = 0.5
"""Least share of the LED's current that a PC817 lets through, at 5 mA."""
BASE_RESISTOR = 1_000
BASE_EMITTER = 0.7
BASE_GAIN = 160
"""Least gain of a BC337-25, at 100 mA."""


@dataclass(frozen=True, slots=True)
class Supply:
    """What feeds a long wire, and the resistor before the optocoupler's LED."""

    volts: int
    resistor: int

    @property
    def milliamps(self) -> float:
        """Through the LED, which is also what cleans the button's contacts."""
        return current(self.volts, OPTO_FORWARD, self.resistor)

    @property
    def milliwatts(self) -> float:
        """Heat of the resistor while the button is pressed; a small one takes 250."""
        return self.milliamps**2 * self.resistor / 1000


SUPPLIES = (Supply(5, 680), Supply(12, 2_200), Supply(24, 4_700))
LONG = SUPPLIES[1]


def current(volts: float, forward: float, ohms: int) -> float:
    """Milliamperes through a resistor and a junction in series."""
    return (volts - forward) / ohms * 1000


def led_current() -> float:
    """mA of the lamp that hangs on a pin."""
    return current(PIN_HIGH, LED_FORWARD, LED_RESISTOR)


def driver_most() -> float:
    """mA that the transistor surely switches fully, with three times the base current needed."""
    return current(PIN_HIGH, BASE_EMITTER, BASE_RESISTOR) * BASE_GAIN / 3


def opto_margin(supply: Supply = LONG) -> float:
    """How many times over the phototransistor pulls what the chip's pull-up gives."""
    return supply.milliamps * OPTO_TRANSFER / (PIN_HIGH / PULL * 1000)


def ohms(value: int) -> str:
    """A resistor's value as it is written: 330 Ω, 2.2 kΩ."""
    return f"{value} Ω" if value < 1000 else f"{value / 1000:g} kΩ"


def reach(drop: float, amps: float, area: float) -> float:
    """Metres of a cable of two wires of `area` mm2, there and back, that lose `drop` volts."""
    return drop * area / (2 * COPPER * amps)
