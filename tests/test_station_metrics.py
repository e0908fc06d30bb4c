"""The station's metrics, read as Prometheus reads them."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families

from intercom.doctor.running import asked
from intercom.station import daemon
from intercom.station.metrics import (
    COUNTED,
    COUNTED_HERE,
    MetricsError,
    Snapshot,
    serve,
    serving,
    text,
)
from intercom.station.numbers import OWN, TITLES, Numbers
from tests.doctor.patients import config

IN_CALL = Snapshot(
    "connected",
    hub_ok=True,
    faults={"speaker": "gone", "camera": 'see "its" cable\n'},
    numbers={"anna": Numbers(latency_ms=12.5, received_kbps=1000, freezes=2)},
    counters={"anna": {"xruns": 3, "gaps": 0, "dropped": 4, "rtt": 0.05, "packets_in": 9}},
)


def samples(now: Snapshot) -> dict[tuple[str, str], float]:
    """Every value by its name and its one label's value."""
    return {
        (sample.name, next(iter(sample.labels.values()), "")): sample.value
        for family in text_string_to_metric_families(text(lambda: now).decode())
        for sample in family.samples
    }


def test_a_call_in_numbers() -> None:
    found = samples(IN_CALL)
    assert found == {
        ("intercom_station_state", "connected"): 1,
        ("intercom_station_fault", "camera"): 1,
        ("intercom_station_fault", "speaker"): 1,
        ("intercom_station_hub", ""): 1,
        ("intercom_call_latency_ms", "anna"): 12.5,
        ("intercom_call_received_kbps", "anna"): 1000,
        ("intercom_call_freezes", "anna"): 2,
        ("intercom_call_concealed", "anna"): 0,
        ("intercom_call_xruns_total", ""): 3,
        ("intercom_call_gaps_total", ""): 0,
        ("intercom_call_dropped_total", "anna"): 4,
    }


def test_each_peer_has_its_series_and_the_station_has_one() -> None:
    both = {
        "anna": Numbers(received_kbps=900, sent_height=480, echo_reduction_db=30.5),
        "ben": Numbers(received_kbps=400, sent_height=240, echo_reduction_db=30.5),
    }
    counters = {"anna": {"xruns": 3, "dropped": 1}, "ben": {"xruns": 4, "dropped": 2}}
    found = samples(Snapshot("connected", hub_ok=True, numbers=both, counters=counters))
    told = {key: value for key, value in found.items() if "freezes" not in key[0]}
    assert {key: value for key, value in told.items() if "call" in key[0]} == {
        ("intercom_call_received_kbps", "anna"): 900,
        ("intercom_call_received_kbps", "ben"): 400,
        ("intercom_call_sent_height", "anna"): 480,
        ("intercom_call_sent_height", "ben"): 240,
        ("intercom_call_concealed", "anna"): 0,
        ("intercom_call_concealed", "ben"): 0,
        ("intercom_call_echo_reduction_db", ""): 30.5,
        ("intercom_call_xruns_total", ""): 4,  # the newest
        ("intercom_call_dropped_total", "anna"): 1,
        ("intercom_call_dropped_total", "ben"): 2,
    }


def test_the_label_of_a_peer_is_peer() -> None:
    lines = text(lambda: IN_CALL).decode().splitlines()
    assert 'intercom_call_latency_ms{peer="anna"} 12.5' in lines
    assert "intercom_call_xruns_total 3.0" in lines


def test_without_a_call_its_numbers_are_left_out() -> None:
    found = samples(Snapshot("idle", hub_ok=False))
    assert found == {("intercom_station_state", "idle"): 1, ("intercom_station_hub", ""): 0}


def test_every_number_and_counter_can_be_told() -> None:
    everything = Numbers(**dict.fromkeys(TITLES, 1))
    counters = dict.fromkeys([*COUNTED_HERE, *COUNTED], 7)
    now = Snapshot("connected", True, {}, {"anna": everything}, {"anna": counters})
    found = samples(now)
    labels = {name: "" if name in OWN else "anna" for name in TITLES}
    assert all(found[f"intercom_call_{name}", label] == 1 for name, label in labels.items())
    assert all(found[f"intercom_call_{name}_total", "anna"] == 7 for name in COUNTED)
    assert all(found[f"intercom_call_{name}_total", ""] == 7 for name in COUNTED_HERE)


@dataclass
class Site:
    """A station's pages, and what they are to say."""

    runner: web.AppRunner
    tell: Callable[[Snapshot], None]
    url: str = field(init=False)

    def __post_init__(self) -> None:
        host, port = self.runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    now = [IN_CALL]
    runner = await serve(lambda: now[-1], "127.0.0.1:0")
    yield Site(runner, now.append)
    await runner.cleanup()


async def test_the_page_is_in_prometheus_format_by_its_type(site: Site) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{site.url}/metrics") as page:
        assert page.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert await page.read() == text(lambda: IN_CALL)


async def test_health_is_503_with_a_fault_or_without_a_hub(site: Site) -> None:
    async with aiohttp.ClientSession() as http:
        for now, status in (
            (IN_CALL, 503),
            (Snapshot("idle", hub_ok=False), 503),
            (Snapshot("idle", hub_ok=True), 200),
        ):
            site.tell(now)
            async with http.get(f"{site.url}/healthz") as page:
                assert page.status == status
                said = await page.json()
                assert said == {"ready": now.hub_ok, "faults": dict(now.faults)}


async def test_an_address_that_cannot_be_had_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(MetricsError, match=rf"{port}: .*\[station\] metrics"):
            await serve(lambda: IN_CALL, f"127.0.0.1:{port}")
    for wrong in ("127.0.0.1:99999", "192.168..5:9464"):
        with pytest.raises(MetricsError, match=wrong):
            await serve(lambda: IN_CALL, wrong)


NOT_MINE = "192.0.2.1:9464"
"""Of TEST-NET-1 (RFC 5737): as the own address is while there is no network yet."""


async def said(log: pytest.LogCaptureFixture, words: str) -> None:
    """Wait until it is in the log."""
    async with asyncio.timeout(20):
        while words not in log.text:  # noqa: ASYNC110 (a log has no event)
            await asyncio.sleep(0.02)


async def test_an_address_is_tried_until_it_can_be_had(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        task = asyncio.create_task(serving(lambda: IN_CALL, where))
        await said(caplog, f"cannot serve metrics at {where}")
    async with aiohttp.ClientSession() as http, asyncio.timeout(20):
        while not task.done():
            with contextlib.suppress(aiohttp.ClientConnectorError):
                async with http.get(f"http://{where}/metrics") as page:
                    assert page.status == 200
                    break
            await asyncio.sleep(0.05)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        with pytest.raises(aiohttp.ClientConnectorError):
            await http.get(f"http://{where}/metrics")
    assert caplog.text.count("cannot serve metrics") == 1


async def test_a_station_goes_on_without_its_metrics(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    control = str(tmp_path / "c.sock")
    changes = {
        "station__control": f'"{control}"', "station__metrics": f'"{NOT_MINE}"',
        "screen__driver": '"none"',
    }  # fmt: skip
    task = asyncio.create_task(daemon.serve(config(tmp_path, **changes)))
    try:
        await said(caplog, f"cannot serve metrics at {NOT_MINE}")
        assert (await asyncio.to_thread(asked, control)).state == "idle"
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
