"""The station's /metrics and /healthz, where the configuration says so."""

from __future__ import annotations

from aiohttp import web

from intercom.errors import IntercomError
from intercom.station.app import App
from intercom.station.numbers import prometheus


class MetricsError(IntercomError):
    """The address for the metrics cannot be had."""


async def serve(app: App, where: str) -> web.AppRunner:
    """Serve on `where` ("host:port") and return the runner to clean up; MetricsError if taken."""

    async def metrics(request: web.Request) -> web.Response:
        text = prometheus(app.monitor.numbers, str(app.calling.state), app.facts.faults)
        return web.Response(text=text)

    async def health(request: web.Request) -> web.Response:
        good = app.facts.hub_ok and not app.facts.faults
        return web.json_response(
            {"ready": app.facts.hub_ok, "faults": app.facts.faults}, status=200 if good else 503
        )

    site_app = web.Application()
    site_app.router.add_get("/metrics", metrics)
    site_app.router.add_get("/healthz", health)
    runner = web.AppRunner(site_app, access_log=None, shutdown_timeout=0.5)
    await runner.setup()
    host, _, port = where.rpartition(":")
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    except OSError as error:
        await runner.cleanup()
        raise MetricsError(
            f"cannot serve metrics at {where}: {error.strerror}: see [station] metrics"
        ) from None
    return runner
