"""PURE  How connections may go: own addresses and ports, and one STUN and one TURN server."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

_URL = re.compile(
    r"(?P<scheme>stun|turn|turns):(?P<host>\[[0-9A-Fa-f:.]+\]|[^\[\]?:/]+)(:(?P<port>\d{1,5}))?"
    r"(\?transport=(?P<transport>udp|tcp))?"
)


@dataclass(frozen=True, slots=True)
class Server:
    """One STUN (RFC 7064) or TURN (RFC 7065) server."""

    url: str
    turn: bool
    host: str
    port: int
    transport: str = "udp"
    tls: bool = False
    username: str | None = None
    credential: str | None = None

    @property
    def rank(self) -> int:
        """The smaller the better: udp, then tcp, then tls."""
        return 2 if self.tls else int(self.transport == "tcp")


def server(url: str, username: str | None = None, credential: str | None = None) -> Server:
    """The server of a URL of RTCIceServer. Raises ValueError for what cannot be used."""
    found = _URL.fullmatch(url)
    if found is None:
        raise ValueError("not a URL of stun:, turn: or turns:")
    tls = found["scheme"] == "turns"
    transport = found["transport"] or ("tcp" if tls else "udp")
    turn = found["scheme"] != "stun"
    if (tls and transport == "udp") or (not turn and found["transport"]):
        raise ValueError(f"{found['scheme']}: goes without transport={transport}")
    if turn and not (username and credential):
        raise ValueError("it has no username and credential")
    port = int(found["port"] or (5349 if tls else 3478))
    if not 0 < port < 65536:
        raise ValueError(f"no port {port}")
    host = found["host"].strip("[]")
    return Server(url, turn, host, port, transport, tls, username, credential)


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True)
class Route:
    """What a connection may use; `ports` empty: any UDP port."""

    relay_only: bool = False
    ports: range = range(0)
    without: tuple[Network, ...] = ()
    stun: tuple[str, int] | None = None
    turn: Server | None = None

    def allows(self, address: str) -> bool:
        """Whether the own `address` may be offered."""
        found = ipaddress.ip_address(address.partition("%")[0])
        return not any(found in network for network in self.without)


def route(relay_only: bool = False, udp_ports: str = "", without: Sequence[str] = ()) -> Route:
    """From the settings: ports as "50000-50100", networks as "172.17.0.0/16".

    Raises ValueError for a network that is none.
    """
    first, _, last = udp_ports.partition("-")
    ports = range(int(first), int(last) + 1) if udp_ports else range(0)
    networks = tuple(ipaddress.ip_network(network) for network in without)
    return Route(relay_only, ports, networks)
