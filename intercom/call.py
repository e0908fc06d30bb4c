"""One user's call, as its client sees it. PURE: events in, new state and effects out.

The law of this module
----------------------
1. The hub decides, the client mirrors: CONNECTED only on the hub's `Accepted`, `Roster` or
   `Merged`. The one thing decided here alone is the user's own leaving, which works without a hub.
2. Every message names its call. One that names another call than the present one changes nothing.
3. Whatever state is left for IDLE, one CALL_END tells so; so each call ends exactly once.
4. No state but IDLE lasts by itself: ringing out and in end by the hub's clock or, when the hub is
   gone, after LOST_GRACE seconds; a call without a hub ends after LOST_GRACE seconds, a group's
   after RETURN_GRACE, since the others may go on and let us in again.
5. An event that a state does not allow raises `CallingError` and changes nothing. What races
   with a late message of the hub (hang up, timers) is allowed in every state.
6. What was left here does not begin again, whatever was lost or late, and the hub is told; only a
   part with a higher number, as of one who is asked in anew, is another one.
7. What the media should be doing is no effect but a function of the state: `intercom.plan`.
"""

from __future__ import annotations

from dataclasses import replace

from intercom import news, parties, steps
from intercom import protocol as p
from intercom.errors import CallingError, Code
from intercom.events import Event
from intercom.phases import (
    Answered,
    AnswerFailed,
    Call,
    Calling,
    Connected,
    Dialed,
    DialFailed,
    GraceOver,
    HubBack,
    HubLost,
    HungUp,
    Idle,
    Input,
    JoinAsked,
    JoinFailed,
    Opened,
    Phase,
    Refused,
    Ringing,
    Send,
    Step,
    part_left,
    was_left,
)
from intercom.protocol import Reason


