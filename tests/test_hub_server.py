"""The hub's port, against clients that behave and clients that do not, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from intercom import Event, State
from intercom import protocol as p
from intercom.config import HubConfig, UserConfig
from intercom.errors import Code
from intercom.hub import client as hub_client
from intercom.hub import server as hub_server
from intercom.hub.server import Hub, HubError

from .conftest import USERS, Client, Login
from .hub_rig import Visitors, hello


@pytest.fixture
async def visitors(hub: Hub) -> AsyncIterator[Visitors]:
    """Raw connections to the hub."""
    async with Visitors(hub) as made:
        yield made


def fault(messages: list[p.HubMessage]) -> p.Error:
    """The one complaint among the messages."""
    [error] = [m for m in messages if isinstance(m, p.Error)]
    return error


GREETINGS = {
    "garbage": ("garbage", Code.PROTOCOL, "not understood"),
    "no hello": ('{"t":"ping"}', Code.NOT_LOGGED_IN, "must be hello"),
    "a hub's message": ('{"t":"pong"}', Code.PROTOCOL, "not understood"),
    "a huge tag": (f'{{"t":"{"x" * 65_000}"}}', Code.PROTOCOL, "not understood"),
    "deep": (f'{{"t":{"[" * 30_000}', Code.PROTOCOL, "not understood"),
}


@pytest.mark.parametrize(("text", "code", "words"), GREETINGS.values(), ids=GREETINGS.keys())
async def test_a_bad_greeting_is_answered_and_closed(
    visitors: Visitors, text: str, code: Code, words: str
) -> None:
    raw = await visitors.open()
    await raw.say(text)
    heard, closed = await raw.end()
    assert fault(heard).code == code
    assert words in fault(heard).msg
    assert closed == aiohttp.WSCloseCode.POLICY_VIOLATION


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"versions": [2, 7]}, Code.VERSION),
        ({"versions": [0, 0]}, Code.VERSION),
        ({"versions": [1, 0]}, Code.VERSION),
        ({"user_sig": "x"}, Code.TOKEN_MALFORMED),
        ({"user_sig": "eyJhbGciOiJub25lIn0.e30."}, Code.TOKEN_MALFORMED),
        ({"user_id": "indoor"}, Code.TOKEN_OTHER_USER),
        ({"user_id": "in door"}, Code.PROTOCOL),
        ({"user_sig": None}, Code.PROTOCOL),
    ],
)
async def test_a_login_is_refused(visitors: Visitors, wrong: dict[str, object], code: Code) -> None:
    raw = await visitors.open()
    await raw.say(hello(visitors.hub, "door", **wrong))
    heard, closed = await raw.end()
    assert fault(heard).code == code
    assert closed == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_who_says_nothing_is_not_kept(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_server, "HELLO_TIMEOUT", 0.1)
    raw = await visitors.open()
    assert (await raw.end())[0] == []


MESSAGES = {
    "garbage": ("\x00\x01", Code.PROTOCOL),
    "hello again": ('{"t":"hello","versions":[1,1],"user_id":"a","user_sig":"b"}', Code.PROTOCOL),
    "unknown": ('{"t":"dance"}', Code.PROTOCOL),
    "a huge request number": (
        f'{{"t":"accept","req":{2**70},"call_id":"call-0001"}}',
        Code.PROTOCOL,
    ),
}


@pytest.mark.parametrize(("text", "code"), MESSAGES.values(), ids=MESSAGES.keys())
async def test_a_bad_message_is_named_and_others_do_not_notice(
    visitors: Visitors, text: str, code: Code
) -> None:
    other = await visitors.login("indoor")
    raw = await visitors.login("door")
    await raw.say(text)
    heard, closed = await raw.end()
    assert fault(heard).code == code
    assert closed == aiohttp.WSCloseCode.POLICY_VIOLATION
    await other.alive()
    _, metrics = await visitors.get("/metrics")
    refused = f'intercom_hub_connections_refused_total{{code="{int(code)}"}} 1.0'
    assert refused in metrics


async def test_binary_frames_are_not_spoken(visitors: Visitors) -> None:
    raw = await visitors.login("door")
    await raw.ws.send_bytes(b'{"t":"ping"}')
    heard, closed = await raw.end()
    assert "only text" in fault(heard).msg
    assert closed == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_64_kib_are_taken_and_not_one_byte_more(visitors: Visitors) -> None:
    raw = await visitors.login("door")
    biggest = f'{{"t":"ping","x":"{"x" * (p.MAX_MESSAGE - 19)}"}}'
    await raw.say(biggest)
    await raw.hear_a(p.Pong)
    await raw.say(biggest + " ")
    assert (await raw.end())[1] == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_bytes_that_are_no_websocket(visitors: Visitors) -> None:
    other = await visitors.login("indoor")
    for data in (b"\x00" * 4096, b"GET /ws HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"):
        reader, writer = await asyncio.open_connection("127.0.0.1", visitors.hub.port)
        writer.write(data)
        writer.write_eof()
        await asyncio.wait_for(reader.read(), 5)
        writer.close()
    await other.alive()


async def test_a_flood_is_stopped(visitors: Visitors) -> None:
    raw = await visitors.login("door")
    for _ in range(int(hub_client.BURST) + 100):
        await raw.say('{"t":"ringing","call_id":"call-0001"}')
    heard, closed = await raw.end()
    assert fault(heard).code == Code.RATE_LIMITED
    assert "60 a second" in fault(heard).msg
    assert closed == aiohttp.WSCloseCode.POLICY_VIOLATION


async def test_calls_in_a_row_are_limited_and_the_client_stays(visitors: Visitors) -> None:
    raw = await visitors.login("door")
    for number in range(6):
        await raw.say(p.Invite(number, f"call-000{number}", p.CallType.VIDEO, ["indoor"]))
        answer = await raw.hear_a(p.Ok if number < 5 else p.Error)
    assert (answer.req, answer.code) == (5, Code.RATE_LIMITED)
    assert "wait 2 seconds" in answer.msg
    await raw.alive()
    again = await visitors.login("door")  # a new login is no new burst
    await again.say(p.Invite(7, "call-0007", p.CallType.VIDEO, ["indoor"]))
    assert (await again.hear_a(p.Error)).code == Code.RATE_LIMITED


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("http://127.0.0.1:{port}", True),
        ("https://home.example", True),
        ("https://evil.example", False),
        ("http://127.0.0.1:1", False),
        ("null", False),
        ("", False),
        ("http://[", False),
        ("http://home.example", False),
    ],
)
async def test_whose_page_may_connect(tmp_path: Path, origin: str, allowed: bool) -> None:
    config = HubConfig(
        port=0, state_dir=str(tmp_path), users=USERS, origins=("https://home.example",)
    )
    hub = Hub(config)
    await hub.start()
    async with Visitors(hub) as visitors:
        headers = {"Origin": origin.format(port=hub.port)}
        if allowed:
            await visitors.open(headers=headers)
        else:
            with pytest.raises(aiohttp.WSServerHandshakeError) as error:
                await visitors.open(headers=headers)
            assert error.value.status == 403
    await hub.stop()


async def test_health_and_metrics(visitors: Visitors, login: Login) -> None:
    door, indoor = await login("door"), await login("indoor")
    status, body = await visitors.get("/healthz")
    assert (status, json.loads(body)) == (200, {"status": "ok", "clients": 2})
    await door.call("indoor")
    await indoor.wait(Event.INVITED)
    _, ringing = await visitors.get("/metrics")
    assert "intercom_hub_clients 2.0\n" in ringing
    assert "intercom_hub_calls 1.0\n" in ringing
    await indoor.reject()
    await door.wait(Event.CALL_END)
    _, over = await visitors.get("/metrics")
    assert "intercom_hub_calls 0.0\n" in over
    assert 'intercom_hub_calls_ended_total{reason="reject"} 1.0\n' in over


async def test_nothing_else_is_served(visitors: Visitors) -> None:
    for path in ("/", "/ws/x", "/../etc/passwd", "/metrics/"):
        assert (await visitors.get(path))[0] == 404
    assert (await visitors.get("/ws"))[0] == 400


async def test_a_silent_client_in_a_call_is_dropped(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    monkeypatch.setattr(p, "DEAD_CALL", 0.6)
    monkeypatch.setattr(hub_server, "SWEEP", 0.05)
    await door.say(p.Invite(1, "call-0001", p.CallType.VIDEO, ["indoor"]))
    await indoor.hear_a(p.Invited)

    async def ping() -> None:
        while True:
            await door.say(p.Ping())
            await asyncio.sleep(0.1)

    pinging = asyncio.create_task(ping())
    _, code = await indoor.end()
    assert code == aiohttp.WSCloseCode.GOING_AWAY
    await door.alive()
    pinging.cancel()


async def test_a_client_is_not_dropped_for_the_silence_before_its_call(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An idle client pings every 15 s; the first thing it hears of a call may be late."""
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    monkeypatch.setattr(p, "DEAD_CALL", 1.0)
    monkeypatch.setattr(hub_server, "SWEEP", 0.02)
    await asyncio.sleep(1.1)
    await door.say(p.Invite(1, "call-0001", p.CallType.VIDEO, ["indoor"]))
    await indoor.hear_a(p.Invited)
    await asyncio.sleep(0.3)  # a slow Wi-Fi
    await indoor.say(p.Ringing("call-0001"))
    await door.hear_a(p.Rang)


