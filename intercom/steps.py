"""The steps of the call machine: how a call begins, and how it ends. PURE.

Which step an event takes is decided in `intercom.call`, whose law holds here too; who is in a call
meanwhile stands in `intercom.parties`.
"""

from __future__ import annotations

from dataclasses import replace

from intercom import news, parties
from intercom import protocol as p
from intercom.events import Event
from intercom.phases import (
    Answered,
    Call,
    Calling,
    Connected,
    DialFailed,
    Effect,
    Idle,
    JoinAsked,
    Opened,
    Other,
    Parts,
    Phase,
    Ringing,
    Send,
    StartGrace,
    Step,
    StopGrace,
)
from intercom.protocol import LOST_GRACE, RETURN_GRACE, CallType, Reason

KEPT = 16
"""How many calls that were left are remembered."""


def dial(idle: Idle, invite: p.Invite, me: str) -> Step:
    """Ring out."""
    calling = Calling(
        invite.call_id,
        sponsor=me,
        others=tuple(Other(user_id, early=invite.early_media) for user_id in invite.user_ids),
        type=invite.type,
        entry=p.SPONSOR_ENTRY,
        group=invite.group,
        video=invite.video,
        audio=invite.audio,
        over=idle.over,
    )
    return calling, [Send(invite)]


def ask_in(idle: Idle, event: JoinAsked) -> Step:
    """Ask the hub to be let into a running call."""
    message = p.Join(event.req, event.call_id, video=event.video)
    return replace(idle, joining=event.req), [Send(message)]


def dial_failed(phase: Calling, event: DialFailed) -> Step:
    """The call is not made; should the hub have begun it, as when its word came late, it ends."""
    hang_up = Send(p.Hangup(phase.call_id, Reason.ERROR, phase.entry))
    return end(phase, phase.sponsor, event.reason, 0, first=[hang_up])


def ring(
    invited: p.Invited, over: Parts, first: list[Effect] | None = None
) -> tuple[Ringing, list[Effect]]:
    """Ring in, for an invitation; `first` comes before it."""
    sponsor = Other(
        invited.sponsor,
        invited.sponsor_entry,
        joined=True,
        video=invited.video,
        audio=invited.audio,
    )
    ringing = Ringing(
        invited.call_id,
        sponsor=invited.sponsor,
        others=(sponsor,),
        type=invited.type,
        entry=invited.entry,
        group=invited.group,
        early_media=invited.early_media,
        video=invited.type is CallType.VIDEO,
        over=over,
    )
    rang = Send(p.Ringing(invited.call_id))
    return ringing, [*(first or []), rang, news.invited(invited)]


def ring_again(phase: Ringing, event: p.Invited) -> Step:
    """The invitation again, after a reconnect, or since its sponsor moved to another device.

    After a reconnect nobody knows whether the hub heard that it rings here.
    """
    known, _ = ring(event, phase.over)
    moved = replace(phase, entry=known.entry, others=known.others)
    only_moved = known.entry == phase.entry and known.others[0].entry != phase.others[0].entry
    return moved, [] if only_moved else [Send(p.Ringing(phase.call_id))]


def accept(phase: Ringing, event: Answered) -> Step:
    """Take the call, if the hub says so."""
    message = p.Accept(event.req, phase.call_id, phase.entry, video=phase.video, audio=phase.audio)
    return replace(phase, answering=True), [Send(message)]


def merge(phase: Calling | Connected, event: p.Merged, now: float) -> Step:
    """Glare: our call and the peer's became one, connected at once."""
    other = Other(
        event.user_id, event.user_entry, joined=True, video=event.video, audio=event.audio
    )
    merged = replace(
        parties.connected(phase, now),
        call_id=event.call_id,
        sponsor=event.sponsor,
        others=(other,),
        entry=event.entry,
        type=event.type,
    )
    accepted = news.emit(Event.USER_ACCEPT, event.call_id, event.user_id)
    return merged, [accepted, *news.entered(other)]


