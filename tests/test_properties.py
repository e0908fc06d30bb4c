"""The calling contract, in any order of events: real clients, a real hub, wires that misbehave.

`client_world` has them: machines as `intercom.call` makes them, the exchange, and queues between
the two. `test_group_properties.py` has the other half: devices that are no clients and say
whatever they like.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from intercom import phases as ph
from intercom import protocol as p
from intercom.protocol import CallType

from .client_world import Client, Clients
from .group_world import DEVICES, GROUPS, SINGLE, USERS

SOME_USERS = st.lists(st.sampled_from(USERS), min_size=1, max_size=3, unique=True)
CASTS = (SINGLE[:2], SINGLE, ("ann", "mum/1", "mum/2"), DEVICES)


class World(RuleBasedStateMachine):
    """Two to seven devices and a hub."""

    def __init__(self) -> None:
        super().__init__()
        self.world = Clients()
        self.cast: tuple[str, ...] = ()

    @initialize(cast=st.sampled_from(CASTS))
    def start(self, cast: tuple[str, ...]) -> None:
        self.cast = cast
        for name in cast:
            self.world.login(self.world.clients[name])
        self.world.settle()

    # -- what users do -----------------------------------------------------------------------

    @rule(data=st.data(), video=st.booleans(), early=st.booleans(), seconds=st.integers(1, 60))
    def dial(self, data: st.DataObject, video: bool, early: bool, seconds: int) -> None:
        client = self._any(data, ph.Idle)
        kind = CallType.VIDEO if video else CallType.AUDIO
        whom = [self._another(data, client)]
        self._invite(data, client, kind, whom, timeout=seconds, early_media=early)

    @rule(data=st.data(), whom=SOME_USERS, early=st.booleans(), seconds=st.integers(1, 60))
    def dial_some(self, data: st.DataObject, whom: list[str], early: bool, seconds: int) -> None:
        client = self._any(data, ph.Idle)
        whom = [user for user in whom if user != client.user]
        more = {"group": True, "timeout": seconds, "early_media": early}
        self._invite(data, client, CallType.VIDEO, whom, **more)

    @rule(data=st.data(), group=st.sampled_from(sorted(GROUPS)), video=st.booleans())
    def dial_group(self, data: st.DataObject, group: str, video: bool) -> None:
        kind = CallType.VIDEO if video else CallType.AUDIO
        self._invite(data, self._any(data, ph.Idle), kind, [], group=True, group_id=group)

    @rule(data=st.data(), early=st.booleans(), settled=st.booleans(), count=st.integers(1, 3))
    def gather(self, data: st.DataObject, early: bool, settled: bool, count: int) -> None:
        """A conference that some have answered: else few runs would get that far."""
        client = self._any(data, ph.Idle)
        more = {"group": True, "group_id": "ward", "early_media": early}
        self._invite(data, client, CallType.VIDEO, [], **more)
        self.world.settle()
        self._answer(data, count)
        if settled:
            self.world.settle()

    @rule(data=st.data(), early=st.booleans())
    def cross(self, data: st.DataObject, early: bool) -> None:
        """Both call each other, before either has heard of it."""
        client = self._any(data, ph.Idle)
        other = self._any(data, ph.Idle)
        for one, two in ((client, other), (other, client)):
            self._invite(data, one, CallType.VIDEO, [two.user], early_media=early)

    @rule(data=st.data(), whom=SOME_USERS, group=st.sampled_from(["", *GROUPS]))
    def add(self, data: st.DataObject, whom: list[str], group: str) -> None:
        client = self._any(data, ph.Calling, ph.Connected)
        phase = client.phase
        if client.ready and isinstance(phase, ph.Calling | ph.Connected):
            users = [] if group else [user for user in whom if user != client.user]
            client.up.append(p.Add(self.world.ask(client), phase.call_id, users, group))

    @rule(data=st.data(), named=st.booleans())
    def join(self, data: st.DataObject, named: bool) -> None:
        client = self._any(data, ph.Idle)
        call_id = data.draw(st.sampled_from(["", *self.world.hub.calls])) if named else ""
        number = self.world.ask(client, ph.JoinFailed())
        if not self.world.feed(client, ph.JoinAsked(number, call_id)):
            del client.asked[number]

    @rule(data=st.data(), count=st.integers(1, 3))
    def answer(self, data: st.DataObject, count: int) -> None:
        self._answer(data, count)

    @rule(data=st.data(), busy=st.booleans())
    def refuse(self, data: st.DataObject, busy: bool) -> None:
        self.world.feed(self._any(data, ph.Ringing), ph.Refused(None, busy))

    @rule(data=st.data(), reason=st.sampled_from([p.Reason.HANGUP, p.Reason.ERROR]))
    def hang_up(self, data: st.DataObject, reason: p.Reason) -> None:
        self.world.feed(self._any(data), ph.HungUp(reason))

    @rule(data=st.data(), video=st.booleans(), audio=st.booleans())
    def switch_devices(self, data: st.DataObject, video: bool, audio: bool) -> None:
        self.world.feed(self._any(data), ph.Opened(video, audio))

    @rule(data=st.data(), kind=st.sampled_from(CallType))
    def switch_type(self, data: st.DataObject, kind: CallType) -> None:
        client = self._any(data, ph.Connected)
        if client.ready and isinstance(client.phase, ph.Connected):
            number = self.world.ask(client)
            client.up.append(p.SwitchType(number, client.phase.call_id, kind))

    @rule(data=st.data(), allow=st.booleans())
    def consent(self, data: st.DataObject, allow: bool) -> None:
        client = self._any(data, ph.Connected)
        if client.ready and isinstance(client.phase, ph.Connected):
            client.up.append(p.SwitchAnswer(client.phase.call_id, allow))

    # -- what the network does ---------------------------------------------------------------

    @rule(which=st.lists(st.tuples(st.sampled_from(DEVICES), st.booleans()), max_size=12))
    def carry(self, which: list[tuple[str, bool]]) -> None:
        for name, up in which:
            client = self.world.clients[name]
            (self.world.carry_up if up else self.world.carry_down)(client)

    @rule()
    def settle(self) -> None:
        self.world.settle()
        self.world.check()

    @rule(
        data=st.data(),
        noticed=st.booleans(),
        back=st.sampled_from([None, 0.0, 1.0, 7.0, 20.0, 29.0, 31.0]),
    )
    def lose(self, data: st.DataObject, noticed: bool, back: float | None) -> None:
        """A wire breaks; `back`: seconds after which the same client is there again."""
        client = self._any(data)
        if not client.socket:
            return
        self.world.cut(client, noticed)
        if back is not None:
            self.world.wait(back)
            self.world.login(client)

    @precondition(lambda self: any(not self.world.clients[name].socket for name in self.cast))
    @rule(data=st.data())
    def reconnect(self, data: st.DataObject) -> None:
        down = [name for name in self.cast if not self.world.clients[name].socket]
        self.world.login(self.world.clients[data.draw(st.sampled_from(down))])

    @rule(data=st.data())
    def crash(self, data: st.DataObject) -> None:
        self.world.crash(self._any(data))

    @rule(data=st.data())
    def log_in_elsewhere(self, data: st.DataObject) -> None:
        """The same user at another machine: of a user with one device, the older is out."""
        old = self._any(data)
        if old.user not in SINGLE or not old.socket:
            return
        new = self.world.clients[old.name] = Client(old.name)
        self.world.login(new)
        while self.world.carry_up(old) | self.world.carry_down(old):
            pass
        assert not old.socket
        assert old.phase == ph.Idle()
        assert old.begun - old.ended == {}

    @rule(seconds=st.sampled_from([0.5, 2.0, 7.0, 65.0]))
    def wait(self, seconds: float) -> None:
        self.world.wait(seconds)

    # -- what must hold at any moment --------------------------------------------------------

    @invariant()
    def one_claim_for_each_member(self) -> None:
        hub = self.world.hub
        members = {(user, call.call_id) for call in hub.calls.values() for user in call.members}
        assert members == set(hub.claims.items())

    @invariant()
    def nobody_hears_an_end_twice(self) -> None:
        for client in self.world.clients.values():
            assert client.ended <= client.begun
        assert all(count == 1 for count in self.world.finished.values())

    @invariant()
    def a_call_without_a_hub_has_its_timer(self) -> None:
        for client in self.world.clients.values():
            assert client.ready or not client.phase.call_id or client.grace is not None

    def teardown(self) -> None:
        world = self.world
        for name in self.cast:
            if not world.clients[name].socket:
                world.login(world.clients[name])
        for seconds in (0.0, 400.0, 400.0):
            world.wait(seconds)
            world.settle()
            world.check()
        for client in world.clients.values():
            assert not isinstance(client.phase, ph.Calling | ph.Ringing)
            world.feed(client, ph.HungUp())  # connected calls may last
        world.settle()
        world.check()
        for client in world.clients.values():
            assert client.phase == ph.Idle()
        world.wait(400.0)
        assert not world.hub.calls
        assert not world.hub.claims
        assert not world.timers

    # -- inside ------------------------------------------------------------------------------

    def _any(self, data: st.DataObject, *kinds: type[ph.Phase]) -> Client:
        """Draw a client, of those in such a phase if there are any."""
        clients = {name: self.world.clients[name] for name in self.cast}
        fit = [name for name, c in clients.items() if c.ready and isinstance(c.phase, kinds)]
        return clients[data.draw(st.sampled_from(fit or list(clients)))]

    def _another(self, data: st.DataObject, client: Client) -> str:
        users = sorted({name.partition("/")[0] for name in self.cast} - {client.user})
        return data.draw(st.sampled_from(users))

    def _answer(self, data: st.DataObject, count: int) -> None:
        for _ in range(count):
            client = self._any(data, ph.Ringing)
            number = self.world.ask(client, ph.AnswerFailed(client.phase.call_id))
            if not self.world.feed(client, ph.Answered(number)):
                del client.asked[number]

    def _invite(
        self, data: st.DataObject, client: Client, kind: CallType, whom: list[str], **more: object
    ) -> None:
        if len(client.asked) > 3:
            return  # nobody dials that often before the hub says a word
        # Random IDs: half of all glares are won by the later call.
        call_id = data.draw(st.sampled_from("abc")) + f"call{next(self.world.numbers):06d}"
        number = self.world.ask(client, ph.DialFailed(call_id))
        picture = kind is CallType.VIDEO
        message = p.Invite(number, call_id, kind, whom, video=picture, **more)  # type: ignore[arg-type]
        if not self.world.feed(client, ph.Dialed(message, client.user)):
            del client.asked[number]


TestWorld = World.TestCase
TestWorld.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
