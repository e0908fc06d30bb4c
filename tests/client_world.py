"""Real client machines at the real exchange, with wires that carry as slowly as the test likes.

What a link and a session do around a client's machine (requests that are answered or lost, timers,
logging in again) is done here by hand. `check` compares what each side believes when nothing is
under way: then all of it must be the same.
"""

from __future__ import annotations

import itertools
from collections import Counter, deque
from dataclasses import dataclass, field

from intercom import call as machine
from intercom import phases as ph
from intercom import protocol as p
from intercom.errors import CallingError, ProtocolError
from intercom.events import Event
from intercom.hub import calls as hc
from intercom.hub.exchange import Exchange
from intercom.hub.state import HubCall, Member
from intercom.plan import PeerPlan, plan

from .group_world import DEVICES, Everybody


@dataclass
class Client:
    """One device: its machine, and its wire to the hub, or none (`socket` 0).

    `ready`: it was welcomed; `asked`: what its machine hears if the hub refuses a request.
    """

    name: str
    phase: ph.Phase = field(default_factory=ph.Idle)
    socket: int = 0
    ready: bool = False
    secret: str = ""
    up: deque[p.Message] = field(default_factory=deque)
    down: deque[p.HubMessage] = field(default_factory=deque)
    grace: tuple[float, str] | None = None
    asked: dict[int, ph.Input] = field(default_factory=dict)
    members: set[str] = field(default_factory=set)
    begun: Counter[str] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)

    @property
    def user(self) -> str:
        """Whose it is."""
        return self.name.partition("/")[0]

    @property
    def peers(self) -> dict[str, PeerPlan]:
        """The transports that it wants, by the other's ID."""
        wanted = plan(self.phase)
        return {peer.user_id: peer for peer in wanted.peers} if wanted is not None else {}

    def hear(self, event: Event, payload: dict[str, object]) -> None:
        """Keep account of what its user is told; AssertionError for what makes no sense."""
        user = str(payload.get("user_id"))
        match event:
            case Event.USER_ENTER:
                assert user not in self.members, f"{self.name}: {user} enters twice"
                self.members.add(user)
            case Event.USER_LEAVE:
                assert user in self.members, f"{self.name}: {user} leaves, and was not there"
                self.members.remove(user)
            case Event.CALL_END:
                self.members.clear()
                self.ended[str(payload["invite_id"])] += 1


