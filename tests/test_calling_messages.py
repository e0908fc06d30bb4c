"""Messages by the client's API, at a real hub, with TLS and without."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from intercom import CallingError, Code, Event
from intercom.calling import Calling
from intercom.config import HubConfig
from intercom.hub.server import Hub
from intercom.link import pinned
from intercom.link_http import HubHttp
from intercom.protocol import MESSAGE_PARTS

from .conftest import USERS, Client, Login
from .messages_rig import PICTURE, SOUND


async def in_vain(door: Client) -> str:
    """Have the door call the kitchen until it is given up."""
    call_id = await door.call("indoor", timeout=20)
    await door.hangup()
    await door.wait(Event.CALL_END)
    return call_id


async def code(asked: Awaitable[object]) -> Code:
    """The code of the error that is raised."""
    with pytest.raises(CallingError) as error:
        await asked
    return error.value.code


async def test_who_is_rung_hears_of_it_and_fetches_and_deletes_it(login: Login) -> None:
    door, indoor = await login("door"), await login("indoor")
    call_id = await in_vain(door)
    message = await door.leave_message([call_id], SOUND, PICTURE)
    [call] = (await indoor.wait(Event.MISSED_CALLS))["calls"]
    assert call["invite_id"] == call_id
    assert call["message"] == message
    assert call["reason"] == "canceled"
    assert call["name"] == "Front door"
    assert await indoor.fetch_message(message) == (SOUND, PICTURE)
    await indoor.delete_message(message)
    assert await code(indoor.fetch_message(message)) is Code.INVITATION_GONE
    assert await code(indoor.delete_message(message)) is Code.INVITATION_GONE


async def test_at_login_a_missed_call_tells_of_its_message(login: Login) -> None:
    door = await login("door")
    with_one, without = await in_vain(door), await in_vain(door)
    message = await door.leave_message([with_one], SOUND)
    indoor = await login("indoor")
    calls = (await indoor.wait(Event.MISSED_CALLS))["calls"]
    assert {call["invite_id"]: call["message"] for call in calls} == {
        with_one: message,
        without: "",
    }
    assert await indoor.fetch_message(message) == (SOUND, b"")


async def test_the_biggest_that_may_be_left_is_fetched(login: Login) -> None:
    door, indoor = await login("door"), await login("indoor")
    call_id = await in_vain(door)
    sound = SOUND + bytes(MESSAGE_PARTS["sound.wav"] - len(SOUND))
    picture = PICTURE + bytes(MESSAGE_PARTS["picture.jpg"] - len(PICTURE))
    too_big = door.leave_message([call_id], sound + b"x", picture)
    assert await code(too_big) is Code.BAD_PARAMETER
    message = await door.leave_message([call_id], sound, picture)
    assert await indoor.fetch_message(message) == (sound, picture)


async def test_what_cannot_be_is_refused_with_the_hubs_words(login: Login) -> None:
    door, desk = await login("door"), await login("desk")
    call_id = await in_vain(door)
    for calls in ([], ["short"], ["call-0001,call-0002"], ["call 0001"]):
        assert await code(door.leave_message(calls, SOUND)) is Code.BAD_PARAMETER
    assert await code(door.leave_message([call_id])) is Code.BAD_PARAMETER
    assert await code(door.leave_message(["call-9999"], SOUND)) is Code.INVITATION_GONE
    assert await code(desk.leave_message([call_id], SOUND)) is Code.NOT_PERMITTED
    message = await door.leave_message([call_id], SOUND)
    assert await code(door.leave_message([call_id], SOUND)) is Code.INVITATION_GONE
    assert await code(desk.fetch_message(message)) is Code.NOT_PERMITTED
    assert await code(desk.delete_message(message)) is Code.NOT_PERMITTED
    assert await code(desk.fetch_message("../../hub.key")) is not Code.HUB_UNREACHABLE


async def test_without_a_login_or_a_hub(hub: Hub, login: Login) -> None:
    stranger = Calling(f"ws://127.0.0.1:{hub.port}")
    assert await code(stranger.fetch_message("x" * 22)) is Code.NOT_LOGGED_IN
    stranger.http.user_sig = "x"
    assert await code(stranger.fetch_message("x" * 22)) is Code.TOKEN_MALFORMED
    door = await login("door")
    await hub.stop()
    assert await code(door.fetch_message("x" * 22)) is Code.HUB_UNREACHABLE


@pytest.fixture
async def safe(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub with TLS and a certificate of its own."""
    hub = Hub(HubConfig(listen="0.0.0.0", port=0, state_dir=str(tmp_path / "tls"), users=USERS))
    await hub.start()
    yield hub
    await hub.stop()


async def test_the_hubs_certificate_is_checked_as_the_links_is(safe: Hub) -> None:
    url, token = f"wss://127.0.0.1:{safe.port}", safe.keys.mint("indoor", days=1)
    calling = Calling(url, ssl_context=pinned(safe.pin))
    await calling.login("indoor", token)
    assert await code(calling.fetch_message("x" * 22)) is Code.INVITATION_GONE  # it is asked
    await calling.logout()
    for wrong in (pinned("00" * 32), None):
        unsure = HubHttp(url, wrong)
        unsure.user_sig = token
        assert await code(unsure.request("GET", "/messages/x")) is Code.HUB_UNREACHABLE


Serve = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def asked(answer: web.Response, path: str = "") -> bytes:
    """What comes of a request that is answered so."""

    async def serve(request: web.Request) -> web.StreamResponse:
        return answer

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", serve)
    async with TestServer(app) as server:
        http = HubHttp(f"ws://127.0.0.1:{server.port}{path}", None)
        return await http.request("GET", "/x", most=100)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (web.Response(body=b"x" * 101), Code.PROTOCOL),
        (web.Response(status=502, text="<html>"), Code.PROTOCOL),
        (web.json_response({"code": 999_999, "msg": "of tomorrow"}, status=400), Code.PROTOCOL),
        (web.json_response({"code": 8011, "msg": "no"}, status=403), Code.NOT_PERMITTED),
        (web.json_response([], status=403), Code.PROTOCOL),
        (web.Response(status=302, headers={"Location": "http://127.0.0.1:1/"}), Code.PROTOCOL),
    ],
)
async def test_whatever_a_server_says_is_a_calling_error(
    answer: web.Response, wanted: Code
) -> None:
    assert await code(asked(answer)) is wanted


@pytest.mark.parametrize("path", ["", "/", "/ws", "/ws/"])
async def test_the_hub_is_found_beside_its_websocket(path: str) -> None:
    assert await asked(web.Response(body=b"hello"), path) == b"hello"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("wss://hub.local:8443", "https://hub.local:8443"),
        ("ws://[::1]:8443/ws", "http://[::1]:8443"),
        ("wss://example.org/intercom/ws/", "https://example.org/intercom"),
    ],
)
def test_addresses(url: str, base: str) -> None:
    assert HubHttp(url, None)._base == base  # noqa: SLF001 (what a proxy's path becomes)
