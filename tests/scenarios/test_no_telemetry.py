"""Rule 17: no telemetry. A whole call, and nothing is said to anybody but hub and peer."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import ifaddr

from intercom import Event

from .guest import sees
from .house import House, connect

ADDRESSED = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"}


class Ear:
    """Hears to whom this process opens its mouth (an audit hook stays for ever, so it can rest)."""

    def __init__(self) -> None:
        self.listening = False
        self.spoken_to: set[str] = set()
        sys.addaudithook(self._heard)

    def _heard(self, event: str, details: tuple[Any, ...]) -> None:
        if not self.listening or event not in ADDRESSED:
            return
        address = details[0] if event == "socket.getaddrinfo" else details[1]
        host = address[0] if isinstance(address, tuple) else address
        if host is not None:
            self.spoken_to.add(host.decode() if isinstance(host, bytes) else str(host))


EAR = Ear()


def own_addresses() -> set[str]:
    """Return all addresses of this machine."""
    found = {ip.ip if ip.is_IPv4 else ip.ip[0] for card in ifaddr.get_adapters() for ip in card.ips}
    return {str(address) for address in found}


async def test_a_call_talks_to_this_machine_only(house: House) -> None:
    EAR.listening = True
    try:
        anna, ben = await house.clients("anna", "ben", media=True)
        view = await anna.watch("ben")
        await connect(anna, ben)
        await asyncio.gather(sees(view), anna.hears())
        await anna.hangup()
        await ben.ended()
        await anna.call("cleo")
        await anna.wait(Event.NO_RESP)
        await house.quiet()
    finally:
        EAR.listening = False
    assert "127.0.0.1" in EAR.spoken_to
    assert EAR.spoken_to <= own_addresses()
