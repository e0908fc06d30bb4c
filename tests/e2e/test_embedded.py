"""A first install: the hub inside the kitchen's station, TLS with its own certificate, pinned."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import sys
from pathlib import Path

import pytest

from intercom.demo.stage import free_port

from .conftest import House, idle_again


async def token(user: str, config: Path) -> str:
    """Mint a token as the installation guide says."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "intercom", "token", user, "--config", str(config)),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await program.communicate()
    assert program.returncode == 0
    return said.decode()


@pytest.fixture
async def embedded(house: House) -> House:
    """The kitchen carries the hub and listens everywhere, so with TLS."""
    port, state = free_port(), house.stage.work / "own"
    house.edit("indoor", f'token_file = "{house.stage.work}/indoor.token"\n', "")
    house.edit(
        "indoor",
        f'url = "ws://127.0.0.1:{house.stage.port}"',
        f'embedded = true\nlisten = "0.0.0.0"\nport = {port}\nstate_dir = "{state}"\n'
        '[hub.users.door]\nname = "Front door"\n[hub.users.indoor]\nname = "Kitchen"',
    )
    await house.start("indoor")
    (house.stage.work / "door.token").write_text(await token("door", house.stage.config("indoor")))
    pem = (state / "hub.pem").read_text()
    certificate = pem[pem.index("-----BEGIN CERT") :]
    pin = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()
    assert pin in house.log("indoor")
    house.edit(
        "door",
        f'url = "ws://127.0.0.1:{house.stage.port}"',
        f'url = "wss://127.0.0.1:{port}"\ntls_pin = "{pin}"',
    )
    return house


async def test_a_call_through_the_embedded_hub(embedded: House) -> None:
    door = await embedded.start("door")
    indoor = embedded.remotes["indoor"]
    assert door is not None
    pressed = await door.press("call")
    await indoor.wait("first_frame", pressed)
    accepted = await indoor.press("accept")
    await door.wait("first_frame", accepted)
    await door.press("hangup")
    await idle_again(indoor, accepted)


async def test_another_certificate_is_not_trusted(embedded: House) -> None:
    text = embedded.stage.config("door").read_text()
    pin = text.partition('tls_pin = "')[2][:64]
    embedded.edit("door", pin, hashlib.sha256(b"another").hexdigest())
    door = await embedded.start("door", ready=False)
    assert door is not None
    told = await door.wait("no_hub")
    assert "Fingerprint" in told["message"] or "certificate" in told["message"]
    assert "token" not in embedded.log("door").lower()
