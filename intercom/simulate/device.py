"""One device of a simulation: a real client behind a wire, and all that is heard of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from intercom import Calling, Event
from intercom import phases as ph
from intercom import protocol as p
from intercom.errors import CallingError
from intercom.phases import State, state_of
from intercom.simulate.cast import Cast, DeviceSpec
from intercom.simulate.entries import Dialed, Did, Entry, Faulted, Heard, Moved, Snapshot
from intercom.simulate.relay import Wire
from intercom.tasks import Tasks

Change = tuple[ph.Input, ph.Phase, ph.Phase]
GIVEN_UP = 60.0
"""Seconds after which a call of the API is taken to hang for ever."""


class Watched(Calling):
    """A client that tells `changed` of each new state, in order with what its handlers hear."""

    def __init__(self, hub: str, client: str, changed: Callable[[Change], None]) -> None:
        super().__init__(hub, client=client)
        self._changed = changed

    def feed(self, event: ph.Input) -> None:
        """Take the event; handlers run later, so the place in their row is taken before."""
        before, change = self.phase, list[Change]()
        asyncio.get_running_loop().call_soon(self._tell, change)
        super().feed(event)
        if (before.call_id, type(before)) != (self.phase.call_id, type(self.phase)):
            change.append((event, before, self.phase))

    def _tell(self, change: list[Change]) -> None:
        for one in change:
            self._changed(one)


class Device:
    """A client with its wire. `tell` gets all entries, `clock` says the seconds since the start."""

    def __init__(
        self,
        spec: DeviceSpec,
        token: str,
        wire: Wire,
        cast: Cast,
        *,
        tell: Callable[[Entry], None],
        clock: Callable[[], float],
    ) -> None:
        self.spec, self.wire, self.cast = spec, wire, cast
        self.calling = Watched(wire.url, spec.name, self._changed)
        self.past: deque[str] = deque(maxlen=3)
        self.online = False
        self.tasks = Tasks(f"an action of {spec.name}")
        self.faults = Tasks(f"a fault of {spec.name}")
        self.tell, self.clock = tell, clock
        self._token = token
        self._moving = False
        for event in Event:
            self.calling.on(event, self._heard, context=event)

    @property
    def state(self) -> State:
        """Where its call stands."""
        return self.calling.state

    @property
    def me(self) -> tuple[float, str, str]:
        """How its entries begin: when, which device, whose."""
        return self.clock(), self.spec.name, self.spec.user

    def snapshot(self) -> Snapshot:
        """Return what the client thinks now."""
        calling = self.calling
        return Snapshot(
            self.spec.name,
            self.spec.user,
            calling.link.connected,
            calling.state,
            calling.call_id,
            frozenset(calling.members),
            frozenset(calling.invitees),
            int(getattr(calling.phase, "type", 0)),
        )

    async def login(self) -> None:
        """Log in, unless it is on its way in or out."""
        if self._moving or self.online:
            return
        self._moving = True
        try:
            await self.calling.login(self.spec.user, self._token)
            self.online = True
        finally:
            self._moving = False

    async def logout(self) -> None:
        """Log out, unless it is on its way in or out."""
        if self._moving:
            return
        self._moving = True
        try:
            await self.calling.logout()
        finally:
            self._moving = self.online = False

    async def doing(self, what: str, work: Callable[[], Any]) -> None:
        """Do something of the API, and write down what became of it."""
        began, error, msg = self.clock(), 0, ""
        try:
            async with asyncio.timeout(GIVEN_UP):
                await work()
        except CallingError as refused:
            error, msg = int(refused.code), refused.message
        except TimeoutError:
            msg = "it did not come back"
        self.tell(Did(*self.me, what, self.clock() - began, error, msg))

    async def fault(self, what: str, lasts: float) -> None:
        """Let the wire be bad for so many seconds."""
        self.tell(Faulted(*self.me, what, 0.0 if what == "cut" else lasts))
        match what:
            case "cut":
                self.wire.cut()
                return
            case "freeze":
                self.wire.freeze()
            case "stall":
                self.wire.stall()
            case "slow":
                self.wire.delay = lasts / 20
        await asyncio.sleep(lasts)
        self.wire.heal()

    async def close(self) -> None:
        """Leave, whatever it does; idempotent."""
        await self.faults.close()
        await self.tasks.close()
        await self.calling.logout()
        await self.calling.tasks.close()

    # -- what it hears -----------------------------------------------------------------------

    def _changed(self, change: Change) -> None:
        event, before, after = change
        if isinstance(event, ph.Dialed):
            self.tell(self._dialed(event.invite))
        merged = isinstance(event, p.Merged) and event.call_id == after.call_id != before.call_id
        self.tell(Moved(*self.me, before.call_id, after.call_id, state_of(after), merged))

    def _dialed(self, invite: p.Invite) -> Dialed:
        group = self.cast.groups.get(invite.group_id)
        callees = tuple(invite.user_ids)
        if group is not None and not callees:
            callees = tuple(user for user in group.members if user != self.spec.user)
        first_answer = group is not None and group.first_answer
        ids = (invite.call_id, callees, invite.timeout)
        return Dialed(*self.me, *ids, group=invite.group, first_answer=first_answer)

    def _heard(self, event: Event, payload: dict[str, Any]) -> None:
        self.tell(Heard(*self.me, event, payload))
        match event:
            case Event.CALL_END:
                self.past.append(payload["invite_id"])
            case Event.KICKED_OUT:
                self.tasks.spawn(self.doing("logout", self.logout))
            case Event.CALL_TYPE_ASKED if self.spec.consents is not None:
                allow = self.spec.consents
                self.tasks.spawn(
                    self.doing("consent", lambda: self.calling.answer_switch(allow=allow))
                )
            case Event.MISSED_CALLS:
                shown = [call["invite_id"] for call in payload["calls"]][:4]
                self.tasks.spawn(self.doing("seen", lambda: self.calling.seen(shown)))
