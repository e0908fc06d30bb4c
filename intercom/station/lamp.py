"""What the lamp in the button tells, for those who cannot see or hear the rest. Pure.

The law: who looks at the lamp learns the most urgent fact, in this order.

1. It rings here: somebody waits for an answer.
2. A call is up: muted, else in call.
3. We are calling.
4. Camera or microphone is open without a call: nobody is watched unawares, not even by a fault.
5. The hub cannot be reached: nobody can call, however well the devices are.
6. A device is at fault, or the hub refuses the station.
7. Nothing: a faint light, by which the button is found in the dark.

States differ in rhythm, not in brightness alone, so that a lamp without dimming tells them apart
(idle alone has no rhythm but faintness; without dimming it is off or looks like a call).
"""

from __future__ import annotations

from enum import Enum

Pattern = tuple[tuple[float, float], ...]
"""Steps of (brightness 0..1, seconds), repeated; one step of 0 seconds is steady."""


class LampState(Enum):
    """What the lamp can tell."""

    IDLE = "idle"
    RINGING_OUT = "ringing_out"
    RINGING_IN = "ringing_in"
    IN_CALL = "in_call"
    MUTED = "muted"
    DEVICE_OPEN = "device_open"
    NO_HUB = "no_hub"
    FAULT = "fault"


PATTERNS: dict[LampState, Pattern] = {
    LampState.IDLE: ((0.08, 0.0),),
    LampState.RINGING_OUT: ((1.0, 0.6), (0.0, 0.6)),
    LampState.RINGING_IN: ((1.0, 0.15), (0.0, 0.15)),
    LampState.IN_CALL: ((1.0, 0.0),),
    LampState.MUTED: ((1.0, 1.8), (0.0, 0.2)),
    LampState.DEVICE_OPEN: ((1.0, 1.0), (0.4, 1.0)),
    LampState.NO_HUB: ((1.0, 0.1), (0.0, 2.9)),
    LampState.FAULT: ((1.0, 0.1), (0.0, 0.2), (1.0, 0.1), (0.0, 0.2), (1.0, 0.1), (0.0, 1.3)),
}
"""The one table: how each state looks."""


def lamp_for(
    call: str,
    *,
    muted: bool = False,
    device_open: bool = False,
    hub_ok: bool = True,
    fault: bool = False,
) -> LampState:
    """The state that the lamp shows; `call` is idle, calling, ringing or connected.

    `device_open`: the camera or the microphone is open, whatever for.
    Raises ValueError for any other `call`.
    """
    match call:
        case "ringing":
            return LampState.RINGING_IN
        case "connected":
            return LampState.MUTED if muted else LampState.IN_CALL
        case "calling":
            return LampState.RINGING_OUT
        case "idle":
            return _at_rest(device_open, hub_ok, fault)
    raise ValueError(f"{call!r} is no state of a call: idle, calling, ringing or connected")


def _at_rest(device_open: bool, hub_ok: bool, fault: bool) -> LampState:
    if device_open:
        return LampState.DEVICE_OPEN
    if not hub_ok:
        return LampState.NO_HUB
    return LampState.FAULT if fault else LampState.IDLE
