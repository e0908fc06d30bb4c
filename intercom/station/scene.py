"""What the screen shows, as values, and what a touch of it means. Pure.

The station makes a new scene whenever something a person should see has changed; scenes compare
by value, so that a painter knows when it can paint from its caches.
"""

from __future__ import annotations

from dataclasses import dataclass

from intercom.protocol import Reason
from intercom.station import layout
from intercom.station.layout import Rect, Size

REASONS = frozenset(reason.value for reason in Reason)
"""Why a call can end: the `reason` of CALL_END."""


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody calls. `callee` is whom the button calls (None: this station only answers)."""

    name: str
    clock: str
    callee: str | None = None
    notice: str = ""
    hub_ok: bool = True


@dataclass(frozen=True, slots=True)
class Calling:
    """We call; `ringing` once it rings over there; `seconds` since the button was pressed."""

    name: str
    callee: str
    seconds: int = 0
    ringing: bool = False


@dataclass(frozen=True, slots=True)
class RingingIn:
    """Somebody calls us; `video`: a picture is expected; times in seconds, None: never."""

    caller: str
    video: bool = True
    seconds_left: int = 0
    auto_answer_in: int | None = None


@dataclass(frozen=True, slots=True)
class InCall:
    """Two people talk; `text` is a ready-made answer or other message to show, or empty."""

    peer: str
    seconds: int = 0
    muted: bool = False
    camera_open: bool = True
    reconnecting: bool = False
    peer_muted: bool = False
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """A call is over: why, after how many seconds of talk, and whose doing.

    `ended_by_me` with `no_response` means that it rang here: a missed call. Raises ValueError for
    a reason that is not one of REASONS.
    """

    reason: str
    peer: str = ""
    seconds: int = 0
    ended_by_me: bool = False
    detail: str = ""

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise ValueError(f"{self.reason!r} is no reason for an end: {sorted(REASONS)}")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something is broken: what, the particulars, and what a person can do about it."""

    title: str
    detail: str = ""
    remedy: str = ""


Scene = Idle | Calling | RingingIn | InCall | Ended | Fault


def buttons(scene: Scene, size: Size) -> dict[str, Rect]:
    """The areas of `scene` that can be touched on a screen of `size`, by the intent they mean."""
    match scene:
        case Idle(callee=callee):
            call = layout.idle(size, callee is not None).call
            return {} if call is None else {"call": call}
        case Calling():
            return {"hangup": layout.one_button(size).button}
        case RingingIn():
            ringing = layout.ringing(size)
            return {"accept": ringing.left, "hangup": ringing.right}
        case InCall():
            call_row = layout.in_call(size)
            return {"mute": call_row.left, "hangup": call_row.right}
        case Ended():
            return {"dismiss": layout.one_button(size).button}
        case Fault():
            return {}


def hit(scene: Scene, size: Size, x: int, y: int) -> str | None:
    """The intent that a touch at pixel (x, y) means, or None beside every button."""
    for intent, area in buttons(scene, size).items():
        if area.contains(x, y):
            return intent
    return None
