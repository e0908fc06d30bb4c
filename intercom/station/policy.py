"""Whether a call is answered by nobody's hand, and how. PURE."""

from __future__ import annotations

from dataclasses import dataclass

from intercom.config import AnswerConfig
from intercom.station.quiet import within


@dataclass(frozen=True)
class AutoAnswer:
    """Answer after `seconds`, in which the person can refuse.

    `tone`: a single tone instead of ringing. `send`: our picture and sound go out at all (not for
    an announcement). `muted`: start with the microphone muted.
    """

    seconds: float
    tone: bool
    send: bool
    muted: bool


def decide(config: AnswerConfig, caller: str, clock: str) -> AutoAnswer | str:
    """Return how to answer `caller` at local time `clock` ("HH:MM"), or why to let it ring."""
    if config.kind == "off":
        return "auto-answer is off"
    if caller not in config.allow:
        return f'"{caller}" is not in [answer] allow'
    if within(config.quiet_from, config.quiet_to, clock):
        return f"quiet hours from {config.quiet_from} to {config.quiet_to}"
    announce = config.kind == "announce"
    return AutoAnswer(
        seconds=config.seconds,
        tone=config.kind != "normal",
        send=not announce,
        muted=config.muted or announce,
    )
