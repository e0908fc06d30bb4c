"""Who may ring whom, and what becomes of an invitation: busy, offline, glare. PURE.

Checked in this order, so that nobody learns from a refusal who is at home: the request itself,
the right to call, glare, the caller's own line, the callee's presence, the callee's line.
"""

from __future__ import annotations

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub.board import Board
from intercom.hub.calls import HubCall, Member, StartTimer, StopTimer
from intercom.protocol import Reason


def invite(board: Board, user: str, message: p.Invite) -> None:
    """`user` calls `message.user_id`; ProtocolError, with nothing changed, when it may not."""
    _check(board, user, message)
    crossing = _crossing(board, user, message.user_id)
    if crossing is not None:
        _merge(board, crossing, user, message)
        return
    if user in board.claims:
        raise ProtocolError(
            "you are in a call, or being called: end it first", Code.ALREADY_IN_CALL
        )
    board.say(user, p.Ok(message.req))
    _ring(board, user, message)


def _check(board: Board, user: str, message: p.Invite) -> None:
    callee, directory = message.user_id, board.directory
    taken = board.calls.get(message.call_id)
    if taken is not None and taken.sponsor != user:
        raise ProtocolError("this call ID is taken: make a random one", Code.BAD_PARAMETER)
    if callee == user:
        raise ProtocolError("nobody can call himself: name another user", Code.BAD_PARAMETER)
    if not directory.exists(callee):
        raise ProtocolError(
            f'no user "{callee}" at this hub: check the ID, or add it under [hub.users]',
            Code.UNKNOWN_USER,
        )
    refused = directory.refuse_call(user, callee)
    if refused is not None:
        raise ProtocolError(refused, Code.NOT_PERMITTED)


def _ring(board: Board, user: str, message: p.Invite) -> None:
    callee, seconds = message.user_id, min(message.timeout, board.ring_max)
    call = HubCall(
        message.call_id,
        user,
        callee,
        message.type,
        message.early_media,
        message.data,
        started=board.now,
        deadline=board.now + seconds,
    )
    board.join(call, Member(user, joined=True, video=message.video, audio=message.audio))
    if callee not in board.sessions:
        board.say(user, p.NoResponse(call.call_id, [callee], "offline"))
        board.finish(call, callee, Reason.OFFLINE)
    elif callee in board.claims:
        busy = p.Busy(call.call_id, user, callee)
        board.say(user, busy)
        board.say(callee, busy)
        board.finish(call, callee, Reason.LINE_BUSY)
    else:
        board.join(call, Member(callee, joined=False))
        board.do(StartTimer(("ring", call.call_id), seconds))
        board.say(callee, invitation(board, call))


def invitation(board: Board, call: HubCall) -> p.Invited:
    """Return what the callee is told, with what is left of the ringing."""
    sponsor = call.members[call.sponsor]
    return p.Invited(
        call.call_id,
        call.sponsor,
        [call.callee],
        call.type,
        timeout=round(max(call.deadline - board.now, 0.0), 1),
        early_media=call.early_media,
        video=sponsor.video,
        audio=sponsor.audio,
        data=call.data,
        name=board.directory.name(call.sponsor),
    )


def rung_out(board: Board, call_id: str) -> None:
    """Nobody answered in time."""
    call = board.calls.get(call_id)
    if call is not None and call.answered is None:
        board.say(call.sponsor, p.NoResponse(call_id, [call.callee], "timeout"))
        board.finish(call, call.callee, Reason.NO_RESPONSE)


# -- glare -----------------------------------------------------------------------------------


def _crossing(board: Board, user: str, callee: str) -> HubCall | None:
    """Return the call in which `callee` rings `user` right now."""
    call = board.call_of(user)
    if call is None or call.sponsor != callee or call.members[user].joined:
        return None
    return call


def _merge(board: Board, call: HubCall, user: str, message: p.Invite) -> None:
    """The lower call ID stays, and the other call's inviter is answered into it."""
    peer, old = call.sponsor, call.call_id
    board.say(user, p.Ok(message.req))
    board.do(StopTimer(("ring", old)))
    if message.call_id < old:
        board.rename(call, message.call_id)
        call.sponsor, call.callee = user, peer
    me = call.members[user] = Member(user, joined=True, video=message.video, audio=message.audio)
    call.type = max(call.type, message.type)
    call.answered = board.now
    _say_merged(board, call, user, message.call_id, call.members[peer])
    _say_merged(board, call, peer, old, me)


def _say_merged(board: Board, call: HubCall, user: str, own_id: str, other: Member) -> None:
    merged = p.Merged(
        call.call_id,
        own_id,
        other.user_id,
        call.sponsor,
        call.type,
        video=other.video,
        audio=other.audio,
    )
    board.say(user, merged)
