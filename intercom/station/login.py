"""How a station finds its hub, and logs in there until it works."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from intercom.calling import Calling
from intercom.config import Config
from intercom.enroll.key import DeviceKey, KeyFileError
from intercom.errors import CallingError, Code, LoginError
from intercom.link_backoff import Backoff

log = logging.getLogger(__name__)

REFUSED_RETRY = 20.0
"""Seconds after which a refused login is tried again: the hub's owner may have helped."""
ENROLL = "At the hub: sudo intercom invite USER. Here: sudo intercom enroll HUB."


@dataclass(frozen=True, slots=True)
class Ready:
    """The station is logged in."""


@dataclass(frozen=True, slots=True)
class NoHub:
    """The hub cannot be reached; it is tried again."""

    message: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The hub does not want this station, or there is no token for it."""

    title: str
    message: str
    remedy: str = ""


News = Ready | NoHub | Refused


class Access:
    """Where the hub is, and how we prove who we are."""

    def __init__(self, config: Config) -> None:
        self.url, self.pin = config.hub.url, config.hub.tls_pin
        self._token = config.station.token.reveal()
        self._file = config.station.token_file
        self._key_file = Path(config.station.key_file)

    @classmethod
    async def open(cls, config: Config, stack: AsyncExitStack) -> Access:
        """Start the embedded hub, if the station carries one; `stack` stops it."""
        found = cls(config)
        if config.hub.embedded:
            from intercom.hub.server import Hub  # noqa: PLC0415 (few carry one)

            hub = Hub(config.hub)
            await hub.start()
            stack.push_async_callback(hub.stop)
            found.url, found.pin = hub.url, hub.pin
            if not found._token and not found._file:
                found._token = hub.keys.mint(config.station.user, days=3650)
        return found

    async def credential(self) -> str | DeviceKey:
        """Return the token or the device's key, read anew each time.

        Raises OSError when the token's file cannot be read, KeyFileError for that of the key.
        """
        if self._token:
            return self._token
        if not self._file:
            return await asyncio.to_thread(DeviceKey.load, self._key_file)
        text = await asyncio.to_thread(Path(self._file).read_text, "ascii", "replace")
        return text.strip()


class Login:
    """Logs in again and again until it works; afterwards the link keeps itself up.

    `kicked` brings the reason when the hub logs the station out. `tell` hears what happens.
    """

    def __init__(
        self,
        calling: Calling,
        user: str,
        access: Access,
        kicked: asyncio.Queue[str],
        tell: Callable[[News], None],
    ) -> None:
        self._calling, self._user, self._access = calling, user, access
        self._kicked, self._tell = kicked, tell
        self._backoff = Backoff()
        self._unreachable = False

    async def run(self) -> None:
        """Keep the station logged in until cancelled."""
        while True:
            refused = await self._attempt()
            if refused is None:
                await self._backoff.rest(lasted=0.0, in_call=False)
                continue
            log.error("%s: %s", refused.title, refused.message)
            self._tell(refused)
            await asyncio.sleep(REFUSED_RETRY)

    async def _attempt(self) -> Refused | None:
        """Log in, and stay so until the hub ends it; None when the hub cannot be reached."""
        try:
            credential = await self._access.credential()
        except KeyFileError as error:
            return Refused("No key for the hub", str(error), ENROLL)
        except OSError as error:
            why = f"{error.filename}: {error.strerror}"
            return Refused(
                "No token for the hub", why, "Set [station] token_file to a readable file."
            )
        try:
            await self._calling.login(self._user, credential)
        except LoginError as error:
            remedy = ENROLL if error.code is Code.UNKNOWN_DEVICE else ""
            return Refused("The hub refuses this station", error.message, remedy)
        except CallingError as error:
            log.log(logging.DEBUG if self._unreachable else logging.WARNING, "%s", error.message)
            self._unreachable = True
            self._tell(NoHub(error.message))
            return None
        self._unreachable, self._backoff = False, Backoff()
        self._tell(Ready())
        return Refused("This station was logged out", await self._kicked.get())
