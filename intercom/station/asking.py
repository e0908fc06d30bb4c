"""Switching a call between sound and video: asking the other side, and being asked by it."""

from __future__ import annotations

import time

from intercom import phases as ph
from intercom.config import CallConfig
from intercom.errors import CallingError
from intercom.protocol import CallType
from intercom.station.desk import Desk
from intercom.station.model import Asked

PATIENCE = 15.0
"""Seconds after which a question that nobody answers is answered with no."""


class Asking:
    """The question of the present call. `refused`: what to show when the other side says no."""

    def __init__(self, config: CallConfig, desk: Desk, refused: str) -> None:
        self._policy, self._refused = config.switch_to_video, refused
        self._desk, self._calling, self._facts = desk, desk.calling, desk.facts

    def asked(self, user_id: str) -> None:
        """Somebody would like video."""
        if self._policy == "ask":
            self._facts.asked = Asked(user_id, time.monotonic() + PATIENCE)
            self._desk.trace.tell("asked", user_id=user_id)
        else:
            self._answer(self._policy == "allow")

    def answer(self, allow: bool) -> bool:
        """A person says yes or no; False if there was no question."""
        if self._facts.asked is None:
            return False
        self._answer(allow)
        return True

    def tick(self, now: float) -> None:
        """Say no when the time is over."""
        if self._facts.asked is not None and now >= self._facts.asked.until:
            self._answer(False)

    def over(self, user_id: str = "") -> None:
        """There is nothing to answer any more: to this user, or (empty) to anybody."""
        if self._facts.asked is not None and user_id in {"", self._facts.asked.user_id}:
            self._facts.asked = None

    def switch(self) -> None:
        """Ask the others to switch between sound and video."""
        phase = self._calling.phase
        if isinstance(phase, ph.Connected):
            video = phase.type is CallType.VIDEO
            self._desk.attempt(self._switch, CallType.AUDIO if video else CallType.VIDEO)

    async def _switch(self, to: CallType) -> None:
        try:
            await self._calling.switch_call_type(to)
        except CallingError:
            phase = self._calling.phase
            if isinstance(phase, ph.Connected):
                self._facts.say(phase.peer, self._refused, time.monotonic())
            raise

    def _answer(self, allow: bool) -> None:
        self._facts.asked = None
        self._desk.trace.tell("consent", allow=allow)
        self._desk.attempt(self._calling.answer_switch, allow)
