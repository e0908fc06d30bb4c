"""Processes that keep visitors' messages and come to harm; started by test_hub_messages.py.

`python -m tests.messages_child MODE FOLDER` prints one JSON object: what it saw.
"""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

from intercom.hub.messages import MessageError, Messages

KILLS = 25


def store(folder: Path, megabytes: int = 1) -> Messages:
    """The messages of a run that begins."""
    made = Messages(folder, megabytes, 365, time.time)
    made.start()
    return made


def parts(number: int) -> dict[str, bytes]:
    """A message that can be told from others, of about 45 kB."""
    return {"sound.wav": b"%08d" % number * 5000, "picture.jpg": b"%08d" % number * 600}


def put_until_killed(folder: Path, run: int, acknowledge: int) -> None:
    """Keep messages, and delete every third one; each line says what is safe on the disk."""
    messages = store(folder, megabytes=100)
    for number in range(run * 10_000, run * 10_000 + 9999):
        made = messages.put("door", [f"call-{number:08d}"], ["indoor", "desk"], parts(number))
        os.write(acknowledge, f"put {made} {number}\n".encode())
        if number % 3 == 2:
            messages.delete(made, "desk")
            os.write(acknowledge, f"less {made} {number}\n".encode())
            messages.delete(made, "indoor")
            os.write(acknowledge, f"gone {made} {number}\n".encode())


def killed(folder: Path) -> Any:
    """Kill such processes at random moments, one after the other."""
    chance = random.Random(11)
    told: list[list[str]] = []
    for run in range(KILLS):
        hear, say = os.pipe()
        if (pid := os.fork()) == 0:
            os.close(hear)
            put_until_killed(folder, run, say)
        os.close(say)
        with os.fdopen(hear) as lines:
            told.append(lines.readline().split())
            time.sleep(chance.uniform(0, 0.03))
            os.kill(pid, signal.SIGKILL)
            told += [line.split() for line in lines if line.endswith("\n")]
        os.waitpid(pid, 0)
    return {"told": told}


def full(folder: Path) -> Any:
    """There is no room for a file of more than ten kilobytes, then there is."""
    messages = store(folder)
    first = messages.put("door", ["call-0001"], ["indoor"], parts(1))
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, unlimited[1]))
    refused = ""
    try:
        messages.put("door", ["call-0002"], ["indoor"], parts(2))
    except MessageError as error:
        refused = f"{error.status} {error}"
    left = sorted(path.name for path in (folder / "messages").iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    second = messages.put("door", ["call-0002"], ["indoor"], parts(2))
    return {"refused": refused, "first": first, "left": left, "second": second}


if __name__ == "__main__":
    MODES = {"killed": killed, "full": full}
    json.dump(MODES[sys.argv[1]](Path(sys.argv[2])), sys.stdout)
