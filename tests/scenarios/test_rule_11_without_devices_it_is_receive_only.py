"""Rule 11: without camera or microphone it is receive-only; who cannot join rings nobody."""

from __future__ import annotations

import asyncio

import pytest

from intercom import CallingError, Code, Event, State

from ..media_rig import loudness, until
from .guest import sees
from .house import House, connect

CODES = {"camera": Code.NO_CAMERA, "microphone": Code.NO_MICROPHONE, "speaker": Code.NO_SPEAKER}


@pytest.mark.parametrize("caller", [True, False], ids=["caller", "callee"])
async def test_no_camera_and_no_microphone(house: House, caller: bool) -> None:
    anna, ben = await house.clients("anna", "ben", media=True)
    poor, rich = (anna, ben) if caller else (ben, anna)
    poor.devices.broken = {"camera", "microphone"}
    view, blank = await poor.watch(rich.user), await rich.watch(poor.user)
    await connect(anna, ben)
    for device in poor.devices.broken:
        told = await poor.wait(Event.ERROR, code=int(CODES[device]))
        assert device in told["msg"]
    nothing = {"user_id": poor.user}
    await rich.wait(Event.USER_VIDEO_AVAILABLE, **nothing, is_video_available=False)
    await rich.wait(Event.USER_AUDIO_AVAILABLE, **nothing, is_audio_available=False)
    await asyncio.gather(sees(view), poor.hears())
    assert (anna.state, ben.state) == (State.CONNECTED, State.CONNECTED)
    assert blank.count == 0
    assert loudness(rich.devices.played) == 0


async def test_a_device_that_fails_in_a_call_and_comes_back(house: House) -> None:
    anna, ben = await house.clients("anna", "ben", media=True)
    view = await ben.watch("anna")
    await connect(anna, ben)
    await sees(view)
    anna.devices.broken = {"camera"}
    anna.devices.faults["camera"]("the camera was pulled out")
    await anna.wait(Event.ERROR, code=int(Code.NO_CAMERA))
    await anna.wait(Event.DEVICE_UPDATED)
    told = {"user_id": "anna", "is_video_available": False}
    await ben.wait(Event.USER_VIDEO_AVAILABLE, **told)
    anna.devices.broken = set()
    await anna.wait(Event.DEVICE_UPDATED)
    await ben.wait(Event.USER_VIDEO_AVAILABLE, **told | {"is_video_available": True})
    await sees(view)
    assert (anna.state, ben.state) == (State.CONNECTED, State.CONNECTED)


async def test_a_client_without_media_is_in_the_call_all_the_same(house: House) -> None:
    anna, ben = await house.client("anna"), await house.client("ben", media=True)
    await connect(anna, ben)
    with pytest.raises(CallingError) as refused:
        await anna.get_cameras()
    assert refused.value.code is Code.NO_WEBRTC
    await anna.send_text("I only write")
    await ben.wait(Event.TEXT)


async def test_a_caller_that_cannot_join_rings_nobody(house: House) -> None:
    """It has no login, or has lost the hub: nothing of it reaches the callee, then or later."""
    ben = await house.client("ben")
    anna = await house.client("anna", login=False)
    with pytest.raises(CallingError) as refused:
        await anna.call("ben")
    assert refused.value.code is Code.NOT_LOGGED_IN
    await anna.login("anna", house.token("anna"))
    anna.wire.unplug()
    await anna.wait(Event.CONNECTION_STATE, user_id="hub", state="reconnecting")
    with pytest.raises(CallingError) as refused:
        await anna.call("ben")
    assert refused.value.code is Code.HUB_UNREACHABLE
    assert anna.state is State.IDLE
    anna.wire.plug(house.hub.port)
    await anna.wait(Event.CONNECTION_STATE, user_id="hub", state="connected")
    await anna.wait(Event.CONNECTION_STATE, user_id="hub", state="connected")
    await house.settle()
    assert not ben.all(Event.INVITED)
    await connect(anna, ben)


async def test_an_invitation_that_is_lost_on_the_way_rings_nobody(house: House) -> None:
    """The wire breaks under it: the caller is told so, and is idle."""
    anna, ben = await house.clients("anna", "ben")
    anna.wire.freeze()
    calling = asyncio.create_task(anna.call("ben"))
    await asyncio.sleep(0.05)
    anna.wire.unplug()
    anna.wire.thaw()
    with pytest.raises(CallingError) as refused:
        await calling
    assert refused.value.code is Code.HUB_UNREACHABLE
    await until(lambda: anna.state is State.IDLE)
    assert (await anna.ended())["reason"] == "error"
    await ben.settled()
    anna.wire.plug(house.hub.port)
    assert len(ben.all(Event.INVITED)) == len(ben.all(Event.CALL_END))
