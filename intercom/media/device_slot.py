"""Keeps a wanted device open, whatever befalls it."""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from typing import Generic, Protocol, TypeVar, runtime_checkable

from .devices import Closable, OnFault
from .events import DeviceFault, DeviceRestored, MediaEvent

logger = logging.getLogger(__name__)

RETRIES = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0)  # seconds; the last one for ever

Result = TypeVar("Result")
Device = TypeVar("Device", bound=Closable)


@runtime_checkable
class _Counts(Protocol):
    """A device that knows how often it lost sound, as those of `hw` do."""

    @property
    def xruns(self) -> int:
        """Overruns and underruns since it was opened."""


class _Trial(Generic[Device]):
    """One try to open a device, in a thread; what it opens for nobody it closes itself."""

    def __init__(self, opener: Callable[[OnFault], Device], on_fault: OnFault) -> None:
        self.fault = ""  # that came before the device was in use; of the loop's thread
        self._opener = opener
        self._on_fault = on_fault
        self._lock = threading.Lock()  # of the two below
        self._device: Device | None = None
        self._abandoned = False

    def run(self) -> Device:
        """Open the device. Raises what the opener raises."""
        device = self._opener(self._on_fault)
        with self._lock:
            self._device, abandoned = device, self._abandoned
        if abandoned:
            device.close()
        return device

    def abandon(self) -> Device | None:
        """Nobody waits any more; the device that is open already, for the caller to close."""
        with self._lock:
            self._abandoned = True
            return self._device


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
        self._trial: _Trial[Device] | None = None  # the one that counts
        self._retry: asyncio.Task[None] | None = None
        self._came = asyncio.Event()  # what is sought may be there now
        self._xruns = 0  # of devices that were closed

    @property
    def xruns(self) -> int:
        """How often its devices have lost sound so far, where they count it."""
        return self._xruns + _xruns(self.device)

    async def open(self) -> None:
        """Open the device; a failure is reported, not raised, and tried again with backoff."""
        async with self._lock:
            self._wanted = True
            if self.device is None and self._retry is None:
                await self._begin()

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
            await self._begin()

    async def swap(self, back: Callable[[], object]) -> str:
        """Open, if it is wanted, what was selected now instead of what is open; return why not.

        When that cannot be opened, `back()` selects the old one again, which goes on.
        """
        async with self._lock:
            if not self._wanted:
                return ""
            try:
                await self._stop_retry()
                await self._release()
                failure = await self._attempt()
                if failure:
                    back()
                    await self._begin()
            except asyncio.CancelledError:
                back()
                self._start_retry()
                raise
            return failure

    async def _begin(self) -> None:
        """Open it, or else complain and go on trying."""
        if failure := await self._attempt():
            self._complain(failure)
            self._start_retry()

    async def _attempt(self) -> str:
        """Try to open it; return why that failed, or an empty string."""

        def on_fault(message: str) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._failed, trial, message)

        trial = self._trial = _Trial(self._opener, on_fault)
        try:
            device = await _in_thread(self._executor, trial.run)
        except asyncio.CancelledError:
            if (opened := trial.abandon()) is not None:
                self._executor.submit(_close, self.kind, opened)
            raise
        except (OSError, RuntimeError) as error:
            return str(error) or type(error).__name__
        if trial.fault:  # it failed before anybody had it
            self._trial = None
            await _in_thread(self._executor, lambda: _close(self.kind, device))
            return trial.fault
        self._opened(device)
        return ""

    def _opened(self, device: Device) -> None:
        self.device = device
        logger.info("%s open", self.kind)
        self.on_change()
        self._told = False
        if self._down:
            self._down = False
            self._report(DeviceRestored(self.kind))

    async def _release(self) -> None:
        device, self.device = self.device, None
        self._trial = None
        if device is not None:
            self._xruns += _xruns(device)
            self.on_change()
            await _in_thread(self._executor, lambda: _close(self.kind, device))
            logger.info("%s closed", self.kind)

    def _complain(self, message: str) -> None:
        logger.log(logging.DEBUG if self._told else logging.WARNING, "%s: %s", self.kind, message)
        self._down = True
        if not self._told:
            self._told = True
            self._report(DeviceFault(self.kind, message))

    def _failed(self, trial: _Trial[Device], message: str) -> None:
        if trial is not self._trial or not self._wanted:
            return
        if self.device is None:  # it is being opened yet
            trial.fault = message
            return
        self._complain(message)
        self._start_retry()

    def look(self) -> None:
        """Something was plugged in: what waits to be tried again is tried at once."""
        self._came.set()

    def _start_retry(self) -> None:
        if self._retry is None:
            self._came.clear()
            self._retry = asyncio.create_task(self._keep_trying(), name=f"reopen-{self.kind}")

    async def _stop_retry(self) -> None:
        task, self._retry = self._retry, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _keep_trying(self) -> None:
        await self._release()
        waits = _waits()
        while True:
            try:
                async with asyncio.timeout(next(waits)):
                    await self._came.wait()
                self._came.clear()
                waits = _waits()
            except TimeoutError:
                pass
            failure = await self._attempt()
            if not failure:
                break
            self._complain(failure)
        self._retry = None


def _waits() -> Iterator[float]:
    return itertools.chain(RETRIES, itertools.repeat(RETRIES[-1]))


async def _in_thread(executor: Executor, work: Callable[[], Result]) -> Result:
    """Blocking `work`, which is done even if who waits for it is interrupted."""
    future = asyncio.get_running_loop().run_in_executor(executor, work)
    future.add_done_callback(_heard)
    return await asyncio.shield(future)


def _heard(future: asyncio.Future[Result]) -> None:
    """A failure of what nobody waits for any more is no news to asyncio's log."""
    if not future.cancelled():
        future.exception()


def _close(kind: str, device: Closable) -> None:
    try:
        device.close()
    except (OSError, RuntimeError) as error:  # it was pulled out, or the like
        logger.warning("closing the %s: %s", kind, error)


def _xruns(device: object) -> int:
    return device.xruns if isinstance(device, _Counts) else 0
