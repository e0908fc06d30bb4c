"""The hub's decisions: who is in which call. PURE: events in, effects out, no clock, no socket.

The law of this module
----------------------
1. One active call per user: `claims` names it, whatever number of devices the user has. A claim is
   set when the user is rung or comes in, and is gone when it is out; nobody is rung or joined
   without it. One that rings does so at all its devices; one that is joined is so with one.
2. A call lives while two members are joined, or one is and somebody is still rung. What breaks
   that ends it at once, for every member left, once. Who leaves takes along whom it had rung.
   Between two there are never more than two; in a group's call, at most `Directory.group_max()`
   are joined, and with the last place (first_answer: the first answer) all ringing ends.
3. A member without a socket is kept for LOST_GRACE seconds; only the same client (its secret)
   takes its place in the call up again. Any other login of the user ends that membership, unless
   the user may have several devices; but what rings goes on to ring, at the new one. Who was lost
   out of a group's call that goes on may come back into it, as the same client, until RETURN_GRACE
   seconds have passed.
4. A message that names a call its sender (that device) is not in, or an earlier part of its own in
   it, changes nothing (a request gets error 8010).
5. An event that is refused raises ProtocolError and has changed nothing.
6. Each part in a call has an entry, a number that rises: a part taken anew (back after it was out,
   late, at another device than the one that had the transports) has a higher one. So has one that
   rings when the device that has the transport to its inviter (its lead) gives way to another.
7. A client that comes back to a call which ended meanwhile is told that end, and its true reason.
   Of two calls that became one, that holds under the ID of either.
8. Each call is told to the records as one Opened, one AnsweredBy for each who comes in (but for
   who began it), and one Finished, which has everybody who was ever called.

Here it is decided which part answers an event; each part has its module, and the books that all
of them keep are in `intercom.hub.board`.
"""

from __future__ import annotations

from intercom import protocol as p
from intercom.errors import Code, IllegalEvent, ProtocolError
from intercom.hub import answering, inviting, joining, logins, talking
from intercom.hub.board import Board
from intercom.hub.calls import (
    Detached,
    Directory,
    Effect,
    Input,
    LoggedIn,
    Received,
    TimerFired,
)
from intercom.hub.state import HubCall, Member, Session


class Exchange:
    """Sessions and calls of one hub; `feed` is the only way in.

    `ring_max`: seconds that a call may ring, whatever its inviter asks for.
    """

    def __init__(self, directory: Directory, ring_max: int = p.RING_MAX) -> None:
        self._board = Board(directory, ring_max)

    @property
    def calls(self) -> dict[str, HubCall]:
        """The calls that ring or are connected, by ID; for reading."""
        return self._board.calls

    @property
    def claims(self) -> dict[str, str]:
        """The call ID of each user that is in a call, be it ringing; for reading."""
        return self._board.claims

    def in_call(self, number: int) -> bool:
        """Tell whether that socket's device is in a call, be it ringing."""
        session = self._board.session(number)
        return session is not None and self._board.member_at(session) is not None

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
            case TimerFired(key=key):
                _timer(board, *key)
        return effects


def _timer(board: Board, kind: str, whose: str) -> None:
    match kind:
        case "ring":
            inviting.rung_out(board, whose)
        case "lost":
            logins.grace_over(board, whose)
        case "away":
            board.away.pop(whose, None)
        case "switch":
            talking.switch_late(board, whose)
        case "missed":
            board.missed.pop(whose, None)
        case _:
            raise IllegalEvent(f'no timer is called "{kind}"')


def _message(board: Board, session: Session, message: p.ClientMessage) -> None:
    match message:
        case p.Ping():
            board.tell(session, p.Pong())
        case p.Bye():
            logins.bye(board, session)
        case p.Invite():
            inviting.invite(board, session, message)
        case p.Join():
            joining.join(board, session, message)
        case p.Seen():
            pass  # the records' business
        case p.Hello():
            raise ProtocolError("hello is the first message of a connection, and only that")
        case _:
            call, member = board.call_of(session.user_id), board.member_at(session)
            if call is not None and member is not None and call.call_id == message.call_id:
                _in_call(board, session, call, member, message)
            elif isinstance(message, p.Request):
                raise ProtocolError("that call is over", Code.INVITATION_GONE)


def _in_call(
    board: Board, session: Session, call: HubCall, member: Member, message: p.ClientMessage
) -> None:
    match message:
        case p.Ringing():
            answering.rings(board, call, member, session)
        case p.Accept():
            answering.accept(board, call, member, session, message)
        case p.Reject(entry=entry) | p.Hangup(entry=entry) if not member.is_meant(entry):
            pass
        case p.Reject():
            answering.reject(board, call, member, session, message)
        case p.Hangup():
            answering.hang_up(board, call, member, session, message)
        case p.Signal():
            talking.signal(board, call, member, session, message)
        case p.Available(video=video, audio=audio):
            talking.available(board, call, member, video, audio)
        case p.Add() if member.joined:
            inviting.add(board, session, call, message)
        case _ if call.answered is not None and member.joined:
            _connected(board, session, call, message)
        case p.Request():
            raise ProtocolError("the call is not answered yet", Code.INVITATION_GONE)


def _connected(board: Board, session: Session, call: HubCall, message: p.ClientMessage) -> None:
    match message:
        case p.SwitchType():
            talking.switch_type(board, call, session, message)
        case p.SwitchAnswer(allow=allow):
            talking.switch_answered(board, call, session.user_id, allow)
        case p.SendText():
            talking.text(board, call, session, message)
        case p.OpenDoor():
            talking.open_door(board, call, session, message)
