"""Each event is caused for real: its exact payload, who hears it, and who must not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from intercom import Event

from .events_table import CAUSES
from .house import House, connect

API = Path(__file__).parents[2] / "docs" / "api.md"

PAYLOAD: dict[Event, set[str]] = {
    Event.SDK_READY: set(),
    Event.INVITED: {
        "invite_id", "sponsor", "user_id_list", "group_id", "is_from_group", "call_type",
        "room_id", "timeout", "invite_data",
    },
    Event.RINGING: {"invite_id", "user_id"},
    Event.USER_ACCEPT: {"invite_id", "user_id"},
    Event.USER_ENTER: {"user_id"},
    Event.USER_LEAVE: {"user_id", "reason"},
    Event.REJECT: {"invite_id", "user_id"},
    Event.LINE_BUSY: {"invite_id", "sponsor", "user_id"},
    Event.NO_RESP: {"invite_id", "user_id_list", "reason"},
    Event.CALLING_CANCEL: {"invite_id", "user_id"},
    Event.ANSWERED_ELSEWHERE: {"invite_id", "user_id"},
    Event.CALLING_TIMEOUT: {"invite_id", "user_id_list"},
    Event.CALL_END: {"invite_id", "user_id", "call_end", "reason"},
    Event.KICKED_OUT: {"reason"},
    Event.USER_VIDEO_AVAILABLE: {"user_id", "is_video_available"},
    Event.USER_AUDIO_AVAILABLE: {"user_id", "is_audio_available"},
    Event.USER_VOICE_VOLUME: {"volume_map"},
    Event.GROUP_CALL_INVITEE_LIST_UPDATE: {"user_id_list"},
    Event.CALL_TYPE_ASKED: {"user_id", "call_type"},
    Event.CALL_TYPE_CHANGED: {"old_call_type", "new_call_type"},
    Event.DEVICE_UPDATED: {"cameras", "microphones"},
    Event.CONNECTION_STATE: {"user_id", "state"},
    Event.TEXT: {"user_id", "text"},
    Event.DOOR_OPENED: {"user_id", "seconds"},
    Event.MISSED_CALLS: {"calls"},
    Event.ERROR: {"code", "msg"},
}  # fmt: skip
"""`docs/api.md`, which holds the contract's table in Python's names."""


def test_no_event_is_left_out() -> None:
    assert set(CAUSES) == set(PAYLOAD) == set(Event)


@pytest.mark.parametrize("event", Event)
async def test_who_hears_it_and_what(house: House, event: Event) -> None:
    told = await CAUSES[event](house)
    for guest, payload in told.payloads.items():
        assert set(payload) == PAYLOAD[event]
        heard = await guest.wait(event, **payload)
        assert heard == payload
    await house.settle()
    for guest in house.guests:
        assert all(set(payload) == PAYLOAD[event] for payload in guest.all(event))
        if guest not in told.payloads and guest not in told.also:
            assert not guest.all(event), guest


@pytest.mark.parametrize("event", Event)
def test_the_documentation_has_it(event: Event) -> None:
    """`docs/api.md` names the event, and each key of its payload, in one row."""
    [row] = [
        row
        for row in API.read_text().splitlines()
        if row.startswith("|") and f"`{event.name}`" in row.split("|")[1]
    ]
    keys = row.split("|")[2]
    assert all(f"`{key}`" in keys for key in PAYLOAD[event]), row


async def test_how_loud_and_how_often(house: House) -> None:
    """Everybody's voice, 0 to 100, one to five times a second."""
    anna, ben = await house.clients("anna", "ben", media=True)
    await connect(anna, ben)
    await asyncio.gather(anna.hears(), ben.hears())
    mark = len(anna.all(Event.USER_VOICE_VOLUME))
    await asyncio.sleep(1.5)
    told = anna.all(Event.USER_VOICE_VOLUME)[mark:]
    assert 1 <= len(told) <= 8
    for payload in told:
        volumes = {entry["user_id"]: entry["audio_volume"] for entry in payload["volume_map"]}
        assert set(volumes) == {"anna", "ben"}
        assert all(0 <= volume <= 100 for volume in volumes.values())
    assert max(entry["audio_volume"] for entry in told[-1]["volume_map"]) > 0
