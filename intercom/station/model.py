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
from intercom.station.dialplan import GROUP
from intercom.station.lamp import LampState, lamp_for
from intercom.station.speaking import NOBODY, Speaking

TEXT_SECONDS = 15.0

MISSED_MOST = 20
"""Missed calls that are kept to be shown."""


@dataclass(frozen=True)
class Missed:
    """A call that nobody took here: whose, the local time to show, and the message left with it."""

    call_id: str
    caller: str
    at: str
    message: str = ""


@dataclass(frozen=True)
class Leaving:
    """A visitor leaves a message: a step of `scene.Recording`, and when the recording ends."""

    step: str
    until: float = 0.0


@dataclass(frozen=True)
class Playing:
    """A message that is shown: a step of `scene.Message`, and when its sound ends."""

    of: Missed
    step: str
    until: float = 0.0


@dataclass(frozen=True)
class Asked:
    """Somebody would like to switch to video, and hears no after `until`."""

    user_id: str
    until: float


@dataclass
class Facts:
    """The station's state of mind; the app writes it, `scene` and `lamp` read it.

    `dialing`: whom the call button's plan rings now; `hushed`: the call that must not be noticed;
    `lost`: whose media come no more.
    """

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
    dialing: str = ""
    hushed: str = ""
    quiet: bool = False
    missed: tuple[Missed, ...] = ()
    leaving: Leaving | None = None
    playing: Playing | None = None
    lost: set[str] = field(default_factory=set)
    speaking: Speaking = NOBODY
    asked: Asked | None = None
    choosing: bool = False
    camera_open: bool = False
    microphone_open: bool = False
    text: str = ""
    text_from: str = ""
    text_until: float = 0.0
    ended: sc.Ended | None = None
    ended_until: float = 0.0

    def called(self, user_id: str) -> str:
        """Return the name to show for a user, or for a group ("group:family")."""
        return self.names.get(user_id) or user_id.removeprefix(GROUP)

    def begin(self, now: float, rings_for: float = 0.0) -> None:
        """A call begins: what the last one left behind is forgotten."""
        self.started, self.rings_until = now, now + rings_for
        self.answers_at, self.answers_with_tone = None, False
        self.lost, self.speaking = set(), NOBODY
        self.asked, self.choosing = None, False
        self.text, self.ended = "", None

    def say(self, user_id: str, text: str, now: float) -> None:
        """Show a text of another one for a while."""
        self.text_from, self.text, self.text_until = user_id, text, now + TEXT_SECONDS

    def end(self, ended: sc.Ended, until: float) -> None:
        """Show why the call ended, until `until` or a press."""
        self.ended, self.ended_until = ended, until

    def miss(self, *missed: Missed) -> None:
        """Keep these calls, the last one first, to be shown until somebody has seen them."""
        known = {call.call_id for call in missed}
        kept = [call for call in self.missed if call.call_id not in known]
        self.missed = (*missed, *kept)[:MISSED_MOST]

    @property
    def messages(self) -> tuple[Missed, ...]:
        """The calls that a message was left with, one for each message, the last one first."""
        first: dict[str, Missed] = {}
        for call in self.missed:
            if call.message:
                first.setdefault(call.message, call)
        return tuple(first.values())

    @property
    def notice(self) -> str:
        """What is broken, for the idle screen: one line."""
        return " · ".join(self.faults[kind] for kind in sorted(self.faults))


def scene(facts: Facts, phase: ph.Phase, now: float, clock: str) -> sc.Scene:
    """Return what the screen should show."""
    match phase:
        case ph.Calling():
            callee = facts.called(facts.dialing or phase.peer)
            return sc.Calling(facts.name, callee, int(now - facts.started), phase.rung)
        case ph.Ringing() if phase.call_id != facts.hushed:
            caller = phase.other(phase.sponsor)
            video = phase.type is CallType.VIDEO and (caller is None or caller.video)
            return sc.RingingIn(
                facts.called(phase.sponsor),
                video=phase.early_media and video,
                seconds_left=_left(facts.rings_until, now),
                auto_answer_in=None if facts.answers_at is None else _left(facts.answers_at, now),
                user_id=phase.sponsor,
            )
        case ph.Connected():
            return _in_call(facts, phase, now)
        case ph.Idle() if facts.dialing:  # between two steps of a plan
            callee = facts.called(facts.dialing)
            return sc.Calling(facts.name, callee, int(now - facts.started))
        case _:
            return _at_rest(facts, now, clock)


def lamp(facts: Facts, phase: ph.Phase) -> LampState:
    """Return what the lamp should show."""
    silent = isinstance(phase, ph.Ringing) and phase.call_id == facts.hushed
    refused = facts.login_fault is not None  # by a hub that was reached
    return lamp_for(
        str(State.IDLE if silent else state_of(phase)),
        muted=isinstance(phase, ph.Connected) and not phase.audio,
        device_open=facts.camera_open or facts.microphone_open,
        hub_ok=facts.hub_ok or refused,
        fault=bool(facts.faults) or refused,
    )


def _in_call(facts: Facts, phase: ph.Connected, now: float) -> sc.InCall:
    video = phase.type is CallType.VIDEO
    marked = len(phase.joined) > 1 or not video  # who is alone on the picture needs no mark
    tiles = tuple(
        sc.Tile(
            other.user_id,
            facts.called(other.user_id),
            picture=video and other.video,
            muted=not other.audio,
            reconnecting=other.user_id in facts.lost,
            speaks=marked and other.user_id == facts.speaking.user_id,
            text=facts.text if _wrote(facts, other.user_id, now) else "",
        )
        for other in phase.joined
    )
    asked = facts.asked
    return sc.InCall(
        tiles,
        seconds=int(now - phase.since),
        muted=not phase.audio,
        camera_open=facts.camera_open,
        invitees=tuple(facts.called(user) for user in phase.invitees),
        video=video,
        asked=None if asked is None else (facts.called(asked.user_id), _left(asked.until, now)),
        choosing=facts.choosing,
    )


def _wrote(facts: Facts, user_id: str, now: float) -> bool:
    return user_id == facts.text_from and now < facts.text_until


def _at_rest(facts: Facts, now: float, clock: str) -> sc.Scene:
    if facts.leaving is not None:
        left = _left(facts.leaving.until, now)
        return sc.Recording(facts.leaving.step, left, facts.camera_open)
    if facts.playing is not None:
        return _message(facts, facts.playing, now)
    if facts.ended is not None and now < facts.ended_until:
        return facts.ended
    if facts.login_fault is not None:
        return sc.Fault(*facts.login_fault)
    callee = facts.called(facts.callee) if facts.callee else None
    calls = (call for call in facts.missed if not call.message)
    missed, messages = (
        tuple((facts.called(call.caller), call.at) for call in kind)
        for kind in (calls, facts.messages)
    )
    return sc.Idle(
        facts.name, clock, callee, facts.notice, facts.hub_ok, facts.quiet, missed, messages
    )


def _message(facts: Facts, playing: Playing, now: float) -> sc.Message:
    of, left = playing.of, _left(playing.until, now)
    others = sum(call.message != of.message for call in facts.messages)
    return sc.Message(of.message, facts.called(of.caller), of.at, playing.step, left, others)


def _left(at: float, now: float) -> int:
    return max(0, math.ceil(at - now))
