"""The hub's rules in any order: groups, additions, several devices, losses, returns, timers.

The real exchange; its devices (`group_world`) say whatever they like and are told everything at
once, but sockets die, noticed by the hub or not, and come back. `test_properties.py` has the other
half: real client machines of calls between two, and wires that are slow.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from intercom import protocol as p
from intercom.errors import ProtocolError
from intercom.hub import calls as hc
from intercom.hub.exchange import Exchange
from intercom.hub.state import HubCall
from intercom.protocol import CallType

from .group_world import DEVICES, GROUP_MAX, GROUPS, USERS, Book, Device, Everybody, Knows

SOME_USERS = st.lists(st.sampled_from(USERS), max_size=4)
BODY = msgspec.Raw(b"{}")
What = Callable[[Device], bool]


def idle(device: Device) -> bool:
    return device.now_in is None


def in_call(device: Device) -> bool:
    return device.now_in is not None


def rings(device: Device) -> bool:
    return device.now_in is not None and not device.now_in.joined


def joined_in(device: Device) -> bool:
    return device.now_in is not None and device.now_in.joined


class World(RuleBasedStateMachine):
    """Five users with seven devices, and a hub."""

    def __init__(self) -> None:
        super().__init__()
        self.hub = Exchange(Everybody())
        self.board = self.hub._board  # noqa: SLF001 - the books are what is tested
        self.now = 0.0
        self.numbers = itertools.count(1)
        self.devices = {name: Device(name) for name in DEVICES}
        self.sockets: dict[int, Device] = {}
        self.timers: dict[tuple[str, str], float] = {}
        self.book = Book()
        self.entries: dict[tuple[str, str], tuple[int, bool]] = {}

    @initialize(count=st.integers(3, len(DEVICES)))
    def start(self, count: int) -> None:
        for name in DEVICES[-count:]:
            self._login(self.devices[name])

    # -- what users do -----------------------------------------------------------------------

    @rule(data=st.data(), whom=st.sampled_from(USERS), video=st.booleans(), early=st.booleans())
    def dial(self, data: st.DataObject, whom: str, video: bool, early: bool) -> None:
        kind = CallType.VIDEO if video else CallType.AUDIO
        self._invite(self._any(data, idle), [whom], kind, early_media=early)

    @rule(
        data=st.data(),
        whom=SOME_USERS,
        group=st.sampled_from(["", *GROUPS]),
        seconds=st.integers(1, 60),
    )
    def dial_group(self, data: st.DataObject, whom: list[str], group: str, seconds: int) -> None:
        if group:
            whom = [user for user in whom if user in GROUPS[group].members]
        more = {"group": True, "group_id": group, "timeout": seconds}
        self._invite(self._any(data, idle), whom, CallType.AUDIO, **more)

    @precondition(lambda self: self.some(idle))
    @rule(data=st.data(), count=st.integers(1, 3), video=st.booleans())
    def gather(self, data: st.DataObject, count: int, video: bool) -> None:
        """A conference, of which some answer: else few runs would get that far."""
        kind = CallType.VIDEO if video else CallType.AUDIO
        self._invite(self._any(data, idle), [], kind, group=True, group_id="ward")
        for _ in range(count):
            self._answer(self._any(data, rings), rang=True)

    @precondition(lambda self: self.some(rings))
    @rule(data=st.data())
    def cross(self, data: st.DataObject) -> None:
        """Glare: one that is called calls its caller."""
        device = self._any(data, rings)
        call = self.hub.calls[device.call_id]
        self._invite(device, [call.members[device.user].inviter], CallType.AUDIO)

    @precondition(lambda self: self.some(joined_in))
    @rule(data=st.data(), whom=SOME_USERS, group=st.sampled_from(["", *GROUPS]))
    def add(self, data: st.DataObject, whom: list[str], group: str) -> None:
        device = self._any(data, joined_in)
        call = self.board.call_of(device.user)
        assert call is not None
        if group:
            whom = [user for user in whom if user in GROUPS[group].members]
        if self._say(device, p.Add(next(self.numbers), device.call_id, whom, group)):
            added = set(whom or GROUPS[group].members) - {device.user}
            self.book.called[call.opened.call_id] |= added

    @rule(data=st.data(), which=st.integers(0, 3))
    def join(self, data: st.DataObject, which: int) -> None:
        call_id = ["", *self.hub.calls][min(which, len(self.hub.calls))]
        device = self._any(data, idle)
        if self._say(device, p.Join(next(self.numbers), call_id)):
            call = self.board.call_of(device.user)
            assert call is not None
            self.book.called[call.opened.call_id].add(device.user)

    @precondition(lambda self: self.some(rings))
    @rule(data=st.data(), rang=st.booleans())
    def answer(self, data: st.DataObject, rang: bool) -> None:
        self._answer(self._any(data, rings), rang)

    @precondition(lambda self: self.some(rings))
    @rule(data=st.data(), busy=st.booleans(), numbered=st.booleans())
    def reject(self, data: st.DataObject, busy: bool, numbered: bool) -> None:
        device = self._any(data, rings)
        entry = device.now_in.entry if device.now_in and numbered else 0
        self._leave(device, p.Reject(device.call_id, entry, busy))

    @precondition(lambda self: self.some(in_call))
    @rule(data=st.data(), reason=st.sampled_from(sorted(p.LEAVING)))
    def hang_up(self, data: st.DataObject, reason: p.Reason) -> None:
        device = self._any(data, in_call)
        entry = device.now_in.entry if device.now_in else 0
        self._leave(device, p.Hangup(device.call_id, reason, entry))

    @precondition(lambda self: self.some(in_call))
    @rule(data=st.data())
    def talk_of_another_part(self, data: st.DataObject) -> None:
        """What is said of an earlier part in the call, late, or of one that will never be."""
        device = self._any(data, in_call)
        call = self.board.call_of(device.user)
        assert call is not None
        call_id, member = device.call_id, call.members[device.user]
        before = repr(self.hub.calls)
        for entry in {member.first - 1, member.entry + 1} - {0}:
            self._say(device, p.Reject(call_id, entry))
            self._say(device, p.Hangup(call_id, p.Reason.LOST, entry))
            assert not self._say(device, p.Accept(1, call_id, entry))
        assert repr(self.hub.calls) == before

    @precondition(lambda self: self.some(in_call))
    @rule(data=st.data(), video=st.booleans())
    def talk(self, data: st.DataObject, video: bool) -> None:
        device = self._any(data, in_call)
        self._say(device, p.Ringing(device.call_id))
        self._say(device, p.Available(device.call_id, video, audio=True))
        self._say(device, p.SendText(next(self.numbers), device.call_id, "x"))
        for user in USERS:
            self._say(device, p.Signal(device.call_id, user, 1, BODY))

    @precondition(lambda self: self.some(joined_in))
    @rule(data=st.data(), kind=st.sampled_from(CallType))
    def switch(self, data: st.DataObject, kind: CallType) -> None:
        device = self._any(data, joined_in)
        self._say(device, p.SwitchType(next(self.numbers), device.call_id, kind))
        for other in data.draw(st.permutations(sorted(self.devices)))[:4]:  # most say yes
            if joined_in(self.devices[other]):
                self._say(self.devices[other], p.SwitchAnswer(device.call_id, allow=True))

    @precondition(lambda self: any(call.switch for call in self.hub.calls.values()))
    @rule(data=st.data(), allow=st.booleans())
    def consent(self, data: st.DataObject, allow: bool) -> None:
        device = self._any(data, joined_in)
        self._say(device, p.SwitchAnswer(device.call_id, allow))

    @rule(data=st.data())
    def talk_of_another_call(self, data: st.DataObject) -> None:
        device = self._any(data)
        call_id = data.draw(st.sampled_from([*self.hub.calls, "call-none"]))
        if call_id == device.call_id:
            return
        before = repr(self.hub.calls)
        for message in (
            p.Ringing(call_id),
            p.Accept(1, call_id),
            p.Reject(call_id),
            p.Hangup(call_id),
            p.Add(1, call_id, ["ann"]),
        ):
            assert not self._say(device, message) or not isinstance(message, p.Request)
        assert repr(self.hub.calls) == before

    # -- what the network does ---------------------------------------------------------------

    @precondition(lambda self: self.some(in_call))
    @rule(
        data=st.data(),
        noticed=st.booleans(),
        back=st.sampled_from([None, 0.0, 1.0, 7.0, 20.0, 29.0, 31.0]),
    )
    def lose(self, data: st.DataObject, noticed: bool, back: float | None) -> None:
        """A socket dies; `back`: seconds after which the client is there again."""
        device = self._any(data, in_call)
        device.linked = False
        if noticed:
            self._hub(hc.Detached(device.socket))
        if back is not None:
            self.wait(back)
            self._login(device)

    @precondition(lambda self: any(not d.linked for d in self.devices.values()))
    @rule(data=st.data(), forgets=st.integers(0, 4))
    def come_back(self, data: st.DataObject, forgets: int) -> None:
        """The same client, that may have left its call meanwhile."""
        gone = sorted(name for name, device in self.devices.items() if not device.linked)
        device = self.devices[data.draw(st.sampled_from(gone))]
        if not forgets:
            device.now_in = None
        self._login(device)

    @rule(data=st.data(), how=st.sampled_from(["crash", "log out"]))
    def go(self, data: st.DataObject, how: str) -> None:
        device = self._any(data)
        device.now_in = None
        if how == "crash":
            device.secret = ""
            self._login(device)
        elif device.linked:
            self._hub(hc.Received(device.socket, p.Bye()))
            device.linked = False

    @rule(seconds=st.sampled_from([0.5, 5.0, 7.0, 20.0]))
    def wait(self, seconds: float) -> None:
        end = self.now + seconds
        while due := sorted((at, key) for key, at in self.timers.items() if at <= end):
            self.now, key = due[0]
            del self.timers[key]
            self._hub(hc.TimerFired(key))
        self.now = end

    # -- what must hold ----------------------------------------------------------------------

    @invariant()
    def one_claim_for_each_member(self) -> None:
        members = [(user, call.call_id) for call in self._calls() for user in call.members]
        assert dict(members) == self.hub.claims
        assert len(members) == len(self.hub.claims)

    @invariant()
    def a_call_at_the_hub_is_alive(self) -> None:
        for call in self._calls():
            joined, rung = call.joined(), call.rung()
            assert len(joined) >= 2 or (joined and rung)
            assert len(joined) <= (GROUP_MAX if call.conference else 2)
            assert call.group or len(call.members) == 2
            assert (call.answered is not None) >= (len(joined) >= 2)
            for member in rung:
                assert call.members[member.inviter].joined
                assert member.devices
                assert member.lead is None or member.lead in member.devices
            for member in joined:
                assert len(member.devices) == 1

    @invariant()
    def a_session_has_a_socket_or_a_part_in_a_call(self) -> None:
        for user, sessions in self.board.sessions.items():
            assert sessions
            assert user == "mum" or len(sessions) == 1
            for session in sessions:
                assert session.attached or self.board.member_at(session) is not None
                held = self.board.session(session.number)
                assert held is (session if session.attached else None)

    @invariant()
    def each_timer_belongs_to_something_that_lives(self) -> None:
        wanted = {("away", user) for user in self.board.away}
        wanted |= {("missed", user) for user in self.board.missed}
        for call in self._calls():
            wanted |= {("ring", member.user_id) for member in call.rung()}
            wanted |= {("lost", m.user_id) for m in call.members.values() if m.lost}
            wanted |= {("switch", call.call_id)} if call.switch else set()
        assert wanted == set(self.timers)
        for user, away in self.board.away.items():
            assert away.call_id in self.hub.calls
            assert user not in self.hub.claims

    @invariant()
    def each_device_knows_the_truth(self) -> None:
        for device in self.devices.values():
            session = self.board.session(device.socket) if device.linked else None
            if session is None:
                continue
            member, call = self.board.member_at(session), self.board.call_of(device.user)
            if member is None or call is None:
                assert device.now_in is None, f"{device.name} thinks to be in a call"
                continue
            knows = device.now_in
            assert knows is not None, f"{device.name} was not told of its call"
            assert (knows.call_id, knows.joined) == (call.call_id, member.joined)
            assert knows.entry == member.entry
            if member.joined:
                others = {m.user_id: m.entry for m in call.joined(but=device.user)}
                assert knows.others == others
                rung = {m.user_id for m in call.rung()}
                assert knows.rung == rung or (knows.rung is None and not call.group)
                assert knows.group is call.group

    @invariant()
    def entries_rise(self) -> None:
        here = {(call.opened.call_id, m.user_id): m for call in self._calls()
                for m in call.members.values()}  # fmt: skip
        for key, member in here.items():
            last, was_in = self.entries.get(key, (0, False))
            assert member.entry >= last if was_in else member.entry > last
        for call in self._calls():
            entries = [member.entry for member in call.members.values()]
            assert len(set(entries)) == len(entries)
            assert max(entries) <= call.entries
        for key, (last, _) in self.entries.items():
            self.entries[key] = (last, False)
        self.entries |= {key: (member.entry, True) for key, member in here.items()}

    @invariant()
    def each_call_is_recorded_once(self) -> None:
        alive = {call.opened.call_id for call in self._calls()}
        assert alive == set(self.book.opened) - set(self.book.finished)

    @invariant()
    def a_switch_waits_for_members(self) -> None:
        for call in self._calls():
            if call.switch is not None:
                joined = {member.user_id for member in call.joined()}
                assert call.switch.waiting
                assert call.switch.waiting | {call.switch.user_id} <= joined
                assert call.switch.user_id not in call.switch.waiting

    def teardown(self) -> None:
        for device in self.devices.values():
            self._hub(hc.Detached(device.socket))
        self.wait(1000.0)
        assert not self.hub.calls
        assert not self.hub.claims
        assert not self.timers
        assert not self.board.sessions
        assert set(self.book.opened) == set(self.book.finished)

    # -- inside ------------------------------------------------------------------------------

    def _calls(self) -> Sequence[HubCall]:
        return list(self.hub.calls.values())

    def some(self, what: What) -> bool:
        """Tell whether there is a device with a socket of that kind."""
        return any(device.linked and what(device) for device in self.devices.values())

    def _any(self, data: st.DataObject, what: What | None = None) -> Device:
        """Draw a device, of those that fit if there are any."""
        fit = [n for n, d in self.devices.items() if what is None or (d.linked and what(d))]
        return self.devices[data.draw(st.sampled_from(sorted(fit) or DEVICES))]

    def _invite(self, device: Device, whom: list[str], kind: CallType, **more: object) -> None:
        number = next(self.numbers)
        # Half of all glares are won by the later call.
        call_id = f"{'ba'[number % 2]}call{number:06d}"
        raw = {"req": number, "call_id": call_id, "type": kind, "user_ids": whom, **more}
        before = device.now_in
        if device.linked and before is None:  # the hub's `Ok` comes before anything of the call
            device.now_in = Knows(call_id, 1, joined=True, group=bool(more.get("group")))
        if not self._say(device, msgspec.convert(raw, p.Invite)) and device.call_id == call_id:
            device.now_in = before

    def _answer(self, device: Device, rang: bool) -> None:
        call_id = device.call_id or "call-none"
        if rang:
            self._say(device, p.Ringing(call_id))
        self._say(device, p.Accept(next(self.numbers), call_id))

    def _leave(self, device: Device, message: p.Reject | p.Hangup) -> None:
        if device.linked:
            device.now_in = None
        self._say(device, message)

    def _say(self, device: Device, message: p.ClientMessage) -> bool:
        """Say something to the hub; tell whether it went through."""
        if not device.linked:
            return False
        before = repr((self.hub.calls, self.hub.claims))
        try:
            self._hub(hc.Received(device.socket, message))
        except ProtocolError:
            assert repr((self.hub.calls, self.hub.claims)) == before
            return False
        return True

    def _login(self, device: Device) -> None:
        old, device.socket = device.socket, next(self.numbers)
        device.linked = True
        self.sockets[device.socket] = device
        secret = f"secret{device.socket}"
        self._hub(hc.LoggedIn(device.socket, device.user, secret, device.secret, device.call_id))
        self._hub(hc.Detached(old))  # late, or not at all

    def _hub(self, event: hc.Input) -> None:
        for effect in self.hub.feed(event, self.now):
            match effect:
                case hc.SendTo(session=number, message=message):
                    device = self.sockets[number]
                    if device.linked and device.socket == number:
                        device.hear(message)
                case hc.CloseSession(session=number):
                    device = self.sockets[number]
                    if device.socket == number:
                        device.linked = False
                case hc.StartTimer(key=key, seconds=seconds):
                    assert seconds > 0
                    self.timers[key] = self.now + seconds
                case hc.StopTimer(key=key):
                    self.timers.pop(key, None)
                case hc.Opened() | hc.AnsweredBy() | hc.Finished():
                    self.book.note(effect)


TestGroups = World.TestCase
TestGroups.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
