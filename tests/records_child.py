"""Processes that write records of calls and come to harm; started by test_hub_records.py.

`python -m tests.records_child MODE FOLDER` prints one JSON object: what it saw.
"""

from __future__ import annotations

import json
import logging
import os
import random
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from intercom.hub import records
from intercom.hub.calls import ANSWERED, AnsweredBy, Fact, Finished, Opened, Party
from intercom.hub.records import Records
from intercom.protocol import CallType, Reason

KILLS = 40
WAIT = 20.0  # seconds; generous


def opened(call_id: str) -> Opened:
    """The door calls the kitchen."""
    return Opened(call_id, "door", "", CallType.VIDEO, ("indoor",))


def finished(call_id: str, outcome: str = Reason.NO_RESPONSE) -> Finished:
    """The end of that call, after 2 s of ringing and, if it was answered, 5 s of talk."""
    answered = outcome == ANSWERED
    seconds = 5 if answered else 0
    reason = Reason.HANGUP if answered else Reason(outcome)
    party = Party("indoor", outcome, rang=outcome != Reason.OFFLINE, seconds=seconds)
    return Finished(
        call_id, "door", "", CallType.VIDEO, reason, "door", 2.0, seconds, answered, (party,)
    )


def write_until_killed(folder: Path, run: int, acknowledge: int) -> None:
    """Write calls as fast as it goes; each line says what is safe on the disk."""
    store = Records(folder, days=365)
    store.start()
    for number in range(1_000_000):
        call_id = f"run-{run:03d}-{number:06d}"
        answered = number % 2
        facts: list[Fact] = [
            opened(call_id),
            finished(call_id, ANSWERED if answered else Reason.CANCELED),
        ]
        if answered:
            facts.insert(1, AnsweredBy(call_id, "indoor"))
        if number % 5 == 4:
            facts.pop()  # goes on until the kill
        for fact in facts:
            store.note(fact)
            if not store.flush(WAIT):
                raise TimeoutError(call_id)
            os.write(acknowledge, f"{call_id} {type(fact).__name__}\n".encode())


def killed(folder: Path) -> dict[str, Any]:
    """Kill such processes at random moments, one after the other."""
    chance = random.Random(7)
    safe: dict[str, str] = {}
    for run in range(KILLS):
        hear, say = os.pipe()
        if (pid := os.fork()) == 0:
            os.close(hear)
            write_until_killed(folder, run, say)
        os.close(say)
        with os.fdopen(hear) as lines:
            if chance.random() < 0.8:  # else it is killed while it opens the database
                call_id, fact = lines.readline().split()
                safe[call_id] = fact
            time.sleep(chance.uniform(0, 0.03))
            os.kill(pid, signal.SIGKILL)
            safe |= dict(line.split() for line in lines if line.endswith("\n"))
        os.waitpid(pid, 0)
    return {"kills": KILLS, "safe": safe}


def troubled(
    folder: Path, trouble: Callable[[], None], remedy: Callable[[], None], patience: float = WAIT
) -> Any:
    """Have calls while the disk refuses, more than are kept, and then works again."""
    records.RETRY = 0.05
    store = Records(folder, days=365)
    store.start()
    store.note(opened("call-before"))
    before = store.flush(patience)
    trouble()
    store.note(finished("call-before"))
    during = store.flush(0.3)
    for number in range(records.WAITING_MAX + 99):
        store.note(opened(f"call-{number:05d}"))
        store.note(finished(f"call-{number:05d}"))
    state = {"waiting": store.waiting, "lost": store.lost, "before": before, "during": during}
    missed = store.missed("indoor", str)
    remedy()
    after = store.flush(WAIT)
    store.close()
    return state | {"after": after, "told": [call.call_id for call in missed]}


def full(folder: Path) -> Any:
    """There is no room for a file of more than a kilobyte."""
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)

    def limit(size: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, unlimited[1]))

    return troubled(folder, lambda: limit(1024), lambda: limit(unlimited[0]))


def read_only(folder: Path) -> Any:
    """The files may be read only, from the start."""

    def let(mode: int) -> None:
        for file in folder.glob("calls.db*"):
            file.chmod(0o400 | mode)
        folder.chmod(0o500 | mode)

    first = Records(folder, days=365)
    first.start()
    first.close()
    let(0)
    return troubled(folder, lambda: None, lambda: let(0o200), patience=0.3)


if __name__ == "__main__":
    logging.basicConfig(format="%(levelname)s %(message)s")
    MODES = {"killed": killed, "full": full, "read_only": read_only}
    json.dump(MODES[sys.argv[1]](Path(sys.argv[2])), sys.stdout)
