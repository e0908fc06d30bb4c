"""The hub as a station finds it: real hubs on loopback, with and without TLS, right and wrong."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from intercom import Event
from intercom.config import HubConfig
from intercom.doctor import hub as hub_check
from intercom.doctor import judge_hub, machine
from intercom.doctor.judge_hub import Certificate, Login, Seen, Stage, Way
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result
from intercom.doctor.running import Running
from intercom.hub.server import Hub
from tests.conftest import USERS, Client
from tests.conftest import Login as LogIn
from tests.doctor.patients import only, patient


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub on every network, and so with TLS."""
    made = Hub(HubConfig(listen="0.0.0.0", port=0, state_dir=str(tmp_path / "s"), users=USERS))
    await made.start()
    yield made
    await made.stop()


def going_to(folder: Path, url: str, token: str, pin: str = "") -> Patient:
    """A station with this hub and token."""
    changes = {"hub__url": f'"{url}"', "station__token": f'"{token}"', "hub__tls_pin": f'"{pin}"'}
    return patient(folder, changes=changes)


async def looked(it: Patient) -> dict[str, Result]:
    """The lines of hub, login and link."""
    results = await asyncio.to_thread(lambda: list(hub_check.check(it)))
    return {result.check: result for result in results}


async def test_all_is_well_and_nobody_is_logged_out(hub: Hub, login: LogIn, tmp_path: Path) -> None:
    door: Client = await login("door")
    lines = await looked(going_to(tmp_path, hub.url, hub.keys.mint("door", days=100)))
    well(lines)
    assert lines["hub"].values["clients"] == 1
    assert lines["login"].values["user_id"] == "door"
    assert "Front door" in lines["login"].text
    assert float(str(lines["login"].values["token_days"])) == pytest.approx(100, abs=1)
    assert lines["link"].values["lost"] == 0
    assert lines["link"].values["tcp_resent"] == 0
    await asyncio.sleep(0.1)
    assert door.count(Event.KICKED_OUT) == 0


def well(lines: dict[str, Result]) -> None:
    """All is well; on a busy machine the way may be slow."""
    assert (lines["hub"].verdict, lines["login"].verdict) == ("ok", "ok"), lines
    assert lines["link"].verdict in {"ok", "warning"}


@pytest.mark.parametrize(
    ("days", "user", "told"),
    [
        (3.0, "door", ("warning", "ends soon")),
        (-1.0, "door", ("fault", "expired")),
        (30.0, "indoor", ("fault", 'the token is of "indoor"')),
        (30.0, "stranger", ("fault", "no user")),
    ],
)
async def test_a_token_that_is_not_well(
    hub: Hub, tmp_path: Path, days: float, user: str, told: tuple[str, str]
) -> None:
    line = (await looked(going_to(tmp_path, hub.url, hub.keys.mint(user, days=days))))["login"]
    assert (line.verdict, told[1] in line.text) == (told[0], True), line
    assert line.remedy


async def test_no_token_and_nonsense(hub: Hub, tmp_path: Path) -> None:
    it = going_to(tmp_path, hub.url, "")
    absent = {"station__token": '""', "station__token_file": f'"{tmp_path}/none"'}
    it = patient(tmp_path, changes={"hub__url": f'"{hub.url}"', **absent})
    line = (await looked(it))["login"]
    assert (line.verdict, "no such file" in line.text) == ("fault", True)
    line = (await looked(going_to(tmp_path, hub.url, "nonsense")))["login"]
    assert (line.verdict, "malformed" in line.text) == ("fault", True)


async def test_tls_with_its_pin(secure: Hub, tmp_path: Path) -> None:
    token = secure.keys.mint("door", days=100)
    lines = await looked(going_to(tmp_path, secure.url, token, secure.pin))
    well(lines)
    assert "TLS 1.3, pinned" in lines["hub"].text
    assert lines["hub"].values["sha256"] == secure.pin


@pytest.mark.parametrize(("pin", "stage"), [("00" * 32, "pin"), ("", "tls")])
async def test_another_certificate_is_told_with_its_own_pin(
    secure: Hub, tmp_path: Path, pin: str, stage: str
) -> None:
    lines = await looked(going_to(tmp_path, secure.url, secure.keys.mint("door", 9), pin))
    assert lines["hub"].verdict == "fault"
    assert lines["hub"].values["failed_at"] == stage
    assert f'tls_pin = "{secure.pin}"' in lines["hub"].remedy
    assert [lines[name].verdict for name in ("login", "link")] == ["skipped", "skipped"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("url", "stage", "words"),
    [
        (f"ws://127.0.0.1:{free_port()}", "connect", "refused"),
        ("wss://no-such-host.invalid:8443", "name", "is not known"),
    ],
)
async def test_no_hub(tmp_path: Path, url: str, stage: str, words: str) -> None:
    line = (await looked(going_to(tmp_path, url, "x")))["hub"]
    assert (line.verdict, line.values["failed_at"]) == ("fault", stage)
    assert words in line.text
    assert line.remedy


async def test_tls_where_there_is_none(hub: Hub, tmp_path: Path) -> None:
    url = hub.url.replace("ws:", "wss:")
    line = (await looked(going_to(tmp_path, url, "x")))["hub"]
    assert (line.verdict, line.values["failed_at"]) == ("fault", "tls")


