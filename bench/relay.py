"""A bad network between two sides: UDP through two sockets, with delay and seeded loss.

Each side is told the relay's address in place of the other's (RFC 8839 candidates rewritten on
their way), so that every packet passes here: ICE, DTLS and media alike.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from dataclasses import dataclass, field
from typing import Any

Address = tuple[str, int]
_SIZE = 65536
_QUEUE = 2000  # packets on their way in one direction


@dataclass(slots=True)
class Network:
    """What the network does to packets; `lossy` is switched on once a call is up."""

    loss: float = 0.0  # 0-1, each way
    delay: float = 0.0  # seconds, each way
    seed: int = 1
    lossy: bool = False


@dataclass(slots=True)
class _End:
    """A socket that stands for one side; what arrives at it is meant for that side."""

    socket: socket.socket
    chance: random.Random
    real: Address  # of the side it stands for
    on_way: int = 0
    packets: int = 0
    dropped: int = 0


@dataclass(slots=True)
class Relay:
    """Joins side 0 (the sender) and side 1 (the receiver)."""

    network: Network
    _ends: list[_End] = field(default_factory=list)
    _known: list[str] = field(default_factory=lambda: ["", ""])  # the one candidate of each

    def rewrite(self, side: int, body: dict[str, Any]) -> dict[str, Any] | None:
        """What `side` signals, with the relay's candidates; None when nothing is left of it."""
        if "sdp" in body:
            lines = [self._line(side, line) for line in str(body["sdp"]).split("\r\n")]
            return {**body, "sdp": "\r\n".join(line for line in lines if line is not None)}
        inner = body.get("candidate")
        if not inner or not inner.get("candidate"):
            return body
        line = self._line(side, "a=" + inner["candidate"])
        return None if line is None else {**body, "candidate": {**inner, "candidate": line[2:]}}

    @property
    def received(self) -> tuple[int, int]:
        """Packets meant for the receiver: passed on and dropped."""
        return (self._ends[1].packets, self._ends[1].dropped) if self._ends else (0, 0)

    def close(self) -> None:
        """Close the sockets; idempotent."""
        for end in self._ends:
            asyncio.get_running_loop().remove_reader(end.socket.fileno())
            end.socket.close()
        self._ends.clear()

    def _line(self, side: int, line: str) -> str | None:
        if not line.startswith("a=candidate:"):
            return line
        fields = line.split()
        if fields[2].lower() != "udp" or ":" in fields[4] or fields[4].endswith(".local"):
            return None
        address = f"{fields[4]} {fields[5]}"
        if self._known[side] not in ("", address):
            return None  # one path is enough
        self._known[side] = address
        if not self._ends:
            self._open(fields[4])
        end = self._ends[side]
        end.real = (fields[4], int(fields[5]))
        fields[4], fields[5] = end.socket.getsockname()
        return " ".join(map(str, fields))

    def _open(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        for side in (0, 1):
            found = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            found.setblocking(False)
            found.bind((host, 0))
            chance = random.Random(self.network.seed * 2 + side)
            self._ends.append(_End(found, chance, ("", 0)))
            loop.add_reader(found.fileno(), self._arrived, side)

    def _arrived(self, side: int) -> None:
        """Packets at the socket that stands for `side`, from the other side."""
        end, other = self._ends[side], self._ends[1 - side]
        while True:
            try:
                data, other.real = end.socket.recvfrom(_SIZE)
            except OSError:  # nothing more, or the far end has closed
                return
            drop = end.chance.random() < self.network.loss  # drawn always: one pattern for all
            if (drop and self.network.lossy) or end.on_way >= _QUEUE:
                end.dropped += 1
                continue
            end.on_way += 1
            end.packets += 1
            loop = asyncio.get_running_loop()
            loop.call_later(self.network.delay, self._pass_on, end, other, data)

    def _pass_on(self, end: _End, other: _End, data: bytes) -> None:
        end.on_way -= 1
        if self._ends and end.real[1]:
            with contextlib.suppress(OSError):
                other.socket.sendto(data, end.real)
