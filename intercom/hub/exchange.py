"""The hub's decisions: who is in which call. PURE: events in, effects out, no clock, no socket.

The law of this module
----------------------
1. One active call per user: `claims` names it. A claim is set when a call starts to ring and is
   gone when its user is out; nobody is rung or joined without it.
2. A call lives while two members are in it, or its sponsor is and somebody is still rung. What
   breaks that ends it at once, for every member left, once.
3. A member without a socket is kept for LOST_GRACE seconds; only the same client (its secret)
   takes its place in the call up again. Any other login of the user ends the old membership.
4. A message that names a call its sender is not in changes nothing (a request gets error 8010).
5. An event that is refused raises ProtocolError and has changed nothing.
6. A client that comes back to a call which ended meanwhile is told that end, and its true reason.

Here it is decided which part answers an event; each part has its module, and the books that all
of them keep are in `intercom.hub.board`.
"""

from __future__ import annotations

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub import answering, inviting, logins, talking
from intercom.hub.board import Board
from intercom.hub.calls import (
    Detached,
    Directory,
    Effect,
    HubCall,
    Input,
    LoggedIn,
    Received,
    Session,
    TimerFired,
)

RING_MAX = 300


class Exchange:
    """Sessions and calls of one hub; `feed` is the only way in.

    `ring_max`: seconds that a call may ring, whatever its inviter asks for.
    """

    def __init__(self, directory: Directory, ring_max: int = RING_MAX) -> None:
        self._board = Board(directory, ring_max)

    @property
    def calls(self) -> dict[str, HubCall]:
        """The calls that ring or are connected, by ID; for reading."""
        return self._board.calls

    @property
    def claims(self) -> dict[str, str]:
        """The call ID of each user that is in a call, be it ringing; for reading."""
        return self._board.claims

    def feed(self, event: Input, now: float) -> list[Effect]:
        """Take one event at `now` (monotonic seconds); return what to do, in order.

        Raises ProtocolError, with nothing changed, for a request that is refused.
        """
        board = self._board
        effects = board.begin(now)
        match event:
            case LoggedIn():
                logins.login(board, event)
            case Received(session=number, message=message):
                if (session := board.session(number)) is not None:
                    _message(board, session, message)
            case Detached(session=number):
                if (session := board.session(number)) is not None:
                    logins.detach(board, session)
            case TimerFired(key=("ring", call_id)):
                inviting.rung_out(board, call_id)
            case TimerFired(key=("lost", user)):
                logins.grace_over(board, user)
            case TimerFired(key=("switch", call_id)):
                talking.switch_late(board, call_id)
            case TimerFired(key=(_, user)):
                board.missed.pop(user, None)
        return effects


def _message(board: Board, session: Session, message: p.ClientMessage) -> None:
    user = session.user_id
    match message:
        case p.Ping():
            board.say(user, p.Pong())
        case p.Bye():
            logins.bye(board, session)
        case p.Invite():
            inviting.invite(board, user, message)
        case p.Hello():
            raise ProtocolError("hello is the first message of a connection, and only that")
        case _:
            call = board.call_of(user)
            if call is not None and call.call_id == message.call_id:
                _in_call(board, session, call, message)
            elif isinstance(message, p.Request):
                raise ProtocolError("that call is over", Code.INVITATION_GONE)


def _in_call(board: Board, session: Session, call: HubCall, message: p.ClientMessage) -> None:
    user = session.user_id
    member = call.members[user]
    match message:
        case p.Ringing():
            answering.rings(board, call, member)
        case p.Accept():
            answering.accept(board, call, member, message)
        case p.Reject(busy=busy):
            answering.reject(board, call, member, busy)
        case p.Hangup(reason=reason):
            answering.hang_up(board, call, user, reason)
        case p.Signal():
            talking.signal(board, call, user, message)
        case p.Available(video=video, audio=audio):
            talking.available(board, call, member, video, audio)
        case _ if call.answered is not None and member.joined:
            _connected(board, session, call, message)
        case p.Request():
            raise ProtocolError("the call is not answered yet", Code.INVITATION_GONE)


def _connected(board: Board, session: Session, call: HubCall, message: p.ClientMessage) -> None:
    user = session.user_id
    match message:
        case p.SwitchType():
            talking.switch_type(board, call, session, message)
        case p.SwitchAnswer(allow=allow):
            talking.switch_answered(board, call, user, allow)
        case p.SendText():
            talking.text(board, call, user, message)
        case p.OpenDoor():
            talking.open_door(board, call, user, message)
