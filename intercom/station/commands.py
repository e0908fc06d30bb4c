"""What can be asked of a station through its control socket."""

from __future__ import annotations

import asyncio
import os
import resource
from pathlib import Path
from typing import Any

from intercom.errors import IntercomError
from intercom.station.app import App


class CommandError(IntercomError):
    """A command that this station cannot do."""


class Commands:
    """Does the commands of `control` on a station."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def do(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do one command and return its answer; CommandError when it cannot be done."""
        match request:
            case {"do": "press" | "release" as what, "button": str(button)}:
                return self._pin(what, button)
            case {"do": "key", "key": str(key)}:
                self._app.hands.key(key)
            case {"do": "touch", "x": int(x), "y": int(y)}:
                self._app.hands.touch(x, y)
            case {"do": "screenshot", "path": str(path)}:
                await asyncio.to_thread(self._screenshot, Path(path))
            case {"do": "stats"}:
                return self._stats()
            case {"do": "do_not_disturb", "on": bool(on)}:
                self._app.incoming.turn(on)
                self._app.face.refresh()
            case {"do": "switch"}:
                self._app.asking.switch()
            case {"do": "reset"}:
                if self._app.display is not None:
                    self._app.display.reset()
            case {"do": "lend" | "take_back" | "bearer"}:
                return await self._help(request)
            case {"do": "quit"}:
                self._app.quit.set()
            case _:
                raise CommandError(f"no such command: {request}")
        return {}

    def _pin(self, what: str, button: str) -> dict[str, Any]:
        panel = self._app.face.panel
        if panel is None or not hasattr(panel, "press"):
            raise CommandError("only a simulated panel can be pressed by a program")
        getattr(panel, what)(button)
        return {}

    async def _help(self, request: dict[str, Any]) -> dict[str, Any]:
        """Help another program of this user, such as the doctor, with devices and the hub."""
        lending = self._app.lending
        if request["do"] == "bearer":
            return {"bearer": self._app.calling.http.user_sig}
        if request["do"] == "take_back":
            await lending.take_back()
            return {}
        if doing := self._app.doing:
            raise CommandError(f"the station is in use: {doing}")
        kinds = [str(kind) for kind in request["devices"]]
        return {"lent": await lending.lend(kinds, float(request["seconds"]))}

    def _screenshot(self, path: Path) -> None:
        if self._app.display is None:
            raise CommandError("this station has no screen")
        self._app.display.screenshot(path)

    def _stats(self) -> dict[str, Any]:
        app = self._app
        counters = app.monitor.read()
        usage = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "state": str(app.calling.state),
            "doing": app.doing,
            "shown": app.display.meter.report() if app.display is not None else {},
            "first_shown": app.display.meter.first_shown if app.display is not None else 0.0,
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "lamp": app.face.panel.lamp_value if app.face.panel is not None else None,
            "peers": app.display.remote.reports() if app.display is not None else {},
            "decoded": {user: it.get("frames_decoded", 0) for user, it in counters.items()},
            "sent_height": {user: it.get("sent_height") for user, it in counters.items()},
            "do_not_disturb": app.facts.quiet,
            "faults": app.facts.faults,
            "pid": os.getpid(),
        }
