"""Who comes, comes back and goes: rules 2 and 3 of the exchange. PURE."""

from __future__ import annotations

from intercom import protocol as p
from intercom.hub.answering import leave
from intercom.hub.board import Board
from intercom.hub.calls import (
    CloseSession,
    HubCall,
    LoggedIn,
    Member,
    Session,
    StartTimer,
    StopTimer,
)
from intercom.hub.inviting import invitation
from intercom.protocol import LOST_GRACE, Reason


def login(board: Board, event: LoggedIn) -> None:
    """A user's new session: the same client comes back to its call, any other ends it."""
    user = event.user_id
    old = board.sessions.get(user)
    same = old is not None and old.is_of(event.resumes)
    call = board.call_of(user)
    kept = call if same and call is not None and _takes_up(call, event) else None
    missed = board.missed_end(user, event.resumes, event.call_id, event.secret)
    if old is not None:
        kicked = old.attached and not same
        if kicked:
            board.say(user, p.Kicked("logged in elsewhere"))
        if call is not None and kept is None:
            leave(board, call, user, Reason.KICKED if kicked else Reason.LOST)
        board.do(CloseSession(old.number))
        board.unplug(old)
    board.open(Session(event.session, user, event.secret))
    board.say(user, _welcome(board, event, kept, missed))
    if kept is not None:
        _resume(board, kept, kept.members[user])
    elif missed is not None:
        board.say(user, missed)


def detach(board: Board, session: Session) -> None:
    """The socket is gone; in a call its user has LOST_GRACE seconds to come back."""
    call = board.call_of(session.user_id)
    board.unplug(session)
    if call is not None:
        call.members[session.user_id].lost = True
        board.do(StartTimer(("lost", session.user_id), LOST_GRACE))


def bye(board: Board, session: Session) -> None:
    """The user logs out."""
    call = board.call_of(session.user_id)
    if call is not None:
        leave(board, call, session.user_id, Reason.HANGUP)
    board.do(CloseSession(session.number))
    board.unplug(session)


def grace_over(board: Board, user: str) -> None:
    """Nobody came back."""
    call = board.call_of(user)
    if call is not None and call.members[user].lost:
        leave(board, call, user, Reason.LOST)


def _takes_up(call: HubCall, event: LoggedIn) -> bool:
    """Tell whether the client is in the call, or cannot know of it: its invitation was lost."""
    member = call.members[event.user_id]
    return event.call_id == call.call_id or not (event.call_id or member.joined or member.rang)


def _welcome(
    board: Board, event: LoggedIn, kept: HubCall | None, missed: p.Ended | None
) -> p.Welcome:
    held = (kept or missed) if event.call_id else None
    needed = {event.user_id, *(kept.members if kept else ())}
    names = {user: board.directory.name(user) for user in needed}
    return p.Welcome(
        event.version,
        event.secret,
        call_id=held.call_id if held else "",
        ice_servers=list(event.ice_servers),
        names=board.directory.names() | names,
    )


def _resume(board: Board, call: HubCall, member: Member) -> None:
    """Tell a member that is back what it may have missed."""
    user, call_id = member.user_id, call.call_id
    member.lost = False
    board.do(StopTimer(("lost", user)))
    if not member.joined:
        board.say(user, invitation(board, call))
        return
    for other in call.members.values():
        if other.rang and not other.joined:
            board.say(user, p.Rang(call_id, other.user_id))
    for other in call.others(user):
        told = (call_id, other.user_id, other.video, other.audio)
        board.say(user, p.Accepted(*told))
        board.say(user, p.PeerAvailable(*told))
    if call.answered is not None:
        board.say(user, p.TypeChanged(call_id, call.type, call.type))
