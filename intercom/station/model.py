"""What a station knows beside the call itself, and what it therefore shows. PURE.

Times are monotonic seconds; `clock` is the local time to show, "HH:MM".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from intercom import phases as ph
from intercom.phases import State, state_of
from intercom.protocol import CallType
from intercom.station import scene as sc
from intercom.station.lamp import LampState, lamp_for

TEXT_SECONDS = 15.0


@dataclass
class Facts:
    """The station's state of mind; the app writes it, `scene` and `lamp` read it."""

    name: str
    callee: str = ""
    hub_ok: bool = False
    login_fault: tuple[str, str, str] | None = None
    faults: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    started: float = 0.0
    rings_until: float = 0.0
    answers_at: float | None = None
    answers_with_tone: bool = False
    reconnecting: bool = False
    peer_muted: bool = False
    peer_video: bool = True
    camera_open: bool = False
    text: str = ""
    text_until: float = 0.0
    ended: sc.Ended | None = None
    ended_until: float = 0.0

    def called(self, user_id: str) -> str:
        """Return the name to show for a user."""
        return self.names.get(user_id) or user_id

    def begin(self, now: float, rings_for: float = 0.0) -> None:
        """A call begins: what the last one left behind is forgotten."""
        self.started, self.rings_until = now, now + rings_for
        self.answers_at, self.answers_with_tone = None, False
        self.reconnecting = self.peer_muted = False
        self.peer_video = True
        self.text, self.ended = "", None

    def say(self, text: str, now: float) -> None:
        """Show a text of the other side for a while."""
        self.text, self.text_until = text, now + TEXT_SECONDS

    def end(self, ended: sc.Ended, until: float) -> None:
        """Show why the call ended, until `until` or a press."""
        self.ended, self.ended_until = ended, until

    @property
    def notice(self) -> str:
        """What is broken, for the idle screen: one line."""
        return " · ".join(self.faults[kind] for kind in sorted(self.faults))


def scene(facts: Facts, phase: ph.Phase, now: float, clock: str) -> sc.Scene:
    """Return what the screen should show."""
    match phase:
        case ph.Calling():
            seconds = int(now - facts.started)
            return sc.Calling(facts.name, facts.called(phase.peer), seconds, phase.rung)
        case ph.Ringing():
            return sc.RingingIn(
                facts.called(phase.peer),
                video=phase.early_media and phase.type is CallType.VIDEO and facts.peer_video,
                seconds_left=max(0, math.ceil(facts.rings_until - now)),
                auto_answer_in=_left(facts.answers_at, now),
            )
        case ph.Connected():
            return sc.InCall(
                facts.called(phase.peer),
                seconds=int(now - phase.since),
                muted=not phase.audio,
                camera_open=facts.camera_open,
                reconnecting=facts.reconnecting,
                peer_muted=facts.peer_muted,
                text=facts.text if now < facts.text_until else "",
            )
        case _:
            return _at_rest(facts, now, clock)


def lamp(facts: Facts, phase: ph.Phase) -> LampState:
    """Return what the lamp should show."""
    return lamp_for(
        str(state_of(phase)),
        muted=isinstance(phase, ph.Connected) and not phase.audio,
        camera_open=facts.camera_open and state_of(phase) is State.IDLE,
        hub_ok=facts.hub_ok,
        fault=bool(facts.faults) or facts.login_fault is not None,
    )


def _at_rest(facts: Facts, now: float, clock: str) -> sc.Scene:
    if facts.ended is not None and now < facts.ended_until:
        return facts.ended
    if facts.login_fault is not None:
        return sc.Fault(*facts.login_fault)
    callee = facts.called(facts.callee) if facts.callee else None
    return sc.Idle(facts.name, clock, callee, facts.notice, facts.hub_ok)


def _left(at: float | None, now: float) -> int | None:
    return None if at is None else max(0, math.ceil(at - now))
