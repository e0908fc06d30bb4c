"""Each error code is caused for real, by a request or a condition; its words name the remedy."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from intercom import CallingError, CallType, Code, Event
from intercom import protocol as p
from intercom.enroll.key import DeviceKey
from intercom.hub.keys import Keys

from ..hub_rig import Visitors
from ..media_rig import until
from .house import House, connect

Cause = Callable[[House], Awaitable[str]]
CAUSES: dict[Code, Cause] = {}
UNUSED = {
    Code.SWITCH_TO_AUDIO_FAILED: "the original's; here a switch to audio cannot be refused",
}
"""Codes that no condition gives, and why they are kept."""


def causes(code: Code) -> Callable[[Cause], Cause]:
    """Enter a cause into the table; it returns the words of the error."""

    def enter(cause: Cause) -> Cause:
        CAUSES[code] = cause
        return cause

    return enter


async def words(code: Code, request: Awaitable[object]) -> str:
    """Return the words with which the request is refused."""
    with pytest.raises(CallingError) as refused:
        await request
    assert refused.value.code is code
    return refused.value.message


async def reported(code: Code, device: str, house: House) -> str:
    """Return the words of the ERROR that tells of a broken device."""
    anna, ben = await house.clients("anna", "ben", media=True)
    anna.devices.broken = {device}
    await connect(anna, ben)
    return str((await anna.wait(Event.ERROR, code=int(code)))["msg"])


async def login(house: House, code: Code, token: str) -> str:
    """Return the words with which that token is refused."""
    anna = await house.client("anna", login=False)
    return await words(code, anna.login("anna", token))


@causes(Code.DEVICE_REFUSED)
async def device_refused(house: House) -> str:
    anna, ben = await house.clients("anna", "ben", media=True)
    await connect(anna, ben)
    await until(lambda: anna.media is not None and anna.media.camera_open)
    anna.devices.ids.append("other")
    anna.devices.broken = {"camera"}
    try:
        return await words(Code.DEVICE_REFUSED, anna.switch_device("camera", "other"))
    finally:
        anna.devices.broken = set()


@causes(Code.BAD_PARAMETER)
async def bad_parameter(house: House) -> str:
    anna = await house.client("anna")
    return await words(Code.BAD_PARAMETER, anna.call("no body"))


@causes(Code.TOKEN_EXPIRED)
async def token_expired(house: House) -> str:
    return await login(house, Code.TOKEN_EXPIRED, house.token("anna", days=-1))


@causes(Code.INVITATION_GONE)
async def invitation_gone(house: House) -> str:
    anna = await house.client("anna")
    return await words(Code.INVITATION_GONE, anna.accept())


@causes(Code.NOT_PERMITTED)
async def not_permitted(house: House) -> str:
    door = await house.client("door")
    return await words(Code.NOT_PERMITTED, door.call("cleo"))


@causes(Code.SWITCH_TO_VIDEO_FAILED)
async def switch_to_video_failed(house: House) -> str:
    anna, ben = await house.clients("anna", "ben")
    await connect(anna, ben, CallType.AUDIO)
    ben.on(Event.CALL_TYPE_ASKED, lambda _: ben.answer_switch(False))
    return await words(Code.SWITCH_TO_VIDEO_FAILED, anna.switch_call_type(CallType.VIDEO))


@causes(Code.NO_MICROPHONE)
async def no_microphone(house: House) -> str:
    return await reported(Code.NO_MICROPHONE, "microphone", house)


@causes(Code.NO_CAMERA)
async def no_camera(house: House) -> str:
    return await reported(Code.NO_CAMERA, "camera", house)


@causes(Code.NO_SPEAKER)
async def no_speaker(house: House) -> str:
    return await reported(Code.NO_SPEAKER, "speaker", house)


@causes(Code.NO_WEBRTC)
async def no_webrtc(house: House) -> str:
    anna = await house.client("anna")
    return await words(Code.NO_WEBRTC, anna.get_microphones())


@causes(Code.TOKEN_MALFORMED)
async def token_malformed(house: House) -> str:
    return await login(house, Code.TOKEN_MALFORMED, "nonsense")


@causes(Code.TOKEN_BAD_SIGNATURE)
async def token_bad_signature(house: House) -> str:
    other = Keys(house.folder / "another-hub")
    return await login(house, Code.TOKEN_BAD_SIGNATURE, other.mint("anna", 1))


@causes(Code.TOKEN_OTHER_USER)
async def token_other_user(house: House) -> str:
    return await login(house, Code.TOKEN_OTHER_USER, house.token("ben"))


@causes(Code.NOT_LOGGED_IN)
async def not_logged_in(house: House) -> str:
    anna = await house.client("anna", login=False)
    return await words(Code.NOT_LOGGED_IN, anna.call("ben"))


@causes(Code.ALREADY_IN_CALL)
async def already_in_call(house: House) -> str:
    anna, ben = await house.clients("anna", "ben")
    await connect(anna, ben)
    return await words(Code.ALREADY_IN_CALL, anna.call("cleo"))


@causes(Code.HUB_UNREACHABLE)
async def hub_unreachable(house: House) -> str:
    anna = await house.client("anna", login=False)
    anna.wire.unplug()
    return await words(Code.HUB_UNREACHABLE, anna.login("anna", house.token("anna")))


@causes(Code.PROTOCOL)
async def protocol(house: House) -> str:
    async with Visitors(house.hub) as visitors:
        raw = await visitors.login("anna")
        await raw.say('{"t": "nonsense"}')
        refused = await raw.hear_a(p.Error)
        assert refused.code == Code.PROTOCOL
        return str(refused.msg)


@causes(Code.VERSION)
async def version(house: House) -> str:
    async with Visitors(house.hub) as visitors:
        raw = await visitors.open()
        await raw.say(p.encode(p.Hello((98, 99), "anna", house.token("anna"))))
        refused = await raw.hear_a(p.Error)
        assert refused.code == Code.VERSION
        return str(refused.msg)


@causes(Code.RATE_LIMITED)
async def rate_limited(house: House) -> str:
    anna = await house.client("anna")
    for _ in range(5):
        await anna.ended(invite_id=await anna.call("ben"))
    return await words(Code.RATE_LIMITED, anna.call("ben"))


@causes(Code.UNKNOWN_USER)
async def unknown_user(house: House) -> str:
    anna = await house.client("anna")
    return await words(Code.UNKNOWN_USER, anna.call("nobody"))


@causes(Code.UNKNOWN_DEVICE)
async def unknown_device(house: House) -> str:
    key = DeviceKey.load_or_make(house.folder / "device.key")
    anna = await house.client("anna", login=False)
    return await words(Code.UNKNOWN_DEVICE, anna.login("anna", key))


@causes(Code.UNKNOWN_GROUP)
async def unknown_group(house: House) -> str:
    anna = await house.client("anna")
    return await words(Code.UNKNOWN_GROUP, anna.group_call(group_id="nobodys"))


@causes(Code.CALL_FULL)
async def call_full(house: House) -> str:
    anna, *others = await house.clients("anna", "ben", "cleo", "dora")
    await anna.group_call([guest.user for guest in others])
    for guest in others:
        await guest.wait(Event.INVITED)
        await guest.accept()
        await anna.wait(Event.USER_ACCEPT, user_id=guest.user)
    return await words(Code.CALL_FULL, anna.group_call(["emil"]))


@causes(Code.NO_ROOM)
async def no_room(house: House) -> str:
    house.settings["messages_mb"] = 0
    await house.restart()
    anna = await house.client("anna")
    call_id = await anna.call("ben")
    await anna.ended()
    return await words(Code.NO_ROOM, anna.leave_message([call_id], sound=WAV))


WAV = (
    b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\xbb\x00\x00\x00\x77\x01\x00"
)
WAV += b"\x02\x00\x10\x00data\x00\x00\x00\x00"
"""A WAV file of no sound: mono, 48 kHz, 16 bits."""


def test_no_code_is_left_out() -> None:
    assert set(CAUSES) | set(UNUSED) == set(Code)
    assert not set(CAUSES) & set(UNUSED)


@pytest.mark.parametrize("code", CAUSES, ids=lambda code: code.name)
async def test_it_is_given_for_real(house: House, code: Code) -> None:
    said = await CAUSES[code](house)
    assert len(said.split()) > 2, said
