"""Glare: two that call each other at once get one call (rule 3 of the calling contract). PURE."""

from __future__ import annotations

from intercom import protocol as p
from intercom.hub.board import Board
from intercom.hub.joining import come, take
from intercom.hub.state import HubCall, Session
from intercom.hub.telling import merged


def crossing(board: Board, user: str, callee: str) -> HubCall | None:
    """Return the call between two in which `callee` rings `user` right now."""
    call = board.call_of(user)
    if call is None or call.group or not call.members[user].rung_by(callee):
        return None
    return call


def merge(board: Board, call: HubCall, session: Session, message: p.Invite) -> None:
    """The lower call ID stays, and the other call's inviter is answered into it."""
    user, peer, old = session.user_id, call.sponsor, call.call_id
    me, other = call.members[user], call.members[peer]
    board.tell(session, p.Ok(message.req))
    take(board, call, me, session)
    me.video, me.audio = message.video, message.audio
    me.first = p.SPONSOR_ENTRY  # so it numbers its part, until it hears of this one
    call.former_id = max(message.call_id, old)
    if message.call_id < old:
        board.rename(call, message.call_id)
        call.sponsor = user
    call.type = max(call.type, message.type)
    call.answered = board.now
    come(board, call, user)
    board.say(me, merged(call, me, message.call_id, other))
    board.say(other, merged(call, other, old, me))
