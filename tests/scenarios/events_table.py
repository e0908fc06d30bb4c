"""A real cause of each event: who hears it then, and with which payload."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import ANY

from intercom import CallType, Event

from .guest import Guest
from .house import House, connect, ring


@dataclass
class Told:
    """Who hears the event with which payload; all others must not hear it (but `also` may)."""

    payloads: dict[Guest, dict[str, Any]]
    also: list[Guest] = field(default_factory=list)


Cause = Callable[[House], Awaitable[Told]]
CAUSES: dict[Event, Cause] = {}


def causes(event: Event) -> Callable[[Cause], Cause]:
    """Enter a cause into the table."""

    def enter(cause: Cause) -> Cause:
        CAUSES[event] = cause
        return cause

    return enter


async def trio(house: House) -> tuple[Guest, Guest, Guest]:
    """Two that will have to do with each other, and one that has nothing to do with them."""
    anna, ben, cleo = await house.clients("anna", "ben", "cleo")
    return anna, ben, cleo


@causes(Event.SDK_READY)
async def ready(house: House) -> Told:
    early = await house.client("cleo")
    mark = len(early.all(Event.SDK_READY))
    anna = await house.client("anna")
    assert len(early.all(Event.SDK_READY)) == mark
    return Told({anna: {}}, also=[early])


@causes(Event.INVITED)
async def invited(house: House) -> Told:
    anna, ben, _ = await trio(house)
    call_id = await anna.call("ben", CallType.AUDIO, timeout=25, data="parcel")
    payload = {
        "invite_id": call_id,
        "sponsor": "anna",
        "user_id_list": ["ben"],
        "group_id": "",
        "is_from_group": False,
        "call_type": 1,
        "room_id": call_id,
        "timeout": 25,
        "invite_data": "parcel",
    }
    return Told({ben: payload})


@causes(Event.RINGING)
async def ringing(house: House) -> Told:
    anna, *_ = await trio(house)
    call_id = await anna.call("ben")
    return Told({anna: {"invite_id": call_id, "user_id": "ben"}})


async def third_accepts(house: House) -> tuple[Guest, Guest, Guest, str]:
    """Anna and ben talk; cleo, whom anna has added, accepts; dora has nothing to do with it."""
    anna, ben, cleo = await trio(house)
    await house.client("dora")
    await connect(anna, ben)
    call_id = await anna.group_call(["cleo"])
    await cleo.wait(Event.INVITED)
    await cleo.accept()
    await ben.wait(Event.USER_ENTER, user_id="cleo")
    await anna.wait(Event.USER_ENTER, user_id="cleo")
    return anna, ben, cleo, call_id


@causes(Event.USER_ACCEPT)
async def accepted(house: House) -> Told:
    anna, _, _ = await trio(house)
    ben = house.guests[1]
    call_id = await ring(anna, ben)
    await ben.accept()
    return Told({anna: {"invite_id": call_id, "user_id": "ben"}})


@causes(Event.USER_ENTER)
async def entered(house: House) -> Told:
    anna, ben, _ = await trio(house)
    await ring(anna, ben)
    await ben.accept()
    return Told({anna: {"user_id": "ben"}, ben: {"user_id": "anna"}})


@causes(Event.USER_LEAVE)
async def left(house: House) -> Told:
    anna, ben, cleo, _ = await third_accepts(house)
    await cleo.hangup()
    payload = {"user_id": "cleo", "reason": "hangup"}
    return Told({anna: payload, ben: payload})


@causes(Event.REJECT)
async def rejected(house: House) -> Told:
    anna, ben, cleo = await trio(house)
    await connect(anna, ben)
    call_id = await ben.group_call(["cleo"])
    await cleo.wait(Event.INVITED)
    await cleo.reject()
    payload = {"invite_id": call_id, "user_id": "cleo"}
    return Told({anna: payload, ben: payload})


@causes(Event.LINE_BUSY)
async def busy(house: House) -> Told:
    anna, ben, cleo = await trio(house)
    await connect(anna, ben)
    payload = {"invite_id": await cleo.call("ben"), "sponsor": "cleo", "user_id": "ben"}
    return Told({ben: payload, cleo: payload})


@causes(Event.NO_RESP)
async def no_response(house: House) -> Told:
    anna, *_ = await trio(house)
    call_id = await anna.call("emil")
    payload = {"invite_id": call_id, "user_id_list": ["emil"], "reason": "offline"}
    return Told({anna: payload})


@causes(Event.CALLING_CANCEL)
async def canceled(house: House) -> Told:
    anna, ben, _ = await trio(house)
    call_id = await ring(anna, ben)
    await anna.hangup()
    return Told({ben: {"invite_id": call_id, "user_id": "anna"}})


@causes(Event.ANSWERED_ELSEWHERE)
async def answered_elsewhere(house: House) -> Told:
    anna, ben, cleo = await trio(house)
    door = await house.client("door")
    call_id = await door.group_call(group_id="family")
    for guest in (anna, ben, cleo):
        await guest.wait(Event.INVITED)
    await ben.accept()
    payload = {"invite_id": call_id, "user_id": "ben"}
    return Told({anna: payload, cleo: payload})


@causes(Event.CALLING_TIMEOUT)
async def rung_out(house: House) -> Told:
    anna, ben, _ = await trio(house)
    call_id = await anna.call("ben", timeout=1)
    return Told({ben: {"invite_id": call_id, "user_id_list": ["ben"]}})


@causes(Event.CALL_END)
async def ended(house: House) -> Told:
    anna, ben, _ = await trio(house)
    call_id = await connect(anna, ben)
    await ben.hangup()
    payload = {"invite_id": call_id, "user_id": "ben", "call_end": 0, "reason": "hangup"}
    return Told({anna: payload, ben: payload})


@causes(Event.KICKED_OUT)
async def kicked(house: House) -> Told:
    anna, *_ = await trio(house)
    await house.client("anna")
    return Told({anna: {"reason": "logged in elsewhere"}})


@causes(Event.USER_VIDEO_AVAILABLE)
async def video_shut(house: House) -> Told:
    anna, ben, cleo, _ = await third_accepts(house)
    await cleo.close_camera()
    payload = {"user_id": "cleo", "is_video_available": False}
    return Told({anna: payload, ben: payload}, also=[cleo])


@causes(Event.USER_AUDIO_AVAILABLE)
async def muted(house: House) -> Told:
    anna, ben, cleo, _ = await third_accepts(house)
    await cleo.set_mic_mute(True)
    payload = {"user_id": "cleo", "is_audio_available": False}
    return Told({anna: payload, ben: payload}, also=[cleo])


@causes(Event.USER_VOICE_VOLUME)
async def volume(house: House) -> Told:
    anna, ben = await house.clients("anna", "ben", media=True)
    await house.client("cleo", media=True)
    await connect(anna, ben)
    return Told({guest: {"volume_map": ANY} for guest in (anna, ben)})


@causes(Event.GROUP_CALL_INVITEE_LIST_UPDATE)
async def invitees(house: House) -> Told:
    anna, ben, _ = await trio(house)
    await connect(anna, ben)
    await ben.group_call(["cleo"])
    return Told({guest: {"user_id_list": ["cleo"]} for guest in (anna, ben)})


@causes(Event.CALL_TYPE_ASKED)
async def asked(house: House) -> Told:
    anna, ben, _ = await trio(house)
    await connect(anna, ben, CallType.AUDIO)
    anna.tasks.spawn(anna.switch_call_type(CallType.VIDEO))
    await asyncio.sleep(0)
    ben.on(Event.CALL_TYPE_ASKED, lambda _: ben.answer_switch(True))
    return Told({ben: {"user_id": "anna", "call_type": 2}})


@causes(Event.CALL_TYPE_CHANGED)
async def changed(house: House) -> Told:
    anna, ben, _ = await trio(house)
    await connect(anna, ben)
    await anna.switch_call_type(CallType.AUDIO)
    return Told({guest: {"old_call_type": 2, "new_call_type": 1} for guest in (anna, ben)})


async def broken_camera(house: House) -> tuple[Guest, Guest]:
    """Anna calls ben, and her camera is broken."""
    anna, ben = await house.clients("anna", "ben", media=True)
    anna.devices.broken = {"camera"}
    await ring(anna, ben)
    return anna, ben


@causes(Event.DEVICE_UPDATED)
async def device(house: House) -> Told:
    anna, _ = await broken_camera(house)
    devices = {"cameras": [("test", "a camera")], "microphones": [("test", "a microphone")]}
    return Told({anna: devices})


@causes(Event.CONNECTION_STATE)
async def connection(house: House) -> Told:
    anna, ben, cleo = await trio(house)
    await anna.wait(Event.CONNECTION_STATE, user_id="hub", state="connected")
    anna.wire.unplug()
    await anna.wait(Event.CONNECTION_STATE, user_id="hub", state="reconnecting")
    anna.wire.plug(house.hub.port)
    assert len(ben.all(Event.CONNECTION_STATE)) == 1  # of its own login
    return Told({anna: {"user_id": "hub", "state": "connected"}}, also=[ben, cleo])


@causes(Event.TEXT)
async def text(house: House) -> Told:
    anna, ben, cleo, _ = await third_accepts(house)
    await ben.send_text("I am coming")
    return Told({guest: {"user_id": "ben", "text": "I am coming"} for guest in (anna, cleo)})


@causes(Event.DOOR_OPENED)
async def door(house: House) -> Told:
    anna, ben, cleo, _ = await third_accepts(house)
    await anna.open_door()
    return Told({guest: {"user_id": "anna", "seconds": 3.0} for guest in (anna, ben, cleo)})


@causes(Event.MISSED_CALLS)
async def missed(house: House) -> Told:
    anna = await house.client("anna")
    await anna.call("ben")
    await anna.ended()
    return Told({await house.client("ben"): {"calls": ANY}})


@causes(Event.ERROR)
async def error(house: House) -> Told:
    anna, _ = await broken_camera(house)
    return Told({anna: {"code": 60004, "msg": "no camera: plug one in"}})
