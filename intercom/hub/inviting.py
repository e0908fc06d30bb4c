"""Ringing: invitations, additions, and what becomes of them: offline, busy, rung out. PURE.

Checked in this order, so that nobody learns from a refusal who is at home: the request itself,
the right to call (both in `permission`), glare, the caller's own line, the callees' presence, the
callees' lines.
"""

from __future__ import annotations

from collections.abc import Iterable

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub import merging
from intercom.hub.answering import settle
from intercom.hub.board import Board
from intercom.hub.calls import Opened, StartTimer
from intercom.hub.ending import finish, over_for
from intercom.hub.permission import check_added, check_invite
from intercom.hub.state import Asked, HubCall, Member, Session
from intercom.hub.telling import invitation, say_inviter, tell_invitees
from intercom.protocol import Reason


def invite(board: Board, session: Session, message: p.Invite) -> None:
    """A user calls others; ProtocolError, with nothing changed, when it may not."""
    user = session.user_id
    callees = check_invite(board, user, message)
    crossing = None if message.group else merging.crossing(board, user, callees[0])
    if crossing is not None:
        merging.merge(board, crossing, session, message)
        return
    if user in board.claims:
        raise ProtocolError(
            "you are in a call, or being called: end it first", Code.ALREADY_IN_CALL
        )
    board.tell(session, p.Ok(message.req))
    call = _open(board, session, message, callees)
    asked = Asked(user, _deadline(board, message.timeout), message.early_media, message.data)
    failed = _ring(board, call, asked, callees)
    if not call.rung():
        finish(board, call, *failed[-1])
    elif call.group:
        tell_invitees(board, call)


def add(board: Board, session: Session, call: HubCall, message: p.Add) -> None:
    """A member calls others into the call; ProtocolError, with nothing changed, if it may not."""
    user = session.user_id
    callees = check_added(board, call, user, message)
    board.tell(session, p.Ok(message.req))
    asked = Asked(user, _deadline(board, message.timeout), data=message.data)
    before = len(call.members)
    _ring(board, call, asked, callees, adding=True)
    if len(call.members) > before:
        tell_invitees(board, call)


def rung_out(board: Board, user: str) -> None:
    """The user did not answer in time."""
    call = board.call_of(user)
    if call is None or call.members[user].joined:
        return
    member = call.members[user]
    call.part(user).settle(Reason.NO_RESPONSE)
    over_for(board, call, member, user, Reason.NO_RESPONSE)
    say_inviter(board, call, member, p.NoResponse(call.call_id, [user], "timeout"))
    settle(board, call, user, Reason.NO_RESPONSE, rung_changed=True)


def _open(board: Board, session: Session, message: p.Invite, callees: list[str]) -> HubCall:
    user = session.user_id
    opened = Opened(message.call_id, user, message.group_id, message.type, tuple(callees))
    board.do(opened)
    group = board.directory.group(message.group_id) if message.group_id else None
    call = HubCall(
        message.call_id,
        user,
        message.type,
        board.now,
        opened,
        group=message.group,
        first_answer=group is not None and group.first_answer,
    )
    member = Member(user, call.next_entry(), [session], True, message.video, message.audio)
    board.join(call, member)
    return call


def _deadline(board: Board, timeout: int) -> float:
    return board.now + min(timeout, board.ring_max)


def _ring(
    board: Board, call: HubCall, asked: Asked, callees: Iterable[str], adding: bool = False
) -> list[tuple[str, Reason]]:
    """Ring all who can be rung; return the others with the reason, those offline first."""
    busy = [user for user in callees if user in board.claims]
    offline = [user for user in callees if user not in busy and user not in board.sessions]
    inviter = call.members[asked.inviter]
    if offline:
        board.say(inviter, p.NoResponse(call.call_id, offline, "offline"))
    for user in busy:
        board.say(inviter, p.Busy(call.call_id, asked.inviter, user))
        theirs = p.Busy(call.call_id, asked.inviter, user, to_callee=True)
        board.say(board.calls[board.claims[user]].members[user], theirs)
    failed = [(user, Reason.OFFLINE) for user in offline]
    failed += [(user, Reason.LINE_BUSY) for user in busy]
    for user, reason in failed:
        call.part(user).settle(reason)
    rung = [
        _invited(board, call, asked, user)
        for user in callees
        if user not in busy and user not in offline
    ]
    if adding and rung:
        call.group, call.first_answer = True, False
    for member in rung:
        board.say(member, invitation(board, call, member))
    return failed


def _invited(board: Board, call: HubCall, asked: Asked, user: str) -> Member:
    devices = list(board.sessions[user])
    for device in devices:
        device.rang = ""
    lead = devices[0] if len(devices) == 1 else None
    member = Member(user, call.next_entry(), devices, asked=asked, lead=lead)
    board.join(call, member)
    board.do(StartTimer(("ring", user), asked.deadline - board.now))
    return member
