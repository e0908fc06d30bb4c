"""In an audio call no camera is opened, anywhere; consent opens it, and audio closes it again."""

from __future__ import annotations

import asyncio

import pytest

from intercom import CallingError, CallType, Event, State
from intercom.media import PeerLost
from intercom.station import scene as sc
from intercom.station.controls import Intent
from tests.media_rig import until
from tests.scenarios.guest import Guest, online, sees, shut
from tests.scenarios.house import House, connect
from tests.station_rig import Station


async def heard(*guests: Guest) -> None:
    """Wait until each hears a voice, and see that nobody has opened a camera so far."""
    await asyncio.gather(*(guest.hears() for guest in guests))
    for guest in guests:
        assert "camera" not in guest.devices.opened, guest


async def talk(house: House) -> tuple[Guest, Guest]:
    """Anna and ben talk, without pictures."""
    anna, ben = await house.clients("anna", "ben", media=True)
    await connect(anna, ben, CallType.AUDIO)
    await heard(anna, ben)
    return anna, ben


async def renew(guest: Guest, other: Guest) -> None:
    """Lose the transport between them, as its watchdog tells it, and wait for the next one."""
    before = guest.mesh.stats()[other.user]["epoch"]
    for one, another in ((guest, other), (other, guest)):
        one.media_event(PeerLost(one.call_id, another.user))
    await until(lambda: guest.mesh.stats().get(other.user, {}).get("epoch", 0) > before)


async def test_no_camera_while_it_rings_and_after_the_accept(house: House) -> None:
    anna, ben = await talk(house)
    assert {"microphone", "speaker"} <= set(anna.devices.opened) & set(ben.devices.opened)
    await anna.hangup()
    await asyncio.gather(shut(anna), shut(ben))
    assert "camera" not in anna.devices.opened + ben.devices.opened


async def test_no_camera_for_mute_or_for_an_open_camera_that_an_audio_call_cannot_have(
    house: House,
) -> None:
    anna, ben = await talk(house)
    for guest in (anna, ben):
        await guest.set_mic_mute(True)
        await guest.set_mic_mute(False)
    await anna.open_camera()
    await heard(anna, ben)


async def test_no_camera_after_the_hub_was_lost_and_the_media(house: House) -> None:
    anna, ben = await talk(house)
    for guest in (anna, ben):
        guest.wire.unplug()
    await anna.wait(Event.CONNECTION_STATE, user_id="hub", state="reconnecting")
    for guest in (anna, ben):
        guest.wire.plug(house.hub.port)
        await online(guest)
    await heard(anna, ben)
    await renew(anna, ben)
    await heard(anna, ben)
    assert (anna.state, ben.state) == (State.CONNECTED, State.CONNECTED)


async def test_no_camera_in_a_group_nor_for_who_joins_late(house: House) -> None:
    anna, ben, cleo, dora = await house.clients("anna", "ben", "cleo", "dora", media=True)
    await anna.group_call(["ben", "cleo"], type=CallType.AUDIO)
    for guest in (ben, cleo):
        await guest.wait(Event.INVITED, call_type=int(CallType.AUDIO))
        await guest.accept()
        await anna.wait(Event.USER_ACCEPT, user_id=guest.user)
    await heard(anna, ben, cleo)
    await ben.group_call(["dora"])  # one more is added
    await dora.wait(Event.INVITED, call_type=int(CallType.AUDIO))
    await dora.accept()
    await heard(anna, ben, cleo, dora)
    await cleo.hangup()
    await anna.wait(Event.USER_LEAVE, user_id="cleo")
    await cleo.join(anna.call_id)
    await heard(anna, ben, cleo, dora)


async def test_consent_opens_the_cameras_and_audio_closes_them(house: House) -> None:
    anna, ben = await talk(house)
    views = await anna.watch("ben"), await ben.watch("anna")
    ben.on(Event.CALL_TYPE_ASKED, lambda _: ben.answer_switch(False))
    with pytest.raises(CallingError):
        await anna.switch_call_type(CallType.VIDEO)
    await heard(anna, ben)
    anna.on(Event.CALL_TYPE_ASKED, lambda _: anna.answer_switch(True))
    for _ in range(2):
        await ben.switch_call_type(CallType.VIDEO)
        await asyncio.gather(*(sees(view) for view in views))
        await anna.switch_call_type(CallType.AUDIO)
        await until(
            lambda: not any(guest.media.camera_open for guest in (anna, ben) if guest.media)
        )
        for guest in (anna, ben):
            assert guest.devices.camera is not None
            assert not guest.devices.camera.running
        await asyncio.gather(anna.hears(), ben.hears())
    assert anna.devices.opened.count("camera") == ben.devices.opened.count("camera") == 2


async def test_a_stations_camera_stays_shut_whoever_calls(house: House) -> None:
    door = Station(house.hub, '[call]\ntype = "audio"\ncallee = "ben"\n', camera="simulated")
    await door.start()
    [ben] = await house.clients("ben", media=True)
    door.do(Intent.CALL)
    await ben.wait(Event.INVITED, call_type=int(CallType.AUDIO))
    await ben.accept()
    shown = await door.shows(sc.InCall)
    assert not shown.video
    door.do(Intent.MUTE, Intent.MUTE, Intent.HANGUP)
    await shut(ben)
    await ben.call("door", CallType.AUDIO)
    await door.shows(sc.RingingIn)
    door.do(Intent.ACCEPT)
    await door.shows(sc.InCall)
    await ben.hangup()
    await door.shows(sc.Ended)
    assert door.devices.last_frame == 0  # set when the camera is opened
    await door.close()


async def test_a_consent_that_comes_with_a_lost_hub_opens_no_camera(house: House) -> None:
    """Nobody but the hub switches a call."""
    anna, ben = await talk(house)
    anna.wire.unplug()
    await anna.wait(Event.CONNECTION_STATE, user_id="hub", state="reconnecting")
    with pytest.raises(CallingError):
        await anna.switch_call_type(CallType.VIDEO)
    await heard(anna, ben)
    anna.wire.plug(house.hub.port)
    await online(anna)
