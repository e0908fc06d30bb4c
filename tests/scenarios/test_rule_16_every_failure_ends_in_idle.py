"""Rule 16: every failure ends in IDLE, with its devices released."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from intercom import CallingError, Event, State

from ..media_rig import until
from .guest import Guest, online, shut
from .house import House, connect, ring

Failure = Callable[[House, Guest, Guest], Awaitable[None]]


@pytest.fixture
async def patient(monkeypatch: pytest.MonkeyPatch, hasty: None, house: House) -> House:
    """A house whose hub lets one user call often, with short graces."""
    monkeypatch.setattr("intercom.hub.server.INVITE_BURST", 100.0)
    await house.restart()
    return house


async def refused(guest: Guest, callee: str) -> None:
    """A call that the hub does not take."""
    with pytest.raises(CallingError):
        await guest.call(callee)


async def unknown(house: House, anna: Guest, ben: Guest) -> None:
    """There is no such user."""
    await refused(anna, "nobody")


async def offline(house: House, anna: Guest, ben: Guest) -> None:
    """The callee is not at home."""
    await anna.call("emil")


async def busy(house: House, anna: Guest, ben: Guest) -> None:
    """The callee talks to somebody else."""
    cleo = await house.client("cleo")
    await connect(ben, cleo)
    await anna.ended(invite_id=await anna.call("ben"))
    await ben.hangup()


async def rejected(house: House, anna: Guest, ben: Guest) -> None:
    """The callee does not want to."""
    await ring(anna, ben)
    await ben.reject()


async def rung_out(house: House, anna: Guest, ben: Guest) -> None:
    """The callee does not answer."""
    await anna.call("ben", timeout=1)
    await ben.wait(Event.CALLING_TIMEOUT)


async def canceled(house: House, anna: Guest, ben: Guest) -> None:
    """The caller gives up."""
    await ring(anna, ben)
    await anna.hangup()


async def accepted_too_late(house: House, anna: Guest, ben: Guest) -> None:
    """The callee's accept is refused: in the original it was stuck after that."""
    await ring(anna, ben)
    ben.wire.freeze()
    accepting = asyncio.create_task(ben.accept())
    await asyncio.sleep(0.05)
    await anna.hangup()
    await anna.settled()
    ben.wire.thaw()
    with pytest.raises(CallingError):
        await accepting


async def joined_in_vain(house: House, anna: Guest, ben: Guest) -> None:
    """There is no such call to join."""
    with pytest.raises(CallingError):
        await anna.join("no-such-call")


async def peer_lost(house: House, anna: Guest, ben: Guest) -> None:
    """The other side vanishes out of the call, and is back after its end."""
    call_id = await connect(anna, ben)
    ben.wire.unplug()
    await anna.ended(invite_id=call_id)
    await ben.ended(invite_id=call_id)
    ben.wire.plug(house.hub.port)


async def hub_lost(house: House, anna: Guest, ben: Guest) -> None:
    """The hub is gone in a call, for too long."""
    call_id = await connect(anna, ben)
    await house.crash()
    await anna.ended(invite_id=call_id)
    await ben.ended(invite_id=call_id)
    await refused(anna, "ben")
    await house.start()


async def devices_broken(house: House, anna: Guest, ben: Guest) -> None:
    """Nothing works here; the call ends as any other."""
    anna.devices.broken = {"camera", "microphone", "speaker"}
    call_id = await connect(anna, ben)
    await anna.wait(Event.ERROR)
    await ben.hangup()
    await anna.ended(invite_id=call_id)
    anna.devices.broken = set()


async def kicked(house: House, anna: Guest, ben: Guest) -> None:
    """Somebody else logs in as this user; the last of all, since it is over then."""
    await connect(ben, anna)
    await house.client("anna")
    await anna.wait(Event.KICKED_OUT)


FAILURES: tuple[Failure, ...] = (
    unknown, offline, busy, rejected, rung_out, canceled, accepted_too_late, joined_in_vain,
    devices_broken, peer_lost, hub_lost, kicked,
)  # fmt: skip


async def test_after_every_failure_all_is_idle_and_shut(patient: House) -> None:
    """One after the other, with the same two clients: nothing of one is left for the next."""
    anna, ben = await patient.clients("anna", "ben", media=True)
    for failure in FAILURES:
        await asyncio.gather(online(anna), online(ben))
        await failure(patient, anna, ben)
        for guest in (anna, ben):
            await shut(guest)
            assert not guest.mesh.stats(), failure.__doc__
            assert guest.members == guest.invitees == []
            assert guest.call_id == ""


async def test_a_login_that_fails_leaves_nothing_open(house: House) -> None:
    anna = await house.client("anna", media=True, login=False)
    with pytest.raises(CallingError):
        await anna.login("anna", "nonsense")
    assert anna.state is State.IDLE
    assert not anna.sending
    await anna.login("anna", house.token("anna"))
    ben = await house.client("ben", media=True)
    await connect(anna, ben)


async def test_logging_out_in_a_call_releases_everything_at_once(house: House) -> None:
    anna, ben = await house.clients("anna", "ben", media=True)
    await connect(anna, ben)
    await until(lambda: anna.sending)
    await anna.logout()
    assert not anna.sending
    assert anna.state is State.IDLE
    assert (await ben.ended())["reason"] == "hangup"


@pytest.mark.parametrize("media", [False, True], ids=["no media", "media"])
async def test_logging_out_at_the_moment_the_hub_dies(house: House, media: bool) -> None:
    """The link fails and is told to end at the same time: it must not go on for ever."""
    anna, ben = await house.clients("anna", "ben", media=media)
    await connect(anna, ben)
    crashing = asyncio.create_task(house.crash())
    await asyncio.sleep(0)
    async with asyncio.timeout(10):
        await asyncio.gather(anna.logout(), ben.logout())
        await crashing
    await house.start()
