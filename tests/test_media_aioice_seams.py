"""The private names of aioice that the media part stands on are still there, and take hold."""

from __future__ import annotations

import contextlib
import inspect
import logging
import socket
from typing import Any

import aioice
import pytest
from aioice import ice
from aiortc import RTCPeerConnection
from aiortc.exceptions import InvalidStateError

from intercom.media import aioice_seams
from intercom.media.aioice_seams import use_route
from intercom.media.route import Route, route


async def candidates(limits: Route) -> list[list[str]]:
    """The fields of each candidate that is offered."""
    pc = RTCPeerConnection()
    pc.addTransceiver("audio")
    use_route(pc, limits)
    await pc.setLocalDescription(await pc.createOffer())
    sdp = pc.localDescription.sdp
    await pc.close()
    return [line.split() for line in sdp.splitlines() if line.startswith("a=candidate")]


def test_gathering_is_as_it_was() -> None:
    parameters = inspect.signature(aioice.Connection.get_component_candidates).parameters
    assert list(parameters) == ["self", "component", "addresses", "timeout"]
    source = inspect.getsource(aioice.Connection.get_component_candidates)
    assert "self._protocols += host_protocols" in source
    assert "server_reflexive_candidate(protocol, self.stun_server)" in source
    assert list(inspect.signature(ice.StunProtocol).parameters) == ["receiver"]


async def test_a_socket_that_is_bound_after_the_close_is_closed_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pc = RTCPeerConnection()
    pc.addTransceiver("audio")
    bind = aioice_seams._bind  # noqa: SLF001 - the moment in which it counts
    bound = []

    async def slowly(*of: Any) -> ice.StunProtocol | None:
        bound.append(await bind(*of))
        if len(bound) == 1:
            await pc.close()
        return bound[-1]

    monkeypatch.setattr(aioice_seams, "_bind", slowly)
    use_route(pc, Route())
    with contextlib.suppress(InvalidStateError):
        await pc.setLocalDescription(await pc.createOffer())
    assert bound
    assert all(protocol.transport.is_closing() for protocol in bound if protocol is not None)


async def test_left_out_addresses_give_way_to_loopback() -> None:
    found = await candidates(route(without=["0.0.0.0/0", "::/0"]))
    assert {fields[4] for fields in found} == {"127.0.0.1"}


async def test_nothing_but_relays_means_no_own_address() -> None:
    assert await candidates(Route(relay_only=True)) == []


async def test_ports_of_a_range_and_one_that_is_taken(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        first = taken.getsockname()[1]
        only = "0.0.0.0/0", "::/0"
        for fields in await candidates(route(udp_ports=f"{first}-{first + 8}", without=only)):
            assert first < int(fields[5]) <= first + 8
        assert await candidates(route(udp_ports=f"{first}-{first}", without=only)) == []
    [warning] = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert warning == f"no free UDP port of {first}-{first} on 127.0.0.1"


async def test_a_dead_stun_server_costs_a_second_at_most() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as dead:
        dead.bind(("127.0.0.1", 0))
        stun = dead.getsockname()
        limits = route(without=["0.0.0.0/0", "::/0"])
        found = await candidates(Route(without=limits.without, stun=stun))
    assert [fields[7] for fields in found] == ["host"]
