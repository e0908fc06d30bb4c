"""Answering, refusing and leaving. PURE."""

from __future__ import annotations

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub import joining
from intercom.hub.board import Board
from intercom.hub.calls import StartTimer
from intercom.hub.ending import finish, over_for
from intercom.hub.state import HubCall, Member, Session
from intercom.hub.talking import without
from intercom.hub.telling import invitation, say_inviter, tell_invitees
from intercom.protocol import LOST_GRACE, Reason


def rings(board: Board, call: HubCall, member: Member, session: Session) -> None:
    """It rings at a device of one that is called; the inviter is told once."""
    if member.joined:
        return
    session.rang = call.call_id
    call.part(member.user_id).rang = True
    if not member.rang or member.lead is None or not member.lead.attached:
        _lead(board, call, member, session)


def lead_lost(board: Board, call: HubCall, member: Member, session: Session) -> None:
    """A device is gone; if it was the lead, the next that rings is that."""
    if member.joined or member.lead is not session:
        return
    rest = [device for device in member.devices if device is not session]
    heirs = [device for device in rest if device.attached and device.rang == call.call_id]
    if heirs:
        _lead(board, call, member, heirs[0])
    elif session not in member.devices:
        member.lead = None


def _lead(board: Board, call: HubCall, member: Member, session: Session) -> None:
    """Let the inviter set its transport up with this device.

    One that it has set up with another device is of no use: a higher entry says so.
    """
    if member.rang:
        member.entry = call.next_entry()
        board.say(member, invitation(board, call, member))
    member.rang, member.lead = True, session
    told = p.Rang(call.call_id, member.user_id, member.entry, early=member.early)
    say_inviter(board, call, member, told)


def accept(
    board: Board, call: HubCall, member: Member, session: Session, message: p.Accept
) -> None:
    """One that is called takes the call; ProtocolError when that is settled already."""
    if not member.is_meant(message.entry):
        raise ProtocolError("that invitation is over: another one rings", Code.INVITATION_GONE)
    if member.joined:
        raise ProtocolError("that call is already answered", Code.INVITATION_GONE)
    board.tell(session, p.Ok(message.req))
    member.video, member.audio = message.video, message.audio
    joining.take(board, call, member, session)
    joining.arrive(board, call, member)


def reject(
    board: Board, call: HubCall, member: Member, session: Session, message: p.Reject
) -> None:
    """One that is called does not take the call; from one that is in it, it is a hang-up."""
    user = member.user_id
    _over_again(board, call, member, session, message.entry)
    if member.joined:
        leave(board, call, user, Reason.HANGUP)
        return
    reason = Reason.LINE_BUSY if message.busy else Reason.REJECT
    call.part(user).settle(reason)
    member.devices.remove(session)  # it knows; the others are told
    over_for(board, call, member, user, reason)
    if message.busy:
        say_inviter(board, call, member, p.Busy(call.call_id, member.inviter, user))
    else:
        for other in call.joined():
            if call.group or other.user_id == member.inviter:
                board.say(other, p.Rejected(call.call_id, user))
    settle(board, call, user, reason, rung_changed=True)


def hang_up(
    board: Board, call: HubCall, member: Member, session: Session, message: p.Hangup
) -> None:
    """A client leaves, for one of the reasons that are a client's to give.

    While it rings, a hang-up refuses the call; any other reason is this one device's.
    """
    reason = message.reason
    if reason not in p.LEAVING:
        raise ProtocolError(f'nobody leaves for the reason "{reason}": use "hangup"')
    if not member.joined and reason is Reason.HANGUP:
        reject(board, call, member, session, p.Reject(call.call_id, message.entry))
        return
    _over_again(board, call, member, session, message.entry)
    if member.joined:
        leave(board, call, member.user_id, reason)
    else:
        drop(board, call, member, session, reason)


def _over_again(board: Board, call: HubCall, member: Member, session: Session, entry: int) -> None:
    """A device gives up a part that has a new number meanwhile, at which it takes it up again.

    So it would ring, or be in the call, and hear of it no more.
    """
    if 0 < entry < member.entry:
        seconds = call.seconds(board.now) if member.joined else 0
        reason = Reason.HANGUP if member.joined else Reason.REJECT
        board.tell(session, p.Ended(call.call_id, member.user_id, reason, seconds))


def drop(board: Board, call: HubCall, member: Member, session: Session, reason: Reason) -> None:
    """A device is out of the call, and its user too, unless it rings at others as well."""
    rest = [device for device in member.devices if device is not session]
    if not rest:
        leave(board, call, member.user_id, reason)
        return
    member.devices = rest
    lead_lost(board, call, member, session)
    board.forget(session)
    if member.lost:
        board.do(StartTimer(("lost", member.user_id), LOST_GRACE))


def leave(board: Board, call: HubCall, user: str, reason: Reason) -> None:
    """Take a user out, whatever it was doing, with all that rings by its invitation."""
    was = call.members[user]
    board.release(call, user)
    if was.joined:
        for other in call.joined():
            board.say(other, p.Left(call.call_id, user, reason))
    else:
        call.part(user).settle(Reason.OFFLINE)
        if call.group:
            say_inviter(board, call, was, p.NoResponse(call.call_id, [user], "offline"))
    if reason is Reason.HANGUP and call.answered is None:
        reason = Reason.CANCELED
    stopped = [rung for rung in call.rung() if rung.rung_by(user)]
    for rung in stopped:
        call.part(rung.user_id).settle(Reason.CANCELED)
        why = Reason.CANCELED if reason is Reason.HANGUP else reason
        over_for(board, call, rung, user, why)
    settle(board, call, user, reason, rung_changed=bool(stopped) or not was.joined)


def settle(board: Board, call: HubCall, by: str, reason: Reason, rung_changed: bool) -> None:
    """End a call that is too small to live, after `by` has left it, or did not come."""
    joined = call.joined()
    if len(joined) < 2 and not (joined and call.rung()):
        finish(board, call, by, reason)
        return
    if call.group and rung_changed:
        tell_invitees(board, call)
    without(board, call, by)
