"""Who may ring whom: what is refused before anything is changed. PURE."""

from __future__ import annotations

from collections.abc import Collection

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub.board import Board
from intercom.hub.calls import Group
from intercom.hub.state import HubCall
from intercom.hub.wording import few
from intercom.protocol import OTHERS_MAX


def check_invite(board: Board, user: str, message: p.Invite) -> list[str]:
    """Return whom an invitation rings, each once; ProtocolError for one that is refused."""
    taken = board.calls.get(message.call_id)
    if taken is not None and (taken.sponsor != user or user not in taken.members):
        raise ProtocolError("this call ID is taken: make a random one", Code.BAD_PARAMETER)
    if not message.group and (len(message.user_ids) != 1 or message.group_id):
        raise ProtocolError(
            "a call between two names one user and no group: set group to call more",
            Code.BAD_PARAMETER,
        )
    callees = _callees(board, user, message)
    _check_users(board, user, callees, message.group_id)
    _check_size(len(callees))
    return callees


def check_added(board: Board, call: HubCall, user: str, message: p.Add) -> list[str]:
    """Return whom an addition rings, without who is in the call; ProtocolError if refused."""
    named = _callees(board, user, message)
    callees = [callee for callee in named if callee not in call.members or callee == user]
    _check_users(board, user, callees, message.group_id or call.opened.group_id)
    if len(call.joined()) >= board.directory.group_max():
        raise ProtocolError(
            f"the call is full: at most {board.directory.group_max()} can be in it", Code.CALL_FULL
        )
    _check_size(len((call.parts.keys() | callees) - {call.opened.sponsor}))
    return callees


def _callees(board: Board, user: str, message: p.Invite | p.Add) -> list[str]:
    named = list(dict.fromkeys(message.user_ids))
    if message.group_id:
        group = _group(board, message.group_id)
        for callee in named:
            if callee not in group.members:
                raise ProtocolError(
                    f'"{callee}" is not in the group "{message.group_id}": call it without the'
                    f" group, or add it to [hub.groups.{message.group_id}]",
                    Code.BAD_PARAMETER,
                )
        named = named or [member for member in group.members if member != user]
    if not named:
        raise ProtocolError("there is nobody to call: name a user", Code.BAD_PARAMETER)
    return named


def _group(board: Board, group_id: str) -> Group:
    group = board.directory.group(group_id)
    if group is None:
        raise ProtocolError(
            f'no group "{group_id}" at this hub: check the ID, or add it under [hub.groups]',
            Code.UNKNOWN_GROUP,
        )
    return group


def _check_users(board: Board, user: str, callees: Collection[str], group_id: str) -> None:
    directory = board.directory
    if user in callees:
        raise ProtocolError("nobody can call himself: name another user", Code.BAD_PARAMETER)
    for callee in callees:
        if not directory.exists(callee):
            raise ProtocolError(
                f'no user "{callee}" at this hub: check the ID, or add it under [hub.users]',
                Code.UNKNOWN_USER,
            )
    group = directory.group(group_id) if group_id else None
    covered = group is not None and directory.refuse_group(user, group_id) is None
    refusals = [
        refused
        for callee in callees
        if not (covered and group is not None and callee in group.members)
        and (refused := directory.refuse_call(user, callee)) is not None
    ]
    if refusals:
        raise ProtocolError(few(refusals, joint="; "), Code.NOT_PERMITTED)


def _check_size(others: int) -> None:
    if others > OTHERS_MAX:
        raise ProtocolError(
            f"{others} are too many for one call: it has {OTHERS_MAX} users besides its sponsor at"
            " most, those who left counted",
            Code.BAD_PARAMETER,
        )
