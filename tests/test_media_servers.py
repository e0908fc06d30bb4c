"""STUN and TURN servers are asked before use; against a real coturn."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import Iterator

import pytest

from intercom.media import Media, PeerConnected, Route, servers
from intercom.media.servers import Servers
from tests.media_rig import Line, TestDevices, until
from tests.turn_server import TurnServer, available, turn_server

pytestmark = pytest.mark.skipif(not available(), reason="coturn and openssl are not installed")


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with turn_server(tmp_path_factory.mktemp("coturn")) as server:
        yield server


@pytest.fixture
def dead() -> Iterator[int]:
    """A UDP port where nobody answers."""
    with socket.socket(type=socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.name == "intercom.media.servers"]


async def found(*entries: dict[str, object]) -> Route:
    """The route after asking these servers."""
    asked = Servers(Route())
    asked.configure(entries)
    route = await asked.route()
    await asked.close()
    return route


async def test_the_first_stun_that_answers_is_taken(coturn: TurnServer, dead: int) -> None:
    urls = [f"stun:127.0.0.1:{dead}", f"stun:127.0.0.1:{coturn.port}"]
    assert (await found({"urls": urls})).stun == ("127.0.0.1", coturn.port)


async def test_udp_is_chosen_then_tcp_then_tls(
    coturn: TurnServer, dead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(coturn.certificate))
    gone = f"turn:127.0.0.1:{dead}"
    for urls, chosen in (
        ((coturn.tls, coturn.tcp, coturn.udp), coturn.udp),
        ((gone, coturn.tls, coturn.tcp), coturn.tcp),
        ((gone, coturn.tls), coturn.tls),
    ):
        turn = (await found(coturn.entry(*urls))).turn
        assert turn is not None
        assert turn.url == chosen


async def test_dead_and_useless_ones_are_told_in_one_line_within_a_second(
    coturn: TurnServer, dead: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    began = time.monotonic()
    route = await found(
        {"urls": f"stun:127.0.0.1:{dead}"},
        {"urls": "turn:127.0.0.1"},
        {"urls": "turn:nowhere.invalid", "username": "u", "credential": "c"},
        coturn.entry(f"turn:127.0.0.1:{dead}", coturn.tls),
        coturn.entry(coturn.udp, seconds=-180),
        {**coturn.entry(coturn.tcp), "credential": "wrong"},
    )
    assert time.monotonic() - began < 2
    assert (route.stun, route.turn) == (None, None)
    [line] = lines(caplog)
    for words in (
        f"stun:127.0.0.1:{dead} (no answer within 1 s)",
        "turn:127.0.0.1 (it has no username and credential)",
        'turn:nowhere.invalid (the name "nowhere.invalid" is not known)',
        f"{coturn.tls} (its certificate is not accepted: ",
        f"{coturn.udp} (the credentials expired 3 min ago)",
        f"{coturn.tcp} (it does not accept username and credential)",
    ):
        assert words in line
    assert "wrong" not in line


async def test_known_servers_do_not_hold_up_a_call_and_are_asked_again(
    coturn: TurnServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(servers, "FRESH", 0.0)
    asked = Servers(Route())
    entry = coturn.entry(coturn.udp)
    asked.configure([entry])
    assert (await asked.route()).turn is not None
    asked.configure([entry])  # a second login: the old answer holds meanwhile
    assert (await asked.route()).turn is not None
    asked.configure([coturn.entry(coturn.udp, seconds=-60)])
    assert (await asked.route()).turn is None
    asked.configure([])
    assert await asked.route() == Route()
    await asked.close()
    await asked.close()
    assert len(lines(caplog)) == 2


async def test_a_call_through_the_relay_only(coturn: TurnServer) -> None:
    async with Line(route=Route(relay_only=True)) as line:
        for side in (line.door, line.flat):
            side.media.configure([coturn.entry(coturn.udp)])
        await line.connect()
        await line.door.media.open_camera()
        line.door.peer.send(False, True)
        await until(lambda: line.flat.view.count >= 3)
        for side in (line.door, line.flat):
            sdp = side.pc.localDescription.sdp.splitlines()
            kinds = {x.split()[7] for x in sdp if x.startswith("a=candidate")}
            assert kinds == {"relay"}
            assert "a=end-of-candidates" in sdp


async def test_a_dead_server_costs_a_call_a_second_at_most(
    dead: int, caplog: pytest.LogCaptureFixture
) -> None:
    gone = [
        {"urls": f"stun:127.0.0.1:{dead}"},
        {"urls": f"turn:127.0.0.1:{dead}", "username": "u", "credential": "c"},
    ]
    async with Line() as line:
        line.door.media.configure(gone)
        line.flat.media.configure(gone)
        began = time.monotonic()
        await line.connect()
        assert time.monotonic() - began < 3  # aioice alone: 10 s, 5 on each side
        assert line.door.saw(PeerConnected)


async def test_relay_only_without_a_relay_is_said(caplog: pytest.LogCaptureFixture) -> None:
    media = Media(TestDevices(), lambda event: None, "240p", route=Route(relay_only=True))
    media.configure([])
    assert lines(caplog) == ["TURN server: none; relay_only is set, so that no call can connect"]
    await asyncio.sleep(0)
    await media.close()
