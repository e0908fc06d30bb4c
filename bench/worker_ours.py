"""A side of a call by the product's own media: `python -m bench.worker_ours`."""

from __future__ import annotations

from typing import Any

import av
import uvloop

import hw
from bench.camera import Camera
from bench.meter import Meter
from bench.worker import connected, say, serve
from hw.picture import rows_of
from hw.settings import ScreenSettings
from intercom.media import Media, MediaEvent, Peer, PeerConnected, Quality


class Devices:
    """A camera only: the measurement is of the picture."""

    def __init__(self, clip: str) -> None:
        self._clip = clip

    def open_camera(self, quality: Quality, on_frame: Any, on_packet: Any, on_fault: Any) -> Camera:
        """The clip."""
        return Camera(self._clip, on_frame)

    def open_microphone(self, *rest: Any) -> Any:
        """None here."""
        raise OSError("there is no microphone and no speaker in this measurement")

    open_speaker = open_microphone

    def cameras(self) -> list[tuple[str, str]]:
        """None to choose from."""
        return []

    microphones = cameras

    def select(self, kind: str, device_id: str) -> str:
        """Nothing to choose."""
        return ""


class View:
    """Pictures as they leave the decoder."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def show(self, frame: av.VideoFrame) -> None:
        """From the decoder's thread."""
        self._meter.see(rows_of(frame, 0)[:, : frame.width])

    def clear(self) -> None:
        """Nothing to clear."""


class Screen:
    """Pictures as the station's screen shows them, read after the flip; SDL's dummy display."""

    def __init__(self, meter: Meter, order: dict[str, Any]) -> None:
        from intercom.station.picture import Picture  # noqa: PLC0415 - only this needs pygame

        self._meter = meter
        self._picture = Picture()
        settings = ScreenSettings(width=order["width"], height=order["height"])
        self.screen = hw.open_screen("dummy", settings, _nothing, _nothing, _nothing)

    def show(self, frame: av.VideoFrame) -> None:
        """From the decoder's thread."""
        luma = rows_of(frame, 0)[:, : frame.width]
        self.screen.show(
            lambda surface: self._picture.draw(surface, frame), lambda: self._meter.see(luma)
        )

    def clear(self) -> None:
        """Nothing to clear."""


def _nothing(*facts: object) -> None:
    """Nobody touches this screen."""


class Ours:
    """`Media` with as many peers as the other side has."""

    def __init__(self) -> None:
        self.meters: list[Meter] = []
        self._peers: list[Peer] = []
        self._media: Media | None = None
        self._screen: Screen | None = None

    async def prepare(self, order: dict[str, Any]) -> None:
        """Open the camera as a station has it open while it rings; the gates are shut."""
        self._media = Media(
            Devices(order["clip"]), self._report, order["quality"], order["bitrate"], order["fps"]
        )
        sends = order["role"] == "send"
        for number in range(order["peers"]):
            meter = Meter(str(number))
            self.meters.append(meter)
            peer = self._media.peer("bench", str(number), 1, sends, self._signaller(number))
            if not sends:
                peer.view(self._view(meter, order))
            self._peers.append(peer)
        if sends:
            await self._media.open_camera()

    async def start(self) -> None:
        """Offer to every peer."""
        for peer in self._peers:
            await peer.start()

    async def signal(self, peer: int, body: dict[str, Any]) -> None:
        """What the other side says."""
        await self._peers[peer].handle(body)

    async def gate(self) -> None:
        """Open every peer's gate."""
        for peer in self._peers:
            peer.send(audio=False, video=True)

    async def close(self) -> None:
        """Hang up."""
        if self._media is not None:
            await self._media.close()
        if self._screen is not None:
            self._screen.screen.close()

    async def received(self) -> int:
        """Bytes from all peers so far."""
        return sum(peer.stats["bytes_in"] for peer in self._peers)

    def _view(self, meter: Meter, order: dict[str, Any]) -> View | Screen:
        if not order["on_screen"]:
            return View(meter)
        self._screen = Screen(meter, order)
        return self._screen

    def _signaller(self, number: int) -> Any:
        return lambda body: say(signal=body, peer=number)

    def _report(self, event: MediaEvent) -> None:
        if isinstance(event, PeerConnected):
            connected(int(event.user_id))


if __name__ == "__main__":
    uvloop.run(serve(Ours))
