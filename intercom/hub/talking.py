"""What members of a call ask of one another: signals, devices, call type, texts, the door. PURE."""

from __future__ import annotations

from dataclasses import replace

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub.board import Board
from intercom.hub.calls import SWITCH_GRACE, StartTimer, StopTimer
from intercom.hub.ending import fail_switch
from intercom.hub.state import HubCall, Member, Session, Switch
from intercom.protocol import CallType

BODY_MAX = p.MAX_MESSAGE - 1024
"""Bytes of a signal that are passed on: with the names around it, it must fit into a message."""


def signal(
    board: Board, call: HubCall, member: Member, session: Session, message: p.Signal
) -> None:
    """Pass SDP or a candidate on, unread, to another member.

    Of a member that rings at several devices, one has the transport: its lead.
    """
    if (size := len(message.body)) > BODY_MAX:
        raise ProtocolError(f"signal of {size} bytes: at most {BODY_MAX} are passed on")
    other = call.members.get(message.user_id)
    if other is None or other is member or session is not _speaker(member):
        return
    passed = p.Signaled(call.call_id, member.user_id, message.epoch, message.body)
    board.tell(_speaker(other), passed)


def _speaker(member: Member) -> Session | None:
    return member.devices[0] if member.joined else member.lead


def available(board: Board, call: HubCall, member: Member, video: bool, audio: bool) -> None:
    """Camera or microphone changed; of one who has not accepted nobody is told.

    Those whom the member calls are told too: they may see it before they answer.
    """
    if not member.joined:
        return
    member.video, member.audio = video, audio
    told = p.PeerAvailable(call.call_id, member.user_id, call.shows(member), audio)
    for other in call.members.values():
        if other is not member and (other.joined or other.rung_by(member.user_id)):
            board.say(other, told)


# -- switching between audio and video -------------------------------------------------------


def switch_type(board: Board, call: HubCall, session: Session, message: p.SwitchType) -> None:
    """Change to audio at once, or ask all the others for video."""
    user = session.user_id
    if message.type is call.type:
        board.tell(session, p.Ok(message.req))
        return
    if call.switch is not None:
        raise ProtocolError(
            "a switch to video is being asked already: wait for its answer",
            Code.SWITCH_TO_VIDEO_FAILED,
        )
    asked = call.joined(but=user) if message.type is CallType.VIDEO else []
    waiting = frozenset(other.user_id for other in asked)
    call.switch = Switch(user, session.number, message.req, waiting)
    for other in asked:
        _ask(board, call, call.switch, other)
    board.do(StartTimer(("switch", call.call_id), SWITCH_GRACE))
    _switch_if_agreed(board, call)


def switch_answered(board: Board, call: HubCall, user: str, allow: bool) -> None:
    """Take somebody's consent, or not, to the switch that it was asked for."""
    if call.switch is None or user not in call.switch.waiting:
        return
    if allow:
        call.switch = replace(call.switch, waiting=call.switch.waiting - {user})
        _switch_if_agreed(board, call)
    else:
        fail_switch(board, call)


def switch_late(board: Board, call_id: str) -> None:
    """Not everybody consented in time."""
    if call_id in board.calls:
        fail_switch(board, board.calls[call_id])


def ask_newcomer(board: Board, call: HubCall, member: Member) -> None:
    """Ask one that comes in while a switch to video is being asked."""
    switch = call.switch
    if switch is not None and member.user_id != switch.user_id:
        call.switch = replace(switch, waiting=switch.waiting | {member.user_id})
        _ask(board, call, switch, member)


def ask_again(board: Board, call: HubCall, member: Member) -> None:
    """Ask one that is back, and may have missed it."""
    if call.switch is not None and member.user_id in call.switch.waiting:
        _ask(board, call, call.switch, member)


def without(board: Board, call: HubCall, user: str) -> None:
    """Do without the consent of a user that has left; without the asker, there is no switch."""
    if call.switch is None:
        return
    if call.switch.user_id == user:
        fail_switch(board, call)
    elif user in call.switch.waiting:
        call.switch = replace(call.switch, waiting=call.switch.waiting - {user})
        _switch_if_agreed(board, call)


def _ask(board: Board, call: HubCall, switch: Switch, member: Member) -> None:
    board.say(member, p.TypeAsked(call.call_id, switch.user_id, CallType.VIDEO))


def _switch_if_agreed(board: Board, call: HubCall) -> None:
    switch = call.switch
    if switch is None or switch.waiting:
        return
    call.switch = None
    board.do(StopTimer(("switch", call.call_id)))
    old = call.type
    call.type = CallType.AUDIO if old is CallType.VIDEO else CallType.VIDEO
    board.tell(board.session(switch.session), p.Ok(switch.req))
    for member in call.joined():
        member.video = call.type is CallType.VIDEO  # as each client does for itself
        board.say(member, p.TypeChanged(call.call_id, old, call.type))


def text(board: Board, call: HubCall, session: Session, message: p.SendText) -> None:
    """Show a text at everybody else's."""
    for other in call.joined(but=session.user_id):
        board.say(other, p.Texted(call.call_id, session.user_id, message.text))
    board.tell(session, p.Ok(message.req))


def open_door(board: Board, call: HubCall, session: Session, message: p.OpenDoor) -> None:
    """Open the door for everybody to hear; ProtocolError when the user may not."""
    refused = board.directory.refuse_door(session.user_id)
    if refused is not None:
        raise ProtocolError(refused, Code.NOT_PERMITTED)
    opened = p.DoorOpened(call.call_id, session.user_id, board.directory.door_seconds())
    for member in call.joined():
        board.say(member, opened)
    board.tell(session, p.Ok(message.req))
