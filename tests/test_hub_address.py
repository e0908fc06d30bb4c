"""A hub is reached by its own machine, whatever it listens on."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from intercom.calling import Calling
from intercom.config import HubConfig
from intercom.hub.address import local_url
from intercom.hub.server import Hub, HubError
from intercom.link import pinned

from .conftest import USERS


def own_addresses() -> list[str]:
    """The addresses that the machine would send from, without sending: those of its networks."""
    found = []
    for family, far in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((far, 9))
            except OSError:  # no route, so no network of that family
                continue
            found.append(str(probe.getsockname()[0]))
    return found


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "ws://127.0.0.1:8443"),
        ("localhost", "ws://localhost:8443"),
        ("192.168.1.5", "ws://192.168.1.5:8443"),
        ("hub.local", "ws://hub.local:8443"),
        ("0.0.0.0", "ws://127.0.0.1:8443"),
        ("", "ws://127.0.0.1:8443"),
        ("::", "ws://127.0.0.1:8443"),
        ("[::]", "ws://127.0.0.1:8443"),
        ("::1", "ws://[::1]:8443"),
        ("[::1]", "ws://[::1]:8443"),
        ("fd00::5", "ws://[fd00::5]:8443"),
    ],
)
def test_the_url_of_an_address(host: str, url: str) -> None:
    assert local_url(host, 8443, tls=False) == url
    assert local_url(host, 8443, tls=True) == url.replace("ws:", "wss:")


@pytest.mark.parametrize(
    "listen",
    ["127.0.0.1", "localhost", "0.0.0.0", "::", "[::]", "::1", "[::1]", "", *own_addresses()],
)
async def test_a_client_logs_in_at_the_hubs_own_url(tmp_path: Path, listen: str) -> None:
    hub = Hub(HubConfig(listen=listen, port=0, state_dir=str(tmp_path), users=USERS))
    await hub.start()
    try:
        door = Calling(hub.url, ssl_context=pinned(hub.pin))
        await door.login("door", hub.keys.mint("door", 1))
        await door.logout()
    finally:
        await hub.stop()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_two_colons_are_both_families(tmp_path: Path, host: str) -> None:
    hub = Hub(HubConfig(listen="::", port=0, state_dir=str(tmp_path), insecure=True))
    await hub.start()
    try:
        _, writer = await asyncio.open_connection(host, hub.port)
        writer.close()
        await writer.wait_closed()
    finally:
        await hub.stop()


@pytest.mark.parametrize("listen", ["127.0.0.1", "::"])
async def test_a_port_that_is_taken_is_told(tmp_path: Path, listen: str) -> None:
    first = Hub(HubConfig(listen=listen, port=0, state_dir=str(tmp_path), insecure=True))
    await first.start()
    second = Hub(HubConfig(listen=listen, port=first.port, state_dir=str(tmp_path), insecure=True))
    with pytest.raises(HubError, match=rf"{first.port}: .*another hub"):
        await second.start()
    await second.stop()
    await first.stop()
