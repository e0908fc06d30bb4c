"""Coming into a call: by an answer, late, from another device, or back after a loss. PURE."""

from __future__ import annotations

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub.board import Board
from intercom.hub.calls import ANSWERED, AnsweredBy, StopTimer
from intercom.hub.ending import fail_switch, forget_end, over_for, tell_end
from intercom.hub.state import Away, HubCall, Member, Session
from intercom.hub.talking import ask_newcomer
from intercom.hub.telling import invitation, roster, tell_invitees
from intercom.protocol import Reason


def join(board: Board, session: Session, message: p.Join) -> None:
    """Let a device into a running call; ProtocolError, with nothing changed, if it may not."""
    user = session.user_id
    call = _sought(board, user, message.call_id)
    member = call.members.get(user)
    if member is None:
        check_late(board, call, user)
        enter(board, call, session, message, message.req)
    else:
        _check_device(member, session)
        member.video, member.audio = message.video, message.audio
        take(board, call, member, session)
        arrive(board, call, member, message.req)
        _ring_anew(board, call, user)
    board.tell(session, p.Ok(message.req))


def _sought(board: Board, user: str, call_id: str) -> HubCall:
    call = board.calls.get(call_id) if call_id else board.call_of(user)
    if call is None:
        raise ProtocolError("there is no such call (any more)", Code.INVITATION_GONE)
    if not call_id and not call.members[user].joined:
        raise ProtocolError(
            "you are in no call yet: accept the one that rings, or name it", Code.INVITATION_GONE
        )
    return call


def check_late(board: Board, call: HubCall, user: str) -> None:
    """Raise ProtocolError unless the user, in no call, may come into this one uninvited."""
    if user in board.claims:
        raise ProtocolError("you are in a call: end it first", Code.ALREADY_IN_CALL)
    if not call.conference:
        raise ProtocolError("that call is between two: call them", Code.INVITATION_GONE)
    group = board.directory.group(call.opened.group_id) if call.opened.group_id else None
    if user not in call.parts and (group is None or user not in group.members):
        raise ProtocolError(
            "you were not invited to that call: let a member add you", Code.NOT_PERMITTED
        )
    if is_full(board, call):
        raise ProtocolError(
            f"the call is full: at most {board.directory.group_max()} can be in it", Code.CALL_FULL
        )


def _check_device(member: Member, session: Session) -> None:
    if session in member.devices and member.joined:
        raise ProtocolError("this device is in that call already", Code.ALREADY_IN_CALL)
    if session not in member.devices and not member.joined:
        raise ProtocolError("that call was refused here", Code.INVITATION_GONE)


def is_full(board: Board, call: HubCall) -> bool:
    """Tell whether nobody else can come in."""
    return len(call.joined()) >= (board.directory.group_max() if call.conference else 2)


def enter(
    board: Board, call: HubCall, session: Session, sends: p.Join | Away, req: int = 0
) -> None:
    """Let a user in that was not in the call (any more); `req`: its `Join`, or 0."""
    user, entry = session.user_id, call.next_entry()
    member = Member(user, entry, [session], True, sends.video, sends.audio)
    board.join(call, member)
    arrive(board, call, member, req)


def take(board: Board, call: HubCall, member: Member, session: Session) -> None:
    """Let a member be in the call with this device, and no other.

    Its entry stays if the others have set up their transports with this device. What another
    device of the user has asked the others is asked no more.
    """
    others = [device for device in member.devices if device is not session]
    if member.joined or session is not member.lead:
        member.entry = call.next_entry()
    if member.joined:
        member.first = member.entry
        if call.switch is not None and call.switch.user_id == member.user_id:
            fail_switch(board, call)
    seconds = call.seconds(board.now) if member.joined else 0
    if not member.joined:
        board.do(StopTimer(("ring", member.user_id)))
    board.do(StopTimer(("lost", member.user_id)))
    member.joined, member.devices, member.lead = True, [session], None
    ended = p.Ended(call.call_id, member.user_id, Reason.ANSWERED_ELSEWHERE, seconds)
    for device in others:
        tell_end(board, device, ended)
        board.forget(device)


def arrive(board: Board, call: HubCall, member: Member, req: int = 0) -> None:
    """A joined member is there: it is told the call, and the others of it."""
    user, others, was_group = member.user_id, call.joined(but=member.user_id), call.group
    was_rung, member.asked = member.asked is not None, None
    if others and call.answered is None:
        _answered(board, call)
    come(board, call, user)
    forget_end(board, member.devices[0], call.call_id)
    stopped = call.rung() if is_full(board, call) else []
    for rung in stopped:
        call.part(rung.user_id).settle(Reason.ANSWERED_ELSEWHERE)
        over_for(board, call, rung, user, Reason.ANSWERED_ELSEWHERE)
    board.say(member, roster(board, call, member, req))
    accepted = p.Accepted(call.call_id, user, member.entry, call.shows(member), member.audio)
    for other in others:
        board.say(other, accepted)
    if was_group and (was_rung or stopped):
        tell_invitees(board, call)
    ask_newcomer(board, call, member)


def come(board: Board, call: HubCall, user: str) -> None:
    """Note, also for the records, that a user is in."""
    part = call.part(user)
    if part.outcome != ANSWERED and user != call.opened.sponsor:
        board.do(AnsweredBy(call.opened.call_id, user))
    part.come(board.now)


def _answered(board: Board, call: HubCall) -> None:
    call.answered = board.now
    if call.first_answer:  # it is between two from now on
        call.group = call.first_answer = False


def _ring_anew(board: Board, call: HubCall, user: str) -> None:
    """Tell those whom the user rings that it has another part in the call now."""
    for rung in call.rung():
        if rung.rung_by(user):
            board.say(rung, invitation(board, call, rung))
