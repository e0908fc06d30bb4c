"""A station that belongs to no hub yet says so, and waits for a hub's address and a code.

They are typed on its screen, or left by the first boot (`enroll.pending`), or somebody uses
`intercom enroll` on this machine. A hub that cannot be reached is tried for ever; what is final,
such as a code that has expired, is told. A station that is enrolled and finds a new code on its
card tries that in the background, and starts anew with what comes of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from intercom.config import Config, by_key
from intercom.enroll import pending, store
from intercom.enroll.client import enroll
from intercom.enroll.errors import EnrollError, NotReachable
from intercom.enroll.key import KeyFileError
from intercom.enroll.store import Enrolled
from intercom.health import Health
from intercom.link_backoff import Backoff
from intercom.station.entry import Entry
from intercom.station.scene import Enroll
from intercom.station.sign import Sign

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between looks at the files."""

Say = Callable[[str], None]


async def until_enrolled(config: Config) -> Config | None:
    """Return the configuration with the enrolment in it, however long that takes.

    None: a signal came first. Where there is an enrolment, a token is used, or the hub is inside,
    it is returned at once; a new code on the card is for `Moving` then.
    """
    if not by_key(config):
        return config
    known = None
    with contextlib.suppress(KeyFileError):  # told below, where a new one can be made
        known = await asyncio.to_thread(store.read, store.path_of(config))
    if known is not None:
        return store.merged(config, known)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        health = Health(lambda: "")
        stack.callback(health.close)
        waiting = Waiting(config, health)
        waiting.sign.open(stack)
        log.warning(
            "not enrolled: at the hub `sudo intercom invite USER`, here `sudo intercom enroll HUB`"
        )
        enrolled = await _or_stop(waiting, health, stop)
        if enrolled is None:
            health.stopping()
            return None
        return store.merged(config, enrolled)


async def attempt(config: Config, say: Say) -> Enrolled | None:
    """Try the enrolment that is pending, if one is; None when it is not done.

    What is final, done or refused, is pending no more.
    """
    key_file = Path(config.station.key_file)
    asked = await asyncio.to_thread(pending.take, key_file)
    if asked is None:
        return None
    enrolled, refused = None, ""
    try:
        enrolled = await enroll(asked.hub, asked.code, key_file, plain=config.hub.insecure)
    except (NotReachable, KeyFileError) as error:
        say(str(error))
        return None
    except (EnrollError, ValueError) as error:  # ValueError: an address that no library takes
        refused = str(error)
    with contextlib.suppress(OSError):  # it is tried again, then, and works or is refused again
        await asyncio.to_thread(_forget, key_file, asked)
    if refused:
        say(refused)
    return enrolled


class Moving:
    """Tries what is pending at a station that is enrolled already, beside its work.

    `say` hears how it goes; `busy` tells whether somebody uses it; `end` ends the station, which
    then starts anew with the new enrolment.
    """

    def __init__(
        self, config: Config, say: Say, busy: Callable[[], bool], end: Callable[[], None]
    ) -> None:
        self._config, self._say, self._busy, self._end = config, say, busy, end
        self._said, self._backoff = "", Backoff()

    async def run(self) -> None:
        """Return when nothing is pending (any more): it was done, or refused for good."""
        key_file = Path(self._config.station.key_file)
        if not by_key(self._config):
            return
        while await asyncio.to_thread(pending.take, key_file) is not None:
            moved = await attempt(self._config, self._tell)
            if moved is None:
                await self._backoff.rest(lasted=0.0, in_call=False)
                continue
            while self._busy():  # noqa: ASYNC110 (a call has no event for its end that lasts)
                await asyncio.sleep(LOOK)
            log.info("enrolled anew as %s at %s: starting anew", moved.user, moved.url)
            self._end()
            return

    def _tell(self, what: str) -> None:
        if what != self._said:
            log.warning("%s", what)
        self._said = what
        self._say(what)


def _forget(key_file: Path, asked: pending.Pending) -> None:
    """Take away what was tried, unless another code was typed meanwhile."""
    if pending.take(key_file) == asked:
        pending.done(key_file)


class Waiting:
    """Waits until this station is enrolled, and has its screen say how that stands."""

    def __init__(self, config: Config, health: Health) -> None:
        self._config, self._health = config, health
        self._entry, self._said = Entry(), ""
        self._backoff, self._news = Backoff(), asyncio.Event()
        self.sign = Sign(config, self.meant, self.typed)
        self._show()

    async def run(self) -> Enrolled:
        """Return the enrolment once there is one, by whatever way."""
        path = store.path_of(self._config)
        while True:
            try:
                if (known := await asyncio.to_thread(store.read, path)) is not None:
                    log.info("enrolled as %s at %s", known.user, known.url)
                    return known
            except KeyFileError as error:
                self.say(str(error))
            self._news.clear()
            if await attempt(self._config, self.say) is None:
                await self._rest()

    async def _rest(self) -> None:
        """Wait until something is typed, or it is time to look or try again."""
        if self._news.is_set():
            return
        left = pending.path_of(Path(self._config.station.key_file))
        if await asyncio.to_thread(left.exists):
            await self._backoff.rest(lasted=0.0, in_call=False)
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK):
                await self._news.wait()

    def say(self, what: str) -> None:
        """Tell it on the screen, in the log and to systemd."""
        if what != self._said:
            log.warning("%s", what)
        self._said = what
        self._health.status(what)
        self._show()

    def meant(self, intent: str) -> None:
        """Take a touch: "key.", "field." or "enroll"."""
        kind, _, which = intent.partition(".")
        if kind == "enroll":
            self._leave()
            return
        self._entry = self._entry.key(which) if kind == "key" else self._entry.at(which)
        self._show()

    def typed(self, name: str) -> None:
        """Take a key of a keyboard."""
        self.meant("enroll" if name in {"return", "enter"} else f"key.{name}")

    def _leave(self) -> None:
        """Have what was typed tried, as if the first boot had found it on the card."""
        entry = self._entry
        if not entry.complete:
            return
        try:
            pending.put(Path(self._config.station.key_file), entry.hub, entry.code)
        except EnrollError as error:
            self.say(str(error))
            return
        except OSError as error:
            self.say(f"{error.filename}: {error.strerror}")
            return
        self.say(f"{entry.hub} ...")
        self._news.set()
        self._backoff.hurry()

    def _show(self) -> None:
        entry = self._entry
        self.sign.show(Enroll(entry.hub, entry.shown, entry.field, self._said, entry.complete))


async def _or_stop(waiting: Waiting, health: Health, stop: asyncio.Event) -> Enrolled | None:
    """Return the enrolment, or None when `stop` is set first; feed systemd meanwhile."""
    async with asyncio.TaskGroup() as group:
        feeding = group.create_task(health.run())
        stopped = group.create_task(stop.wait())
        enrolling = group.create_task(waiting.run())
        await asyncio.wait({stopped, enrolling}, return_when=asyncio.FIRST_COMPLETED)
        done = enrolling.done()
        for task in (feeding, stopped, enrolling):
            task.cancel()
    return enrolling.result() if done else None
