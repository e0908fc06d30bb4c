"""A call rings in: whether it is heard at all, and whether it is answered by itself."""

from __future__ import annotations

import asyncio
import logging
import time

from intercom import phases as ph
from intercom.config import AnswerConfig
from intercom.phases import State
from intercom.protocol import Reason
from intercom.station import policy, quiet
from intercom.station.desk import Desk
from intercom.station.model import Missed

log = logging.getLogger(__name__)

MISSED = frozenset({Reason.NO_RESPONSE, Reason.CANCELED})
"""Why a call that rang here ended, when it was missed."""


class Incoming:
    """Decides on calls as they come in, and takes them."""

    def __init__(self, config: AnswerConfig, desk: Desk) -> None:
        self._config = config
        self._desk, self._calling, self._facts = desk, desk.calling, desk.facts
        self._answer: asyncio.Task[None] | None = None
        self._rings = ("", "")  # call and sponsor
        self._quiet = quiet.begin(config, _clock())
        self._facts.quiet = self._quiet.on

    def hush(self, call_id: str, sponsor: str) -> bool:
        """Somebody calls: whether nobody must notice; then it is refused as busy."""
        if not quiet.refuses(self._quiet, self._config, sponsor):
            return False
        log.info("%s calls, and is told busy: do not disturb", self._facts.called(sponsor))
        self._facts.hushed = call_id
        self._desk.trace.tell("hushed", user_id=sponsor)
        # At once, not by a task of its own: no device may be opened for it meanwhile.
        self._calling.feed(ph.Refused(call_id, busy=True))
        return True

    def ring(self, call_id: str, sponsor: str) -> None:
        """It rings, until `over`."""
        log.info("%s calls", self._facts.called(sponsor))
        self._rings = (call_id, sponsor)
        if not self._quiet.on:  # who may ring nevertheless is answered by a person
            self._answer_by_itself(sponsor)

    async def accept(self, auto: policy.AutoAnswer | None = None) -> None:
        """Take the call that rings; `auto`: by itself, in this way."""
        # Before the accept, so that no lost answer of the hub can leave them open.
        if auto is not None and auto.muted:
            await self._calling.set_mic_mute(True)
        if auto is not None and not auto.send:
            await self._calling.close_camera()
        await self._calling.accept()

    def over(self, call_id: str = "", reason: str = "") -> None:
        """The call has been answered, or has ended for a reason: perhaps one was missed."""
        if self._answer is not None:
            self._answer.cancel()
            self._answer = None
        (rang, sponsor), self._rings = self._rings, ("", "")
        if rang and rang == call_id and reason in MISSED:
            self._facts.miss(Missed(rang, sponsor, _clock()))

    def tick(self) -> None:
        """Look at the clock: hours of quiet begin and end."""
        self._be(quiet.tick(self._quiet, self._config, _clock()), "hours")

    def turn(self, on: bool | None = None) -> None:
        """A person wants quiet, or not; None: the other way round."""
        self._be(quiet.turned(self._quiet, not self._quiet.on if on is None else on), "person")

    def _be(self, now: quiet.Quiet, why: str) -> None:
        before, self._quiet = self._quiet, now
        self._facts.quiet = now.on
        if now.on != before.on:
            log.info("do not disturb: %s", "on" if now.on else "off")
            self._desk.trace.tell("do_not_disturb", on=now.on, why=why)

    def _answer_by_itself(self, sponsor: str) -> None:
        decision = policy.decide(self._config, sponsor, _clock())
        if isinstance(decision, policy.AutoAnswer):
            log.info("answering %s by itself in %g s", sponsor, decision.seconds)
            self._facts.answers_at = time.monotonic() + decision.seconds
            self._facts.answers_with_tone = decision.tone
            self._answer = self._desk.tasks.spawn(self._later(decision))
        elif self._config.kind != "off":
            log.info("not answered by itself: %s", decision)

    async def _later(self, auto: policy.AutoAnswer) -> None:
        call_id = self._calling.call_id
        await asyncio.sleep(auto.seconds)
        if self._calling.state is State.RINGING and self._calling.call_id == call_id:
            self._desk.attempt(self.accept, auto)


def _clock() -> str:
    return time.strftime("%H:%M")
