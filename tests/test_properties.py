"""Clients and the exchange together, in any order of commands, losses, reconnects and timers.

The real machines (`intercom.call`, `intercom.hub.exchange`) on simulated wires: FIFO, but any of
them may be as slow as it likes, break at any moment, or lose what is on it when it breaks. Time
passes only when the test lets it. After every run the network heals and all time-outs go off:
then nobody may be anywhere but in IDLE, and every call must have ended once for each party.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from intercom import call as machine
from intercom import phases as ph
from intercom import protocol as p
from intercom.errors import CallingError, ProtocolError
from intercom.events import Event
from intercom.hub import calls as hc
from intercom.hub.exchange import Exchange
from intercom.protocol import CallType

from .group_world import SINGLE, Everybody


@dataclass
class Device:
    """One client with its wire."""

    user: str
    phase: ph.Phase = field(default_factory=ph.Idle)
    socket: int = 0
    linked: bool = False  # welcomed: only then may a client send
    secret: str = ""
    up: deque[p.Message] = field(default_factory=deque)
    down: deque[p.Message] = field(default_factory=deque)
    grace: tuple[float, str] | None = None
    asked: set[int] = field(default_factory=set)


class World(RuleBasedStateMachine):
    """Two to four users and a hub."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = Exchange(Everybody())
        self.now = 0.0
        self.numbers = itertools.count(1)
        self.devices: dict[str, Device] = {}
        self.sockets: dict[int, Device] = {}
        self.timers: dict[tuple[str, str], float] = {}
        self.begun: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[tuple[str, str]] = Counter()
        self.merged: set[str] = set()
        self.finished: Counter[str] = Counter()

    @initialize(count=st.integers(2, 4))
    def start(self, count: int) -> None:
        for user in SINGLE[:count]:
            self.devices[user] = Device(user)
            self._login(self.devices[user])

    # -- what users do -----------------------------------------------------------------------

    @rule(data=st.data(), video=st.booleans(), early=st.booleans(), seconds=st.integers(1, 60))
    def dial(self, data: st.DataObject, video: bool, early: bool, seconds: int) -> None:
        me, other = data.draw(st.permutations(sorted(self.devices)))[:2]
        device = self.devices[me]
        number = next(self.numbers)
        # Random IDs: half of all glares are won by the later call.
        call_id = data.draw(st.sampled_from("abc")) + f"call{number:06d}"
        kind = CallType.VIDEO if video else CallType.AUDIO
        invite = p.Invite(number, call_id, kind, [other], timeout=seconds, early_media=early)
        if device.linked:
            self._feed(device, ph.Dialed(invite, me))

    @rule(data=st.data(), count=st.integers(1, 3), seconds=st.integers(1, 60))
    def dial_group(self, data: st.DataObject, count: int, seconds: int) -> None:
        me, *others = data.draw(st.permutations(sorted(self.devices)))
        number = next(self.numbers)
        invite = p.Invite(
            number,
            f"bcall{number:06d}",
            CallType.VIDEO,
            others[:count],
            group=True,
            timeout=seconds,
        )
        if self.devices[me].linked:
            self._feed(self.devices[me], ph.Dialed(invite, me))

    @rule(data=st.data(), count=st.integers(1, 2))
    def add(self, data: st.DataObject, count: int) -> None:
        me, *others = data.draw(st.permutations(sorted(self.devices)))
        device = self.devices[me]
        if device.linked and isinstance(device.phase, ph.Calling | ph.Connected):
            device.up.append(p.Add(next(self.numbers), device.phase.call_id, others[:count]))

    @rule(data=st.data())
    def join(self, data: st.DataObject) -> None:
        device = self._any(data)
        call_id = data.draw(st.sampled_from(["", *self.hub.calls]))
        if device.linked:
            self._feed(device, ph.JoinAsked(next(self.numbers), call_id))

    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        device = self._any(data)
        if device.linked:
            self._feed(device, ph.Answered(next(self.numbers)))

    @rule(data=st.data(), busy=st.booleans())
    def refuse(self, data: st.DataObject, busy: bool) -> None:
        self._feed(self._any(data), ph.Refused(None, busy))

    @rule(data=st.data())
    def hang_up(self, data: st.DataObject) -> None:
        self._feed(self._any(data), ph.HungUp())

    @rule(data=st.data(), video=st.booleans(), audio=st.booleans())
    def switch_devices(self, data: st.DataObject, video: bool, audio: bool) -> None:
        self._feed(self._any(data), ph.Opened(video, audio))

    @rule(data=st.data(), kind=st.sampled_from(CallType))
    def switch_type(self, data: st.DataObject, kind: CallType) -> None:
        device = self._any(data)
        if device.linked and isinstance(device.phase, ph.Connected):
            device.up.append(p.SwitchType(next(self.numbers), device.phase.call_id, kind))

    @rule(data=st.data(), allow=st.booleans())
    def consent(self, data: st.DataObject, allow: bool) -> None:
        device = self._any(data)
        if device.linked and isinstance(device.phase, ph.Connected):
            device.up.append(p.SwitchAnswer(device.phase.call_id, allow))

    # -- what the network does ---------------------------------------------------------------

    @rule(data=st.data(), count=st.integers(1, 5))
    def carry_up(self, data: st.DataObject, count: int) -> None:
        device = self._any(data)
        for _ in range(count):
            self._carry_up(device)

    @rule(data=st.data(), count=st.integers(1, 5))
    def carry_down(self, data: st.DataObject, count: int) -> None:
        device = self._any(data)
        for _ in range(count):
            self._carry_down(device)

    @rule()
    def settle(self) -> None:
        while any(d.up or d.down for d in self.devices.values()):
            for device in self.devices.values():
                self._carry_up(device)
                self._carry_down(device)

    @rule(data=st.data(), hub_first=st.booleans())
    def break_wire(self, data: st.DataObject, hub_first: bool) -> None:
        """Both sides notice, or only the client: the hub still holds the dead socket."""
        device = self._any(data)
        if not device.socket:
            return
        socket, device.socket = device.socket, 0
        linked, device.linked = device.linked, False
        del self.sockets[socket]
        if hub_first:
            self._hub(hc.Detached(socket))
        device.up.clear()
        device.down.clear()
        if linked:
            self._feed(device, ph.HubLost())

    @precondition(lambda self: any(not d.socket for d in self.devices.values()))
    @rule(data=st.data())
    def reconnect(self, data: st.DataObject) -> None:
        down = sorted(user for user, device in self.devices.items() if not device.socket)
        self._login(self.devices[data.draw(st.sampled_from(down))])

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        """kill -9 of a station, and a new process in its place."""
        device = self._any(data)
        if device.socket:
            del self.sockets[device.socket]
            self._hub(hc.Detached(device.socket))
        if device.phase.call_id:
            self.ended[device.user, device.phase.call_id] += 1  # nobody is left to be told
        self.devices[device.user] = Device(device.user)
        self._login(self.devices[device.user])

    @rule(seconds=st.sampled_from([0.5, 2.0, 7.0, 65.0]))
    def wait(self, seconds: float) -> None:
        self._pass(seconds)

    # -- what must hold ----------------------------------------------------------------------

    @invariant()
    def one_claim_for_each_member(self) -> None:
        members = {
            (user, call.call_id) for call in self.hub.calls.values() for user in call.members
        }
        assert members == set(self.hub.claims.items())

    @invariant()
    def a_call_at_the_hub_is_alive(self) -> None:
        for call in self.hub.calls.values():
            assert len(call.members) >= 2
            assert len(call.joined()) >= 2 or call.rung()
            for member in call.rung():
                assert ("ring", member.user_id) in self.timers
            for member in call.members.values():
                assert not member.lost or ("lost", member.user_id) in self.timers

    @invariant()
    def nobody_hears_an_end_twice(self) -> None:
        assert self.ended <= self.begun
        assert all(count == 1 for count in self.finished.values())

    @invariant()
    def a_call_without_a_hub_has_its_timer(self) -> None:
        for device in self.devices.values():
            assert device.linked or not device.phase.call_id or device.grace is not None

    def teardown(self) -> None:
        if not self.devices:
            return
        for device in self.devices.values():
            if not device.socket:
                self._login(device)
        self.settle()
        for _ in range(3):
            self._pass(400.0)
            self.settle()
        for device in list(self.devices.values()):
            assert not isinstance(device.phase, ph.Calling | ph.Ringing)
            self._knows_the_truth(device)
        for device in list(self.devices.values()):
            self._feed(device, ph.HungUp())  # connected calls may last
        self.settle()
        for device in self.devices.values():
            assert device.phase == ph.Idle(), f"{device.user} stays in {device.phase}"
        assert not self.hub.calls
        assert not self.hub.claims
        assert all(key[0] not in {"ring", "lost", "switch"} for key in self.timers)
        # A merged call lives on under the other's ID.
        for key, count in self.begun.items():
            assert key[1] in self.merged or self.ended[key] == count

    # -- inside ------------------------------------------------------------------------------

    def _any(self, data: st.DataObject) -> Device:
        return self.devices[data.draw(st.sampled_from(sorted(self.devices)))]

    def _knows_the_truth(self, device: Device) -> None:
        phase = device.phase
        assert phase.call_id == self.hub.claims.get(device.user, "")
        if isinstance(phase, ph.Idle):
            return
        call = self.hub.calls[phase.call_id]
        others = {member.user_id: member.entry for member in call.joined(but=device.user)}
        assert {other.user_id: other.entry for other in phase.joined} == others
        assert phase.entry == call.members[device.user].entry
        assert not phase.invitees

    def _login(self, device: Device) -> None:
        device.socket = next(self.numbers)
        self.sockets[device.socket] = device
        self._hub(
            hc.LoggedIn(
                device.socket,
                device.user,
                f"secret{device.socket}",
                resumes=device.secret,
                call_id=device.phase.call_id,
            )
        )

    def _feed(self, device: Device, event: ph.Input) -> None:
        before = device.phase
        try:
            device.phase, effects = machine.feed(before, event, self.now)
        except CallingError:
            assert device.phase is before
            return
        if isinstance(event, p.Merged):
            self.merged |= {event.old_id, event.call_id}
        if device.phase.call_id not in {"", before.call_id}:
            self.begun[device.user, device.phase.call_id] += 1
        for effect in effects:
            match effect:
                case ph.Send(message=message) if device.linked:
                    device.up.append(message)
                case ph.Emit(event=Event.CALL_END, payload=payload):
                    self.ended[device.user, payload["invite_id"]] += 1
                case ph.StartGrace(call_id=call_id, seconds=seconds):
                    device.grace = (self.now + seconds, call_id)
                case ph.StopGrace():
                    device.grace = None

    def _hub(self, event: hc.Input) -> None:
        for effect in self.hub.feed(event, self.now):
            match effect:
                case hc.SendTo(session=number, message=message):
                    if number in self.sockets:
                        self.sockets[number].down.append(message)
                case hc.StartTimer(key=key, seconds=seconds):
                    self.timers[key] = self.now + seconds
                case hc.StopTimer(key=key):
                    self.timers.pop(key, None)
                case hc.Finished(call_id=call_id):
                    self.finished[call_id] += 1

    def _carry_up(self, device: Device) -> None:
        if not device.up or not device.socket:
            return
        message = device.up.popleft()
        try:
            self._hub(hc.Received(device.socket, message))  # type: ignore[arg-type]
        except ProtocolError as error:
            if isinstance(message, p.Request):
                device.down.append(p.Error(message.req, error.code, error.message))
                device.asked.add(message.req)
                self._refused(device, message)

    def _refused(self, device: Device, request: p.Request) -> None:
        match request:
            case p.Invite(call_id=call_id):
                self._feed(device, ph.DialFailed(call_id))
            case p.Accept(call_id=call_id):
                self._feed(device, ph.AnswerFailed(call_id))
            case p.Join():
                self._feed(device, ph.JoinFailed())

    def _carry_down(self, device: Device) -> None:
        if not device.down or not device.socket:
            return
        match device.down.popleft():
            case p.Welcome(session=secret, call_id=call_id):
                device.secret, device.linked = secret, True
                self._feed(device, ph.HubBack(call_id))
            case p.Ok() | p.Error() | p.Kicked() | p.Pong():
                pass
            case message:
                self._feed(device, message)  # type: ignore[arg-type]

    def _pass(self, seconds: float) -> None:
        """Let time pass; timers go off in their order."""
        end = self.now + seconds
        while True:
            due = [(at, "hub", key) for key, at in self.timers.items() if at <= end]
            due += [
                (d.grace[0], "client", (d.user, d.grace[1]))
                for d in self.devices.values()
                if d.grace is not None and d.grace[0] <= end
            ]
            if not due:
                break
            at, whose, key = min(due)
            self.now = max(self.now, at)
            if whose == "hub":
                del self.timers[key]
                self._hub(hc.TimerFired(key))
            else:
                self.devices[key[0]].grace = None
                self._feed(self.devices[key[0]], ph.GraceOver(key[1]))
        self.now = end


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
