"""Histories for the simulator's rules: how their entries are made, and two good ones."""

from __future__ import annotations

from typing import Any

from intercom import Event, State
from intercom.simulate.cast import Cast, DeviceSpec, GroupSpec
from intercom.simulate.entries import Asked, Dialed, Entry, Heard, Moved

DEVICES = ("ann.1", "bob.1", "bob.2", "cem.1", "dan.1")
CAST = Cast(
    ("ann", "bob", "cem", "dan"),
    frozenset({"bob"}),
    tuple(DeviceSpec(name, name[:3], None) for name in DEVICES),
    {"home": GroupSpec(("bob", "cem"), first_answer=True)},
)


def who(at: float, device: str) -> tuple[float, str, str]:
    """How an entry of that device begins."""
    return at, device, device.partition(".")[0]


def moved(at: float, device: str, before: str, after: str, state: str, **more: Any) -> Moved:
    """The device's call or state changed."""
    return Moved(*who(at, device), before, after, State(state), **more)


def heard(at: float, device: str, event: Event, invite_id: str = "", **payload: Any) -> Heard:
    """A handler of the device ran."""
    named = {"invite_id": invite_id} if invite_id else {}
    return Heard(*who(at, device), event, named | payload)


def dialed(at: float, device: str, call_id: str, *callees: str, **more: Any) -> list[Entry]:
    """The device calls."""
    begun = Dialed(*who(at, device), call_id, callees, 10, **more)
    return [begun, moved(at, device, "", call_id, "calling")]


def rings(at: float, device: str, call_id: str) -> list[Entry]:
    """It rings there."""
    invited = heard(at, device, Event.INVITED, call_id)
    return [moved(at, device, "", call_id, "ringing"), invited]


def accepts(at: float, device: str, call_id: str) -> list[Entry]:
    """The device takes the call."""
    asked = Asked(*who(at, device), call_id, "accept")
    return [asked, moved(at, device, call_id, call_id, "connected")]


def ends(
    at: float, device: str, call_id: str, seconds: int = 0, reason: str = "hangup"
) -> list[Entry]:
    """The device is out of the call, and is told so."""
    end = heard(at, device, Event.CALL_END, call_id, call_end=seconds, reason=reason)
    return [moved(at, device, call_id, "", "idle"), end]


def linked(at: float, device: str) -> Heard:
    """The device is logged in."""
    return heard(at, device, Event.CONNECTION_STATE, user_id="hub", state="connected")


def busy(at: float, device: str, call_id: str, user: str) -> Heard:
    """The device is told that the user is busy."""
    return heard(at, device, Event.LINE_BUSY, call_id, sponsor=device[:3], user_id=user)


TALK = [
    *(linked(0, device) for device in DEVICES),
    *dialed(10, "ann.1", "one", "bob"),
    *rings(10.1, "bob.1", "one"),
    heard(10.2, "ann.1", Event.RINGING, "one", user_id="bob"),
    *accepts(12, "bob.1", "one"),
    moved(12.1, "ann.1", "one", "one", "connected"),
    heard(12.1, "ann.1", Event.USER_ENTER, user_id="bob"),
    *ends(20, "bob.1", "one", 8),
    heard(20.1, "ann.1", Event.USER_LEAVE, user_id="bob"),
    *ends(20.1, "ann.1", "one", 8),
]
GROUP = [
    *(linked(0, device) for device in DEVICES),
    *dialed(10, "ann.1", "one", "bob", "cem", group=True, first_answer=True),
    *rings(10.1, "bob.1", "one"),
    *rings(10.1, "cem.1", "one"),
    *accepts(12, "bob.1", "one"),
]
