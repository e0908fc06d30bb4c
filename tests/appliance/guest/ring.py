"""Runs in the guest: a call between two stations, by their control sockets; needs only Python.

    ring.py DOOR INDOOR [SECONDS]      presses, waits for the ring, accepts, sees, hangs up
    ring.py --keep DOOR INDOOR         leaves them in the call
    ring.py --end DOOR INDOOR          hangs up, and waits until both are idle

Prints how long each step took, as JSON. Exit code 1 and words if one did not come.
"""

from __future__ import annotations

import json
import socket
import sys
import time
from typing import Any

LIMIT = 60.0


class NothingHeardError(Exception):
    """An event did not come."""


class Station:
    """A station's control socket."""

    def __init__(self, path: str) -> None:
        self._name = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._lines = self._socket.makefile("r")
        self._events: list[dict[str, Any]] = []

    def do(self, what: str, **arguments: Any) -> dict[str, Any]:
        """Give a command; return its answer."""
        self._socket.sendall(json.dumps({"do": what, **arguments}).encode() + b"\n")
        while "event" in (line := self._line(time.monotonic() + LIMIT)):
            self._events.append(line)
        if "error" in line:
            raise NothingHeardError(f"{self._name}: {what}: {line['error']}")
        return line

    def press(self, button: str) -> float:
        """Press a button; return when."""
        pressed = time.monotonic()
        self.do("press", button=button)
        time.sleep(0.15)  # longer than a contact chatters
        self.do("release", button=button)
        return pressed

    def wait(self, event: str, since: float) -> float:
        """Wait for an event after `since`; return how long after that it came."""
        end = time.monotonic() + LIMIT
        seen = 0
        while True:
            for entry in self._events[seen:]:
                if entry["event"] == event and entry["t"] >= since:
                    return round(float(entry["t"]) - since, 3)
            seen = len(self._events)
            line = self._line(end)
            if "event" in line:
                self._events.append(line)

    def _line(self, end: float) -> dict[str, Any]:
        self._socket.settimeout(max(0.1, end - time.monotonic()))
        try:
            line: dict[str, Any] = json.loads(self._lines.readline())
        except (OSError, ValueError):
            told = [f"{it['event']} {it.get('message', '')}" for it in self._events[-12:]]
            raise NothingHeardError(f"{self._name} says no more; last: {told}") from None
        return line


def begin(door: Station, indoor: Station) -> dict[str, float]:
    """Ring, accept, see and hear."""
    pressed = door.press("call")
    steps = {"rang": indoor.wait("invited", pressed), "ringing": door.wait("ringing", pressed)}
    accepted = indoor.press("accept")
    steps["seen at the door"] = door.wait("first_frame", accepted)
    steps["seen indoors"] = indoor.wait("first_frame", pressed)
    return steps


def finish(door: Station, indoor: Station) -> dict[str, float]:
    """Hang up."""
    pressed = door.press("hangup")
    return {"ended": max(door.wait("call_end", pressed), indoor.wait("call_end", pressed))}


def main(mode: str, door: Station, indoor: Station) -> None:
    """Do what was asked; print the seconds."""
    steps: dict[str, float] = {}
    if mode != "--end":
        steps |= begin(door, indoor)
    if mode != "--keep":
        steps |= finish(door, indoor)
    print(json.dumps(steps))  # noqa: T201  (the host reads it)


if __name__ == "__main__":
    flags = [it for it in sys.argv[1:] if it.startswith("--")]
    paths = [it for it in sys.argv[1:] if not it.startswith("--")]
    try:
        main(flags[0] if flags else "", *map(Station, paths[:2]))
    except (NothingHeardError, OSError) as error:
        sys.exit(str(error))