class Clients:
    """The devices, the hub, and the time."""

    def __init__(self) -> None:
        self.hub = Exchange(Everybody())
        self.board = self.hub._board  # noqa: SLF001 - the books are what is compared
        self.now = 0.0
        self.numbers = itertools.count(1)
        self.clients = {name: Client(name) for name in DEVICES}
        self.sockets: dict[int, Client] = {}
        self.timers: dict[tuple[str, str], float] = {}
        self.dead: dict[int, float] = {}  # sockets of which the hub has not noticed it
        self.finished: Counter[str] = Counter()

    # -- clients -----------------------------------------------------------------------------

    def feed(self, client: Client, event: ph.Input) -> bool:
        """Give a client's machine an event, and do what it says; tell whether it was allowed."""
        before = client.phase
        try:
            phase, effects = machine.feed(before, event, self.now)
        except CallingError:
            return False
        if isinstance(event, ph.Dialed | ph.Answered | ph.JoinAsked) and not client.ready:
            return False  # as a session refuses it, before anything has changed
        client.phase = phase
        if isinstance(event, p.Merged) and phase.call_id not in {"", before.call_id}:
            client.begun[before.call_id] -= 1  # it goes on, under the other's ID
        if phase.call_id not in {"", before.call_id}:
            client.begun[phase.call_id] += 1
        for effect in effects:
            match effect:
                case ph.Send(message=message) if client.ready:
                    client.up.append(message)
                case ph.Emit(event=told, payload=payload):
                    client.hear(told, payload)
                case ph.StartGrace(call_id=call_id, seconds=seconds):
                    client.grace = (self.now + seconds, call_id)
                case ph.StopGrace():
                    client.grace = None
        return True

    def ask(self, client: Client, refused: ph.Input | None = None) -> int:
        """Return the number for a request; `refused`: what the machine hears if it fails."""
        number = next(self.numbers)
        if refused is not None:
            client.asked[number] = refused
        return number

    def login(self, client: Client) -> None:
        """Connect a client that has no wire."""
        client.socket = next(self.numbers)
        self.sockets[client.socket] = client
        secret = f"secret {client.socket}"
        resumes, call_id = client.secret, client.phase.call_id
        self.tell_hub(hc.LoggedIn(client.socket, client.user, secret, resumes, call_id))

    def cut(self, client: Client, noticed: bool) -> None:
        """The wire of a client breaks; the hub notices at once, or when it hears nothing."""
        socket, client.socket = client.socket, 0
        ready, client.ready = client.ready, False
        client.up.clear()
        client.down.clear()
        self._lose(client)
        if ready:
            self.feed(client, ph.HubLost())
        if noticed:
            self.tell_hub(hc.Detached(socket))
        else:
            self.dead[socket] = self.now + p.DEAD_CALL

    def crash(self, client: Client) -> None:
        """kill -9 of a station, and a new process in its place."""
        if client.socket:
            self.cut(client, noticed=True)
        self.clients[client.name] = Client(client.name)
        self.login(self.clients[client.name])

    def _lose(self, client: Client) -> None:
        """The answers to what was asked will not come."""
        for number in list(client.asked):
            self.feed(client, client.asked.pop(number))

    # -- the wires ---------------------------------------------------------------------------

    def carry_up(self, client: Client) -> bool:
        """Give the hub the next message of a client; False when there is none."""
        if not client.up:
            return False
        message = client.up.popleft()
        try:
            self.tell_hub(hc.Received(client.socket, message))  # type: ignore[arg-type]
        except ProtocolError as error:
            if not isinstance(message, p.Request):
                raise
            client.down.append(p.Error(message.req, error.code, error.message))
        return True

    def carry_down(self, client: Client) -> bool:
        """Give a client the next message of the hub; False when there is none."""
        if not client.down:
            return False
        match client.down.popleft():
            case p.Welcome(session=secret, call_id=call_id):
                client.secret, client.ready = secret, True
                self.feed(client, ph.HubBack(call_id))
            case p.Ok(req=number):
                client.asked.pop(number, None)
            case p.Error(req=number):
                if number in client.asked:
                    self.feed(client, client.asked.pop(number))
            case p.Kicked():
                client.socket, client.ready, client.secret = 0, False, ""
                client.up.clear()
                client.down.clear()
                self._lose(client)
                self.feed(client, ph.HungUp(p.Reason.KICKED))
            case message:
                self.feed(client, message)
        return True

    def settle(self) -> None:
        """Carry everything, until nothing is under way."""
        while any(self.carry_up(c) | self.carry_down(c) for c in list(self.clients.values())):
            pass

    def tell_hub(self, event: hc.Input) -> None:
        """Give the hub an event, and do what it says."""
        for effect in self.hub.feed(event, self.now):
            match effect:
                case hc.SendTo(session=number, message=message):
                    if self.sockets[number].socket == number:
                        self.sockets[number].down.append(message)
                case hc.StartTimer(key=key, seconds=seconds):
                    self.timers[key] = self.now + seconds
                case hc.StopTimer(key=key):
                    self.timers.pop(key, None)
                case hc.Finished(call_id=call_id):
                    self.finished[call_id] += 1

    def wait(self, seconds: float) -> None:
        """Let time pass; timers go off in their order."""
        end = self.now + seconds
        while True:
            due: list[tuple[float, str, object]] = [
                (at, "timer", key) for key, at in self.timers.items()
            ]
            due += [(at, "dead", socket) for socket, at in self.dead.items()]
            due += [(c.grace[0], "grace", name) for name, c in self.clients.items() if c.grace]
            at, what, key = min(due, key=lambda one: one[0], default=(end + 1, "", ""))
            if at > end:
                break
            self.now = max(self.now, at)
            self._fire(what, key)
        self.now = end

    def _fire(self, what: str, key: object) -> None:
        match what, key:
            case "timer", (str(kind), str(whose)):
                del self.timers[kind, whose]
                self.tell_hub(hc.TimerFired((kind, whose)))
            case "dead", int(socket):
                del self.dead[socket]
                self.tell_hub(hc.Detached(socket))
            case "grace", str(name):
                client = self.clients[name]
                assert client.grace is not None
                call_id, client.grace = client.grace[1], None
                self.feed(client, ph.GraceOver(call_id))

    # -- when nothing is under way -----------------------------------------------------------

    def check(self) -> None:
        """AssertionError unless all believe the same."""
        for client in self.clients.values():
            if not client.ready:
                continue
            assert not client.asked, f"{client.name} waits for an answer"
            session = self.board.session(client.socket)
            assert session is not None, f"{client.name} is not known to the hub"
            member, call = self.board.member_at(session), self.board.call_of(client.user)
            if call is None or member is None:
                assert client.phase == ph.Idle(), f"{client.name} stays in {client.phase}"
            else:
                self._check_member(client, call, member)
            here = {client.phase.call_id: 1} if client.phase.call_id else {}
            assert client.begun - client.ended == Counter(here)

    def _check_member(self, client: Client, call: HubCall, member: Member) -> None:
        phase, here = client.phase, f"{client.name} in {call.call_id}"
        assert not isinstance(phase, ph.Idle), f"{here} is idle"
        assert (phase.call_id, phase.entry, phase.adrift) == (call.call_id, member.entry, False)
        joined = {other.user_id: other.entry for other in call.joined(but=client.user)}
        known = {other.user_id: other.entry for other in phase.joined}
        if not member.joined:
            assert isinstance(phase, ph.Ringing), f"{here} does not ring"
            assert known == {member.inviter: joined[member.inviter]}
            self._check_pair(client, call.members[member.inviter], due=member.rang)
            return
        kind = ph.Calling if call.answered is None else ph.Connected
        assert isinstance(phase, kind), f"{here} is {phase}"
        assert (phase.type, phase.group) == (call.type, call.group), here
        assert known == joined, here
        assert set(phase.invitees) == {other.user_id for other in call.rung()}, here
        assert client.members == (set(joined) if kind is ph.Connected else set()), here
        for other in call.joined(but=client.user):
            self._check_pair(client, other, due=True)
        mine = [other for other in call.rung() if other.rung_by(client.user)]
        rung = {other.user_id for other in mine if other.rang}
        # Whose wire is dead, and the hub does not know it yet: what he was asked is not answered.
        unheard = {other.user_id for other in mine if not self._hears(other)}
        assert set(client.peers) - unheard == (set(joined) | rung) - unheard, here

    def _hears(self, member: Member) -> bool:
        """Whether the first device of a member has a wire, and is logged in."""
        number = member.devices[0].number
        theirs = self.sockets[number]
        return theirs.ready and theirs.socket == number

    def _check_pair(self, client: Client, other: Member, *, due: bool) -> None:
        """The transport between a client and a joined member."""
        if not self._hears(other):
            return
        theirs = self.sockets[other.devices[0].number]
        mine, its = client.peers.get(theirs.user), theirs.peers.get(client.user)
        pair = f"{client.name}: {mine}, {theirs.name}: {its}"
        assert mine is not None, pair
        assert (its is not None) is due, pair
        assert its is None or (mine.epoch, mine.offerer) == (its.epoch, not its.offerer), pair