def merged_too_late(phase: Phase, event: p.Merged) -> Step:
    """Glare, but we had hung up: what the hub made of both calls is over for us, as theirs is."""
    hang_up = Send(p.Hangup(event.call_id, entry=event.entry))
    match phase:
        case Ringing() if phase.sponsor == event.user_id:
            return end(phase, event.user_id, Reason.CANCELED, 0, first=[hang_up])
        case Calling(waiting=p.Invited() as theirs) if theirs.sponsor == event.user_id:
            return replace(phase, waiting=None), [hang_up]
        case _:
            return phase, [hang_up]


def set_devices(phase: Calling | Ringing | Connected, event: Opened) -> Step:
    """Camera or microphone of this side changed; the hub is told when it needs to know."""
    if event.video is not None:
        phase = replace(phase, shut=not event.video)
    video = phase.video if event.video is None else event.video
    audio = phase.audio if event.audio is None else event.audio
    if (video, audio) == (phase.video, phase.audio):
        return phase, []
    if phase.adrift:
        return replace(phase, video=video, audio=audio, untold=True), []
    changed = replace(phase, video=video, audio=audio)
    if isinstance(changed, Ringing) and not changed.answering:  # the accept will say it
        return changed, []
    return changed, [parties.told_available(changed)]


def drift(phase: Calling | Ringing | Connected) -> Step:
    """The hub is lost: what rings waits as long as the hub does, a group's call longer."""
    returns = isinstance(phase, Connected) and phase.group
    grace = StartGrace(phase.call_id, RETURN_GRACE if returns else LOST_GRACE)
    return replace(phase, adrift=True), [grace]


def hub_back(phase: Calling | Ringing | Connected) -> Step:
    """The hub still has us in the call: tell it what it could not be told."""
    known = replace(phase, adrift=False, untold=False)
    told: list[Effect] = [parties.told_available(phase)] if phase.untold else []
    return known, [StopGrace(), *told]


def gone(call_id: str, entry: int) -> Send:
    """Tell the hub that we have not, or no more, the part in a call that it thinks we have."""
    return Send(p.Hangup(call_id, Reason.LOST, entry))


def leave(phase: Call, reason: Reason, now: float) -> Step:
    """This side leaves, whatever there is to leave."""
    if reason is Reason.HANGUP and isinstance(phase, Ringing):
        reject = Send(p.Reject(phase.call_id, phase.entry))
        return end(phase, None, Reason.REJECT, 0, first=[reject])
    said = [Send(p.Hangup(phase.call_id, reason, phase.entry))]
    shown = reason
    if reason is Reason.HANGUP and isinstance(phase, Calling):
        shown = Reason.CANCELED
    return end(phase, None, shown, seconds(phase, now), first=list(said))


def end(
    phase: Call,
    user_id: str | None,
    reason: Reason,
    seconds: int,
    first: list[Effect] | None = None,
) -> Step:
    """Leave for IDLE (or for the call that waited); `user_id` None: this side ended it."""
    effects: list[Effect] = [*(first or []), StopGrace()]
    if isinstance(phase, Ringing):
        effects += _ringing_over(phase, user_id or "", reason)
    effects.append(news.ended(phase, user_id or "", seconds, reason))
    over = (*phase.over, (phase.call_id, phase.entry))[-KEPT:]
    if isinstance(phase, Calling) and phase.waiting is not None:
        return ring(phase.waiting, over, effects)
    return Idle(over=over), effects


def _ringing_over(phase: Ringing, user_id: str, reason: Reason) -> list[Effect]:
    match reason:
        case Reason.CANCELED:
            return [news.emit(Event.CALLING_CANCEL, phase.call_id, user_id)]
        case Reason.NO_RESPONSE:
            return [news.rung_out(phase.call_id, user_id)]
        case Reason.ANSWERED_ELSEWHERE:
            return [news.emit(Event.ANSWERED_ELSEWHERE, phase.call_id, user_id)]
        case _:
            return []


def seconds(phase: Call, now: float) -> int:
    """Return the whole seconds that the call has been connected."""
    return int(now - phase.since) if isinstance(phase, Connected) else 0
