"""An exchange with its sockets, its clock and its timers in the test's hand."""

from __future__ import annotations

from typing import TypeVar

import msgspec
import pytest

from intercom import protocol as p
from intercom.config import GroupConfig, HubConfig, UserConfig
from intercom.errors import Code, ProtocolError
from intercom.hub import calls as hc
from intercom.hub.accounts import Accounts
from intercom.hub.exchange import Exchange
from intercom.hub.keys import Keys

C1, C2, C3 = "call-0001", "call-0002", "call-0003"
PHONE, TABLET = "mum/1", "mum/2"
M = TypeVar("M", bound=p.Message)


def invite(*callees: str, call_id: str = C1, **more: object) -> p.Invite:
    """An invitation of one, or (`group`) of several."""
    raw = {"req": 1, "call_id": call_id, "user_ids": callees, "type": 2, **more}
    return msgspec.convert(raw, p.Invite)


def config(**more: object) -> HubConfig:
    """A house: a door, a family with a group, and two desks."""
    users = {
        "door": UserConfig(name="Front door", may_call=("indoor", "desk", "family")),
        "indoor": UserConfig(name="Kitchen", open_door=True),
        "desk": UserConfig(),
        "ann": UserConfig(),
        "bob": UserConfig(),
        "cem": UserConfig(),
        "mum": UserConfig(multi_device=True),
    }
    groups = {
        "family": GroupConfig(members=("ann", "bob", "mum")),
        "ward": GroupConfig(members=("ann", "bob", "cem", "mum"), mode="conference"),
        "alone": GroupConfig(members=("ann",)),
    }
    raw = {"users": users, "groups": groups} | more
    return HubConfig(**raw)  # type: ignore[arg-type]  # any of its keys


class Hub:
    """A hub of `config`; a device is named as its user, or "user/more" if it has several."""

    def __init__(self, keys: Keys, settings: HubConfig) -> None:
        self.exchange = Exchange(Accounts(settings, keys), settings.ring_max)
        self.now = 1000.0
        self.sockets: dict[str, int] = {}
        self.secrets: dict[str, str] = {}
        self.said: dict[int, list[p.HubMessage]] = {}
        self.closed: list[int] = []
        self.timers: dict[tuple[str, str], float] = {}
        self.facts: list[hc.Fact] = []

    def login(self, device: str, resumes: str = "", call_id: str = "") -> int:
        """Connect a client; `resumes` is the secret it kept. Return its socket."""
        number = len(self.said) + 1
        self.said[number] = []
        self.sockets[device], self.secrets[device] = number, f"secret of {number}"
        user = device.partition("/")[0]
        self.feed(hc.LoggedIn(number, user, self.secrets[device], resumes, call_id))
        return number

    def back(self, device: str, call_id: str = "") -> None:
        """Let the same client come back."""
        self.login(device, self.secrets[device], call_id)

    def lose(self, device: str) -> None:
        """Let the client's socket end."""
        self.feed(hc.Detached(self.sockets[device]))

    def do(self, device: str, message: p.ClientMessage) -> None:
        """Let the client say something."""
        self.feed(hc.Received(self.sockets[device], message))

    def wait(self, seconds: float) -> None:
        """Let time pass, and timers go off."""
        end = self.now + seconds
        while due := sorted((at, key) for key, at in self.timers.items() if at <= end):
            self.now, key = due[0]
            del self.timers[key]
            self.feed(hc.TimerFired(key))
        self.now = end

    def feed(self, event: hc.Input) -> None:
        """Give the exchange an event, and do what it says."""
        for effect in self.exchange.feed(event, self.now):
            match effect:
                case hc.SendTo(session=number, message=message):
                    self.said[number].append(message)
                case hc.CloseSession(session=number):
                    self.closed.append(number)
                case hc.StartTimer(key=key, seconds=seconds):
                    self.timers[key] = self.now + seconds
                case hc.StopTimer(key=key):
                    self.timers.pop(key, None)
                case hc.Opened() | hc.AnsweredBy() | hc.Finished():
                    self.facts.append(effect)

    @property
    def records(self) -> list[hc.Finished]:
        """The calls that are over."""
        return [fact for fact in self.facts if isinstance(fact, hc.Finished)]

    def news(self, device: str) -> list[p.HubMessage]:
        """Return what the client heard since the last look."""
        heard, self.said[self.sockets[device]] = self.said[self.sockets[device]], []
        return heard

    def hush(self) -> None:
        """Forget what everybody heard."""
        for number in self.said:
            self.said[number] = []

    def silent(self) -> bool:
        """Tell whether nobody heard anything since the last look."""
        return not any(self.said.values())

    def one(self, device: str, kind: type[M]) -> M:
        """Return the one message of that kind in the client's news."""
        [message] = [m for m in self.news(device) if isinstance(m, kind)]
        return message

    def refused(self, device: str, message: p.ClientMessage) -> Code:
        """Return the code with which the hub refuses that, and see that nothing changed."""
        before = self._everything()
        with pytest.raises(ProtocolError) as error:
            self.do(device, message)
        assert self._everything() == before
        return error.value.code

    def _everything(self) -> str:
        # Sessions compare by identity: their text says whether one has changed.
        return repr((self.exchange.calls, self.exchange.claims, self.timers, self.facts, self.said))


def parties(record: hc.Finished) -> dict[str, tuple[str, bool, int]]:
    """What became of each party of a record."""
    return {q.user_id: (q.outcome, q.rang, q.seconds) for q in record.parties}


def house(keys: Keys, **more: object) -> Hub:
    """A hub with everybody at home, one with two devices."""
    hub = Hub(keys, config(**more))
    for device in ("door", "indoor", "desk", "ann", "bob", "cem", "mum/1", "mum/2"):
        hub.login(device)
    hub.hush()
    return hub


def ring(hub: Hub) -> Hub:
    """The door rings the kitchen."""
    hub.do("door", invite("indoor", early_media=True, data="hello"))
    hub.do("indoor", p.Ringing(C1))
    return hub


def connect(hub: Hub) -> Hub:
    """Door and kitchen talk."""
    ring(hub).do("indoor", p.Accept(2, C1))
    hub.hush()
    return hub


def ring_mum(hub: Hub) -> Hub:
    """The kitchen rings mum's phone and tablet; the phone was the first to say so."""
    hub.do("indoor", invite("mum"))
    for device in (PHONE, TABLET):
        hub.do(device, p.Ringing(C1))
    hub.hush()
    return hub
