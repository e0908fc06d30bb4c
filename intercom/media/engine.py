"""Media: the devices of the station joined to the peers of its calls."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import opus
from .device_watch import DEV, DeviceWatch
from .devices import Devices
from .echo import VoiceSettings
from .events import DevicesChanged, MediaEvent, VoiceVolume
from .peer import Peer
from .picture import Picture
from .quality import quality as find_quality
from .route import Route
from .servers import Servers
from .sound import Sound
from .switch import Switch

logger = logging.getLogger(__name__)

VOLUME_EVERY = 0.25  # seconds
QUIET = 1.0  # the same while there is no sound to measure


class Media:
    """Camera, microphone, speaker and peers; made in a running loop, whose thread owns it.

    `report` is called in that thread; `Calling` sets its own. Raises CallingError for an unknown
    quality and OpusError when libopus is not installed. `route` limits what connections use,
    `voice` says what is done to the microphone, `dev` is the folder of the devices' nodes;
    `configure` is that of Servers; `local_view`, `snapshot` and `limit` are Picture's;
    `set_mic_mute`, `play`, `silence` and `recorder` are Sound's;
    `cameras` and `microphones` are those of the devices, and block.
    """

    def __init__(
        self,
        devices: Devices,
        report: Callable[[MediaEvent], None] | None = None,
        quality: str = "480p",
        bitrate: int | None = None,
        fps: int = 30,
        *,
        route: Route | None = None,
        voice: VoiceSettings | None = None,
        dev: Path = DEV,
    ) -> None:
        opus.check_library()
        self._devices = devices
        self.report = report or _nobody
        self._fps = fps
        self._executor = ThreadPoolExecutor(3, thread_name_prefix="device")
        self._picture = Picture(
            devices, self._executor, self._tell, find_quality(quality, bitrate, fps)
        )
        self._sound = Sound(devices, self._executor, self._tell, voice)
        self._switch = Switch(devices, self._picture.camera, self._sound.microphone)
        self._watch = DeviceWatch(self._devices_changed, dev)
        self._watch.start()
        self._peers: dict[Peer, str] = {}
        self._servers = Servers(route or Route())
        self._closing: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._meter = self._loop.create_task(self._measure(), name="voice-volume")
        self.configure = self._servers.configure
        self.local_view = self._picture.local_view
        self.set_mic_mute = self._sound.set_mute
        self.play = self._sound.play
        self.silence = self._sound.silence
        self.close_microphone = self._sound.microphone.close
        self.open_speaker = self._sound.speaker.open
        self.recorder = self._sound.recorder
        self.snapshot = self._picture.snapshot
        self.limit = self._picture.limit
        self.cameras = devices.cameras
        self.microphones = devices.microphones

    def _devices_changed(self) -> None:
        self._tell(DevicesChanged())
        for slot in (self._picture.camera, self._sound.microphone, self._sound.speaker):
            slot.look()

    @property
    def camera_open(self) -> bool:
        """Whether the camera delivers."""
        return self._picture.camera.device is not None

    @property
    def microphone_open(self) -> bool:
        """Whether the microphone delivers."""
        return self._sound.microphone.device is not None

    async def open_camera(self) -> None:
        """Open the camera; a failure is reported as DeviceFault and tried again."""
        await self._picture.camera.open()

    async def close_camera(self) -> None:
        """Close the camera."""
        await self._picture.camera.close()

    async def open_sound(self) -> None:
        """Open microphone and speaker; one that is missing does not stop the other."""
        await asyncio.gather(self._sound.microphone.open(), self._sound.speaker.open())

    async def close_sound(self) -> None:
        """Close microphone and speaker."""
        await asyncio.gather(self._sound.microphone.close(), self._sound.speaker.close())

    async def set_quality(self, name: str) -> None:
        """Choose 240p, 360p, 480p, 720p or 1080p. Raises CallingError for another name."""
        await self._picture.set_quality(find_quality(name, fps=self._fps))

    async def switch_device(self, kind: str, device_id: str) -> None:
        """Use another "camera" or "microphone" from now on, in a call too.

        Raises CallingError when there is none of that ID, or when it cannot be opened; then the
        old one goes on.
        """
        await self._switch.to(kind, device_id)

    def _tell(self, event: MediaEvent) -> None:
        self.report(event)

    def peer(
        self,
        call_id: str,
        user_id: str,
        epoch: int,
        offerer: bool,
        signal: Callable[[dict[str, Any]], None],
    ) -> Peer:
        """A new connection to `user_id`; the caller closes it."""
        peer = Peer(
            call_id,
            user_id,
            epoch,
            offerer,
            signal,
            picture=self._picture,
            sound=self._sound,
            report=self._tell,
            route=self._servers.route,
        )
        self._peers[peer] = user_id
        peer.on_closed = self._peers.pop
        return peer

    async def close(self) -> None:
        """Close peers, devices and threads, even if one of them fails or who waits is cancelled;
        idempotent.
        """
        if self._closing is None:
            self._closing = asyncio.create_task(self._end(), name="closing media")
        await asyncio.shield(self._closing)

    async def _end(self) -> None:
        """The last comes first."""
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._executor.shutdown, wait=False)
            stack.push_async_callback(self._all, self._picture.close, self._sound.close)
            stack.push_async_callback(self._all, *(peer.close for peer in self._peers))
            stack.push_async_callback(self._servers.close)
            stack.callback(self._watch.close)
            stack.push_async_callback(asyncio.wait, [self._meter])
            self._meter.cancel()

    async def _all(self, *closes: Callable[[], Awaitable[None]]) -> None:
        """Close them all at once; what they raise is told in the log."""
        closing = (close() for close in closes)
        for error in await asyncio.gather(*closing, return_exceptions=True):
            if error is not None:
                logger.error("closing: %r", error, exc_info=error)

    async def _measure(self) -> None:
        while True:
            sounds = self._peers or self.microphone_open
            await asyncio.sleep(VOLUME_EVERY if sounds else QUIET)
            levels = {user_id: peer.take_volume() for peer, user_id in self._peers.items()}
            if self.microphone_open:
                levels[""] = self._sound.take_volume()
            if levels:
                self._tell(VoiceVolume(levels))


def _nobody(event: MediaEvent) -> None:
    """Until somebody listens."""
