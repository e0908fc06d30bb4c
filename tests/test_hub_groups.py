"""Calls of groups and of users with several devices, over real sockets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from intercom import protocol as p
from intercom.config import GroupConfig, HubConfig, UserConfig
from intercom.errors import Code
from intercom.hub import server as hub_server
from intercom.hub.server import Hub
from intercom.protocol import OTHERS_MAX

from .hub_rig import Visitors

CALL = "call-0001"


@pytest.fixture
async def visitors(tmp_path: Path) -> AsyncIterator[Visitors]:
    """Raw connections to the hub of a house."""
    users = {name: UserConfig() for name in ("door", "ann", "bob")}
    users["mum"] = UserConfig(multi_device=True)
    groups = {"family": GroupConfig(members=("ann", "bob", "mum"), mode="conference")}
    hub = Hub(HubConfig(port=0, state_dir=str(tmp_path), users=users, groups=groups))
    await hub.start()
    async with Visitors(hub) as made:
        yield made
    await hub.stop()


async def test_a_family_answers_the_door(
    visitors: Visitors, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    door, ann, bob = [await visitors.login(user) for user in ("door", "ann", "bob")]
    phone, tablet = await visitors.login("mum"), await visitors.login("mum")
    await door.say(p.Invite(1, CALL, p.CallType.VIDEO, group=True, group_id="family"))
    for raw in (ann, bob, phone, tablet):
        invited = await raw.hear_a(p.Invited)
        assert invited.user_ids == ["ann", "bob", "mum"]
    await ann.say(p.Accept(2, CALL))
    assert (await ann.hear_a(p.Roster)).others[0] == p.Present("door", 1)
    await bob.say(p.Reject(CALL))
    assert (await ann.hear_a(p.Rejected)).user_id == "bob"
    await tablet.say(p.Accept(2, CALL))
    assert (await phone.hear_a(p.Ended)).reason is p.Reason.ANSWERED_ELSEWHERE
    assert (await door.hear_a(p.Accepted)).user_id == "ann"
    assert (await door.hear_a(p.Accepted)).user_id == "mum"
    await phone.say(p.Join(3))
    assert (await phone.hear_a(p.Ok)).req == 3
    assert (await tablet.hear_a(p.Ended)).reason is p.Reason.ANSWERED_ELSEWHERE
    await door.say(p.Hangup(CALL))
    assert (await ann.hear_a(p.Left)).user_id == "door"
    await ann.say(p.Hangup(CALL))
    assert (await phone.hear_a(p.Ended)).user_id == "ann"
    assert "call door -> family ended: hangup by ann" in caplog.text


async def test_an_idle_device_of_a_busy_user_need_not_ping_as_in_a_call(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, phone = await visitors.login("door"), await visitors.login("mum")
    await door.say(p.Invite(1, CALL, p.CallType.VIDEO, ["mum"]))
    await phone.hear_a(p.Invited)
    await phone.say(p.Accept(2, CALL))
    await door.hear_a(p.Accepted)
    monkeypatch.setattr(p, "DEAD_CALL", 0.5)
    monkeypatch.setattr(hub_server, "SWEEP", 0.02)
    tablet = await visitors.login("mum")
    for _ in range(12):  # the tablet says nothing meanwhile
        await asyncio.sleep(0.1)
        await door.say(p.Ping())
        await phone.say(p.Ping())
    await tablet.alive()


async def test_additions_are_limited_as_calls_are(visitors: Visitors) -> None:
    door, ann = await visitors.login("door"), await visitors.login("ann")
    await door.say(p.Invite(0, CALL, p.CallType.VIDEO, ["ann"]))
    await ann.hear_a(p.Invited)
    for number in range(1, 6):
        await door.say(p.Add(number, CALL, ["bob"]))
    assert (await door.hear_a(p.Error)).code == Code.RATE_LIMITED


async def test_joins_are_limited_as_calls_are(visitors: Visitors) -> None:
    """Each tells all the others, and rings anew whoever rings."""
    door, phone = await visitors.login("door"), await visitors.login("mum")
    tablet = await visitors.login("mum")
    await door.say(p.Invite(0, CALL, p.CallType.VIDEO, ["mum"]))
    await phone.hear_a(p.Invited)
    await phone.say(p.Accept(1, CALL))
    await phone.hear_a(p.Ok)
    for number in range(5):
        device = phone if number % 2 else tablet
        await device.say(p.Join(number, CALL))
        assert (await device.hear_a(p.Ok)).req == number
    await phone.say(p.Join(6, CALL))
    assert (await phone.hear_a(p.Error)).code == Code.RATE_LIMITED


async def test_a_call_of_many_is_a_short_line_of_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    hub = Hub(HubConfig(port=0, state_dir=str(tmp_path)))
    await hub.start()
    async with Visitors(hub) as visitors:
        door = await visitors.login("door")
        users = [f"user{number}" for number in range(OTHERS_MAX)]
        await door.say(p.Invite(1, CALL, p.CallType.VIDEO, users, group=True))
        await door.hear_a(p.Ended)
    await hub.stop()
    assert f"call door -> user0, user1, user2, and {OTHERS_MAX - 3} more ended" in caplog.text


async def test_a_caller_of_many_that_are_all_busy_is_not_taken_for_deaf(tmp_path: Path) -> None:
    hub = Hub(HubConfig(port=0, state_dir=str(tmp_path)))
    await hub.start()
    async with Visitors(hub) as visitors:
        door = await visitors.login("door")
        users = [f"user{number}" for number in range(OTHERS_MAX)]
        raws = [await visitors.login(user) for user in users]
        for number in range(0, OTHERS_MAX, 2):
            call = p.Invite(1, f"call-1{number:03d}", p.CallType.AUDIO, [users[number + 1]])
            await raws[number].say(call)
            await raws[number + 1].hear_a(p.Invited)
        await door.say(p.Invite(1, CALL, p.CallType.VIDEO, users, group=True))
        assert (await door.hear_a(p.Ended)).reason is p.Reason.LINE_BUSY
        await door.alive()
    await hub.stop()
