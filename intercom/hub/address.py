"""Where a hub listens, and how its own machine reaches it there."""

from __future__ import annotations

import ipaddress
import socket

BACKLOG = 512
"""Connections that wait to be accepted: many, when a hub has restarted."""


def listeners(host: str, port: int) -> list[socket.socket]:
    """Return the sockets of [hub] listen: "::" and "" take IPv4 as well; OSError if not to be had.

    A name may have several addresses; they get one port. Blocks while it is looked up.
    """
    host = host.strip("[]")
    if host in {"", "::"} and socket.has_dualstack_ipv6():
        return [_listener(socket.AF_INET6, ("::", port), dual=True)]
    found = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)
    made: list[socket.socket] = []
    try:
        for family, where in dict.fromkeys((it[0], it[4]) for it in found):
            made.append(_listener(family, (where[0], port, *where[2:])))
            port = port or made[0].getsockname()[1]
    except OSError:
        for listener in made:
            listener.close()
        raise
    return made


def _listener(
    family: socket.AddressFamily, where: tuple[str | int, ...], dual: bool = False
) -> socket.socket:
    made = socket.create_server(where, family=family, backlog=BACKLOG, dualstack_ipv6=dual)
    made.setblocking(False)
    return made


def bracketed(host: str, port: int) -> str:
    """Return "host:port", a number of IPv6 in brackets (RFC 3986, 3.2.2)."""
    host = host.strip("[]")
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def local_url(host: str, port: int, tls: bool) -> str:
    """Return the WebSocket URL at which this machine reaches a hub that listens on `host`."""
    reached = "127.0.0.1" if _is_wildcard(host) else host
    return f"{'wss' if tls else 'ws'}://{bracketed(reached, port)}"


def _is_wildcard(host: str) -> bool:
    try:
        return not host or ipaddress.ip_address(host.strip("[]")).is_unspecified
    except ValueError:
        return False
