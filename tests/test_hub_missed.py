"""Missed calls, over real sockets: told at each login until they were seen."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

import pytest

from intercom import protocol as p
from intercom.config import GroupConfig, HubConfig
from intercom.hub.server import Hub

from .conftest import USERS
from .hub_rig import Raw, Visitors, hello

CALL = "call-0001"


@pytest.fixture
async def visitors(hub: Hub) -> AsyncIterator[Visitors]:
    """Raw connections to the hub."""
    async with Visitors(hub) as made:
        yield made


@asynccontextmanager
async def a_hub(folder: Path) -> AsyncIterator[Visitors]:
    """Visitors of a hub of its own, with a group."""
    groups = {"family": GroupConfig(members=("indoor", "desk", "shy"))}
    hub = Hub(HubConfig(port=0, state_dir=str(folder), users=USERS, groups=groups))
    await hub.start()
    try:
        async with Visitors(hub) as visitors:
            yield visitors
    finally:
        await hub.stop()


def invite(callee: str = "indoor", call_id: str = CALL, timeout: int = 30) -> p.Invite:
    return p.Invite(1, call_id, p.CallType.VIDEO, [callee], timeout=timeout)


async def welcomed(visitors: Visitors, user: str = "indoor") -> tuple[Raw, list[p.MissedCall]]:
    """Log in; return what the user is told to have missed."""
    raw = await visitors.open()
    await raw.say(hello(visitors.hub, user))
    welcome = await raw.hear()
    assert isinstance(welcome, p.Welcome)
    return raw, welcome.missed


async def test_a_call_to_one_who_is_offline_is_told_at_login_until_it_was_seen(
    visitors: Visitors,
) -> None:
    door = await visitors.login("door")
    await door.say(invite())
    await door.hear_a(p.Ended)
    for _ in range(2):
        indoor, [call] = await welcomed(visitors)
        assert (call.call_id, call.caller, call.name) == (CALL, "door", "Front door")
        assert (call.type, call.reason) == (p.CallType.VIDEO, p.Reason.OFFLINE)
        assert 0 <= call.ago < 30
    assert (await welcomed(visitors, "desk"))[1] == []
    await indoor.say(p.Seen([CALL, "call-9999"]))
    await indoor.alive()
    assert (await welcomed(visitors))[1] == []


async def test_one_user_does_not_see_for_another(visitors: Visitors) -> None:
    door = await visitors.login("door")
    await door.say(invite())
    await door.hear_a(p.Ended)
    desk = await visitors.login("desk")
    await desk.say(p.Seen([CALL]))
    await desk.alive()
    assert len((await welcomed(visitors))[1]) == 1


async def test_a_call_that_rang_out_is_missed(visitors: Visitors) -> None:
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    await door.say(invite(timeout=1))
    await indoor.hear_a(p.Invited)
    await indoor.say(p.Ringing(CALL))
    assert (await indoor.hear_a(p.Ended)).reason is p.Reason.NO_RESPONSE
    [call] = (await welcomed(visitors))[1]
    assert call.reason is p.Reason.NO_RESPONSE


async def test_a_call_that_its_caller_gave_up_is_missed(visitors: Visitors) -> None:
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    await door.say(invite())
    await indoor.hear_a(p.Invited)
    await door.say(p.Hangup(CALL))
    await indoor.hear_a(p.Ended)
    [call] = (await welcomed(visitors))[1]
    assert call.reason is p.Reason.CANCELED


@pytest.mark.parametrize("busy", [False, True])
async def test_a_call_that_was_rejected_is_not_missed(visitors: Visitors, busy: bool) -> None:
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    await door.say(invite())
    await indoor.hear_a(p.Invited)
    await indoor.say(p.Reject(CALL, busy=busy))
    await door.hear_a(p.Ended)
    assert (await welcomed(visitors))[1] == []


async def test_a_call_that_was_answered_is_not_missed(visitors: Visitors) -> None:
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    await door.say(invite())
    await indoor.hear_a(p.Invited)
    await indoor.say(p.Accept(2, CALL))
    await door.hear_a(p.Accepted)
    await door.say(p.Hangup(CALL))
    await indoor.hear_a(p.Ended)
    assert (await welcomed(visitors))[1] == []


async def test_a_call_that_another_of_the_group_took_is_not_missed(tmp_path: Path) -> None:
    async with a_hub(tmp_path / "group") as visitors:
        door, indoor = await visitors.login("door"), await visitors.login("indoor")
        desk = await visitors.login("desk")
        await door.say(p.Invite(1, CALL, p.CallType.VIDEO, group=True, group_id="family"))
        for raw in (indoor, desk):
            await raw.hear_a(p.Invited)
        await desk.say(p.Accept(2, CALL))
        assert (await indoor.hear_a(p.Ended)).reason is p.Reason.ANSWERED_ELSEWHERE
        await door.say(p.Hangup(CALL))
        await desk.hear_a(p.Ended)
        for user, missed in (("indoor", 0), ("desk", 0), ("shy", 1)):  # who was offline
            calls = (await welcomed(visitors, user))[1]
            assert [call.group_id for call in calls] == ["family"] * missed


async def test_a_call_missed_while_busy_is_not_told(visitors: Visitors) -> None:
    """The busy one hears of it at once, with `Busy`."""
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    desk = await visitors.login("desk")
    await desk.say(invite())
    await indoor.hear_a(p.Invited)
    await door.say(invite(call_id="call-0002"))
    await indoor.hear_a(p.Busy)
    await door.hear_a(p.Ended)
    assert "call-0002" not in [call.call_id for call in (await welcomed(visitors))[1]]


async def test_missed_calls_survive_a_restart_of_the_hub(tmp_path: Path) -> None:
    folder = tmp_path / "twice"
    async with a_hub(folder) as visitors:
        door, indoor = await visitors.login("door"), await visitors.login("indoor")
        await door.say(invite("desk"))
        await door.hear_a(p.Ended)
        await door.say(invite("indoor", "call-0002"))
        await indoor.hear_a(p.Invited)  # it rings when the hub goes
    async with a_hub(folder) as visitors:
        [desk] = (await welcomed(visitors, "desk"))[1]
        assert (desk.call_id, desk.reason) == (CALL, p.Reason.OFFLINE)
        indoor, [call] = await welcomed(visitors)
        assert (call.call_id, call.reason) == ("call-0002", p.Reason.LOST)
        await indoor.say(p.Seen(["call-0002"]))
        await indoor.alive()
    async with a_hub(folder) as visitors:
        assert (await welcomed(visitors))[1] == []
        assert len((await welcomed(visitors, "desk"))[1]) == 1


async def test_a_hub_without_a_disk_has_calls_and_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    (folder / "calls.db").mkdir()
    async with a_hub(folder) as visitors:
        door, indoor = await visitors.login("door"), await visitors.login("indoor")
        await door.say(invite())
        await indoor.hear_a(p.Invited)
        await door.say(p.Hangup(CALL))
        await indoor.hear_a(p.Ended)
        assert len((await welcomed(visitors))[1]) == 1
        _, metrics = await visitors.get("/metrics")
        assert "intercom_hub_records_waiting 1.0" in metrics
    said = [r for r in caplog.records if "cannot be recorded" in r.getMessage()]
    assert [r.levelno for r in said] == [logging.WARNING]


async def test_two_who_call_each_other_at_once_leave_one_record(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    async with a_hub(folder) as visitors:
        door, indoor = await visitors.login("door"), await visitors.login("indoor")
        await door.say(invite())
        await indoor.say(invite("door", "call-0002"))
        await door.hear_a(p.Merged)
        await door.say(p.Hangup(CALL))
        await indoor.hear_a(p.Ended)
        for user in ("door", "indoor"):
            assert (await welcomed(visitors, user))[1] == []
    with closing(sqlite3.connect(folder / "calls.db")) as connection:
        rows = connection.execute("SELECT sponsor, reason FROM calls").fetchall()
        assert rows == [("door", "hangup")]
        assert connection.execute("SELECT user_id, outcome FROM parties").fetchall() == [
            ("indoor", "answered")
        ]


async def test_the_record_of_a_real_call(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    async with a_hub(folder) as visitors:
        door, indoor = await visitors.login("door"), await visitors.login("indoor")
        await door.say(invite())
        await indoor.hear_a(p.Invited)
        await indoor.say(p.Ringing(CALL))
        await indoor.say(p.Accept(2, CALL))
        await door.hear_a(p.Accepted)
        await door.say(p.SwitchType(3, CALL, p.CallType.AUDIO))
        await indoor.hear_a(p.TypeChanged)
        await indoor.say(p.Hangup(CALL))
        await door.hear_a(p.Ended)
        _, metrics = await visitors.get("/metrics")
        assert "intercom_hub_records_lost 0.0" in metrics
    with closing(sqlite3.connect(folder / "calls.db")) as connection:
        [call] = connection.execute(
            "SELECT call_id, sponsor, type, reason, ended_by, duration FROM calls"
        )
        assert call == (CALL, "door", int(p.CallType.AUDIO), "hangup", "indoor", 0)
        parties = connection.execute("SELECT user_id, outcome, rang, seconds, seen FROM parties")
        assert parties.fetchall() == [("indoor", "answered", 1, 0, 0)]
