"""What holds at the end of every scenario, whatever happened in it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable

from intercom import Event, State

from .guest import Guest
from .records import Record

NAMELESS = frozenset(
    {
        Event.USER_ENTER,
        Event.USER_LEAVE,
        Event.USER_VIDEO_AVAILABLE,
        Event.USER_AUDIO_AVAILABLE,
        Event.USER_VOICE_VOLUME,
        Event.GROUP_CALL_INVITEE_LIST_UPDATE,
        Event.CALL_TYPE_ASKED,
        Event.CALL_TYPE_CHANGED,
        Event.TEXT,
        Event.DOOR_OPENED,
    }
)
"""Events about a call whose payload does not name it: it is the present one."""


def check_guest(guest: Guest) -> None:
    """Each call that it was in ended once, and was silent afterwards."""
    assert guest.state is State.IDLE, guest
    ends = [payload["invite_id"] for payload in guest.all(Event.CALL_END)]
    assert ends == [call_id for call_id, _ in guest.stays], (guest, guest.told())
    invited = {payload["invite_id"] for payload in guest.all(Event.INVITED)}
    assert invited <= set(ends) | set(guest.merged), guest
    _check_silence(guest)


def _check_silence(guest: Guest) -> None:
    over: set[str] = set()
    for index, heard in enumerate(guest.heard):
        over -= {call_id for call_id, mark in guest.stays if mark == index}
        call_id = heard.payload.get("invite_id", "")
        assert call_id not in over, (guest, heard)
        if heard.event is Event.CALL_END:
            over.add(call_id)
        elif heard.event in NAMELESS and not heard.call_id:
            rest = guest.heard[index:]  # the end itself is told last, in the same turn
            ends = [h for h in rest if h.turn == heard.turn and h.event is Event.CALL_END]
            assert ends, (guest, heard)
    assert all(payload["call_end"] >= 0 for payload in guest.all(Event.CALL_END))


async def check_devices() -> None:
    """No camera, microphone or speaker stays open.

    One that was being opened when nobody wanted it any more closes itself, a moment later.
    """
    for _ in range(50):
        left = [t.name for t in threading.enumerate() if t.name == "test-device"]
        if not left:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(left)


def check_records(guests: Iterable[Guest], records: Iterable[Record]) -> None:
    """Each call left exactly one record, and that is complete."""
    guests = list(guests)
    merged = {old: new for guest in guests for old, new in guest.merged.items()}
    refused = {call_id for guest in guests for call_id in guest.refused}
    rows = [merged.get(record.call_id, record.call_id) for record in records]
    alive = {call for guest in guests if not guest.dead for call, _ in guest.stays} - refused
    known = {call for guest in guests for call, _ in guest.stays} | set(merged.values())
    for call_id in {merged.get(call_id, call_id) for call_id in alive}:
        assert rows.count(call_id) == 1, (call_id, rows)
    assert len(set(rows)) == len(rows), rows
    assert set(rows) <= known, (rows, known)
    for record in records:
        assert record.reason, record
        assert record.ended_at is not None, record
        assert all(record.outcomes.values()), record
