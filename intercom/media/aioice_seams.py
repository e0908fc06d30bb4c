"""The one place that touches private names of aioice 0.13: how candidates are gathered.

Which host addresses and UDP ports are offered cannot be configured (aioice #2, #57), a dead server
costs 5 s (aioice #4), and a machine without a network has no candidate at all (RFC 8445 5.1.1.1
leaves loopback out). tests/test_media_aioice_seams.py fails when one of these names moves.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import itertools
import logging
import random
import socket

from aioice import Candidate, Connection, TransportPolicy, ice
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.stun import TransactionError
from aiortc import RTCPeerConnection

from .aiortc_seams import replace
from .route import Route

logger = logging.getLogger(__name__)

GATHER_WITHIN = 1  # seconds for the answers of STUN and TURN servers
RECEIVE_BUFFER = 262_144  # bytes, as aioice has it


def use_route(pc: RTCPeerConnection, route: Route) -> None:
    """Gather the candidates that `route` allows, within `GATHER_WITHIN` seconds."""
    for transport in {t.receiver.transport.transport for t in pc.getTransceivers()}:
        connection = transport._connection  # noqa: SLF001 - the seam
        relay = TransportPolicy.RELAY if route.relay_only else TransportPolicy.ALL
        replace(connection, "_transport_policy", relay)
        replace(connection, "stun_server", route.stun)
        if (turn := route.turn) is not None:
            replace(connection, "turn_server", (turn.host, turn.port))
            replace(connection, "turn_transport", turn.transport)
            replace(connection, "turn_ssl", turn.tls)
            replace(connection, "turn_username", turn.username)
            replace(connection, "turn_password", turn.credential)
        _gather_by(connection, route)


def _gather_by(connection: Connection, route: Route) -> None:
    relayed = connection.get_component_candidates

    async def gather(component: int, addresses: list[str], timeout: int = 5) -> list[Candidate]:  # noqa: ASYNC109 - aioice's signature
        kept = [address for address in addresses if route.allows(address)]
        if not kept and not route.relay_only:
            kept = ["127.0.0.1"]
        hosts = []
        for address in kept:
            protocol = await _bind(connection, component, address, route.ports)
            if protocol is not None and connection._closing:  # noqa: SLF001 - the seam
                await protocol.close()  # who closed the connection meanwhile did not see it
            elif protocol is not None:
                hosts.append(protocol)
                # at once: what is bound is closed with it, even if this is cancelled at the next
                connection._protocols.append(protocol)  # noqa: SLF001 - the seam
        seen = [_reflexive(protocol, route.stun) for protocol in hosts]
        # without addresses it asks the TURN server only
        rest = await asyncio.gather(relayed(component, [], GATHER_WITHIN), *seen)
        return [*(protocol.local_candidate for protocol in hosts), *itertools.chain(*rest)]

    replace(connection, "get_component_candidates", gather)


def own_addresses(pc: RTCPeerConnection) -> set[str]:
    """The own addresses that the connection's chosen paths use; a relay's when it goes by one."""
    transports = {t.receiver.transport.transport for t in pc.getTransceivers()}
    pairs = [pair for t in transports for pair in t._connection._nominated.values()]  # noqa: SLF001 - the seam
    return {pair.local_addr[0] for pair in pairs}


async def _bind(
    connection: Connection, component: int, address: str, ports: range
) -> ice.StunProtocol | None:
    """A socket on `address` at a free port of `ports` (any, when it is empty)."""
    loop = asyncio.get_running_loop()
    for port in random.sample(ports, len(ports)) if ports else [0]:
        try:
            transport, protocol = await loop.create_datagram_endpoint(
                lambda: ice.StunProtocol(connection), local_addr=(address, port)
            )
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                continue
            logger.debug("= no socket on %s: %s", address, error)
            return None
        sock = transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        host, bound = transport.get_extra_info("sockname")[:2]
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", host),
            component=component,
            transport="udp",
            priority=candidate_priority(component, "host"),
            host=host,
            port=bound,
            type="host",
        )
        return protocol
    logger.warning("no free UDP port of %d-%d on %s", ports[0], ports[-1], address)
    return None


async def _reflexive(protocol: ice.StunProtocol, server: tuple[str, int] | None) -> list[Candidate]:
    """How the STUN server sees the socket; nothing when it does not answer."""
    if server is None or ":" in protocol.local_candidate.host:
        return []
    with contextlib.suppress(TimeoutError, OSError, TransactionError):
        async with asyncio.timeout(GATHER_WITHIN):
            return [(await ice.server_reflexive_candidate(protocol, server))[0]]
    return []
