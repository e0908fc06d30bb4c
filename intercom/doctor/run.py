"""Runs checks one after the other: none hangs the doctor, none takes the others down."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace

import hw
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result, broken, fault
from intercom.errors import IntercomError

log = logging.getLogger(__name__)

SLICE = 0.5  # seconds


@dataclass(frozen=True)
class Check:
    """One look at something: `run` yields its results; `limit` in seconds, `asking` with people.

    `device`: it is about a device, whose driver may hang.
    """

    name: str
    run: Callable[[Patient], Iterable[Result]]
    limit: float
    asking: float = 0.0
    device: bool = True


class Round:
    """Runs checks; `stuck` names those whose thread never came back."""

    def __init__(self, patient: Patient) -> None:
        self._patient = patient
        self.stuck: list[str] = []

    def results(self, checks: Iterable[Check]) -> Iterator[Result]:
        """The results of all checks, each as soon as its check is over."""
        for check in checks:
            yield from self._one(check)

    def _one(self, check: Check) -> Iterator[Result]:
        """In a thread of its own, whose errors the future keeps: this is the supervisor."""
        found: list[Result] = []
        marks = [time.monotonic()]

        def work() -> None:
            for result in check.run(self._patient):
                marks.append(time.monotonic())
                found.append(replace(result, seconds=marks[-1] - marks[-2]))

        executor = ThreadPoolExecutor(1, f"doctor-{check.name}")
        future = executor.submit(work)
        executor.shutdown(wait=False)
        limit = check.limit + (check.asking if self._patient.asker.present else 0.0)
        late = not _done_within(future, limit)
        self._patient.asker.done()
        took = time.monotonic() - marks[0]
        yield from list(found)
        if late:
            self.stuck.append(check.name)
            yield replace(_hangs(check, limit), seconds=took)
        elif (error := future.exception()) is not None:
            yield replace(_failed(check.name, error), seconds=took)


def _done_within(future: Future[None], limit: float) -> bool:
    """Wait in slices: a Ctrl-C that comes just before a lock is waited for, is heard after it."""
    end = time.monotonic() + limit
    while not future.done() and (left := end - time.monotonic()) > 0:
        wait([future], min(left, SLICE))
    return future.done()


def _hangs(check: Check, limit: float) -> Result:
    late = f"no answer within {limit:.0f} s"
    if not check.device:
        remedy = "see the lines network, link and card, and the load with `top`; then look again"
        return fault(check.name, f"{late}: the network or this machine is too slow", remedy)
    return fault(
        check.name,
        f"{late}: a driver or a device hangs",
        "look into `journalctl -k`, unplug the device and plug it in again, or restart",
    )


def _failed(name: str, error: BaseException) -> Result:
    if isinstance(error, hw.DeviceError):
        return broken(name, error.message, "look into `journalctl -u intercom`")
    if isinstance(error, IntercomError):
        return broken(name, str(error), "mend that in the configuration, and look again")
    log.error("the check %s failed", name, exc_info=error)
    return fault(
        name,
        f"the check itself failed: {type(error).__name__}: {error}",
        "report this with the output of `intercom doctor --only versions`",
    )
