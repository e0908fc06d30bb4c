"""The transports of a call: one to each other party, as the plan says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from typing import Any

from intercom import protocol as p
from intercom.plan import Plan
from intercom.tasks import Tasks
from intercom.transport import MakePeer, SendSignal, Transport, View

log = logging.getLogger(__name__)


class Mesh:
    """`make` gives a peer, `signal(call_id, user_id, epoch, body)` goes to the other side."""

    def __init__(self, make: MakePeer, signal: SendSignal) -> None:
        self._make, self._signal = make, signal
        self._call_id = ""
        self._transports: dict[str, Transport] = {}
        self._views: dict[str, View] = {}
        self._hub_up = False
        self._closing = Tasks("close of a call's transports")

    async def close(self) -> None:
        """Close every transport."""
        self.follow(None)
        await self._closing.finished()

    def follow(self, plan: Plan | None) -> None:
        """Make `plan` the aim; whom it does not name gets and says nothing more, at once."""
        call_id = plan.call_id if plan is not None else ""
        peers = {peer.user_id: peer for peer in plan.peers} if plan is not None else {}
        for user_id in list(self._transports):
            if call_id != self._call_id or user_id not in peers:
                gone = self._transports.pop(user_id)
                gone.follow(None)
                self._closing.spawn(gone.close())
        self._call_id = call_id
        for user_id, peer in peers.items():
            if user_id not in self._transports:
                self._transports[user_id] = self._begin(call_id, user_id)
            self._transports[user_id].follow(peer)

    def signaled(self, message: p.Signaled) -> None:
        """Take a signal of another party."""
        transport = self._transports.get(message.user_id)
        if transport is not None and message.call_id == self._call_id:
            transport.signaled(message)
        else:
            log.debug("a signal of %s, to whom there is no transport", message.user_id)

    def connected(self, user_id: str) -> None:
        """The transport to `user_id` is up."""
        self._at(user_id, Transport.connected)

    def lost(self, user_id: str) -> None:
        """`user_id` is silent."""
        self._at(user_id, Transport.lost)

    def hub(self, up: bool) -> None:
        """The link to the hub, which carries the signals, is up or down."""
        self._hub_up = up
        for transport in self._transports.values():
            transport.hub(up)

    def moved(self, lost: Collection[str]) -> None:
        """These addresses of ours are gone."""
        for transport in self._transports.values():
            transport.moved(lost)

    def stats(self) -> dict[str, dict[str, Any]]:
        """Return the counters of each present transport, by user."""
        counters = {user: transport.stats() for user, transport in self._transports.items()}
        return {user: counts for user, counts in counters.items() if counts}

    def view(self, user_id: str, view: View | None) -> None:
        """Show `user_id` there, now and in later calls, until None."""
        if view is not None:
            self._views[user_id] = view
        else:
            self._views.pop(user_id, None)
        self._at(user_id, lambda transport: transport.show(view))

    def _begin(self, call_id: str, user_id: str) -> Transport:
        transport = Transport(call_id, user_id, self._make, self._signal)
        transport.hub(self._hub_up)
        transport.show(self._views.get(user_id))
        return transport

    def _at(self, user_id: str, do: Callable[[Transport], None]) -> None:
        if (transport := self._transports.get(user_id)) is not None:
            do(transport)
