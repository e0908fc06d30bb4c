"""Rule 17: each call leaves one record at the hub; a missed one is shown at the next login."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from intercom import CallingError, CallType, Event
from intercom.demo.stage import free_port
from intercom.hub.keys import Keys

from . import records
from .guest import Guest
from .house import House, connect, ring
from .wire import Wire

How = Callable[[House, Guest, Guest], Awaitable[None]]


async def test_an_answered_call(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    began = time.time()
    call_id = await ring(anna, ben, CallType.AUDIO)
    await asyncio.sleep(0.3)
    await ben.accept()
    await anna.wait(Event.USER_ACCEPT)
    await asyncio.sleep(1.1)
    await ben.hangup()
    told = await anna.ended()
    [record] = await house.records()
    assert (record.call_id, record.sponsor, record.group_id) == (call_id, "anna", "")
    assert record.type == CallType.AUDIO
    assert (record.reason, record.ended_by) == ("hangup", "ben")
    assert record.duration == told["call_end"] == record.seconds["ben"] == 1
    assert 0.3 <= record.rung < 5
    assert record.outcomes == {"ben": "answered"}
    assert record.rang == {"ben": True}
    assert record.answered_at is not None
    assert record.ended_at is not None
    assert began - 1 <= record.started < record.answered_at < record.ended_at <= time.time() + 1


async def rejects(house: House, anna: Guest, ben: Guest) -> None:
    await ring(anna, ben)
    await ben.reject()


async def is_busy(house: House, anna: Guest, ben: Guest) -> None:
    await ring(anna, ben)
    await ben.reject(busy=True)


async def does_not_answer(house: House, anna: Guest, ben: Guest) -> None:
    await anna.call("ben", timeout=1)


async def is_canceled(house: House, anna: Guest, ben: Guest) -> None:
    await ring(anna, ben)
    await anna.hangup()


async def is_offline(house: House, anna: Guest, ben: Guest) -> None:
    await ben.logout()
    await anna.call("ben")


NOT_ANSWERED: dict[str, tuple[How, str, bool]] = {
    "reject": (rejects, "ben", False),
    "line_busy": (is_busy, "ben", False),
    "no_response": (does_not_answer, "ben", True),
    "canceled": (is_canceled, "anna", True),
    "offline": (is_offline, "ben", True),
}
"""By the reason: how it comes to it, who ended the call, and whether the callee missed it."""


@pytest.mark.parametrize("reason", NOT_ANSWERED)
async def test_a_call_that_was_not_answered(house: House, reason: str) -> None:
    anna, ben = await house.clients("anna", "ben")
    act, ended_by, missed = NOT_ANSWERED[reason]
    await act(house, anna, ben)
    ended = await anna.ended()
    await house.settle()
    await ben.logout()
    again = await house.client("ben")
    await again.wait(Event.SDK_READY)
    await again.settled()
    told = again.all(Event.MISSED_CALLS)
    if missed:
        [call] = told[0]["calls"]
        assert call.pop("ago") >= 0
        assert call == {
            "invite_id": ended["invite_id"],
            "caller": "anna",
            "name": "Anna",
            "call_type": 2,
            "reason": reason,
            "group_id": "",
            "message": "",
        }
    else:
        assert not told
    [record] = await house.records()
    assert (record.reason, record.ended_by) == (reason, ended_by)
    assert record.outcomes == {"ben": reason}
    assert record.rang == {"ben": reason != "offline"}
    assert (record.answered_at, record.duration, record.seconds) == (None, 0, {"ben": 0})


async def missed(house: House, user: str) -> list[dict[str, Any]]:
    """Log that user in, and out; return the missed calls that it is told of."""
    guest = await house.client(user)
    await guest.settled()
    told = guest.all(Event.MISSED_CALLS)
    await guest.logout()
    return [call for payload in told for call in payload["calls"]]


async def test_missed_calls_are_told_until_they_were_seen(house: House) -> None:
    """Also by a hub that was stopped meanwhile; the newest is the first."""
    anna, door = await house.clients("anna", "door")
    ids = []
    for caller in (anna, door):
        ids.append(await caller.call("ben"))
        await caller.ended()
    assert [call["invite_id"] for call in await missed(house, "ben")] == ids[::-1]
    await house.restart()
    ben = await house.client("ben")
    told = await ben.wait(Event.MISSED_CALLS)
    assert [call["invite_id"] for call in told["calls"]] == ids[::-1]
    await ben.seen([ids[0], "no-such-call"])
    await ben.settled()
    await ben.logout()
    assert [call["invite_id"] for call in await missed(house, "ben")] == [ids[1]]
    await house.restart()
    assert [call["caller"] for call in await missed(house, "ben")] == ["door"]
    assert not await missed(house, "cleo")


async def test_a_group_call_is_one_record_with_a_line_for_each(house: House) -> None:
    fay, anna, ben, cleo, dora = await house.clients("fay", "anna", "ben", "cleo", "dora")
    await ring(cleo, dora)
    call_id = await fay.group_call(group_id="office", timeout=2)
    for guest in (anna, ben):
        await guest.wait(Event.INVITED)
    await anna.accept()
    await fay.wait(Event.USER_ACCEPT)
    await ben.reject()
    await fay.wait(Event.REJECT)
    await fay.hangup()
    await anna.ended()
    await cleo.hangup()
    await dora.ended()
    other, record = sorted(await house.records(), key=lambda row: row.call_id == call_id)
    assert other.sponsor == "cleo"
    assert (record.sponsor, record.group_id, record.reason) == ("fay", "office", "hangup")
    assert record.outcomes == {
        "anna": "answered",
        "ben": "reject",
        "cleo": "line_busy",
        "dora": "line_busy",
        "emil": "offline",
    }


async def test_who_was_answered_for_has_missed_nothing(house: House) -> None:
    door, anna, ben = await house.clients("door", "anna", "ben")
    await door.group_call(group_id="family")
    await ben.wait(Event.INVITED)
    await ben.accept()
    await anna.wait(Event.ANSWERED_ELSEWHERE)
    await door.hangup()
    await ben.ended()
    await anna.logout()
    assert not await missed(house, "anna")
    assert [call["caller"] for call in await missed(house, "cleo")] == ["door"]


async def test_a_hub_that_is_killed_forgets_no_call(tmp_path: Path) -> None:
    """kill -9 while it rings and in a call: recorded as lost, and told to who missed it."""
    config = tmp_path / "hub.toml"
    port = free_port()
    users = "".join(f"[hub.users.{user}]\n" for user in ("anna", "ben", "cleo", "dora"))
    config.write_text(f'[hub]\nport = {port}\nstate_dir = "{tmp_path}"\n{users}')
    keys = Keys(tmp_path)
    hub = await hub_process(config)
    wire = Wire(port)
    await wire.start()
    guests = [Guest(user, wire) for user in ("anna", "ben", "cleo", "dora")]
    for guest in guests:
        await log_in(guest, keys)
    anna, ben, cleo, dora = guests
    talk, rung = await connect(anna, ben), await ring(cleo, dora)
    await asyncio.sleep(0.5)  # within which a record is on the disk
    hub.kill()
    await hub.wait()
    for guest in guests:
        await guest.logout()
    hub = await hub_process(config)
    await log_in(again := Guest("dora", wire), keys)
    told = await again.wait(Event.MISSED_CALLS)
    assert [(call["invite_id"], call["reason"]) for call in told["calls"]] == [(rung, "lost")]
    await again.logout()
    hub.terminate()
    await hub.wait()
    await wire.close()
    found = {record.call_id: record for record in records.read(tmp_path)}
    assert set(found) == {talk, rung}
    assert {record.reason for record in found.values()} == {"lost"}
    assert found[talk].outcomes == {"ben": "answered"}


async def hub_process(config: Path) -> asyncio.subprocess.Process:
    """Start a hub as a process of its own."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "intercom", "hub", "--config", str(config)),
        stderr=asyncio.subprocess.DEVNULL,
    )


async def log_in(guest: Guest, keys: Keys) -> None:
    """Log in, as soon as the hub listens."""
    async with asyncio.timeout(15):
        while not guest.link.connected:
            try:
                await guest.login(guest.user, keys.mint(guest.user, 1))
            except CallingError:
                await asyncio.sleep(0.1)
