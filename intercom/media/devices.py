"""What the media part asks of devices, and the slot that keeps a wanted device open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Generic, Protocol, TypeAlias, TypeVar

import av

from .events import DeviceFault, DeviceRestored, MediaEvent
from .quality import Quality

logger = logging.getLogger(__name__)

RETRIES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # seconds; the last one for ever

OnFrame = Callable[[av.VideoFrame], None]
CodedPacket: TypeAlias = "av.Packet[av.VideoStream]"  # generic to the type checker only
OnPacket = Callable[[CodedPacket], None]
OnSamples = Callable[[bytes], None]
OnFault = Callable[[str], None]
Fill = Callable[[int], bytes]


class Closable(Protocol):
    """An open device; `close()` is idempotent and has joined its threads."""

    def close(self) -> None:
        """Stop and release the device."""


class Camera(Closable, Protocol):
    """An open camera; `encoded` cameras deliver H.264 packets besides frames."""

    @property
    def encoded(self) -> bool:
        """Whether `on_packet` is called."""

    def force_key_frame(self) -> None:
        """Make the next packet a key frame; returns at once."""

    def set_bitrate(self, bps: int) -> None:
        """Change the rate of the camera's encoder; returns at once."""


class View(Protocol):
    """Where pictures are shown; called from media threads and never blocking."""

    def show(self, frame: av.VideoFrame) -> None:
        """Show `frame` instead of the one before."""

    def clear(self) -> None:
        """Show nothing."""


class Devices(Protocol):
    """The devices of the machine; every method may block and may raise OSError or RuntimeError."""

    def open_camera(
        self, quality: Quality, on_frame: OnFrame, on_packet: OnPacket, on_fault: OnFault
    ) -> Camera:
        """Open the selected camera."""

    def open_microphone(self, on_samples: OnSamples, on_fault: OnFault) -> Closable:
        """Open the selected microphone: 10 ms blocks, mono, 48 kHz, s16le."""

    def open_speaker(self, fill: Fill, on_fault: OnFault) -> Closable:
        """Open the speaker, which pulls `fill(samples)` every 10 ms from its own thread."""

    def cameras(self) -> list[tuple[str, str]]:
        """(id, name) of each camera."""

    def microphones(self) -> list[tuple[str, str]]:
        """(id, name) of each microphone."""

    def select(self, kind: str, device_id: str) -> None:
        """Use `device_id` at the next open of `kind` ("camera" or "microphone")."""


Device = TypeVar("Device", bound=Closable)


class DeviceSlot(Generic[Device]):
    """Keeps one device open while it is wanted: faults are reported, then it is tried again."""

    def __init__(
        self,
        kind: str,
        opener: Callable[[OnFault], Device],
        executor: Executor,
        report: Callable[[MediaEvent], None],
    ) -> None:
        self.kind = kind
        self.device: Device | None = None
        self.on_change: Callable[[], None] = lambda: None  # in the loop's thread
        self._opener = opener
        self._executor = executor
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._lock = asyncio.Lock()
        self._wanted = False
        self._down = False  # the last try failed, in this call or an earlier one
        self._told = False  # of a fault, since it was opened
        self._generation = 0
        self._retry: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Open the device; a failure is reported, not raised, and tried again with backoff."""
        async with self._lock:
            self._wanted = True
            if self.device is None and self._retry is None and not await self._try():
                self._start_retry()

    async def close(self) -> None:
        """Close the device and stop trying; idempotent."""
        async with self._lock:
            self._wanted = self._told = False
            await self._stop_retry()
            await self._release()

    async def reopen(self) -> None:
        """Close and open again with the present settings, if it is wanted."""
        async with self._lock:
            if not self._wanted:
                return
            await self._stop_retry()
            await self._release()
            if not await self._try():
                self._start_retry()

    async def _try(self) -> bool:
        self._generation += 1
        generation = self._generation

        def on_fault(message: str) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._failed, generation, message)

        opening = self._loop.run_in_executor(self._executor, self._opener, on_fault)
        try:
            self.device = await asyncio.shield(opening)
        except asyncio.CancelledError:
            opening.add_done_callback(self._abandon)  # the thread goes on, and opens it yet
            raise
        except (OSError, RuntimeError) as error:
            self._complain(str(error))
            return False
        logger.info("%s open", self.kind)
        self.on_change()
        self._told = False
        if self._down:
            self._down = False
            self._report(DeviceRestored(self.kind))
        return True

    def _abandon(self, opening: asyncio.Future[Device]) -> None:
        """Close what was opened for nobody: no camera may run unknown to anyone."""
        if not opening.cancelled() and opening.exception() is None:
            self._executor.submit(opening.result().close)

    async def _release(self) -> None:
        device, self.device = self.device, None
        self._generation += 1
        if device is not None:
            self.on_change()
            await self._loop.run_in_executor(self._executor, device.close)
            logger.info("%s closed", self.kind)

    def _complain(self, message: str) -> None:
        logger.log(logging.DEBUG if self._told else logging.WARNING, "%s: %s", self.kind, message)
        self._down = True
        if not self._told:
            self._told = True
            self._report(DeviceFault(self.kind, message))

    def _failed(self, generation: int, message: str) -> None:
        if generation == self._generation and self._wanted:
            self._complain(message)
            if self._retry is None:
                self._start_retry()

    def _start_retry(self) -> None:
        self._retry = asyncio.create_task(self._keep_trying(), name=f"reopen-{self.kind}")

    async def _stop_retry(self) -> None:
        task, self._retry = self._retry, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _keep_trying(self) -> None:
        await self._release()
        for attempt in range(1_000_000):
            await asyncio.sleep(RETRIES[min(attempt, len(RETRIES) - 1)])
            if await self._try():
                break
        self._retry = None
