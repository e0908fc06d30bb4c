"""Silence, failure and return, without a network."""

from __future__ import annotations

import pytest
from aiortc import RTCPeerConnection

from intercom.media import MediaEvent, PeerConnected, PeerLost, watchdog
from intercom.media.watchdog import Watchdog
from tests.media_rig import until


class Connection(RTCPeerConnection):
    """A connection whose state the test sets."""

    state = "new"

    @property
    def connectionState(self) -> str:
        return self.state

    def become(self, state: str) -> None:
        self.state = state
        self.emit("connectionstatechange")


async def test_connected_is_told_once_and_failure_at_once() -> None:
    events: list[MediaEvent] = []
    pc = Connection()
    dog = Watchdog("call", "door", pc, events.append)
    for state in ("connecting", "connected", "connected", "failed"):
        pc.become(state)
    assert events == [PeerConnected("call", "door"), PeerLost("call", "door")]
    await dog.close()
    pc.become("connected")
    assert len(events) == 2
    dog.start()
    await pc.close()


async def test_a_peer_that_never_connects_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog, "CONNECT_WITHIN", 0.2)
    events: list[MediaEvent] = []
    pc = Connection()
    dog = Watchdog("call", "door", pc, events.append)
    dog.start()
    dog.start()
    await until(lambda: events == [PeerLost("call", "door")])
    await dog.close()
    await dog.close()
    await pc.close()
