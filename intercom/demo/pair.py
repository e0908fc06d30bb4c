"""The play of two: press, ring, accept, talk, mute, hang up."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack

from intercom.demo.acts import Acts, ms
from intercom.demo.stage import DemoError, Remote

HEARD = 0.7
"""The share of the pieces of speech that must be found."""


class Pair(Acts):
    """A door calls a kitchen."""

    @property
    def door(self) -> Remote:
        """Who calls."""
        return self.stations["door"]

    @property
    def indoor(self) -> Remote:
        """Who is called."""
        return self.stations["indoor"]

    async def run(self, stack: AsyncExitStack) -> None:
        """Play all acts; DemoError when something that must be seen is not."""
        await self.start(stack)
        await self.pictures("idle")
        accepted = await self._ring()
        talk = await self._talk(accepted)
        await self._hang_up()
        await self.stop()
        self._judge_sound(self.door, self.indoor, talk)
        self._judge_sound(self.indoor, self.door, talk)

    def _judge_sound(self, ear: Remote, mouth: Remote, talk: tuple[float, float]) -> None:
        found = self.look_for_speech(ear, mouth, talk)
        if found.chunks == 0 or found.found < HEARD * found.chunks:
            raise DemoError(
                f"{ear.name} did not hear {mouth.name}: {found.found} of {found.chunks}"
                f" pieces of speech found in heard-at-{ear.name}.wav"
            )

    async def _ring(self) -> float:
        self.say("the door's button is pressed")
        pressed = await self.door.press("call")
        rings = await self.indoor.wait("invited", pressed)
        self.report["press_to_ring_ms"] = ms(rings["t"], pressed)
        early = await self.indoor.wait("first_frame", pressed)
        self.report["press_to_early_picture_ms"] = ms(early["t"], pressed)
        await self.door.wait("ringing", pressed)
        await asyncio.sleep(1.5)
        await self.pictures("ringing")
        if any(entry["event"] == "first_frame" for entry in self.door.events):
            raise DemoError("the door saw a picture of the kitchen before the accept")
        self.say("the kitchen's accept button is pressed")
        await self.door.do("reset")
        accepted = await self.indoor.press("accept")
        await self.door.wait("user_accept", accepted)
        sound = await self.door.wait("first_sound", accepted)
        self.report["accept_to_first_sound_ms"] = ms(sound["t"], accepted)
        await self.door.wait("first_frame", accepted)
        await asyncio.sleep(0.2)
        shown = (await self.door.do("stats"))["first_shown"]
        self.report["accept_to_first_frame_ms"] = ms(shown, accepted)
        return accepted

    async def _talk(self, accepted: float) -> tuple[float, float]:
        """Let them talk; return the span in which nobody was muted."""
        await asyncio.sleep(1.0)
        await self.measure("they talk")
        for remote in (self.door, self.indoor):
            await self._judge_pictures(remote)
        await self.pictures("in-call")
        ended = time.monotonic()
        await self._mute()
        return accepted + 1.0, ended

    async def _judge_pictures(self, remote: Remote) -> None:
        shown = (await remote.do("stats"))["shown"]
        who = remote.name
        if not shown["shown"] or shown["coded"] < 0.8 * shown["shown"]:
            raise DemoError(f"{who}: the other camera's time code was not in its pictures: {shown}")
        self.report[f"{who}_fps_shown"] = shown["fps"]
        self.report[f"{who}_video_latency_p50_ms"] = shown["latency_p50_ms"]
        self.report[f"{who}_video_latency_p95_ms"] = shown["latency_p95_ms"]

    async def _mute(self) -> None:
        muted = await self.indoor.press("mute")
        told = await self.door.wait("user_audio_available", muted, is_audio_available=False)
        self.report["mute_to_told_ms"] = ms(told["t"], muted)
        await asyncio.sleep(1.0)
        await self.pictures("muted")
        muted = await self.indoor.press("mute")
        await self.door.wait("user_audio_available", muted, is_audio_available=True)
        await asyncio.sleep(0.5)

    async def _hang_up(self) -> None:
        self.say("the kitchen hangs up")
        pressed = await self.indoor.press("hangup")
        for remote in (self.door, self.indoor):
            await remote.wait("call_end", pressed, reason="hangup")
            await remote.wait("screen", pressed, scene="Ended")
        await asyncio.sleep(0.5)
        await self.pictures("ended")
        for remote in (self.door, self.indoor):
            await remote.wait("screen", pressed, scene="Idle")
