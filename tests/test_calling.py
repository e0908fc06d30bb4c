"""The calling client against a real hub, over real sockets, without media."""

from __future__ import annotations

import asyncio

import pytest

from intercom import CallingError, CallType, Code, Event, LoginError, State
from intercom.hub.keys import Keys
from intercom.hub.server import Hub

from .conftest import Client, Login


async def ring(login: Login) -> tuple[Client, Client, str]:
    """Let the door ring the kitchen."""
    door, indoor = await login("door"), await login("indoor")
    call_id = await door.call("indoor", timeout=20)
    await indoor.wait(Event.INVITED)
    await door.wait(Event.RINGING)
    return door, indoor, call_id


async def connect(login: Login) -> tuple[Client, Client, str]:
    """Connect the door and the kitchen."""
    door, indoor, call_id = await ring(login)
    await indoor.accept()
    await door.wait(Event.USER_ACCEPT)
    return door, indoor, call_id


async def ended(client: Client) -> str:
    """Return the reason of CALL_END, and see that the client is idle."""
    payload = await client.wait(Event.CALL_END)
    assert client.state is State.IDLE
    return str(payload["reason"])


async def test_a_call_rings_is_accepted_and_hung_up(login: Login) -> None:
    door, indoor = await login("door"), await login("indoor")
    call_id = await door.call("indoor", type=CallType.VIDEO, data="hello")
    assert door.state is State.CALLING
    invited = await indoor.wait(Event.INVITED)
    assert invited["invite_id"] == call_id
    assert invited["sponsor"] == "door"
    assert invited["invite_data"] == "hello"
    assert indoor.names["door"] == "Front door"
    assert indoor.state is State.RINGING
    assert (await door.wait(Event.RINGING))["user_id"] == "indoor"
    await indoor.accept(call_id)
    assert (await door.wait(Event.USER_ACCEPT))["user_id"] == "indoor"
    assert (door.state, indoor.state) == (State.CONNECTED, State.CONNECTED)
    await indoor.hangup()
    assert (await door.wait(Event.USER_LEAVE))["reason"] == "hangup"
    assert await ended(door) == "hangup"
    assert await ended(indoor) == "hangup"
    assert door.count(Event.CALL_END) == indoor.count(Event.CALL_END) == 0


async def test_reject(login: Login) -> None:
    door, indoor, _ = await ring(login)
    await indoor.reject()
    assert (await door.wait(Event.REJECT))["user_id"] == "indoor"
    assert await ended(door) == "reject"
    assert await ended(indoor) == "reject"


async def test_reject_as_busy(login: Login) -> None:
    door, indoor, _ = await ring(login)
    await indoor.reject(busy=True)
    assert (await door.wait(Event.LINE_BUSY))["user_id"] == "indoor"
    assert await ended(door) == "line_busy"


async def test_cancel(login: Login) -> None:
    door, indoor, _ = await ring(login)
    await door.hangup()
    assert (await indoor.wait(Event.CALLING_CANCEL))["user_id"] == "door"
    assert await ended(indoor) == "canceled"
    assert await ended(door) == "canceled"


async def test_offline(login: Login) -> None:
    door = await login("door")
    await door.call("indoor")
    assert (await door.wait(Event.NO_RESP))["reason"] == "offline"
    assert await ended(door) == "offline"


async def test_rings_out(login: Login) -> None:
    door, indoor = await login("door"), await login("indoor")
    await door.call("indoor", timeout=1)
    assert (await indoor.wait(Event.CALLING_TIMEOUT))["user_id_list"] == ["indoor"]
    assert (await door.wait(Event.NO_RESP))["reason"] == "timeout"
    assert await ended(door) == await ended(indoor) == "no_response"


async def test_busy_leaves_the_first_call_alone(login: Login) -> None:
    _, indoor, _ = await connect(login)
    desk = await login("desk")
    await desk.call("indoor")
    assert (await desk.wait(Event.LINE_BUSY))["user_id"] == "indoor"
    assert await ended(desk) == "line_busy"
    assert (await indoor.wait(Event.LINE_BUSY))["sponsor"] == "desk"
    assert indoor.state is State.CONNECTED


async def test_glare_becomes_one_call(login: Login) -> None:
    door, indoor = await login("door"), await login("indoor")
    # Both calls are under way before either hears of the other's.
    first, second = await asyncio.gather(door.call("indoor"), indoor.call("door"))
    await door.wait(Event.USER_ACCEPT)
    await indoor.wait(Event.USER_ACCEPT)
    assert door.call_id == indoor.call_id == min(first, second)
    assert door.count(Event.INVITED) == indoor.count(Event.INVITED) == 0
    await door.hangup()
    assert await ended(indoor) == "hangup"


async def test_mute_and_camera_are_told(login: Login) -> None:
    door, indoor, _ = await connect(login)
    door.heard.clear()
    await indoor.set_mic_mute(True)
    payload = await door.wait(Event.USER_AUDIO_AVAILABLE)
    assert payload == {"user_id": "indoor", "is_audio_available": False}
    door.heard.clear()
    await indoor.close_camera()
    payload = await door.wait(Event.USER_VIDEO_AVAILABLE)
    assert payload == {"user_id": "indoor", "is_video_available": False}


