"""STUN and TURN servers as the hub tells of them, with a real coturn."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from intercom.config import HubConfig, IceServer, Secret
from intercom.doctor import judge_relay, relay
from intercom.doctor.judge_relay import Asked
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result
from intercom.hub.server import Hub
from tests.conftest import USERS
from tests.doctor.patients import patient
from tests.turn_server import SECRET, TurnServer, available, turn_server


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    if not available():
        pytest.skip("coturn and openssl are not installed")
    with turn_server(tmp_path_factory.mktemp("coturn")) as server:
        yield server


async def lines(folder: Path, *servers: IceServer, relay_only: bool = False) -> list[Result]:
    """What is said of the servers that a hub tells of."""
    config = HubConfig(port=0, state_dir=str(folder / "s"), users=USERS, ice_servers=servers)
    hub = Hub(config)
    await hub.start()
    changes = {
        "hub__url": f'"{hub.url}"',
        "station__token": f'"{hub.keys.mint("door", days=30)}"',
        "network__relay_only": str(relay_only).lower(),
    }
    it: Patient = patient(folder, changes=changes)
    try:
        return await asyncio.to_thread(lambda: list(relay.check(it)))
    finally:
        await hub.stop()


async def test_servers_that_work(tmp_path: Path, coturn: TurnServer) -> None:
    stun = IceServer(urls=(f"stun:127.0.0.1:{coturn.port}",))
    turn = IceServer(urls=(coturn.udp, coturn.tcp), secret=Secret(SECRET))
    found = await lines(tmp_path, stun, turn, relay_only=True)
    assert [(it.check, it.verdict) for it in found] == [
        ("stun", "ok"),
        ("turn", "ok"),
        ("turn", "ok"),
    ]
    assert found[0].values["seen_as"] == "127.0.0.1"
    assert found[0].values["lost"] == 0
    assert found[1].values["sent"] == relay.FEW
    assert found[2].values["p50_ms"] is None  # by TCP


async def test_servers_that_do_not(tmp_path: Path, coturn: TurnServer) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        silent_port = silent.getsockname()[1]
        dead = IceServer(urls=(f"stun:127.0.0.1:{silent_port}",))
        wrong = IceServer(urls=(coturn.udp,), secret=Secret("another secret"))
        bad = IceServer(urls=("http://x",), username="u", credential=Secret("c"))
        found = await lines(tmp_path, dead, wrong, bad, relay_only=True)
    assert [it.verdict for it in found] == ["fault"] * 4
    assert "no answer" in found[0].text
    assert "firewalls" in found[0].remedy
    assert "username and credential" in found[1].text
    assert "static-auth-secret" in found[1].remedy
    assert "not a URL" in found[2].text
    assert "ice_servers" in found[2].remedy
    assert f"UDP {silent_port} through" in found[0].remedy
    assert "no call can connect" in found[3].text


async def test_none_is_needed_at_home(tmp_path: Path) -> None:
    (line,) = await lines(tmp_path)
    assert (line.check, line.verdict) == ("relay", "ok")


def test_packets_that_are_lost() -> None:
    some = Asked("stun:s", "", (0.01,) * 24, 25, "192.0.2.1")
    many = Asked("stun:s", "", (0.01,) * 12, 25, "192.0.2.1")
    assert judge_relay.server(some).verdict == "warning"
    assert judge_relay.server(many).verdict == "fault"
    assert "13 of 25 packets lost" in judge_relay.server(many).text


@pytest.mark.parametrize(
    ("url", "sent", "back", "verdict"),
    [
        ("stun:s", 5, 4, "warning"),  # --quick: one of five tells little
        ("stun:s", 5, 3, "warning"),
        ("stun:s", 5, 2, "fault"),
        ("stun:s", 5, 0, "fault"),
        ("turn:s", 5, 0, "warning"),  # coturn's no-stun
        ("turn:s?transport=tcp", 0, 0, "ok"),
    ],
)
def test_how_many_may_be_lost(url: str, sent: int, back: int, verdict: str) -> None:
    result = judge_relay.server(Asked(url, "", (0.01,) * back, sent, "192.0.2.1", "UDP 3478"))
    assert result.verdict == verdict, result
    assert ("none of 5 packets came back" in result.text) == (sent > 0 and not back)


@pytest.mark.parametrize(
    ("asked", "remedy"),
    [
        (Asked("turn:t", "it refuses: Allocation Quota Reached (486)", port="UDP 3478"), "quotas"),
        (Asked("turn:t", "it does not accept username and credential", port="UDP 3478"), "secret"),
        (Asked("turn:t", "it refuses: Forbidden (403)", port="UDP 3478"), "log"),
        (Asked("stun:s", "it refuses to answer", port="UDP 3478"), "log"),
        (Asked("turn:t", "the credentials expired 3 min ago", port="UDP 3478"), "clock"),
        (Asked("stun:s?transport=udp", "stun: goes without transport=udp"), "ice_servers"),
        (Asked("turn:t", "it has no username and credential"), "ice_servers"),
        (Asked("turns:t", "no answer within 1 s", port="TCP 5349"), "TCP 5349 (and its relay"),
        (Asked("stun:s:99", "no answer within 1 s", port="UDP 99"), "let UDP 99 through"),
    ],
)
def test_what_to_do_about_a_server(asked: Asked, remedy: str) -> None:
    result = judge_relay.server(asked)
    assert (result.verdict, remedy in result.remedy) == ("fault", True), result


def test_servers_that_are_not_known() -> None:
    (line,) = judge_relay.servers([], relay_only=False, known=False)
    assert (line.verdict, line.remedy) == ("skipped", "see the line login")
    (line,) = judge_relay.servers([], relay_only=False, known=False, by_key=True)
    assert (line.verdict, "while the station runs" in line.remedy) == ("skipped", True)
