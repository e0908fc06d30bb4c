"""A door that takes messages and a kitchen that plays them: real stations, clients and media in
this process, with devices that a test can look into."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pygame

from intercom.calling import Calling
from intercom.config import load
from intercom.hub.server import Hub
from intercom.media import Media
from intercom.plan import RECORDING, Plan
from intercom.station import scene as sc
from intercom.station.app import App
from intercom.station.control import Trace
from intercom.station.display import Display
from intercom.station.message import VisitorsMessage
from intercom.station.paint import Painter
from intercom.station.words import Words
from tests.media_rig import PLAIN, TestDevices

CONFIG = """\
[station]
name = "{name}"
user = "{name}"
token = "none"
[hub]
url = "ws://127.0.0.1:1"
[call]
{call}
"""
PLAN = """\
[[call.plan]]
ring = "indoor"
seconds = 1
[[call.plan]]
message = true
seconds = {seconds}
"""


class Station:
    """A station with a screen that nobody sees."""

    def __init__(self, hub: Hub, user: str, call: str, using: Plan = RECORDING) -> None:
        self.config = load(CONFIG.format(name=user, call=call), "test", "station")
        self.devices = TestDevices()
        self.media = Media(self.devices, quality="240p", voice=PLAIN)
        self.calling = Calling(f"ws://127.0.0.1:{hub.port}", self.media)
        self.display = Display(Painter(Words("en")))
        self.app = App(
            self.config,
            self.calling,
            self.media,
            self.display,
            Trace(),
            messages=VisitorsMessage(self.media, using),
        )
        self._hub, self._user = hub, user

    async def start(self) -> Station:
        """Log in."""
        await self.calling.login(self._user, self._hub.keys.mint(self._user, days=1))
        await self.until(lambda: self.app.facts.hub_ok)
        return self

    async def close(self) -> None:
        """End it."""
        await self.app.tasks.close()
        await self.calling.logout()
        await self.media.close()

    @property
    def scene(self) -> sc.Scene | None:
        """What its screen shows."""
        return self.app.face.scene

    async def shows(self, kind: type[sc.Scene], **fields: Any) -> Any:
        """Wait until such a scene is shown, and return it."""

        def found() -> bool:
            matches = (getattr(self.scene, key, None) == it for key, it in fields.items())
            return isinstance(self.scene, kind) and all(matches)

        await self.until(found)
        return self.scene

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds."""
        end = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < end, f"{self._user} shows {self.scene}"
            self.app.face.refresh()
            await asyncio.sleep(0.01)

    def picture(self) -> np.typing.NDArray[np.uint8]:
        """What is painted."""
        surface = pygame.Surface((800, 480))
        self.display._paint(surface)  # noqa: SLF001 (in the screen's place)
        return pygame.surfarray.array3d(surface)


class House:
    """Stations at a hub, closed in the end."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.stations: list[Station] = []

    async def door(self, seconds: int = 2, **options: Any) -> Station:
        """The door, whose button rings the kitchen for a second, and then takes a message."""
        return await self._start("door", PLAN.format(seconds=seconds), **options)

    async def kitchen(self) -> Station:
        """The kitchen."""
        return await self._start("indoor", 'callee = "door"\nended_seconds = 0')

    async def _start(self, user: str, call: str, **options: Any) -> Station:
        station = Station(self.hub, user, call, **options)
        self.stations.append(station)
        return await station.start()