async def test_a_hub_that_closes_in_the_handshake(tmp_path: Path) -> None:
    async def close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(close, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        line = (await looked(going_to(tmp_path, f"wss://127.0.0.1:{port}", "x")))["hub"]
    assert (line.verdict, line.values["failed_at"]) == ("fault", "tls")
    assert "closed the connection during the TLS handshake" in line.text


async def test_something_else_than_a_hub(tmp_path: Path) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<html>a router</html>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/{any:.*}", page)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    line = (await looked(going_to(tmp_path, f"ws://127.0.0.1:{port}", "x")))["hub"]
    await runner.cleanup()
    assert (line.verdict, line.values["failed_at"]) == ("fault", "health")


async def test_the_clock_is_compared_with_the_hubs(hub: Hub, tmp_path: Path) -> None:
    it = going_to(tmp_path, hub.url, hub.keys.mint("door", days=9))
    (line,) = await asyncio.to_thread(lambda: list(machine.check_clock(it)))
    assert abs(float(str(line.values["hub_ahead_s"]))) < 5


async def test_an_embedded_hub_is_asked_as_its_station_would(tmp_path: Path) -> None:
    port = free_port()
    own = {
        "hub__url": '""', "hub__embedded": "true", "hub__port": str(port),
        "station__token": '""', "hub__listen": '"0.0.0.0"',
    }  # fmt: skip
    it = patient(tmp_path, changes=own)
    (line,) = await asyncio.to_thread(lambda: list(hub_check.check(it)))
    assert (line.verdict, "does not run" in line.text) == ("skipped", True)
    made = Hub(it.config.hub)
    await made.start()
    it.station = Running(1)
    lines = await looked(it)
    await made.stop()
    assert (lines["hub"].verdict, lines["login"].verdict) == ("ok", "ok")
    assert lines["login"].values["token_days"] is None  # made for this look alone
    assert lines["hub"].values["sha256"] == made.pin


async def test_me_tells_what_a_login_would(hub: Hub) -> None:
    token = hub.keys.mint("door", days=1)
    url = f"http://127.0.0.1:{hub.port}/me"
    async with aiohttp.ClientSession() as http:
        async with http.get(url, headers={"Authorization": f"Bearer {token}"}) as answer:
            body = await answer.json()
        assert (answer.status, body["user_id"], body["name"]) == (200, "door", "Front door")
        assert body["ice_servers"] == []
        assert abs(body["time"] - time.time()) < 60
        for wrong in ({}, {"Authorization": "Bearer x"}):
            async with http.get(url, headers=wrong) as answer:
                assert answer.status == 401
                assert "msg" in await answer.json()


# -- verdicts ----------------------------------------------------------------------------------

NOW = 1_800_000_000.0
DAY = 86400.0


@pytest.mark.parametrize(
    ("way", "verdict", "words"),
    [
        (Way((0.002,) * 20, 20, 0), "ok", "round trip 2.0 ms"),
        (Way((), 20), "fault", "none of 20"),
        (Way((0.002,) * 17, 20), "fault", "15 % is lost"),
        (Way((0.002,) * 18, 20), "warning", "10 % is lost"),
        (Way((0.002,) * 3, 5), "warning", "40 % is lost"),
        (Way((0.002,) * 2, 5), "fault", "60 % is lost"),
        (Way((0.002,) * 20, 20, resent=1), "warning", "1 segment sent again"),
        (Way((0.002,) * 5, 5, resent=9), "warning", "9 segments sent again"),
        (Way((0.3,) * 20, 20), "warning", "slow"),
        (Way((0.01,) * 18 + (0.9, 0.9), 20), "warning", "unsteady"),
    ],
)
def test_link(way: Way, verdict: str, words: str) -> None:
    result = judge_hub.link(Seen("ws://hub", way=way))
    assert (result.verdict, words in result.text) == (verdict, True), result


@pytest.mark.parametrize(
    ("begins", "ends", "words"),
    [
        (NOW + DAY, NOW + 99 * DAY, "clock is behind"),
        (NOW - 99 * DAY, NOW - DAY, "renew"),
        (NOW - DAY, NOW + DAY, "tls_pin"),
    ],
)
def test_a_certificate_that_is_not_accepted(begins: float, ends: float, words: str) -> None:
    shown = Certificate("ab" * 32, begins, ends)
    seen = Seen("wss://hub", stage="tls", error="not accepted", certificate=shown)
    assert words in judge_hub.hub(seen, NOW).remedy


def test_a_certificate_that_ends_soon() -> None:
    shown = Certificate("ab" * 32, NOW - 99 * DAY, NOW + 3 * DAY, "TLS 1.3")
    assert judge_hub.hub(Seen("wss://hub", certificate=shown), NOW).verdict == "warning"


@pytest.mark.parametrize(
    ("name", "words"), [("Front door", "by the key of the device abcdefgh"), ("", "was not tried")]
)
def test_a_device_that_logs_in_by_its_key(name: str, words: str) -> None:
    seen = Seen("wss://hub", login=Login("door", name, device="abcdefgh"))
    result = judge_hub.login(seen, "door", NOW)
    assert (result.verdict, words in result.text) == ("ok", True)
    assert "abcdefgh" in result.text


@pytest.mark.parametrize("stage", ["connect", "health"])
@pytest.mark.parametrize("embedded", [False, True])
def test_the_remedy_names_the_hubs_unit(stage: Stage, embedded: bool) -> None:
    remedy = judge_hub.hub(Seen("ws://hub", stage=stage, embedded=embedded), NOW).remedy
    assert ("intercom-hub" in remedy) is not embedded
    missing = Seen("ws://hub", login=Login(missing="no key"), embedded=embedded)
    assert ("enroll" in judge_hub.login(missing, "door", NOW).remedy) is not embedded


def test_percentiles() -> None:
    values = [float(n) for n in range(1, 21)]
    assert [judge_hub.percentile(values, share) for share in (0.5, 0.95, 1.0)] == [10, 19, 20]
    assert judge_hub.percentile([3.0], 0.5) == 3
    assert only([judge_hub.link(Seen("x", stage="name", error="no"))]).verdict == "skipped"
