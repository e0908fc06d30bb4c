"""Hears from the kernel when the machine's own addresses change (rtnetlink(7)).

A connection whose address is gone is dead at once, but nothing says so: TCP and ICE wait for
answers. And when the network is back there is no reason to sit out a pause.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

import ifaddr

log = logging.getLogger(__name__)

GROUPS = 0x1 | 0x10 | 0x100  # RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR
SETTLE = 0.1
"""Seconds in which changes are taken together."""


def own_addresses() -> frozenset[str]:
    """The addresses that others can reach, without loopback and link-local ones."""
    found = set()
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            if isinstance(ip.ip, str):
                if not ip.ip.startswith("127."):
                    found.add(ip.ip)
            elif ip.ip[2] == 0 and ip.ip[0] != "::1":
                found.add(ip.ip[0])
    return frozenset(found)


class NetworkWatch:
    """Calls `on_change(lost, gained)` in the loop; both are empty when only a link went or came."""

    def __init__(self, on_change: Callable[[frozenset[str], frozenset[str]], None]) -> None:
        self._on_change = on_change
        self._socket: socket.socket | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._known = frozenset[str]()

    def start(self) -> None:
        """Begin to listen; without netlink (no Linux) nothing is heard. Idempotent."""
        if self._socket is not None or not hasattr(socket, "AF_NETLINK"):
            return
        self._known = own_addresses()
        try:
            heard = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        except OSError as error:
            log.debug("= cannot hear of changed addresses: %s", error)
            return
        heard.setblocking(False)
        heard.bind((0, GROUPS))
        self._socket = heard
        asyncio.get_running_loop().add_reader(heard, self._readable)

    def close(self) -> None:
        """Stop; idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        heard, self._socket = self._socket, None
        if heard is not None:
            asyncio.get_running_loop().remove_reader(heard)
            heard.close()

    def _readable(self) -> None:
        assert self._socket is not None
        try:
            self._socket.recv(65536)
        except BlockingIOError:
            return
        except OSError as error:  # ENOBUFS: more than we could take; what counts is read below
            log.debug("= %s", error)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(SETTLE, self._settled)

    def _settled(self) -> None:
        self._timer = None
        before, self._known = self._known, own_addresses()
        lost, gained = before - self._known, self._known - before
        if lost or gained:
            log.info("own addresses: lost %s, gained %s", sorted(lost), sorted(gained))
        self._on_change(lost, gained)