def feed(phase: Phase, event: Input, now: float) -> Step:  # noqa: PLR0911, PLR0912 (the one match)
    """Return the next state and what to do; CallingError (nothing changed) if illegal.

    `now`: monotonic seconds.
    """
    if isinstance(event, p.Message) and stale(phase, event):
        return phase, []
    match phase, event:
        # IDLE
        case Idle(joining=0), Dialed(invite=invite, me=me):
            return steps.dial(phase, invite, me)
        case Idle(joining=0), JoinAsked():
            return steps.ask_in(phase, event)
        case Idle(joining=req), JoinFailed() | HungUp() if req:
            return replace(phase, joining=0), []
        case Idle(joining=req), p.Roster(req=answered) if req and req == answered:
            return parties.roster(phase, event, now)
        case Idle() | Calling(), p.Roster() if event.call_id != phase.call_id:
            # we had given up to be let in, before we were
            return phase, [steps.gone(event.call_id, event.entry)]
        case ((Idle() | Calling()), p.Invited()) if was_left(phase, event.call_id, event.entry):
            return phase, [steps.gone(event.call_id, event.entry)]
        case _, p.Merged() if was_left(phase, event.old_id):
            return steps.merged_too_late(phase, event)
        case Idle(), HubBack(call_id=call_id) if call_id:
            return phase, [steps.gone(call_id, part_left(phase, call_id))]
        case Idle(), p.Invited():
            return steps.ring(event, phase.over)
        # CALLING
        case Calling(), p.Invited():
            return replace(phase, waiting=event), []
        case Calling(waiting=p.Invited() as other), p.Ended() if event.call_id == other.call_id:
            return replace(phase, waiting=None), []
        case Calling() | Connected(), p.Merged():
            return steps.merge(phase, event, now)
        case Calling(), DialFailed(call_id=phase.call_id):
            return steps.dial_failed(phase, event)
        # RINGING
        case Ringing(answering=False), Answered() if _names(event.call_id, phase):
            return steps.accept(phase, event)
        case Ringing(answering=True), Answered() if _names(event.call_id, phase):
            raise CallingError(Code.INVITATION_GONE, "already accepted: wait for the hub's word")
        case Ringing(answering=True), AnswerFailed(call_id=phase.call_id):
            return replace(phase, answering=False), []
        case Ringing(), Refused() if _names(event.call_id, phase):
            reject = Send(p.Reject(phase.call_id, phase.entry, busy=event.busy))
            return steps.end(phase, None, Reason.REJECT, 0, first=[reject])
        case Ringing(), p.Invited():  # delivered again after a reconnect
            return steps.ring_again(phase, event)
        # who is in a call, and who is rung into it
        case ((Calling() | Connected()), p.Rang()):
            return parties.rang(phase, event)
        case ((Calling() | Connected()), p.Accepted()):
            return parties.accepted(phase, event, now)
        case ((Calling() | Connected()), p.Invitees()):
            return parties.invitees(phase, event)
        case ((Calling() | Connected()), p.Rejected()):
            told = news.emit(Event.REJECT, phase.call_id, event.user_id)
            return parties.declined(phase, {event.user_id}, told)
        case ((Calling() | Connected()), p.NoResponse()):
            return parties.declined(phase, event.user_ids, news.no_response(event))
        case ((Calling() | Connected()), p.Busy()) if event.call_id == phase.call_id:
            return parties.declined(phase, {event.user_id}, news.busy(event))
        case Call(), p.Busy():  # somebody else called us; we are untouched
            return phase, [news.busy(event)]
        case ((Ringing() | Connected()), p.PeerAvailable()):
            return parties.available(phase, event)
        case ((Calling() | Ringing() | Connected()), p.Roster()):
            return parties.roster(phase, event, now)
        # CONNECTED
        case Connected(), p.Left():
            return parties.left(phase, event)
        case Connected(), p.TypeChanged():
            return parties.switched(phase, event)
        case Connected(), p.TypeAsked():
            return phase, [news.asked(event)]
        case Connected(), p.Texted():
            return phase, [news.texted(event)]
        case Connected(), p.DoorOpened():
            return phase, [news.door_opened(event)]
        # any call
        case Call(), p.Ended():
            return steps.end(phase, event.user_id, event.reason, event.duration)
        case Call(), HungUp():
            return steps.leave(phase, event.reason, now)
        case ((Calling() | Ringing() | Connected()), Opened()):
            return steps.set_devices(phase, event)
        case ((Calling() | Ringing() | Connected()), HubLost()) if not phase.adrift:
            return steps.drift(phase)
        case ((Calling() | Ringing() | Connected()), HubBack(call_id=phase.call_id)):
            return steps.hub_back(phase)
        case Call(), (HubBack() | GraceOver(call_id=phase.call_id)):
            return steps.end(phase, phase.peer, Reason.LOST, steps.seconds(phase, now))
        # whatever raced with the end
        case _, (HungUp() | Opened() | HubLost() | HubBack() | GraceOver() | AnswerFailed()):
            return phase, []
        case _, DialFailed() | JoinFailed() | p.Message():
            return phase, []
        case _, Dialed() | JoinAsked():
            raise CallingError(Code.ALREADY_IN_CALL, "already in a call: hang up first")
        case _:
            raise CallingError(Code.INVITATION_GONE, "no such call rings here (any more)")


def stale(phase: Phase, message: p.Message) -> bool:
    """Tell whether a hub's message belongs to another call than the present one."""
    match phase, message:
        case ((Idle() | Calling()), p.Invited() | p.Roster()):
            return False
        case Calling(waiting=p.Invited(call_id=waiting)), p.Ended(call_id=ended):
            return ended not in {phase.call_id, waiting}
        case _, p.Merged(old_id=old):
            return old != phase.call_id and not was_left(phase, old)
        case Call(), p.Busy(to_callee=True):  # it names the other's call
            return False
        case Call(), _:
            return getattr(message, "call_id", "") != phase.call_id
        case _:
            return True


def _names(call_id: str | None, phase: Call) -> bool:
    return call_id is None or call_id == phase.call_id
