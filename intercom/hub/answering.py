"""Answering, refusing and leaving. PURE."""

from __future__ import annotations

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub.board import Board
from intercom.hub.calls import HubCall, Member, StopTimer
from intercom.protocol import Reason


def rings(board: Board, call: HubCall, member: Member) -> None:
    """It rings at the callee's; told once."""
    if not member.joined and not member.rang:
        member.rang = True
        board.say(call.sponsor, p.Rang(call.call_id, member.user_id))


def accept(board: Board, call: HubCall, member: Member, message: p.Accept) -> None:
    """The callee takes the call; ProtocolError when it has it already."""
    if member.joined:
        raise ProtocolError("that call is already answered", Code.INVITATION_GONE)
    member.joined, member.video, member.audio = True, message.video, message.audio
    call.answered = board.now
    board.do(StopTimer(("ring", call.call_id)))
    board.say(member.user_id, p.Ok(message.req))
    accepted = p.Accepted(call.call_id, member.user_id, video=member.video, audio=member.audio)
    for joined in call.others(""):
        board.say(joined.user_id, accepted)
    for other in call.others(member.user_id):
        told = p.PeerAvailable(call.call_id, other.user_id, other.video, other.audio)
        board.say(member.user_id, told)


def reject(board: Board, call: HubCall, member: Member, busy: bool) -> None:
    """The callee does not take the call; from somebody who is in it, it is a hang-up."""
    user = member.user_id
    if member.joined:
        leave(board, call, user, Reason.HANGUP)
        return
    if busy:
        board.say(call.sponsor, p.Busy(call.call_id, call.sponsor, user))
    else:
        board.say(call.sponsor, p.Rejected(call.call_id, user))
    board.release(call, user)
    board.finish(call, user, Reason.LINE_BUSY if busy else Reason.REJECT)


def hang_up(board: Board, call: HubCall, user: str, reason: Reason) -> None:
    """A client leaves, for one of the reasons that are a client's to give."""
    if reason not in p.LEAVING:
        raise ProtocolError(f'nobody leaves for the reason "{reason}": use "hangup"')
    leave(board, call, user, reason)


def leave(board: Board, call: HubCall, user: str, reason: Reason) -> None:
    """Take a member out, whatever it was doing, and end the call: too few are left."""
    was = call.members[user]
    board.release(call, user)
    if call.answered is not None:
        for other in call.others(user):
            board.say(other.user_id, p.Left(call.call_id, user, reason))
    if reason is Reason.HANGUP and call.answered is None:
        reason = Reason.CANCELED if was.joined else Reason.REJECT
    board.finish(call, user, reason)
