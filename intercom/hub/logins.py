"""Who comes, comes back and goes: rules 3, 4 and 7 of the exchange. PURE."""

from __future__ import annotations

from intercom import protocol as p
from intercom.hub.answering import drop, lead_lost, leave, reject
from intercom.hub.board import Board
from intercom.hub.calls import CloseSession, LoggedIn, StartTimer, StopTimer
from intercom.hub.ending import missed_end
from intercom.hub.joining import enter, is_full
from intercom.hub.state import Away, HubCall, Member, Session, same_secret
from intercom.hub.talking import ask_again
from intercom.hub.telling import invitation, merged, roster
from intercom.protocol import LOST_GRACE, RETURN_GRACE, Reason

DEVICES_MAX = 8
"""Devices of one user at once; with one more, the oldest that is in no call is logged out."""


def login(board: Board, event: LoggedIn) -> None:
    """A user's new session: the same client comes back to its call, any other ends it."""
    user = event.user_id
    old = _same_client(board, event)
    missed = missed_end(board, event)
    back = _let_back(board, event)
    session = Session(event.session, user, event.secret)
    if not board.directory.multi_device(user):
        for other in list(board.sessions.get(user, [])):
            if other is not old:
                _hand_on(board, other, session)
                _kick(board, other, "logged in elsewhere")
    kept = None if old is None else _replace(board, old, session, event.call_id)
    board.open(session)
    call = back[0] if back is not None else kept
    held = missed is not None or (call is not None and call.goes_by(event.call_id))
    board.tell(session, _welcome(board, event, call, held))
    if missed is not None:
        board.tell(session, missed)
    if back is not None:
        enter(board, back[0], session, back[1])
    elif kept is not None:
        _resume(board, kept, kept.members[user], session, event.call_id)
    elif old is None:
        _ring_too(board, session)
    _limit(board, user)


def detach(board: Board, session: Session) -> None:
    """The socket is gone; in a call its user has LOST_GRACE seconds to come back."""
    call, member = board.call_of(session.user_id), board.member_at(session)
    board.unplug(session)
    if call is None or member is None:
        return
    lead_lost(board, call, member, session)
    if member.lost:
        board.do(StartTimer(("lost", session.user_id), LOST_GRACE))


def bye(board: Board, session: Session) -> None:
    """A device logs out; while it rings at others of its user too, that is all."""
    call, member = board.call_of(session.user_id), board.member_at(session)
    if call is not None and member is not None:
        if member.joined:
            leave(board, call, session.user_id, Reason.HANGUP)
        elif any(device.attached for device in member.devices if device is not session):
            drop(board, call, member, session, Reason.HANGUP)
        else:
            reject(board, call, member, session, p.Reject(call.call_id))
    board.do(CloseSession(session.number))
    board.unplug(session)


def grace_over(board: Board, user: str) -> None:
    """Nobody came back; out of a group call, there is still some time to do so."""
    call = board.call_of(user)
    if call is None or not call.members[user].lost:
        return
    member = call.members[user]
    leave(board, call, user, Reason.LOST)
    if member.joined and call.group and call.call_id in board.calls:
        secret = member.devices[0].secret
        board.away[user] = Away(call.call_id, secret, member.video, member.audio)
        board.do(StartTimer(("away", user), RETURN_GRACE - LOST_GRACE))


# -- the parts of a login --------------------------------------------------------------------


def _same_client(board: Board, event: LoggedIn) -> Session | None:
    sessions = board.sessions.get(event.user_id, [])
    return next((session for session in sessions if session.is_of(event.resumes)), None)


def _let_back(board: Board, event: LoggedIn) -> tuple[HubCall, Away] | None:
    """Return the group call that a lost client may come in to again."""
    away = board.away.get(event.user_id)
    if away is None:
        return None
    call = board.calls[away.call_id]
    same = away.call_id == event.call_id and same_secret(away.secret, event.resumes)
    if same and call.conference and not is_full(board, call):
        return call, away
    if not board.directory.multi_device(event.user_id):
        board.forget_away(event.user_id)
    return None


def _kick(board: Board, session: Session, why: str) -> None:
    board.tell(session, p.Kicked(why))
    _out(board, session, Reason.KICKED if session.attached else Reason.LOST)
    board.do(CloseSession(session.number))
    board.unplug(session)


def _out(board: Board, session: Session, reason: Reason) -> None:
    call, member = board.call_of(session.user_id), board.member_at(session)
    if call is not None and member is not None:
        drop(board, call, member, session, reason)


def _hand_on(board: Board, old: Session, new: Session) -> None:
    """What rings at the old device rings at the new one, and that as a new part if it rang."""
    call, member = board.call_of(old.user_id), board.member_at(old)
    if call is None or member is None or member.joined:
        return
    member.devices.append(new)
    if member.rang:
        member.entry, member.rang = call.next_entry(), False


def _replace(board: Board, old: Session, new: Session, call_id: str) -> HubCall | None:
    """Put a client's new session in the place of its old one; return the call it is still in."""
    call, member = board.call_of(old.user_id), board.member_at(old)
    kept = None
    if call is not None and member is not None:
        if _takes_up(call, member, old, call_id):
            kept = call
            member.devices = [new if device is old else device for device in member.devices]
            member.lead = new if member.lead is old else member.lead
            new.rang = old.rang
        else:
            drop(board, call, member, old, Reason.LOST)
    board.do(CloseSession(old.number))
    board.unplug(old)
    return kept


def _takes_up(call: HubCall, member: Member, device: Session, call_id: str) -> bool:
    """Tell whether the client is in the call, or cannot know of it: its invitation was lost."""
    return call.goes_by(call_id) or not (member.joined or device.rang == call.call_id)


def _welcome(board: Board, event: LoggedIn, call: HubCall | None, held: bool) -> p.Welcome:
    needed = {event.user_id, *(call.members if call else ())}
    names = {user: board.directory.name(user) for user in needed}
    return p.Welcome(
        event.version,
        event.secret,
        call_id=event.call_id if held else "",
        ice_servers=list(event.ice_servers),
        names=board.directory.names() | names,
        missed=list(event.missed),
    )


def _resume(
    board: Board, call: HubCall, member: Member, session: Session, call_id: str = ""
) -> None:
    """Tell a member that is back, to `call_id` as it thinks, what it may have missed."""
    board.do(StopTimer(("lost", member.user_id)))
    if member.joined:
        if call_id and call_id == call.former_id:
            [other, *_] = call.joined(but=member.user_id)
            board.tell(session, merged(call, member, call_id, other))
        board.tell(session, roster(board, call, member))
        ask_again(board, call, member)
    else:
        board.tell(session, invitation(board, call, member))


def _ring_too(board: Board, session: Session) -> None:
    """A further device of one that is being rung, or the one in its place, rings as well."""
    call = board.call_of(session.user_id)
    if call is not None and not call.members[session.user_id].joined:
        member = call.members[session.user_id]
        if session not in member.devices:
            member.devices.append(session)
        _resume(board, call, member, session)


def _limit(board: Board, user: str) -> None:
    sessions = board.sessions[user]
    if len(sessions) <= DEVICES_MAX:
        return
    call = board.call_of(user)
    busy = call.members[user].devices if call is not None and call.members[user].joined else []
    oldest = next(session for session in sessions if session not in busy)
    _kick(board, oldest, f"too many devices: at most {DEVICES_MAX} at once")
