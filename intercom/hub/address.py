"""Where a hub listens, and how its own machine reaches it there."""

from __future__ import annotations

import ipaddress
import socket
import ssl

from aiohttp import web


def site(
    runner: web.BaseRunner, host: str, port: int, context: ssl.SSLContext | None
) -> web.BaseSite:
    """Return the site of [hub] listen: "::" and "" take IPv4 as well; OSError if not to be had."""
    host = host.strip("[]")
    if host not in {"", "::"} or not socket.has_dualstack_ipv6():
        return web.TCPSite(runner, host or "0.0.0.0", port, ssl_context=context)
    # asyncio would make this socket one of IPv6 alone.
    both = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    both.setblocking(False)
    return web.SockSite(runner, both, ssl_context=context)


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
