"""A network of the tests' own: namespaces joined by a bridge, and processes in them."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from intercom.demo.stage import Program, Stage

_count = itertools.count()
HUB = "10.77.0.1"


def ip(*arguments: str) -> None:
    """Run ip(8)."""
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)


def unavailable() -> str:
    """Why there can be no namespaces here, or an empty string."""
    if shutil.which("ip") is None:
        return "iproute2 is not installed"
    if os.geteuid() != 0:
        return "network namespaces need root"
    done = subprocess.run(["ip", "netns", "add", "intercom-try"], check=False, capture_output=True)
    if done.returncode:
        return f"no network namespaces: {done.stderr.decode().strip()}"
    ip("netns", "del", "intercom-try")
    return ""


class Net:
    """A hub's namespace with a bridge, and one for each station, at 10.77.0.0/24."""

    def __init__(self, names: list[str]) -> None:
        self._prefix = f"ic{os.getpid() % 100_000}x{next(_count)}"
        self.address = {name: f"10.77.0.{11 + index}" for index, name in enumerate(names)}
        self._made: list[str] = []

    def space(self, name: str) -> str:
        """The namespace of a member."""
        return f"{self._prefix}{name}"

    def build(self) -> None:
        """Make namespaces, bridge, links and addresses."""
        hub = self._add("hub")
        ip("-n", hub, "link", "add", "br0", "type", "bridge", "forward_delay", "0")
        ip("-n", hub, "addr", "add", f"{HUB}/24", "dev", "br0")
        ip("-n", hub, "link", "set", "br0", "up")
        for name, address in self.address.items():
            space = self._add(name)
            ip("-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", f"to-{name}",
               "netns", hub)  # fmt: skip
            ip("-n", hub, "link", "set", f"to-{name}", "master", "br0", "up")
            ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
            ip("-n", space, "link", "set", "eth0", "up")

    def close(self) -> None:
        """Take everything away; links go with their namespaces."""
        for space in self._made:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)

    def cable(self, name: str, plugged: bool) -> None:
        """Take a station off the bridge, as when an access point is gone: nothing is told."""
        where = ["master", "br0"] if plugged else ["nomaster"]
        ip("-n", self.space("hub"), "link", "set", f"to-{name}", *where)

    def link(self, name: str, up: bool) -> None:
        """Switch a station's own interface on or off."""
        ip("-n", self.space(name), "link", "set", "eth0", "up" if up else "down")

    def move(self, name: str, address: str) -> None:
        """Give a station another address instead of its own."""
        space = self.space(name)
        ip("-n", space, "addr", "del", f"{self.address[name]}/24", "dev", "eth0")
        ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
        self.address[name] = address

    def _add(self, name: str) -> str:
        space = self.space(name)
        ip("netns", "add", space)
        self._made.append(space)
        ip("-n", space, "link", "set", "lo", "up")
        return space

    async def start(self, name: str, stage: Stage) -> Program:
        """Start a hub or a station in its namespace."""
        role = "hub" if name == "hub" else "station"
        command = [sys.executable, "-m", "intercom", role, "--config", str(stage.config(name))]
        started = time.monotonic()
        with (stage.out / f"{name}.log").open("wb") as log:
            process = await asyncio.create_subprocess_exec(
                "ip", "netns", "exec", self.space(name), *command, stdout=log, stderr=log
            )
        return Program(name, process, started)


@contextmanager
def network(*names: str) -> Iterator[Net]:
    """A network of a hub and these stations, gone after the block."""
    net = Net(list(names))
    try:
        net.build()
        yield net
    finally:
        net.close()
