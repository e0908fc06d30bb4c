"""One user's call, as its client sees it. PURE: events in, new state and effects out.

The law of this module
----------------------
1. The hub decides, the client mirrors: CONNECTED only on the hub's `Accepted` or `Merged`. The one
   thing decided here alone is the user's own leaving, which works without a hub.
2. Every message names its call. One that names another call than the present one changes nothing.
3. Whatever state is left for IDLE, one CALL_END tells so; so each call ends exactly once.
4. No state but IDLE lasts by itself: ringing out and in end by the hub's clock or, when the hub is
   gone, after LOST_GRACE seconds; a call without a hub ends after LOST_GRACE seconds.
5. An event that a state does not allow raises `CallingError` and changes nothing. What races
   with a late message of the hub (hang up, timers) is allowed in every state.
6. A call that was left here does not begin again, whatever was lost or late; the hub is told.
7. What the media should be doing is no effect but a function of the state: `intercom.plan`.
"""

from __future__ import annotations

from dataclasses import replace

from intercom import protocol as p
from intercom import steps
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
    Emit,
    GraceOver,
    HubBack,
    HubLost,
    HungUp,
    Idle,
    Input,
    Opened,
    Phase,
    Refused,
    Ringing,
    Send,
    StartGrace,
    Step,
)
from intercom.protocol import LOST_GRACE, Reason


def feed(phase: Phase, event: Input, now: float) -> Step:  # noqa: PLR0911, PLR0912 (the one match)
    """Return the next state and what to do; CallingError (nothing changed) if illegal.

    `now`: monotonic seconds.
    """
    if isinstance(event, p.Message) and stale(phase, event):
        return phase, []
    match phase, event:
        # IDLE
        case Idle(), Dialed(invite=invite, me=me):
            return steps.dial(phase, invite, me)
        case ((Idle() | Calling()), p.Invited()) if event.call_id in phase.over:
            return phase, [steps.gone(event.call_id)]
        case _, p.Merged() if event.old_id in phase.over:
            return steps.merged_too_late(phase, event)
        case Idle(), HubBack(call_id=call_id) if call_id:
            return phase, [steps.gone(call_id)]
        case Idle(), p.Invited():
            return steps.ring(event, phase.over)
        # CALLING
        case Calling(rung=False), p.Rang():
            return replace(phase, rung=True), [steps.emit(Event.RINGING, phase, event.user_id)]
        case Calling(), p.Invited():
            return replace(phase, waiting=event), []
        case Calling(waiting=p.Invited() as other), p.Ended() if event.call_id == other.call_id:
            return replace(phase, waiting=None), []
        case Calling(), p.Accepted():
            return steps.connect(phase, event.user_id, event.video, event.audio, now)
        case Calling() | Connected(), p.Merged():
            return steps.merge(phase, event, now)
        case Calling(), p.Rejected():
            return phase, [steps.emit(Event.REJECT, phase, event.user_id)]
        case Calling(), p.Busy():
            return phase, [steps.busy(event)]
        case Calling(), p.NoResponse():
            return phase, [steps.no_response(event)]
        case Calling(), DialFailed(call_id=phase.call_id):
            return steps.end(phase, phase.sponsor, event.reason, 0)
        # RINGING
        case Ringing(answering=False), Answered() if _names(event.call_id, phase):
            message = p.Accept(event.req, phase.call_id, video=phase.video, audio=phase.audio)
            return replace(phase, answering=True), [Send(message)]
        case Ringing(answering=True), Answered() if _names(event.call_id, phase):
            raise CallingError(Code.INVITATION_GONE, "already accepted: wait for the hub's word")
        case Ringing(answering=True), AnswerFailed(call_id=phase.call_id):
            return replace(phase, answering=False), []
        case Ringing(), Refused() if _names(event.call_id, phase):
            reject = Send(p.Reject(phase.call_id, busy=event.busy))
            return steps.end(phase, None, Reason.REJECT, 0, first=[reject])
        case Ringing(), p.Accepted():
            return steps.connect(phase, phase.sponsor, event.video, event.audio, now)
        case Ringing(), p.Invited():  # delivered again after a reconnect
            return phase, [Send(p.Ringing(phase.call_id))]
        # CONNECTED
        case Connected(), p.Left():
            return phase, [steps.left(event)]
        case Connected(), p.TypeChanged():
            return steps.switch(phase, event)
        case Connected(), p.TypeAsked():
            return phase, [steps.asked(event)]
        case Connected(), p.Texted():
            return phase, [Emit(Event.TEXT, {"user_id": event.user_id, "text": event.text})]
        case Connected(), p.DoorOpened():
            return phase, [steps.door_opened(event)]
        # any call
        case ((Ringing() | Connected()), p.PeerAvailable()):
            return phase, steps.available(event.user_id, event.video, event.audio)
        case ((Ringing() | Connected()), p.Busy()):  # somebody else called us; we are untouched
            return phase, [steps.busy(event)]
        case Call(), p.Ended():
            return steps.end(phase, event.user_id, event.reason, event.duration)
        case Call(), HungUp():
            return steps.leave(phase, event.reason, now)
        case ((Calling() | Ringing() | Connected()), Opened()):
            return steps.set_devices(phase, event)
        case ((Calling() | Ringing() | Connected()), HubLost()) if not phase.adrift:
            return replace(phase, adrift=True), [StartGrace(phase.call_id, LOST_GRACE)]
        case ((Calling() | Ringing() | Connected()), HubBack(call_id=phase.call_id)):
            return steps.hub_back(phase)
        case Call(), (HubBack() | GraceOver(call_id=phase.call_id)):
            return steps.end(phase, phase.peer, Reason.LOST, steps.seconds(phase, now))
        # whatever raced with the end
        case _, (HungUp() | Opened() | HubLost() | HubBack() | GraceOver() | AnswerFailed()):
            return phase, []
        case _, DialFailed() | p.Message():
            return phase, []
        case _, Dialed():
            raise CallingError(Code.ALREADY_IN_CALL, "already in a call: hang up first")
        case _:
            raise CallingError(Code.INVITATION_GONE, "no such call rings here (any more)")


def stale(phase: Phase, message: p.Message) -> bool:
    """Tell whether a hub's message belongs to another call than the present one."""
    match phase, message:
        case ((Idle() | Calling()), p.Invited()):
            return False
        case Calling(waiting=p.Invited(call_id=waiting)), p.Ended(call_id=ended):
            return ended not in {phase.call_id, waiting}
        case _, p.Merged(old_id=old):
            return old != phase.call_id and old not in phase.over
        case Call(), p.Busy(sponsor=sponsor):  # the busy callee's copy names the other's call
            return sponsor == phase.sponsor and message.call_id != phase.call_id
        case Call(), _:
            return getattr(message, "call_id", "") != phase.call_id
        case _:
            return True


def _names(call_id: str | None, phase: Call) -> bool:
    return call_id is None or call_id == phase.call_id
