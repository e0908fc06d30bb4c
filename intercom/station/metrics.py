"""The station's /metrics and /healthz, where the configuration says so."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields

from aiohttp import web
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hw.thermal import Heat
from intercom.errors import IntercomError
from intercom.link_backoff import Backoff
from intercom.station.heat import told
from intercom.station.numbers import OWN, TITLES, Counters, Numbers

log = logging.getLogger(__name__)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

COUNTED_HERE = {
    "xruns": "Periods that the sound card or its driver lost.",
    "overruns": "Blocks of the microphone that came faster than they were worked off.",
    "gaps": "Times at which the echo canceller lost the microphone or the speaker.",
}
"""What the station counts of its own sound, whoever it talks to; each peer's counters tell it."""

COUNTED = {
    "malformed": "Packets of the other side that are no sound.",
    "dropped": "Pictures and packets that were left out, to stay in time.",
}
"""What is counted of each peer; those counters that its transport does not have are left out."""


class MetricsError(IntercomError):
    """The address for the metrics cannot be had."""


@dataclass(frozen=True)
class Snapshot:
    """A station, now, and by user: `numbers` of the present call, `counters` of the last one."""

    state: str
    hub_ok: bool
    faults: Mapping[str, str] = field(default_factory=dict)
    numbers: Mapping[str, Numbers] = field(default_factory=dict)
    counters: Mapping[str, Counters] = field(default_factory=dict)
    heat: Heat = field(default_factory=Heat)
    heat_ever: Heat = field(default_factory=Heat)
    heat_step: int = 0


class _Station(Collector):
    """What a station tells at each look."""

    def __init__(self, read: Callable[[], Snapshot]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        now = self._read()
        state = GaugeMetricFamily("intercom_station_state", "State of its call.", labels=["state"])
        state.add_metric([now.state], 1)
        yield state
        fault = GaugeMetricFamily("intercom_station_fault", "Faulty devices.", labels=["device"])
        for kind in sorted(now.faults):
            fault.add_metric([kind], 1)
        yield fault
        yield GaugeMetricFamily("intercom_station_hub", "Whether the hub is there.", now.hub_ok)
        yield from _machine(now)
        for number in fields(Numbers):
            title, unit = TITLES[number.name]
            values = {user: getattr(it, number.name) for user, it in now.numbers.items()}
            name, meaning = f"intercom_call_{number.name}", f"{title}, {unit or 'count'}."
            yield from _told(GaugeMetricFamily, name, meaning, values, own=number.name in OWN)
        for name, meaning in {**COUNTED_HERE, **COUNTED}.items():
            values = {user: it.get(name) for user, it in now.counters.items()}
            own = name in COUNTED_HERE
            yield from _told(CounterMetricFamily, f"intercom_call_{name}", meaning, values, own=own)


def _machine(now: Snapshot) -> Iterator[Metric]:
    """How hot it is, and what the Pi's firmware says of that; nothing where neither is known."""
    heat, prefix = now.heat, "intercom_station"
    if heat.celsius is not None:
        meaning = "Temperature of the processor."
        yield GaugeMetricFamily(f"{prefix}_temperature_celsius", meaning, heat.celsius)
    for name, it in (("throttled", heat), ("throttled_since_start", now.heat_ever)):
        causes = told(it)
        if causes:
            family = GaugeMetricFamily(f"{prefix}_{name}", _THROTTLED[name], labels=["cause"])
            for cause, is_so in causes.items():
                family.add_metric([cause], is_so)
            yield family
    if heat != Heat():
        meaning = "Steps that the pictures are down, for heat; 0: none."
        yield GaugeMetricFamily(f"{prefix}_heat_step", meaning, now.heat_step)


_THROTTLED = {
    "throttled": "What the firmware slows the machine down for, now.",
    "throttled_since_start": "What it was seen to do so for, since this station started.",
}


def _told(
    kind: type[GaugeMetricFamily | CounterMetricFamily],
    name: str,
    meaning: str,
    values: Mapping[str, float | None],
    own: bool,
) -> Iterator[Metric]:
    """A series for each peer, or the newest value as the station's `own`; none without any."""
    known = {user: value for user, value in values.items() if value is not None}
    if not known:
        return
    family = kind(name, meaning, labels=[] if own else ["peer"])
    if own:
        family.add_metric([], [*known.values()][-1])
    else:
        for user, value in known.items():
            family.add_metric([user], value)
    yield family


def text(read: Callable[[], Snapshot]) -> bytes:
    """Return the station's metrics in Prometheus' text format 0.0.4."""
    registry = CollectorRegistry()
    registry.register(_Station(read))
    return generate_latest(registry)


async def serving(read: Callable[[], Snapshot], where: str) -> None:
    """Serve on `where` until cancelled.

    An address that cannot be had is told and tried again: a station that starts before its network
    is there must ring nevertheless.
    """
    backoff, said = Backoff(), ""
    while True:
        try:
            runner = await serve(read, where)
            break
        except MetricsError as error:
            if str(error) != said:
                said = str(error)
                log.warning("%s", said)
            await backoff.rest(lasted=0.0, in_call=False)
    try:
        log.info("metrics are served at %s", where)
        await asyncio.Event().wait()  # until cancelled
    finally:
        await runner.cleanup()


async def serve(read: Callable[[], Snapshot], where: str) -> web.AppRunner:
    """Serve on `where` ("host:port") and return the runner to clean up.

    MetricsError: that address is taken, or not (yet) one of this machine.
    """

    async def metrics(request: web.Request) -> web.Response:
        return web.Response(body=text(read), headers={"Content-Type": CONTENT_TYPE})

    async def health(request: web.Request) -> web.Response:
        now = read()
        good = now.hub_ok and not now.faults
        return web.json_response(
            {"ready": now.hub_ok, "faults": dict(now.faults)}, status=200 if good else 503
        )

    site_app = web.Application()
    site_app.router.add_get("/metrics", metrics)
    site_app.router.add_get("/healthz", health)
    runner = web.AppRunner(site_app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    host, _, port = where.rpartition(":")
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    except (OSError, OverflowError, UnicodeError) as error:  # a port above 65535, a host "a..b"
        await runner.cleanup()
        why = getattr(error, "strerror", None) or str(error)
        raise MetricsError(
            f"cannot serve metrics at {where}: {why}: see [station] metrics"
        ) from None
    return runner
