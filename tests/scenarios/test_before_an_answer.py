"""Before an answer: of a door's visitor the picture, without sound; of the callee nothing."""

from __future__ import annotations

import asyncio

from intercom import Event, State

from ..media_rig import loudness, until
from .guest import Guest, sees
from .house import House


async def linked(guest: Guest, user: str) -> None:
    """Wait until its transport to that user is up."""
    await guest.wait(Event.CONNECTION_STATE, user_id=user, state="connected")


def packets(guest: Guest, user: str) -> int:
    """Return how many packets of picture and sound it has got from that user."""
    return int(guest.mesh.stats()[user]["packets_in"])


async def test_the_visitor_is_seen_and_not_heard(house: House) -> None:
    door, anna = await house.clients("door", "anna", media=True)
    visitor, resident = await anna.watch("door"), await door.watch("anna")
    await door.call("anna", early_media=True)
    await sees(visitor, 10)
    assert (door.state, anna.state) == (State.CALLING, State.RINGING)
    assert loudness(anna.devices.played) == loudness(door.devices.played) == 0
    assert resident.count == 0
    assert packets(door, "anna") == 0
    await anna.accept()
    await asyncio.gather(sees(visitor), sees(resident), anna.hears(), door.hears())


async def test_any_other_call_shows_nothing_of_anybody(house: House) -> None:
    """The transports are up while it rings: accepting has only to open the tracks."""
    anna, ben = await house.clients("anna", "ben", media=True)
    view, there = await ben.watch("anna"), await anna.watch("ben")
    await anna.call("ben")
    await asyncio.gather(linked(anna, "ben"), linked(ben, "anna"))
    await until(lambda: anna.sending and ben.sending)
    await asyncio.sleep(0.3)
    assert (anna.state, ben.state) == (State.CALLING, State.RINGING)
    assert packets(anna, "ben") == packets(ben, "anna") == 0
    assert view.count == there.count == 0
    assert loudness(anna.devices.played) == loudness(ben.devices.played) == 0
    links = [h.payload for h in anna.heard if h.event is Event.CONNECTION_STATE]
    await ben.accept()
    await asyncio.gather(sees(view), sees(there), anna.hears(), ben.hears())
    assert [h.payload for h in anna.heard if h.event is Event.CONNECTION_STATE] == links


async def test_the_visitor_is_seen_wherever_it_rings(house: House) -> None:
    """At all of a group; who does not get the call sees nothing more of it."""
    door, anna, ben = await house.clients("door", "anna", "ben", media=True)
    views = [await guest.watch("door") for guest in (anna, ben)]
    back = [await door.watch(user) for user in ("anna", "ben")]
    await door.group_call(group_id="family", early_media=True)
    await asyncio.gather(*(sees(view) for view in views))
    assert loudness(anna.devices.played) == loudness(ben.devices.played) == 0
    await ben.accept()
    await anna.wait(Event.ANSWERED_ELSEWHERE)
    await until(lambda: not anna.sending)
    seen = views[0].count
    await asyncio.gather(sees(views[1], 5), sees(back[1]), ben.hears(), door.hears())
    assert views[0].count == seen
    assert back[0].count == 0
    assert views[0].last is None


async def test_a_refused_visitor_is_seen_no_more(house: House) -> None:
    door, anna = await house.clients("door", "anna", media=True)
    visitor = await anna.watch("door")
    await door.call("anna", early_media=True)
    await sees(visitor)
    await anna.reject()
    assert visitor.last is None
    await until(lambda: not door.sending and not anna.sending)
    assert visitor.last is None
    assert packets_none(door)


def packets_none(guest: Guest) -> bool:
    """Tell whether it has no transport left."""
    return not guest.mesh.stats()
