"""Runs in the guest, with the program's own Python: a second client of the station's own hub.

    visitor.py            the door's button is pressed, it rings here, the door hangs up
    visitor.py --on LOG   again and again; each call that has ended is a line in LOG

Between calls of `--on`, a file of two known contents is replaced, as the program replaces its own.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import sys
import time
from pathlib import Path
from typing import Any

from intercom.appliance.disk import Disk
from intercom.calling import Calling
from intercom.events import Event
from intercom.hub.keys import Keys

STATE = Path("/var/lib/intercom")
CONTROL = "/run/intercom/control"
LIMIT = 60.0
CONTENTS = (b"A" * 5000, b"B" * 9000)
CHANGED = Path("/etc/intercom/changed")


class Door:
    """The station's control socket."""

    async def open(self) -> None:
        """Connect."""
        self._reader, self._writer = await asyncio.open_unix_connection(CONTROL)

    async def press(self, button: str) -> None:
        """Press a button for longer than a contact chatters."""
        for what in ("press", "release"):
            self._writer.write(json.dumps({"do": what, "button": button}).encode() + b"\n")
            while "event" in json.loads(await self._reader.readline()):
                pass
            await asyncio.sleep(0.15)


class Visitor:
    """Logged in as `indoor`."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[tuple[Event, dict[str, Any]]] = asyncio.Queue(1000)
        self.calling = Calling("ws://127.0.0.1:8443/ws")
        for event in (Event.INVITED, Event.CALL_END, Event.CALLING_CANCEL):
            self.calling.on(event, self._hear, event)

    async def _hear(self, event: Event, payload: dict[str, Any]) -> None:
        self._heard.put_nowait((event, payload))

    async def wait(self, *events: Event) -> dict[str, Any]:
        """The next of these events."""
        async with asyncio.timeout(LIMIT):
            while True:
                event, payload = await self._heard.get()
                if event in events:
                    return payload


async def ring(door: Door, visitor: Visitor) -> tuple[str, float]:
    """One call; its id, and the seconds from the press to the ring."""
    pressed = time.monotonic()
    await door.press("call")
    call_id = str((await visitor.wait(Event.INVITED))["invite_id"])
    seconds = time.monotonic() - pressed
    await door.press("hangup")
    await visitor.wait(Event.CALLING_CANCEL, Event.CALL_END)
    return call_id, seconds


async def main(log: Path | None) -> None:
    """Log in, and call."""
    door, visitor = Door(), Visitor()
    await door.open()
    await visitor.calling.login("indoor", Keys(STATE).mint("indoor", days=1))
    for number in itertools.count():
        call_id, seconds = await ring(door, visitor)
        if log is None:
            print(json.dumps({"rang": round(seconds, 3)}))  # noqa: T201  (the host reads it)
            return
        Disk().write(CHANGED, CONTENTS[number % 2])
        with log.open("a") as file:
            file.write(f"{call_id}\n")
        await asyncio.sleep(0.3)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[2]) if sys.argv[1:] else None))
