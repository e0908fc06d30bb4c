"""The play of a group: a door rings a family, and everybody comes into the call."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from intercom.demo.acts import Acts, ms
from intercom.demo.stage import DemoError, Remote

TURN = 8.0
"""Seconds for which each one speaks alone, so that it is known whom the others hear."""
READ = 0.5
"""The share of the pictures of each other whose time code must be read."""


class Family(Acts):
    """One calls, the others accept one after the other; everybody sees and hears everybody."""

    async def run(self, stack: AsyncExitStack) -> None:
        """Play all acts; DemoError when something that must be seen is not."""
        await self.start(stack)
        await self._ring()
        await self._accept()
        await asyncio.sleep(2.0)
        await self.measure("they all talk at once")
        for remote in self.stations.values():
            await self._judge_pictures(remote)
        await self.pictures("all-talk")
        turns = await self._turns()
        await self._leave()
        await self.stop()
        self._judge_sound(turns)

    @property
    def door(self) -> Remote:
        """Who calls."""
        return next(iter(self.stations.values()))

    @property
    def family(self) -> list[Remote]:
        """Who is called."""
        return list(self.stations.values())[1:]

    async def _ring(self) -> None:
        self.say("the door's button is pressed")
        pressed = await self.door.press("call")
        rings = [await remote.wait("invited", pressed) for remote in self.family]
        self.report["press_to_last_ring_ms"] = ms(max(ring["t"] for ring in rings), pressed)
        for remote in self.family:
            await remote.wait("first_frame", pressed, user_id=self.door.name)
        await asyncio.sleep(1.0)
        await self.pictures("ringing")

    async def _accept(self) -> None:
        """All accept; each time, the new one and those who are in see one another."""
        joined = [self.door]
        for remote in self.family:
            self.say(f"{remote.name} accepts")
            accepted = await remote.press("accept")
            for other in joined:
                await other.wait("user_enter", accepted, user_id=remote.name)
                seen = await other.wait("first_frame", accepted, 20, user_id=remote.name)
                key = f"{other.name}_sees_{remote.name}_after_ms"
                self.report[key] = ms(seen["t"], accepted)
                await remote.wait("first_frame", 0.0, 20, user_id=other.name)
            joined.append(remote)
            await asyncio.sleep(0.7)
            await self.pictures(f"{len(joined)}-in-the-call")

    async def _judge_pictures(self, remote: Remote) -> None:
        """Each other's pictures must be decoded and shown, and their time code read."""
        stats = await remote.do("stats")
        for other in self.stations:
            if other == remote.name:
                continue
            shown = stats["peers"].get(other, {})
            if not shown.get("shown") or shown["coded"] < READ * shown["shown"]:
                raise DemoError(
                    f"{remote.name}: the time code of {other} was not in its pictures: {shown}"
                )
            sees = f"{remote.name}_of_{other}"
            self.report[f"{sees}_decoded"] = stats["decoded"].get(other, 0)
            self.report[f"{sees}_codes_read"] = int(shown["coded"])
            self.report[f"{sees}_fps_shown"] = shown["fps"]
            self.report[f"{sees}_latency_p50_ms"] = shown["latency_p50_ms"]

    async def _turns(self) -> dict[str, tuple[float, float]]:
        """Each speaks while the others are muted; return when."""
        for remote in self.stations.values():
            await self._mute(remote, True)
        turns = {}
        for remote in self.stations.values():
            await self._mute(remote, False)
            began = time.monotonic()
            await self.wait(f"{remote.name} speaks", TURN)
            turns[remote.name] = began + 0.3, time.monotonic()
            await self.pictures(f"{remote.name}-speaks")
            await self._mute(remote, True)
        return turns

    async def _mute(self, remote: Remote, muted: bool) -> None:
        pressed = await remote.press("mute")
        for other in self.stations.values():
            if other is not remote:
                told = "user_audio_available"
                await other.wait(told, pressed, user_id=remote.name, is_audio_available=not muted)

    async def _leave(self) -> None:
        """All hang up, the caller first; the last two end the call."""
        self.say("they hang up")
        for remote in list(self.stations.values())[:-1]:
            pressed = await remote.press("hangup")
            await remote.wait("call_end", pressed, reason="hangup")
        await self.family[-1].wait("call_end", pressed, reason="hangup")

    def _judge_sound(self, turns: dict[str, tuple[float, float]]) -> None:
        """How well each heard each other is reported; who heard nobody fails the play."""
        for ear in self.stations.values():
            others = [mouth for mouth in self.stations.values() if mouth is not ear]
            found = [self.look_for_speech(ear, mouth, turns[mouth.name]) for mouth in others]
            if not any(each.found for each in found):
                raise DemoError(f"{ear.name} heard nobody: see heard-at-{ear.name}.wav")
