"""Rule 12: switching to video needs the peer's consent, or its configured policy."""

from __future__ import annotations

import asyncio

import pytest

from intercom import CallingError, CallType, Code, Event, State

from ..media_rig import until
from .guest import Guest, sees
from .house import House, connect

TO_VIDEO = {"old_call_type": 1, "new_call_type": 2}
TO_AUDIO = {"old_call_type": 2, "new_call_type": 1}


def answer(guest: Guest, allow: bool) -> None:
    """Let the guest answer so, whenever it is asked: its policy."""
    guest.on(Event.CALL_TYPE_ASKED, lambda _: guest.answer_switch(allow))


async def blind(guest: Guest) -> None:
    """Wait until its camera is shut."""
    media = guest.media
    assert media is not None
    await until(lambda: not media.camera_open)


async def test_with_consent(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    await connect(anna, ben, CallType.AUDIO)
    switching = asyncio.create_task(anna.switch_call_type(CallType.VIDEO))
    assert await ben.wait(Event.CALL_TYPE_ASKED) == {"user_id": "anna", "call_type": 2}
    await house.settle()
    assert not switching.done()
    assert not ben.all(Event.CALL_TYPE_CHANGED)
    await ben.answer_switch(True)
    await switching
    for guest in (anna, ben):
        assert await guest.wait(Event.CALL_TYPE_CHANGED) == TO_VIDEO
    assert not anna.all(Event.CALL_TYPE_ASKED)


async def test_without_consent(house: House) -> None:
    anna, ben = await house.clients("anna", "ben")
    await connect(anna, ben, CallType.AUDIO)
    answer(ben, allow=False)
    with pytest.raises(CallingError) as refused:
        await anna.switch_call_type(CallType.VIDEO)
    assert refused.value.code is Code.SWITCH_TO_VIDEO_FAILED
    await house.settle()
    for guest in (anna, ben):
        assert not guest.all(Event.CALL_TYPE_CHANGED)
        assert guest.state is State.CONNECTED


async def test_nobody_answers(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intercom.hub.talking.SWITCH_GRACE", 0.5)
    anna, ben = await house.clients("anna", "ben")
    await connect(anna, ben, CallType.AUDIO)
    with pytest.raises(CallingError) as refused:
        await anna.switch_call_type(CallType.VIDEO)
    assert refused.value.code is Code.SWITCH_TO_VIDEO_FAILED
    await ben.answer_switch(True)  # too late
    await house.settle()
    assert not ben.all(Event.CALL_TYPE_CHANGED)


async def test_in_a_group_everybody_is_asked_and_one_refusal_is_enough(house: House) -> None:
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    await connect(anna, ben, CallType.AUDIO)
    await anna.group_call(["cleo"])
    await cleo.wait(Event.INVITED)
    await cleo.accept()
    await anna.wait(Event.USER_ACCEPT, user_id="cleo")
    answer(ben, allow=True)
    switching = asyncio.create_task(anna.switch_call_type(CallType.VIDEO))
    await cleo.wait(Event.CALL_TYPE_ASKED)
    await house.settle()
    assert not switching.done()
    await cleo.answer_switch(False)
    with pytest.raises(CallingError):
        await switching
    answer(cleo, allow=True)
    await anna.switch_call_type(CallType.VIDEO)
    for guest in (anna, ben, cleo):
        assert await guest.wait(Event.CALL_TYPE_CHANGED) == TO_VIDEO


async def test_to_audio_at_once_and_the_cameras_close(house: House) -> None:
    """Nobody is asked; and no picture comes back before the other side has agreed."""
    anna, ben = await house.clients("anna", "ben", media=True)
    view, there = await anna.watch("ben"), await ben.watch("anna")
    await connect(anna, ben)
    await asyncio.gather(sees(view), sees(there))
    await anna.switch_call_type(CallType.AUDIO)
    for guest in (anna, ben):
        assert await guest.wait(Event.CALL_TYPE_CHANGED) == TO_AUDIO
        await blind(guest)
    assert not ben.all(Event.CALL_TYPE_ASKED)
    seen, shown = view.count, there.count
    switching = asyncio.create_task(anna.switch_call_type(CallType.VIDEO))
    await ben.wait(Event.CALL_TYPE_ASKED)
    await asyncio.gather(anna.hears(), ben.hears())
    await asyncio.sleep(0.2)
    assert (view.count, there.count) == (seen, shown)
    await ben.answer_switch(True)
    await switching
    await asyncio.gather(sees(view), sees(there))
