"""A station's behaviour in this process: real calling client, real media, no screen and no pins."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from intercom import CallType, Event
from intercom.calling import Calling
from intercom.config import GroupConfig, HubConfig, UserConfig, load
from intercom.hub.server import Hub
from intercom.media import Media
from intercom.phases import State
from intercom.station import scene as sc
from intercom.station.app import App
from intercom.station.control import Trace
from intercom.station.controls import Intent
from intercom.station.desk import Desk
from intercom.station.devices import StationDevices
from intercom.station.dialing import Messages

from .conftest import Client

CONFIG = """\
[station]
name = "Front door"
user = "door"
token = "none"
[hub]
url = "ws://127.0.0.1:1"
[camera]
driver = "none"
[sound]
driver = "none"
[panel]
driver = "none"
[screen]
driver = "none"
"""


class Tape:
    """Takes messages: says when it begins, and ends when it is told to."""

    def __init__(self) -> None:
        self.began: asyncio.Queue[int] = asyncio.Queue()
        self.done = asyncio.Event()
        self.calls: Sequence[str] = ()
        self.cancelled = False

    def finish(self) -> None:
        """End it."""
        self.done.set()

    async def take(self, desk: Desk, seconds: int, calls: Sequence[str]) -> None:
        """Take one."""
        self.calls = calls
        self.began.put_nowait(seconds)
        try:
            await self.done.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


class Station:
    """The user "door" at a hub; `config` is added to CONFIG, `camera` is the camera's driver."""

    def __init__(
        self,
        hub: Hub,
        config: str = "",
        camera: str = "none",
        messages: Messages | None = None,
    ) -> None:
        base = CONFIG.replace('[camera]\ndriver = "none"', f'[camera]\ndriver = "{camera}"')
        self.config = load(base + config, "test", "station")
        self.trace = Trace()
        self.told = self.trace.listen()
        self.devices = StationDevices(self.config.camera, self.config.sound, self.trace.tell)
        self.media = Media(self.devices)
        self.calling = Calling(f"ws://127.0.0.1:{hub.port}", self.media)
        self.app = App(self.config, self.calling, self.media, None, self.trace, messages=messages)
        self._token = hub.keys.mint("door", days=1)

    async def start(self) -> None:
        """Log in."""
        await self.calling.login("door", self._token)
        await self.until(lambda: self.app.facts.hub_ok)

    async def close(self) -> None:
        """End it."""
        await self.calling.logout()
        await self.media.close()
        await self.app.tasks.close()

    def do(self, *intents: Intent) -> None:
        """Want something, one after the other."""
        for intent in intents:
            self.app.do(intent)

    @property
    def scene(self) -> sc.Scene | None:
        """What a screen would show."""
        return self.app.face.scene

    @property
    def state(self) -> State:
        """Where the call stands."""
        return self.calling.state

    async def shows(self, kind: type[sc.Scene], **fields: Any) -> Any:
        """Wait until such a scene is shown, and return it."""

        def found() -> bool:
            shown = self.scene
            matches = (getattr(shown, key, None) == value for key, value in fields.items())
            return isinstance(shown, kind) and all(matches)

        await self.until(found)
        return self.scene

    async def hears(self, event: str, **fields: Any) -> dict[str, Any]:
        """Return the next trace of this event with these fields."""
        async with asyncio.timeout(5):
            while True:
                entry = await self.told.get()
                if {"event": event, **fields}.items() <= entry.items():
                    return entry

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds."""
        end = time.monotonic() + 5
        while not holds():
            assert time.monotonic() < end, f"it shows {self.scene}"
            self.app.face.refresh()
            await asyncio.sleep(0.01)


Start = Callable[..., Awaitable[Station]]


@asynccontextmanager
async def family(folder: Path) -> AsyncIterator[Hub]:
    """A hub with a family."""
    users = {
        "door": UserConfig(name="Front door"),
        "indoor": UserConfig(name="Kitchen"),
        "desk": UserConfig(name="Desk"),
        "shy": UserConfig(name="Shy"),
    }
    groups = {"family": GroupConfig(name="The family", members=("indoor", "desk", "shy"))}
    server = Hub(
        HubConfig(listen="127.0.0.1", port=0, state_dir=str(folder), users=users, groups=groups)
    )
    await server.start()
    yield server
    await server.stop()


@asynccontextmanager
async def starting(hub: Hub) -> AsyncIterator[Start]:
    """What starts the door, with the options of Station; in the end it is closed."""
    stations: list[Station] = []

    async def make(config: str = "", **options: Any) -> Station:
        station = Station(hub, config, **options)
        stations.append(station)
        await station.start()
        return station

    yield make
    for station in stations:
        await station.close()


async def in_call(station: Station, other: Client, type: CallType = CallType.VIDEO) -> None:
    """Have the other one call, and the station accept."""
    await other.call("door", type=type)
    await station.shows(sc.RingingIn)
    station.do(Intent.ACCEPT)
    await other.wait(Event.USER_ACCEPT)
    await station.shows(sc.InCall)


def texts(station: Station) -> list[str]:
    """The texts that are shown in the call."""
    shown = station.scene
    return [tile.text for tile in shown.tiles] if isinstance(shown, sc.InCall) else []