async def test_a_silent_idle_client_is_dropped(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = await visitors.login("door")
    monkeypatch.setattr(p, "DEAD_IDLE", 0.2)
    assert (await raw.end())[1] == aiohttp.WSCloseCode.GOING_AWAY


async def test_a_hub_that_goes_sends_its_clients_to_the_next(tmp_path: Path) -> None:
    config = HubConfig(port=0, state_dir=str(tmp_path), users=USERS)
    first = Hub(config)
    await first.start()
    clients = [Client(f"ws://127.0.0.1:{first.port}") for _ in range(2)]
    for client, user in zip(clients, ("door", "indoor"), strict=True):
        await client.login(user, first.keys.mint(user, 1))
        await client.wait(Event.SDK_READY)
    await clients[0].call("indoor")
    await clients[1].wait(Event.INVITED)
    await clients[1].accept()
    began = asyncio.get_running_loop().time()
    await first.stop()
    await first.stop()
    assert asyncio.get_running_loop().time() - began < 3
    second = Hub(
        HubConfig(port=first.port, state_dir=str(tmp_path), users=USERS)
    )  # the same keys, the same port
    await second.start()
    for client in clients:
        await client.wait(Event.SDK_READY)
    # The new hub knows nothing of the call; both sides must say so.
    for client in clients:
        assert (await client.wait(Event.CALL_END))["reason"] == "lost"
        assert client.state is State.IDLE
    await clients[0].call("indoor")
    await clients[1].wait(Event.INVITED)
    for client in clients:
        await client.logout()
    await second.stop()


async def test_a_hub_that_goes_takes_no_new_calls(
    visitors: Visitors, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = await visitors.login("door")
    stopping = asyncio.create_task(visitors.hub.stop())
    heard, code = await raw.end()
    assert any(isinstance(message, p.Reconnect) for message in heard)
    assert code == aiohttp.WSCloseCode.GOING_AWAY
    await stopping
    with pytest.raises(aiohttp.ClientConnectionError):
        await visitors.open()


async def test_a_port_in_use_is_told(hub: Hub, tmp_path: Path) -> None:
    second = Hub(HubConfig(port=hub.port, state_dir=str(tmp_path), users=USERS))
    with pytest.raises(HubError, match="another hub running"):
        await second.start()
    await second.stop()


async def test_an_address_of_another_machine_is_told(tmp_path: Path) -> None:
    config = HubConfig(listen="192.0.2.1", port=0, state_dir=str(tmp_path), insecure=True)
    hub = Hub(config)
    with pytest.raises(HubError, match=r"192\.0\.2\.1"):
        await hub.start()
    await hub.stop()


async def test_ring_max_of_the_configuration_holds(tmp_path: Path) -> None:
    hub = Hub(HubConfig(port=0, state_dir=str(tmp_path), users=USERS, ring_max=1))
    await hub.start()
    async with Visitors(hub) as visitors:
        door, indoor = await visitors.login("door"), await visitors.login("indoor")
        await door.say(p.Invite(1, "call-0001", p.CallType.VIDEO, ["indoor"], timeout=300))
        assert (await indoor.hear_a(p.Invited)).timeout == 1
        assert (await indoor.hear_a(p.Ended)).reason is p.Reason.NO_RESPONSE
    await hub.stop()


async def test_the_longest_names_fit_into_the_welcome(tmp_path: Path) -> None:
    users = {f"{n:064d}": UserConfig(name="\U0001f6aa" * 200) for n in range(200)}
    hub = Hub(HubConfig(port=0, state_dir=str(tmp_path), users=users))
    await hub.start()
    async with Visitors(hub) as visitors:
        await visitors.login("0" * 64)
    await hub.stop()
