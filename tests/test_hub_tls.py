"""The hub's certificate: its own, pinned by stations, or the owner's."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from intercom import CallingError, Code
from intercom.calling import Calling
from intercom.config import HubConfig
from intercom.hub.server import Hub
from intercom.hub.tls import TlsError
from intercom.link import pinned

from .conftest import USERS


@pytest.fixture
async def secure(tmp_path: Path) -> AsyncIterator[Hub]:
    """A hub on every network, and so with TLS."""
    hub = Hub(HubConfig(listen="0.0.0.0", port=0, state_dir=str(tmp_path), users=USERS))
    await hub.start()
    yield hub
    await hub.stop()


def client(hub: Hub, pin: str) -> Calling:
    return Calling(f"wss://127.0.0.1:{hub.port}", ssl_context=pinned(pin))


async def test_the_pinned_certificate_is_trusted(secure: Hub) -> None:
    for pin in (
        secure.pin,
        secure.pin.upper(),
        ":".join(secure.pin[i : i + 2] for i in range(0, 64, 2)),
    ):
        door = client(secure, pin)
        await door.login("door", secure.keys.mint("door", 1))
        await door.logout()


async def test_another_certificate_is_refused_and_the_pin_named(secure: Hub) -> None:
    door = client(secure, "00" * 32)
    with pytest.raises(CallingError, match="tls_pin") as error:
        await door.login("door", secure.keys.mint("door", 1))
    assert error.value.code is Code.HUB_UNREACHABLE
    await door.logout()


async def test_without_a_pin_it_is_a_strangers_certificate(secure: Hub) -> None:
    door = client(secure, "")
    with pytest.raises(CallingError, match=r"(?i)certificate"):
        await door.login("door", secure.keys.mint("door", 1))
    await door.logout()


async def test_the_certificate_survives_a_restart(secure: Hub, tmp_path: Path) -> None:
    again = Hub(HubConfig(listen="0.0.0.0", port=0, state_dir=str(tmp_path), users=USERS))
    await again.start()
    assert again.pin == secure.pin
    await again.stop()
    assert (tmp_path / "hub.pem").stat().st_mode & 0o777 == 0o600


async def test_loopback_and_insecure_go_without(tmp_path: Path) -> None:
    for config in (
        HubConfig(port=0, state_dir=str(tmp_path)),
        HubConfig(listen="0.0.0.0", insecure=True, port=0, state_dir=str(tmp_path)),
    ):
        hub = Hub(config)
        await hub.start()
        assert hub.pin == ""
        await hub.stop()
    assert not (tmp_path / "hub.pem").exists()


async def test_the_owners_certificate(tmp_path: Path, own: tuple[Path, Path]) -> None:
    cert, key = own
    config = HubConfig(
        port=0, state_dir=str(tmp_path), users=USERS, tls_cert=str(cert), tls_key=str(key)
    )
    hub = Hub(config)
    await hub.start()
    context = ssl.create_default_context(cafile=str(cert))
    door = Calling(f"wss://127.0.0.1:{hub.port}", ssl_context=context)
    await door.login("door", hub.keys.mint("door", 1))
    await door.logout()
    await hub.stop()


@pytest.mark.parametrize("content", [None, "garbage"])
async def test_a_certificate_that_is_none(tmp_path: Path, content: str | None) -> None:
    cert = tmp_path / "cert.pem"
    if content is not None:
        cert.write_text(content)
    hub = Hub(HubConfig(port=0, state_dir=str(tmp_path), tls_cert=str(cert), tls_key=str(cert)))
    with pytest.raises(TlsError, match="tls_cert"):
        await hub.start()
    await hub.stop()
