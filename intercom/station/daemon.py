"""The composition root of a station: open in order, close in reverse, READY when it can be rung."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import hw
from intercom.calling import Calling
from intercom.config import Config
from intercom.health import Health
from intercom.link import pinned
from intercom.media import Media, VoiceSettings, route
from intercom.plan import RECORDING, Plan
from intercom.station import fittings
from intercom.station.app import App
from intercom.station.commands import Commands
from intercom.station.control import Control, Trace, place
from intercom.station.cooling import Cooling
from intercom.station.devices import StationDevices
from intercom.station.display_open import display_of
from intercom.station.enrolling import Moving, until_enrolled
from intercom.station.login import Access, Login, News, NoHub, Ready, Refused
from intercom.station.message import VisitorsMessage

log = logging.getLogger(__name__)


async def run(config: Config) -> None:
    """Run a station until SIGTERM, SIGINT or its window is closed; first, see that it has a hub."""
    enrolled = await until_enrolled(config)
    if enrolled is not None:
        await serve(enrolled)


async def serve(config: Config) -> None:
    """Run a station that knows its hub."""
    async with AsyncExitStack() as stack:
        trace = Trace()
        access = await Access.open(config, stack)
        devices = StationDevices(config.camera, config.sound, trace.tell)
        media = _media(config, devices)
        stack.push_async_callback(media.close)
        calling = Calling(access.url, media, ssl_context=pinned(access.pin), client="station")
        messages = VisitorsMessage(media, _recording(config))
        app = App(config, calling, media, display_of(config), trace, messages=messages)
        stack.push_async_callback(app.tasks.close)
        cooling = Cooling(media.limit, config.camera.hot_from)
        app.monitor.machine = cooling.rows
        health = Health(lambda: devices.ails(media.camera_open))
        stack.callback(health.close)
        stack.callback(health.stopping)
        await _listen(config, app, stack)
        stack.push_async_callback(calling.logout)
        login = Login(calling, config.station.user, access, app.kicked, _telling(app, health))
        works = [login.run(), health.run(), cooling.run(), app.run(), _moving(config, app).run()]
        works += _metrics(config, app, cooling)
        await _until_stopped(app, *_fit(config, app, stack), *works)


async def _until_stopped(app: App, *works: Coroutine[Any, Any, None]) -> None:
    """Run `works` until a signal, or the person at the keyboard, ends the station."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, app.quit.set)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
        await app.quit.wait()
        log.info("stopping")
        for task in tasks:
            task.cancel()


def _media(config: Config, devices: StationDevices) -> Media:
    camera, network, sound = config.camera, config.network, config.sound
    return Media(
        devices,
        quality=camera.quality,
        bitrate=camera.bitrate or None,
        fps=camera.fps,
        route=route(network.relay_only, network.udp_ports, network.ignore_networks),
        voice=VoiceSettings(sound.echo, sound.noise_suppression, sound.gain),
    )


def _recording(config: Config) -> Plan:
    """Return what is opened for a visitor's message."""
    seen = config.call.type == "video" and config.camera.driver != "none"
    return replace(RECORDING, camera=seen)


async def _listen(config: Config, app: App, stack: AsyncExitStack) -> None:
    """Open the control socket, where the configuration wants one."""
    if socket := place(config.station.control):
        control = Control(Path(socket), app.trace, Commands(app).do)
        await control.start()
        stack.push_async_callback(control.close)


def _metrics(config: Config, app: App, cooling: Cooling) -> list[Coroutine[Any, Any, None]]:
    """Return what serves the metrics, where the configuration wants them."""
    if not config.station.metrics:
        return []
    from intercom.station import metrics  # noqa: PLC0415 (a server that few want)

    def snapshot() -> metrics.Snapshot:
        state, facts, monitor = str(app.calling.state), app.facts, app.monitor
        return metrics.Snapshot(
            state,
            facts.hub_ok,
            facts.faults,
            monitor.numbers,
            monitor.counters,
            cooling.heat,
            cooling.since_start,
            cooling.step,
        )

    return [metrics.serving(snapshot, config.station.metrics)]


def _telling(app: App, health: Health) -> Callable[[News], None]:
    """Return what tells the app and systemd how the login goes."""

    def tell(news: News) -> None:
        match news:
            case Ready():
                app.facts.login_fault = None
                app.trace.tell("ready")
                health.ready()
                health.status("ready")
            case NoHub(message):
                app.trace.tell("no_hub", message=message)
                health.status(message)
            case Refused(title, message, remedy):
                app.facts.login_fault = (title, message, remedy)
                app.trace.tell("login_refused", message=message)
                health.status(message)
        app.face.refresh()

    return tell


def _moving(config: Config, app: App) -> Moving:
    """Return what tries an enrolment that came by the card of a station that has one."""

    def say(what: str) -> None:
        app.facts.faults["enrolment"] = what
        app.face.refresh()

    return Moving(config, say, lambda: bool(app.doing), app.quit.set)


def _fit(config: Config, app: App, stack: AsyncExitStack) -> list[Coroutine[Any, Any, None]]:
    """Return what opens the panel and the screen; `stack` closes them."""
    executor = ThreadPoolExecutor(2, "fittings")
    stack.callback(executor.shutdown, wait=False)
    opening = []
    if config.panel.driver != "none":
        pins = fittings.panel_settings(config.panel)
        panel = fittings.slot(
            "panel",
            lambda fault: hw.open_panel(config.panel.driver, pins, app.hands.press, fault),
            executor,
            app.face.take_panel,
            app.device,
        )
        stack.push_async_callback(fittings.close, panel)
        app.lending.add(panel)
        opening.append(panel.open())
    if app.display is not None:
        size = fittings.screen_settings(config.screen, config.station.name)
        hands = app.hands
        screen = fittings.slot(
            "screen",
            lambda fault: hw.open_screen(config.screen.driver, size, hands.touch, hands.key, fault),
            executor,
            app.display.attach,
            fittings.unless_optional(config.screen, app.device),
        )
        stack.push_async_callback(fittings.close, screen)
        app.lending.add(screen)
        opening.append(screen.open())
    stack.push_async_callback(app.lending.close)
    return opening
