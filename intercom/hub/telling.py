"""What a call's members are told of the call itself: invitation, roster, who still rings. PURE."""

from __future__ import annotations

from intercom import protocol as p
from intercom.hub.board import Board
from intercom.hub.state import HubCall, Member


def invitation(board: Board, call: HubCall, member: Member) -> p.Invited:
    """Return what one that is rung is told, with what is left of the ringing."""
    asked = member.asked
    assert asked is not None, "only who joins late was not asked, and it does not ring"
    inviter = call.members[asked.inviter]
    return p.Invited(
        call.call_id,
        asked.inviter,
        [rung.user_id for rung in call.rung()],
        call.type,
        timeout=round(max(asked.deadline - board.now, 0.0), 1),
        entry=member.entry,
        sponsor_entry=inviter.entry,
        group=call.group,
        early_media=asked.early_media,
        video=call.shows(inviter),
        audio=inviter.audio,
        group_id=call.opened.group_id,
        data=asked.data,
        name=board.directory.name(asked.inviter),
    )


def roster(board: Board, call: HubCall, member: Member, req: int = 0) -> p.Roster:
    """Return the whole of a call, as one of its members is told; `req`: its `Join`, or 0."""
    answered = call.answered
    return p.Roster(
        call.call_id,
        call.sponsor,
        call.type,
        member.entry,
        [_present(call, other, member) for other in call.members.values() if other is not member],
        answered=answered is not None,
        group=call.group,
        group_id=call.opened.group_id,
        seconds=0.0 if answered is None else round(board.now - answered, 1),
        req=req,
    )


def _present(call: HubCall, member: Member, told: Member) -> p.Present:
    if not member.joined:  # what it will send is told when it accepts
        mine = member.rung_by(told.user_id)
        return p.Present(
            member.user_id,
            member.entry,
            joined=False,
            rang=mine and member.rang,
            early=mine and member.early,
        )
    return p.Present(member.user_id, member.entry, video=call.shows(member), audio=member.audio)


def merged(call: HubCall, member: Member, own_id: str, other: Member) -> p.Merged:
    """Return what one of two that called each other is told; `own_id`: the ID of its own call."""
    return p.Merged(
        call.call_id,
        own_id,
        other.user_id,
        call.sponsor,
        call.type,
        entry=member.entry,
        user_entry=other.entry,
        video=call.shows(other),
        audio=other.audio,
    )


def tell_invitees(board: Board, call: HubCall) -> None:
    """Tell the members of a call who of it is still being rung, and whether it is a group's."""
    told = p.Invitees(call.call_id, [rung.user_id for rung in call.rung()], call.group)
    for member in call.joined():
        board.say(member, told)


def say_inviter(board: Board, call: HubCall, member: Member, message: p.HubMessage) -> None:
    """Tell who called a member that is, or was, being rung."""
    if member.inviter in call.members:
        board.say(call.members[member.inviter], message)
