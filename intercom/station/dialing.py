"""The call button's plan, carried out: one call after the other, until somebody answers."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from intercom.config import CallConfig, PlanStep
from intercom.errors import CallingError, Code
from intercom.phases import State
from intercom.plan import RECORDING
from intercom.protocol import CallType
from intercom.station import dialplan
from intercom.station.desk import Desk

log = logging.getLogger(__name__)

HOPELESS = frozenset(
    {Code.HUB_UNREACHABLE, Code.NOT_LOGGED_IN, Code.ALREADY_IN_CALL, Code.RATE_LIMITED}
)
"""Errors that the next step would meet as well."""


class Messages(Protocol):
    """What takes a visitor's message when nobody answers."""

    async def take(self, desk: Desk, seconds: int, calls: Sequence[str]) -> None:
        """Take one of at most `seconds`, for those who were rung by these calls.

        It is cancelled when somebody is talked to after all.
        """

    def finish(self) -> None:
        """The visitor has said it all, or does not want to; `take` then ends by itself."""


class Dialer:
    """Runs one plan at a time; `failed(error, ring)` is told why the last call could not be made.

    `messages`: None where no message can be taken.
    """

    def __init__(
        self,
        config: CallConfig,
        desk: Desk,
        messages: Messages | None,
        failed: Callable[[CallingError, str], None],
    ) -> None:
        self._config, self._messages, self._failed = config, messages, failed
        self._desk, self._calling, self._facts = desk, desk.calling, desk.facts
        self._plan: Sequence[PlanStep] = ()
        self._at = -1
        self._calls: list[str] = []  # of this plan, that nobody took
        self._message: asyncio.Task[None] | None = None

    @property
    def active(self) -> bool:
        """Whether a plan is under way, which nobody has answered yet."""
        return bool(self._plan)

    def dial(self, plan: Sequence[PlanStep]) -> None:
        """Begin a plan, unless one is under way; nothing to do is logged."""
        if self.active:
            return
        self._plan, self._at, self._calls = plan, -1, []
        self._facts.begin(time.monotonic())
        if not self._next():
            self.stop()
            log.warning("the call button does nothing now: see [call] callee and plan")

    def ended(self, reason: str, call_id: str) -> bool:
        """The present call is over, unanswered: whether another one follows."""
        if not self.active or self._message is not None:
            return False
        self._calls.append(call_id)
        free = self._calling.state is State.IDLE  # else somebody called meanwhile
        if free and dialplan.leads_on(reason) and self._next():
            return self._message is None  # how the last call ended is shown with the message
        self.stop()
        return False

    def stop(self) -> None:
        """Somebody answered, or the visitor gave up: the plan is over."""
        self._plan, self._facts.dialing = (), ""
        self._calling.rest(None)
        if self._message is not None:
            self._message.cancel()
            self._message = None

    def finish(self) -> bool:
        """The visitor hangs up: the plan is over, or the message; whether it was the message."""
        if self._message is None or self._messages is None:
            self.stop()
            return False
        self._messages.finish()
        return True

    def _next(self) -> bool:
        clock, messages = time.strftime("%H:%M"), self._messages is not None and bool(self._calls)
        number = dialplan.following(self._plan, self._at, clock, messages)
        if number is None:
            if self._plan and self._plan[-1].message and not messages:
                log.warning("no message is taken: nobody was rung, or this station cannot take any")
            return False
        self._at, step = number, self._plan[number]
        self._facts.dialing = step.ring
        self._desk.trace.tell("dialing", step=number, ring=step.ring, message=step.message)
        if step.message:
            self._message = self._desk.tasks.spawn(self._take_message(step.seconds))
        else:
            if number + 1 < len(self._plan):  # the devices stay open until the next step
                self._calling.rest(replace(RECORDING, camera=self._config.type == "video"))
            self._desk.tasks.spawn(self._ring(step))
        return True

    async def _ring(self, step: PlanStep) -> None:
        try:
            await self._call(step)
        except CallingError as error:
            self._desk.refused(error)
            if error.code in HOPELESS or not self.active or not self._next():
                self.stop()
                self._failed(error, step.ring)

    async def _call(self, step: PlanStep) -> None:
        call, to = self._config, dialplan.target(step.ring)
        kind = CallType.VIDEO if call.type == "video" else CallType.AUDIO
        log.info("calling %s", step.ring)
        if to.group_id:
            await self._calling.group_call(
                type=kind,
                group_id=to.group_id,
                timeout=step.seconds,
                early_media=call.early_media,
            )
        else:
            await self._calling.call(
                to.user_id, type=kind, timeout=step.seconds, early_media=call.early_media
            )

    async def _take_message(self, seconds: int) -> None:
        assert self._messages is not None
        await self._messages.take(self._desk, seconds, self._calls)
        self._message = None
        self.stop()
