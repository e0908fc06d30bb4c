"""What members of a call ask of one another: signals, devices, call type, texts, the door. PURE."""

from __future__ import annotations

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub.board import Board
from intercom.hub.calls import SWITCH_GRACE, HubCall, Member, Session, StartTimer, StopTimer, Switch
from intercom.protocol import CallType


def signal(board: Board, call: HubCall, user: str, message: p.Signal) -> None:
    """Pass SDP or a candidate on, unread, to another member."""
    if message.user_id in call.members and message.user_id != user:
        passed = p.Signaled(call.call_id, user, message.epoch, message.body)
        board.say(message.user_id, passed)


def available(board: Board, call: HubCall, member: Member, video: bool, audio: bool) -> None:
    """Camera or microphone changed; of one who has not accepted nobody is told."""
    member.video, member.audio = video, audio
    if member.joined:
        told = p.PeerAvailable(call.call_id, member.user_id, video, audio)
        for user in call.members:
            if user != member.user_id:
                board.say(user, told)


def switch_type(board: Board, call: HubCall, session: Session, message: p.SwitchType) -> None:
    """Change to audio at once, or ask the others for video."""
    user = session.user_id
    if message.type is call.type:
        board.say(user, p.Ok(message.req))
        return
    if call.switch is not None:
        raise ProtocolError(
            "a switch to video is being asked already: wait for its answer",
            Code.SWITCH_TO_VIDEO_FAILED,
        )
    call.switch = Switch(user, session.number, message.req)
    if message.type is CallType.AUDIO:
        _switch(board, call)
        return
    for other in call.others(user):
        board.say(other.user_id, p.TypeAsked(call.call_id, user, message.type))
    board.do(StartTimer(("switch", call.call_id), SWITCH_GRACE))


def switch_answered(board: Board, call: HubCall, user: str, allow: bool) -> None:
    """Take somebody else's consent, or not, to the switch that is being asked."""
    if call.switch is None or call.switch.user_id == user:
        return
    if allow:
        _switch(board, call)
    else:
        board.fail_switch(call)


def switch_late(board: Board, call_id: str) -> None:
    """Nobody consented in time."""
    if call_id in board.calls:
        board.fail_switch(board.calls[call_id])


def _switch(board: Board, call: HubCall) -> None:
    switch, call.switch = call.switch, None
    board.do(StopTimer(("switch", call.call_id)))
    old = call.type
    call.type = CallType.AUDIO if old is CallType.VIDEO else CallType.VIDEO
    if switch is not None:
        board.say(switch.user_id, p.Ok(switch.req), number=switch.session)
    for member in call.others(""):
        member.video = call.type is CallType.VIDEO  # as each client does for itself
        board.say(member.user_id, p.TypeChanged(call.call_id, old, call.type))


def text(board: Board, call: HubCall, user: str, message: p.SendText) -> None:
    """Show a text at everybody else's."""
    for other in call.others(user):
        board.say(other.user_id, p.Texted(call.call_id, user, message.text))
    board.say(user, p.Ok(message.req))


def open_door(board: Board, call: HubCall, user: str, message: p.OpenDoor) -> None:
    """Open the door for everybody to hear; ProtocolError when the user may not."""
    refused = board.directory.refuse_door(user)
    if refused is not None:
        raise ProtocolError(refused, Code.NOT_PERMITTED)
    opened = p.DoorOpened(call.call_id, user, board.directory.door_seconds())
    for member in call.others(""):
        board.say(member.user_id, opened)
    board.say(user, p.Ok(message.req))
