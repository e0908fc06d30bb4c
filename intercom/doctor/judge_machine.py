"""What clock, power supply and temperature mean. PURE."""

from __future__ import annotations

from hw.thermal import CAPPED, PAST, THROTTLED, UNDER_VOLTAGE, Heat
from intercom.doctor.results import Result, Value, fault, judged, ok, skipped, warning

EARLIEST = 1_735_689_600.0
"""2025 began; no clock that was set can show less: this program is younger."""
OFF = 5.0
"""Seconds apart from the hub that are worth a word. A login does not suffer: the hub judges tokens
by its own clock, and a key signs what the hub has drawn."""
WARM, HOT = 70.0, 80.0
"""Degrees Celsius: near the limit; the firmware slows down."""

_NTP = (
    "see `timedatectl`: is a time server reachable (UDP 123)? `sudo timedatectl set-ntp true`;"
    " a Pi 5 keeps time with a battery at J5"
)
_WRONG = (
    "one of the two clocks is wrong, by which hours in the settings, times of records and the dates"
    " of certificates are judged"
)
_SUPPLY = (
    "use the Pi's own power supply (5.1 V; 3 A, a Pi 5: 5 A) and a short, thick cable; power"
    " displays and USB devices separately"
)
_NO_PAST = "what was before is not told (no vcgencmd)"
_COOL = "give it air or a heat sink, out of the sun; a lower [camera] quality or fps heats less"


def clock(
    now: float, date: str, synchronised: bool | None, ahead: float | None, has_rtc: bool
) -> Result:
    """The verdict on `now` (unix seconds), which is `date`; `ahead`: how far the hub's clock is
    ahead of it, give or take a second."""
    values: dict[str, Value] = {
        "time": date,
        "synchronised": synchronised,
        "hub_ahead_s": None if ahead is None else round(ahead, 1),
        "rtc": has_rtc,
    }
    if now < EARLIEST:
        return fault("clock", f"it shows {date}: it was never set", _NTP, **values)
    by_ntp = {True: "set by NTP", False: "not set by NTP", None: "NTP not told"}[synchronised]
    text = f"{date}, {by_ntp}"
    if ahead is not None:
        text += ", as the hub's within a second" if abs(ahead) <= 1.5 else _apart(ahead)
    warnings = []
    if ahead is not None and abs(ahead) > OFF:
        warnings.append((_WRONG, f"here and at the hub: {_NTP}"))
    if synchronised is False:
        warnings.append(("nobody sets it", _NTP))
    return judged("clock", text, (), warnings, **values)


def _apart(ahead: float) -> str:
    return f", {abs(ahead):.0f} s {'behind' if ahead > 0 else 'ahead of'} the hub's"


def power(seen: Heat, model: str) -> Result:
    """The verdict on the supply by the firmware's bits, see hw.thermal."""
    flags, past, is_pi = seen.flags, seen.since_boot, "raspberry" in model.lower()
    if "pi zero" in model.lower():
        return skipped("power", "a Zero does not measure its supply")
    if flags is None:
        words = "the firmware does not tell" if is_pi else "this machine does not tell (no Pi)"
        return skipped("power", words, "sudo vcgencmd get_throttled" if is_pi else "")
    now = bool(flags & UNDER_VOLTAGE)
    since = None if past is None else bool(past & UNDER_VOLTAGE)
    values: dict[str, Value] = {
        "flags": f"{flags | (past or 0) << PAST:#x}",
        "undervoltage": now,
        "undervoltage_since_boot": since,
    }
    if now:
        return fault("power", "the supply is below 4.63 V now", _SUPPLY, **values)
    if since:
        return warning("power", "it was below 4.63 V since the start", _SUPPLY, **values)
    if since is None:
        return ok("power", f"the supply is not below 4.63 V now; {_NO_PAST}", **values)
    return ok("power", "the supply was never below 4.63 V since the start", **values)


def heat(seen: Heat) -> Result:
    """The verdict on the temperature, and what the firmware did because of it."""
    flags, past, celsius = seen.flags or 0, seen.since_boot, seen.celsius
    if celsius is None and not flags and not past:
        return skipped("heat", "this machine does not tell its temperature")
    text = "temperature not told" if celsius is None else f"{celsius:.0f} °C"
    faults, warnings = [], []
    if celsius is not None and celsius >= HOT:
        faults.append(("too hot", _COOL))
    elif celsius is not None and celsius >= WARM:
        warnings.append(("hot", _COOL))
    slow = THROTTLED | CAPPED  # the soft limit of a 3B+, at 60 °C, is how it is meant to run
    is_told = seen.flags is not None and seen.known & slow == slow
    if flags & slow:
        faults.append(("the firmware slows it down now", f"{_COOL}; see the line power"))
    elif (past or 0) & slow:
        words = "the firmware slowed it down since the start"
        warnings.append((words, f"{_COOL}; see the line power"))
    elif past is not None:
        text += ", never slowed down since the start"
    elif is_told:
        text += f", not slowed down now; {_NO_PAST}"
    return judged(
        "heat",
        text,
        faults,
        warnings,
        celsius=None if celsius is None else round(celsius, 1),
        slowed_now=bool(flags & slow) if is_told else None,
        slowed_since_boot=None if past is None else bool(past & slow),
    )
