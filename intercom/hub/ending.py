"""How a call ends: for one member, for all of them, and for who was not there to hear it. PURE."""

from __future__ import annotations

from dataclasses import replace

import msgspec

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub.board import Board
from intercom.hub.calls import MISSED_KEPT, Finished, LoggedIn, StartTimer, StopTimer
from intercom.hub.state import HubCall, Member, Missed, Session
from intercom.protocol import Reason

ENDS_KEPT = 8
"""How many ends are kept for one user, whatever the number of its devices."""


def over_for(board: Board, call: HubCall, member: Member, by: str, reason: Reason) -> None:
    """Take a member out of a call that is over for it; each of its devices is told."""
    ended = p.Ended(call.call_id, by, reason, call.seconds(board.now) if member.joined else 0)
    for device in member.devices:
        tell_end(board, device, ended, call.former_id)
    board.release(call, member.user_id)


def tell_end(board: Board, device: Session, ended: p.Ended, former_id: str = "") -> None:
    """Tell a device that the call is over for it; a socket that looks alive may be dead."""
    board.tell(device, ended)
    _keep(board, device.user_id, Missed(device.secret, ended, former_id))


def finish(board: Board, call: HubCall, ended_by: str, reason: Reason) -> None:
    """End a call for everybody who is still in it, or may come back to it, once."""
    del board.calls[call.call_id]
    fail_switch(board, call)
    seconds = call.seconds(board.now)
    ended = p.Ended(call.call_id, ended_by, reason, seconds)
    for user, away in list(board.away.items()):
        if away.call_id == call.call_id:
            board.forget_away(user)
            _keep(board, user, Missed(away.secret, ended))
    for member in list(call.members.values()):
        over_for(board, call, member, ended_by, reason)
    board.do(
        Finished(
            call.opened.call_id,
            call.opened.sponsor,
            call.opened.group_id,
            call.type,
            reason,
            ended_by,
            rung=(board.now if call.answered is None else call.answered) - call.started,
            duration=seconds,
            answered=call.answered is not None,
            parties=call.parties(),
        )
    )


def fail_switch(board: Board, call: HubCall) -> None:
    """Give up a switch to video that is being asked, if one is."""
    switch, call.switch = call.switch, None
    if switch is None:
        return
    board.do(StopTimer(("switch", call.call_id)))
    failed = p.Error(switch.req, Code.SWITCH_TO_VIDEO_FAILED, "not everybody agreed to video")
    board.tell(board.session(switch.session), failed)


# -- ends that somebody may have missed ------------------------------------------------------


def _keep(board: Board, user: str, missed: Missed) -> None:
    board.missed[user] = (*board.missed.get(user, ()), missed)[-ENDS_KEPT:]
    board.do(StartTimer(("missed", user), MISSED_KEPT))


def missed_end(board: Board, event: LoggedIn) -> p.Ended | None:
    """Return the end of the call that the client thinks to be in, under the ID that it knows.

    It is kept under the client's new secret. Another client's login forgets all ends, unless the
    user may have several.
    """
    user = event.user_id
    kept = board.missed.get(user, ())
    mine = next((m for m in kept if m.told_to(event.resumes, event.call_id)), None)
    if mine is not None:
        again = replace(mine, secret=event.secret)
        board.missed[user] = tuple(again if m is mine else m for m in kept)
        return msgspec.structs.replace(mine.ended, call_id=event.call_id)
    if not board.directory.multi_device(user):
        forget_ends(board, user)
    return None


def forget_ends(board: Board, user: str) -> None:
    """Keep no ends for the user any more."""
    if board.missed.pop(user, None) is not None:
        board.do(StopTimer(("missed", user)))


def forget_end(board: Board, session: Session, call_id: str) -> None:
    """The device is in that call again: what it was told of an earlier end is no more true."""
    user = session.user_id
    kept = board.missed.get(user, ())
    rest = tuple(m for m in kept if not m.told_to(session.secret, call_id))
    if rest:
        board.missed[user] = rest
    elif kept:
        forget_ends(board, user)
