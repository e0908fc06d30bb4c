"""Buttons, keys and touches -> what the person wants. PURE.

A button acts when it goes down. Only the call button of a station with a second callee waits for
its release, because until then nobody knows whether the press will become a long one.
"""

from __future__ import annotations

from enum import Enum

from intercom.phases import State

KEYS = {
    "c": "call",
    "a": "accept",
    "return": "accept",
    "h": "hangup",
    "escape": "hangup",
    "m": "mute",
}
"""Keys of a keyboard that stand for buttons."""

OTHER_KEYS = {
    "1": "say.1",
    "2": "say.2",
    "3": "say.3",
    "v": "switch",
    "d": "quiet",
    "i": "numbers",
    "q": "quit",
    "quit": "quit",
}
"""Keys that have no button, and the intents that they stand for."""


class Intent(Enum):
    """What a person asks for."""

    CALL = "call"
    CALL_SECOND = "call_second"
    ACCEPT = "accept"
    HANGUP = "hangup"
    MUTE = "mute"
    DISMISS = "dismiss"
    PLAY = "play"
    DELETE = "delete"
    ANSWERS = "answers"
    BACK = "back"
    SAY_1 = "say.1"
    SAY_2 = "say.2"
    SAY_3 = "say.3"
    SWITCH = "switch"
    QUIET = "quiet"
    NUMBERS = "numbers"
    QUIT = "quit"


class Controls:
    """Turns button events into intents; `second`: there is a second callee."""

    def __init__(self, second: bool) -> None:
        self._second = second
        self._armed = False

    def feed(self, button: str, kind: str, state: State) -> Intent | None:
        """Take an event (`pressed`, `held`, `released`) of `call|accept|hangup|mute`."""
        match button, kind:
            case "call", _:
                return self._call(kind, state)
            case (("accept" | "hangup" | "mute"), "pressed"):
                return Intent(button)
            case _:
                return None

    def _call(self, kind: str, state: State) -> Intent | None:
        if state is State.RINGING:  # whoever has but one button answers with it
            self._armed = False
            return Intent.ACCEPT if kind == "pressed" else None
        if not self._second:
            return Intent.CALL if kind == "pressed" else None
        armed, self._armed = self._armed, kind == "pressed"
        match kind:
            case "held" if armed:
                return Intent.CALL_SECOND
            case "released" if armed:
                return Intent.CALL
        return None
