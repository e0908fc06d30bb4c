"""Tells clients of STUN and TURN servers, and again before what was told expires."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from intercom import protocol as p
from intercom.hub.accounts import Accounts
from intercom.hub.client import Client
from intercom.hub.turn import Renewals


class Ice:
    """Who has which credentials, for how long. `deliver` sends to a client, by its number."""

    def __init__(self, accounts: Accounts, deliver: Callable[[int, p.HubMessage], bool]) -> None:
        self._accounts = accounts
        self._deliver = deliver
        self._renewals: Renewals | None = None

    def servers(self, number: int, user_id: str) -> list[dict[str, str | list[str]]]:
        """Return those for a client; if they expire, it is told of new ones in time."""
        if self._accounts.expiring():
            now = asyncio.get_running_loop().time()
            if self._renewals is None:
                self._renewals = Renewals(now, time.time())
            self._renewals.add(number, now)
        return self._accounts.ice_servers(user_id)

    def renew(self, clients: Mapping[int, Client]) -> None:
        """Tell those of the clients that are due; to be called every now and then."""
        if self._renewals is None:
            return
        for number in self._renewals.due(asyncio.get_running_loop().time(), time.time()):
            if number in clients:
                servers = self.servers(number, clients[number].user_id)
                self._deliver(number, p.IceServers(servers))
