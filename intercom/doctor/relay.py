"""Asks the STUN and TURN servers that the hub tells of."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aioice import stun

from intercom.doctor import hub, judge_relay
from intercom.doctor.judge_relay import Asked
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result, skipped
from intercom.media.probe import probe
from intercom.media.route import Server, server

PACKETS, FEW = 25, 5
EVERY, WITHIN = 0.02, 1.0
"""Seconds between two packets, as a call's sound has them, and after the last one."""


def check(patient: Patient) -> Iterator[Result]:
    """A line each server."""
    if patient.config.hub.embedded and patient.station is None:
        yield skipped("relay", "the hub, which tells of them, is inside the stopped station")
        return
    seen = hub.look(patient)
    count = FEW if patient.quick else PACKETS
    asked = asyncio.run(_asked(seen.ice_servers, count))
    relay_only = patient.config.network.relay_only
    by_key = bool(seen.login.device)
    yield from judge_relay.servers(asked, relay_only, seen.told_ice, by_key)


async def _asked(entries: Sequence[Mapping[str, Any]], count: int) -> list[Asked]:
    good: list[Server] = []
    bad: list[Asked] = []
    for entry in entries:
        urls = entry["urls"]
        for url in [urls] if isinstance(urls, str) else urls:
            try:
                good.append(server(url, entry.get("username"), entry.get("credential")))
            except ValueError as error:
                bad.append(Asked(url, str(error)))
    answers = await probe(good)
    found = []
    for given, (resolved, wrong) in zip(good, answers, strict=True):
        if wrong or given.transport != "udp":
            found.append(Asked(given.url, wrong, port=_port(given)))
        else:
            answered = await _paced(resolved, count)
            found.append(replace(answered, url=given.url, port=_port(given)))
    return found + bad


def _port(server: Server) -> str:
    return f"{server.transport.upper()} {server.port}"


class _Packets(asyncio.DatagramProtocol):
    """Binding requests (RFC 8489, 3), which TURN servers answer as well, and their answers."""

    def __init__(self) -> None:
        self.sent: dict[bytes, float] = {}
        self.round_trips: list[float] = []
        self.seen_as = ""

    def ask(self, transport: asyncio.DatagramTransport) -> None:
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        self.sent[request.transaction_id] = time.monotonic()
        transport.sendto(bytes(request))

    def datagram_received(self, data: bytes, addr: object) -> None:
        try:
            answer = stun.parse_message(data)
        except ValueError:
            return
        sent = self.sent.pop(answer.transaction_id, None)
        if sent is None or answer.message_class is not stun.Class.RESPONSE:
            return
        self.round_trips.append(time.monotonic() - sent)
        address = answer.attributes.get("XOR-MAPPED-ADDRESS")
        self.seen_as = str(address[0]) if address else ""


async def _paced(where: Server, count: int) -> Asked:
    """So many packets in the rhythm of a call's sound: how many come back, and when."""
    family = socket.AF_INET6 if ":" in where.host else socket.AF_INET
    try:
        transport, packets = await asyncio.get_running_loop().create_datagram_endpoint(
            _Packets, remote_addr=(where.host, where.port), family=family
        )
    except OSError as error:
        return Asked(where.url, error.strerror or str(error))
    try:
        for _ in range(count):
            packets.ask(transport)
            await asyncio.sleep(EVERY)
        for _ in range(round(WITHIN / EVERY)):
            if not packets.sent:
                break
            await asyncio.sleep(EVERY)
    finally:
        transport.close()
    return Asked(where.url, "", tuple(packets.round_trips), count, packets.seen_as)
