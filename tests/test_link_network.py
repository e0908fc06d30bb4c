"""The kernel's word on addresses reaches us; shown with an address of the loopback interface."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess

import pytest

from intercom.link_network import NetworkWatch, own_addresses

ADDRESS = "198.51.100.77"  # of TEST-NET-2, nobody's


def test_own_addresses_are_those_that_others_reach() -> None:
    assert not any(
        a.startswith("127.") or a == "::1" or a.startswith("fe80") for a in own_addresses()
    )


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("ip") is None, reason="needs root and iproute2"
)
async def test_an_address_comes_and_goes() -> None:
    heard: asyncio.Queue[tuple[frozenset[str], frozenset[str]]] = asyncio.Queue()
    watch = NetworkWatch(lambda lost, gained: heard.put_nowait((lost, gained)))
    watch.start()
    watch.start()

    async def told(*change: frozenset[str]) -> None:
        async with asyncio.timeout(10):
            while await heard.get() != change:
                pass

    def ip(what: str) -> None:
        subprocess.run(["ip", "addr", what, f"{ADDRESS}/32", "dev", "lo"], check=True)

    await asyncio.to_thread(ip, "add")
    try:
        await told(frozenset(), frozenset([ADDRESS]))
    finally:
        await asyncio.to_thread(ip, "del")
    await told(frozenset([ADDRESS]), frozenset())
    watch.close()
    watch.close()
