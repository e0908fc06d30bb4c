"""Keeps which STUN and which TURN server a connection may use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .probe import probe
from .route import Route, Server, server

logger = logging.getLogger(__name__)

FRESH = 30.0  # seconds after which the servers are asked again for the next connection


class Servers:
    """The servers the hub told of; asked before use, again now and then, all at once."""

    def __init__(self, route: Route) -> None:
        self._base = self._route = route
        self._loop = asyncio.get_running_loop()
        self._servers: list[Server] = []
        self._refused: list[tuple[str, str]] = []
        self._known = True  # what the servers answer
        self._told = ""
        self._probing: asyncio.Task[None] | None = None
        self._asked = 0.0

    def configure(self, ice_servers: Sequence[Mapping[str, Any]]) -> None:
        """Use `ice_servers`, as in W3C's RTCIceServer, from now on."""
        self._cancel()
        before, self._servers, self._refused = self._servers, [], []
        for entry in ice_servers:
            urls = entry["urls"]
            for url in [urls] if isinstance(urls, str) else urls:
                try:
                    found = server(url, entry.get("username"), entry.get("credential"))
                    self._servers.append(found)
                except ValueError as error:
                    self._refused.append((url, str(error)))
        if before != self._servers:
            self._route, self._known = self._base, not self._servers
        self._probe()

    async def route(self) -> Route:
        """What the next connection may use; waits for new servers' answers, a second at most."""
        if self._probing is None and self._loop.time() - self._asked > FRESH:
            self._probe()  # the old answer will do meanwhile: gathering has its own limit
        if self._probing is not None and not self._known:
            await asyncio.wait([self._probing])
        return self._route

    async def close(self) -> None:
        """Stop asking; idempotent."""
        probing = self._probing
        self._cancel()
        if probing is not None:
            await asyncio.wait([probing])

    def _cancel(self) -> None:
        if self._probing is not None:
            self._probing.cancel()
            self._probing = None

    def _probe(self) -> None:
        self._asked = self._loop.time()
        if self._servers:
            self._probing = self._loop.create_task(self._ask(), name="probe STUN and TURN")
            self._probing.add_done_callback(self._asked_all)
        else:
            self._tell([])

    async def _ask(self) -> None:
        answers = await probe(self._servers)
        good = sorted((s for s, fault in answers if not fault), key=lambda s: s.rank)
        stun = next((s for s in good if not s.turn), None)
        turn = next((s for s in good if s.turn), None)
        address = (stun.host, stun.port) if stun is not None else None
        self._route, self._known = replace(self._base, stun=address, turn=turn), True
        self._tell([(s.url, fault) for s, fault in answers if fault])

    def _asked_all(self, task: asyncio.Task[None]) -> None:
        if self._probing is task:
            self._probing = None
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("cannot ask STUN and TURN servers", exc_info=error)

    def _tell(self, faults: list[tuple[str, str]]) -> None:
        """One line for what is used and what is left out, when it has changed."""
        left_out = ", ".join(f"{url} ({why})" for url, why in [*self._refused, *faults])
        used = self._route.turn.url if self._route.turn is not None else "none"
        line = f"TURN server: {used}"
        if left_out:
            line += f"; left out: {left_out}"
        if self._base.relay_only and self._route.turn is None:
            line += "; relay_only is set, so that no call can connect"
        if line == self._told or not (self._servers or self._refused or self._base.relay_only):
            return
        self._told = line
        bad = left_out or (self._base.relay_only and self._route.turn is None)
        logger.log(logging.WARNING if bad else logging.INFO, "%s", line)
