"""Rule 15: deadlines on the wire are relative; clocks may be wrong, and may jump."""

from __future__ import annotations

import asyncio
import time

import pytest

from intercom import Code, Event, LoginError, State

from .child import started
from .house import House, connect

YEAR = 365 * 86400.0
MINUTE = 1 / (24 * 60)
"""Days."""


async def test_clients_with_a_wrong_clock(house: House) -> None:
    """One lives in the seventies, one in the next year: they log in, call and are called."""
    anna, dora = await house.clients("anna", "dora")
    past, future = ("--clock", str(-50 * YEAR)), ("--clock", str(YEAR))
    async with (
        started(house, "ben", "--accept", *past) as ben,
        started(house, "cleo", "--call", "dora", *future) as cleo,
    ):
        await dora.wait(Event.INVITED, sponsor="cleo")
        await dora.accept()
        await cleo.says("user_accept")
        await ben.says("ready")
        await anna.call("ben", timeout=5)
        await anna.wait(Event.USER_ACCEPT, user_id="ben")
        await asyncio.sleep(1.1)
        for guest in (anna, dora):
            await guest.hangup()
            assert (await guest.ended())["call_end"] >= 1
        await ben.says("call_end")
        await cleo.says("call_end")


async def test_the_clock_jumps_while_it_rings(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NTP sets the time of a Pi by years, at any moment: ringing lasts as long as it was asked."""
    anna, ben = await house.clients("anna", "ben")
    right = time.time
    began = time.monotonic()
    await anna.call("ben", timeout=1)
    await ben.wait(Event.INVITED)
    for jump in (YEAR, -YEAR):
        monkeypatch.setattr(time, "time", lambda jump=jump: right() + jump)
        await asyncio.sleep(0.2)
        assert (anna.state, ben.state) == (State.CALLING, State.RINGING)
    await ben.wait(Event.CALLING_TIMEOUT)
    assert 0.9 < time.monotonic() - began < 6


async def test_the_clock_jumps_in_a_call(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, ben = await house.clients("anna", "ben")
    right = time.time
    await connect(anna, ben)
    monkeypatch.setattr(time, "time", lambda: right() + YEAR)
    await asyncio.sleep(1.1)
    monkeypatch.setattr(time, "time", lambda: right() - YEAR)
    await ben.hangup()
    for guest in (anna, ben):
        assert (await guest.ended())["call_end"] == 1


async def test_an_invitation_tells_what_is_left_of_it(house: House) -> None:
    """It comes late, and says so itself: no clock is compared."""
    anna, ben = await house.clients("anna", "ben")
    ben.wire.freeze(up=False)
    await anna.call("ben", timeout=30)
    await asyncio.sleep(0.5)
    ben.wire.cut()
    ben.wire.thaw()
    invited = await ben.wait(Event.INVITED)
    assert 20 < invited["timeout"] <= 29.5


async def test_tokens_tolerate_skew(house: House) -> None:
    """A token that ended two minutes ago by the hub's clock may be good by the minter's."""
    anna = await house.client("anna", login=False)
    await anna.login("anna", house.token("anna", days=-2 * MINUTE))
    assert anna.state is State.IDLE
    ben = await house.client("ben", login=False)
    with pytest.raises(LoginError) as refused:
        await ben.login("ben", house.token("ben", days=-10 * MINUTE))
    assert refused.value.code is Code.TOKEN_EXPIRED


async def test_a_token_of_tomorrow_is_good(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Minted where the clock is ahead, or shown to a hub whose clock is behind."""
    token = house.token("anna", days=3650)
    right = time.time
    monkeypatch.setattr(time, "time", lambda: right() - YEAR)
    anna = await house.client("anna", login=False)
    await anna.login("anna", token)
    assert anna.link.connected
