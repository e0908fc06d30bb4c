"""The composition root of a station: open in order, close in reverse, READY when it can be rung."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import hw
from intercom.calling import Calling
from intercom.config import Config, is_loopback
from intercom.errors import CallingError, LoginError
from intercom.health import FRAME_LIMIT, Health
from intercom.link import pinned
from intercom.media import Media, VoiceSettings, route
from intercom.station.app import App
from intercom.station.commands import Commands
from intercom.station.control import Control, Trace
from intercom.station.devices import StationDevices
from intercom.station.display import Display
from intercom.station.keeper import Keeper

log = logging.getLogger(__name__)

LOGIN_RETRY = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
REFUSED_RETRY = 20.0
"""Seconds after which a refused login is tried again: the hub's owner may have helped."""


async def run(config: Config) -> None:
    """Run a station until SIGTERM, SIGINT or its window is closed."""
    async with AsyncExitStack() as stack:
        trace = Trace()
        hub = await _Hub.open(config, stack)
        devices = StationDevices(config.camera, config.sound, trace.tell)
        camera, network, sound = config.camera, config.network, config.sound
        media = Media(
            devices,
            quality=camera.quality,
            bitrate=camera.bitrate or None,
            fps=camera.fps,
            route=route(network.relay_only, network.udp_ports, network.ignore_networks),
            voice=VoiceSettings(sound.echo, sound.noise_suppression, sound.gain),
        )
        stack.push_async_callback(media.close)
        calling = Calling(hub.url, media, ssl_context=pinned(hub.pin), client="station")
        app = App(config, calling, media, _display(config), trace)
        stack.push_async_callback(app.tasks.close)
        health = Health(lambda: _alive(media, devices))
        stack.callback(health.close)
        stack.callback(health.stopping)
        if config.station.control:
            control = Control(Path(config.station.control), trace, Commands(app).do)
            await control.start()
            stack.push_async_callback(control.close)
        if config.station.metrics:
            from intercom.station import metrics  # noqa: PLC0415 (a server that few want)

            stack.push_async_callback((await metrics.serve(app, config.station.metrics)).cleanup)
        stack.push_async_callback(calling.logout)
        await _until_stopped(
            app,
            _panel(config, app),
            _screen(config, app),
            _login(app, hub, health),
            health.run(),
            app.run(),
        )


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


class _Hub:
    """Where the hub is, and how we prove who we are."""

    def __init__(self, config: Config) -> None:
        self.url, self.pin = config.hub.url, config.hub.tls_pin
        self._token = config.station.token.reveal()
        self._file = config.station.token_file

    @classmethod
    async def open(cls, config: Config, stack: AsyncExitStack) -> _Hub:
        """Start the embedded hub, if the station carries one."""
        found = cls(config)
        if config.hub.embedded:
            from intercom.hub.server import Hub  # noqa: PLC0415 (few carry one)

            hub = Hub(config.hub, config.call.door_seconds)
            await hub.start()
            stack.push_async_callback(hub.stop)
            host = config.hub.listen if is_loopback(config.hub.listen) else "127.0.0.1"
            found.url = f"{'wss' if hub.pin else 'ws'}://{host}:{hub.port}"
            found.pin = hub.pin
            if not found._token and not found._file:
                found._token = hub.keys.mint(config.station.user, days=3650)
        return found

    def token(self) -> str:
        """Return the token, read anew each time; OSError when its file cannot be read."""
        return Path(self._file).read_text().strip() if self._file else self._token


async def _login(app: App, hub: _Hub, health: Health) -> None:
    """Log in, again and again until it works; afterwards the link keeps itself up."""
    facts, attempt = app.facts, 0
    while True:
        pause = LOGIN_RETRY[min(attempt, len(LOGIN_RETRY) - 1)]
        attempt += 1
        refused = None
        try:
            await app.calling.login(app.config.station.user, hub.token())
        except LoginError as error:
            refused = ("The hub refuses this station", error.message, "")
        except OSError as error:
            why = f"{error.filename}: {error.strerror}"
            refused = ("No token for the hub", why, "Set [station] token_file to a readable file.")
        except CallingError as error:
            if attempt == 1:
                log.warning("%s", error.message)
            health.status(error.message)
            app.trace.tell("no_hub", message=error.message)
        else:
            facts.login_fault, attempt = None, 0
            app.trace.tell("ready")
            app.face.refresh()
            health.ready()
            health.status("ready")
            refused = ("This station was logged out", await app.kicked.get(), "")
        if refused is not None:
            log.error("%s: %s", refused[0], refused[1])
            health.status(refused[1])
            app.trace.tell("login_refused", message=refused[1])
            facts.login_fault, pause = refused, REFUSED_RETRY
        app.face.refresh()
        await asyncio.sleep(pause)


async def _panel(config: Config, app: App) -> None:
    panel = config.panel
    if panel.driver == "none":
        return
    pins = {name: getattr(panel, name) for name in ("call", "accept", "hangup", "mute")}
    settings = hw.PanelSettings(
        buttons={name: pin for name, pin in pins.items() if pin >= 0},
        lamp=panel.lamp if panel.lamp >= 0 else None,
        pull_up=panel.pull_up,
        bounce=panel.bounce,
        hold=panel.hold,
        lamp_active_high=panel.lamp_active_high,
    )

    def changed(device: hw.Panel | None, message: str) -> None:
        app.face.panel = device
        if device is not None or message:
            app.device("panel", message)

    await Keeper(
        "panel", lambda fault: hw.open_panel(panel.driver, settings, app.hands.press), changed
    ).run()


async def _screen(config: Config, app: App) -> None:
    screen, display = config.screen, app.display
    if display is None:
        return
    settings = hw.ScreenSettings(
        width=screen.width,
        height=screen.height,
        fullscreen=screen.fullscreen,
        title=config.station.name,
        screenshots=screen.screenshots,
    )

    def changed(device: hw.Screen | None, message: str) -> None:
        display.screen = device
        if device is not None or message:
            app.device("screen", message)

    await Keeper(
        "screen",
        lambda fault: hw.open_screen(
            screen.driver, settings, app.hands.touch, app.hands.key, fault
        ),
        changed,
    ).run()


def _display(config: Config) -> Display | None:
    if config.screen.driver == "none":
        return None
    try:
        hw.load_pygame()  # takes a while, and a station without a screen does not have it
    except hw.DeviceError as error:
        log.error("no screen: %s", error)
        return None
    from intercom.station.paint import Painter  # noqa: PLC0415
    from intercom.station.words import Words  # noqa: PLC0415

    return Display(Painter(Words(config.station.language)), measure=config.camera.time_code)


def _alive(media: Media, devices: StationDevices) -> bool:
    """Tell whether the camera, if it is open, still delivers."""
    return not media.camera_open or time.monotonic() - devices.last_frame < FRAME_LIMIT
