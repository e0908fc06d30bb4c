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
from intercom.hub.telling import say_inviter, tell_invitees
from intercom.protocol import LOST_GRACE, Reason


def rings(board: Board, call: HubCall, member: Member, session: Session) -> None:
    """It rings at a device of one that is called; the inviter is told once."""
    if member.joined:
        return
    session.rang = call.call_id
    if not member.rang:
        member.rang = call.part(member.user_id).rang = True
        member.lead = member.lead or session
        say_inviter(board, call, member, p.Rang(call.call_id, member.user_id, member.entry))


def accept(
    board: Board, call: HubCall, member: Member, session: Session, message: p.Accept
) -> None:
    """One that is called takes the call; ProtocolError when it has it already."""
    if member.joined:
        raise ProtocolError("that call is already answered", Code.INVITATION_GONE)
    board.tell(session, p.Ok(message.req))
    member.video, member.audio = message.video, message.audio
    joining.take(board, call, member, session)
    joining.arrive(board, call, member)


def reject(board: Board, call: HubCall, member: Member, session: Session, busy: bool) -> None:
    """One that is called does not take the call; from one that is in it, it is a hang-up."""
    user = member.user_id
    if member.joined:
        leave(board, call, user, Reason.HANGUP)
        return
    reason = Reason.LINE_BUSY if busy else Reason.REJECT
    call.part(user).settle(reason)
    member.devices.remove(session)  # it knows; the others are told
    over_for(board, call, member, user, reason)
    if busy:
        say_inviter(board, call, member, p.Busy(call.call_id, member.inviter, user))
    else:
        for other in call.joined():
            if call.group or other.user_id == member.inviter:
                board.say(other, p.Rejected(call.call_id, user))
    settle(board, call, user, reason, rung_changed=True)


def hang_up(board: Board, call: HubCall, member: Member, session: Session, reason: Reason) -> None:
    """A client leaves, for one of the reasons that are a client's to give.

    While it rings, a hang-up refuses the call; any other reason is this one device's.
    """
    if reason not in p.LEAVING:
        raise ProtocolError(f'nobody leaves for the reason "{reason}": use "hangup"')
    if member.joined:
        leave(board, call, member.user_id, reason)
    elif reason is Reason.HANGUP:
        reject(board, call, member, session, busy=False)
    else:
        drop(board, call, member, session, reason)


def drop(board: Board, call: HubCall, member: Member, session: Session, reason: Reason) -> None:
    """A device is out of the call, and its user too, unless it rings at others as well."""
    rest = [device for device in member.devices if device is not session]
    if not rest:
        leave(board, call, member.user_id, reason)
        return
    member.devices = rest
    member.lead = None if member.lead is session else member.lead
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