async def test_switch_to_audio_and_back_with_consent(login: Login) -> None:
    door, indoor, _ = await connect(login)
    await door.switch_call_type(CallType.AUDIO)
    assert (await indoor.wait(Event.CALL_TYPE_CHANGED))["new_call_type"] == CallType.AUDIO
    indoor.on(Event.CALL_TYPE_ASKED, lambda _: indoor.answer_switch(True))
    await door.switch_call_type(CallType.VIDEO)
    assert (await indoor.wait(Event.CALL_TYPE_CHANGED))["new_call_type"] == CallType.VIDEO


async def test_switch_to_video_without_consent(login: Login) -> None:
    door, indoor, _ = await connect(login)
    await door.switch_call_type(CallType.AUDIO)
    indoor.on(Event.CALL_TYPE_ASKED, lambda _: indoor.answer_switch(False))
    with pytest.raises(CallingError) as error:
        await door.switch_call_type(CallType.VIDEO)
    assert error.value.code is Code.SWITCH_TO_VIDEO_FAILED


async def test_text_and_door(login: Login) -> None:
    door, indoor, _ = await connect(login)
    await indoor.send_text("I am coming")
    assert (await door.wait(Event.TEXT))["text"] == "I am coming"
    await indoor.open_door()
    assert (await door.wait(Event.DOOR_OPENED))["user_id"] == "indoor"
    with pytest.raises(CallingError) as error:
        await door.open_door()
    assert error.value.code is Code.NOT_PERMITTED


async def test_the_newer_login_wins(login: Login) -> None:
    door, indoor, _ = await connect(login)
    newer = await login("indoor")
    assert "elsewhere" in (await indoor.wait(Event.KICKED_OUT))["reason"]
    assert await ended(indoor) == "kicked"
    assert await ended(door) == "kicked"
    await door.call("indoor")
    await newer.wait(Event.INVITED)


async def test_hangup_is_idempotent_and_legal_in_every_state(login: Login) -> None:
    door = await login("door")
    for _ in range(3):
        await door.hangup()
    assert door.count(Event.CALL_END) == 0


@pytest.mark.parametrize(
    ("user", "code"),
    [
        ("nobody", Code.UNKNOWN_USER),
        ("door", Code.BAD_PARAMETER),
        ("no body", Code.BAD_PARAMETER),
        ("door\n", Code.BAD_PARAMETER),
        ("x" * 65, Code.BAD_PARAMETER),
    ],
)
async def test_a_bad_callee_is_an_error_and_leaves_idle(
    login: Login, user: str, code: Code
) -> None:
    door = await login("door")
    with pytest.raises(CallingError) as error:
        await door.call(user)
    assert error.value.code is code
    assert door.state is State.IDLE


async def test_who_may_not_call_is_told_why(login: Login) -> None:
    shy = await login("shy")
    with pytest.raises(CallingError, match="may_call") as error:
        await shy.call("door")
    assert error.value.code is Code.NOT_PERMITTED


async def test_accept_with_nothing_ringing(login: Login) -> None:
    door = await login("door")
    with pytest.raises(CallingError) as error:
        await door.accept()
    assert error.value.code is Code.INVITATION_GONE


@pytest.mark.parametrize(
    ("token", "code"),
    [
        ("garbage", Code.TOKEN_MALFORMED),
        ("other", Code.TOKEN_OTHER_USER),
        ("expired", Code.TOKEN_EXPIRED),
        ("foreign", Code.TOKEN_BAD_SIGNATURE),
        ("unknown", Code.UNKNOWN_USER),
    ],
)
async def test_login_refused(
    hub: Hub, tmp_path_factory: pytest.TempPathFactory, token: str, code: Code
) -> None:
    foreign = Keys(tmp_path_factory.mktemp("foreign"))
    sig = {
        "garbage": "garbage",
        "other": hub.keys.mint("indoor", 1),
        "expired": hub.keys.mint("door", -1),
        "foreign": foreign.mint("door", 1),
        "unknown": hub.keys.mint("stranger", 1),
    }[token]
    client = Client(f"ws://127.0.0.1:{hub.port}")
    with pytest.raises(LoginError) as error:
        await client.login("stranger" if token == "unknown" else "door", sig)
    assert error.value.code is code
    await client.logout()


async def test_no_hub() -> None:
    client = Client("ws://127.0.0.1:9")
    with pytest.raises(CallingError, match="no hub") as error:
        await client.login("door", "x")
    assert error.value.code is Code.HUB_UNREACHABLE


async def test_calls_need_a_login(hub: Hub) -> None:
    client = Client(f"ws://127.0.0.1:{hub.port}")
    with pytest.raises(CallingError) as error:
        await client.call("indoor")
    assert error.value.code is Code.NOT_LOGGED_IN


async def test_a_camera_that_was_shut_stays_shut_through_a_switch(login: Login) -> None:
    door, indoor, _ = await connect(login)
    await indoor.close_camera()
    indoor.on(Event.CALL_TYPE_ASKED, lambda _: indoor.answer_switch(True))
    await door.switch_call_type(CallType.AUDIO)
    await door.switch_call_type(CallType.VIDEO)
    await indoor.wait(Event.CALL_TYPE_CHANGED)
    await indoor.wait(Event.CALL_TYPE_CHANGED)
    assert getattr(indoor.phase, "video") is False  # noqa: B009 - only some phases have it
    assert getattr(door.phase, "video") is True  # noqa: B009 - the same
