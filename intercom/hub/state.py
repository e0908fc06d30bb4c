"""What the exchange keeps: sessions, calls and their members. PURE."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field

from intercom import protocol as p
from intercom.hub.calls import ANSWERED, Opened, Party
from intercom.protocol import CallType


@dataclass(eq=False)
class Session:
    """One logged-in device. `secret` proves that a later login is the same client.

    `rang`: the call for which it said that it rings.
    """

    number: int
    user_id: str
    secret: str
    attached: bool = True
    rang: str = ""

    def is_of(self, resumes: str) -> bool:
        """Tell, in constant time, whether a client proves to be this session's."""
        return same_secret(self.secret, resumes)


@dataclass(frozen=True)
class Missed:
    """The end of a call, kept for the client that was in it.

    `former_id`: under which the client may know the call that another one was merged into.
    """

    secret: str
    ended: p.Ended
    former_id: str = ""

    def told_to(self, resumes: str, call_id: str) -> bool:
        """Tell whether a client that comes back to `call_id` is to hear of it."""
        known = bool(call_id) and call_id in {self.ended.call_id, self.former_id}
        return known and same_secret(self.secret, resumes)


@dataclass(frozen=True)
class Away:
    """A member that the others of a group call saw leave as lost; its client may come back."""

    call_id: str
    secret: str
    video: bool = True
    audio: bool = True


def same_secret(secret: str, offered: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(secret.encode(), offered.encode())


@dataclass(frozen=True)
class Asked:
    """How somebody was called: by whom, until when (monotonic seconds), and what it was told."""

    inviter: str
    deadline: float
    early_media: bool = False
    data: str = ""


@dataclass
class Member:
    """One user's part in a call: joined with one device, or rung at all of them.

    `lead`: of the devices that ring, the one that the inviter sets a transport up with. `first`:
    the entry that this part began with; its devices may not know yet that it has a higher one.
    """

    user_id: str
    entry: int
    devices: list[Session]
    joined: bool = False
    video: bool = True
    audio: bool = True
    rang: bool = False
    asked: Asked | None = None
    lead: Session | None = None
    first: int = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.entry

    def is_meant(self, entry: int) -> bool:
        """Tell whether what is said of the part `entry` (0: whichever) is said of this one."""
        return entry == 0 or self.first <= entry <= self.entry

    @property
    def lost(self) -> bool:
        """Tell whether none of its devices has a socket."""
        return not any(device.attached for device in self.devices)

    @property
    def inviter(self) -> str:
        """Who called it; empty for the sponsor, and for one that came by itself."""
        return "" if self.asked is None else self.asked.inviter

    @property
    def early(self) -> bool:
        """Tell whether it was promised early media."""
        return self.asked is not None and self.asked.early_media

    def rung_by(self, user_id: str) -> bool:
        """Tell whether it rings because that user called it."""
        return not self.joined and self.inviter == user_id


@dataclass
class Part:
    """What becomes of a party of the call, for the record. `since`: when it came in."""

    outcome: str = ""
    rang: bool = False
    seconds: float = 0.0
    since: float | None = None

    def settle(self, outcome: str) -> None:
        """Note what became of its being called; who was in the call once has answered it."""
        if self.outcome != ANSWERED:
            self.outcome = outcome

    def come(self, now: float) -> None:
        """It is in."""
        self.settle(ANSWERED)
        self.since = now if self.since is None else self.since

    def go(self, now: float) -> None:
        """It is out."""
        if self.since is not None:
            self.seconds, self.since = self.seconds + now - self.since, None


@dataclass(frozen=True)
class Switch:
    """A switch to video that waits for the consent of `waiting`."""

    user_id: str
    session: int
    req: int
    waiting: frozenset[str] = frozenset()


@dataclass
class HubCall:
    """A call, from the invitation to its end. Times are monotonic seconds.

    `group`: more than two may be in it; `first_answer`: not before the first has accepted.
    `former_id`: of the call that was merged into this one.
    """

    call_id: str
    sponsor: str
    type: CallType
    started: float
    opened: Opened
    group: bool = False
    first_answer: bool = False
    members: dict[str, Member] = field(default_factory=dict)
    parts: dict[str, Part] = field(default_factory=dict)
    answered: float | None = None
    switch: Switch | None = None
    entries: int = 0
    former_id: str = ""

    @property
    def conference(self) -> bool:
        """Tell whether all who accept come in."""
        return self.group and not self.first_answer

    def goes_by(self, call_id: str) -> bool:
        """Tell whether a client that is in `call_id` is in this call."""
        return bool(call_id) and call_id in {self.call_id, self.former_id}

    def shows(self, member: Member) -> bool:
        """Tell whether the others get the member's picture: in an audio call, nobody's."""
        return member.video and self.type is CallType.VIDEO

    def next_entry(self) -> int:
        """Number a part in the call; each number is higher than those before."""
        self.entries += 1
        return self.entries

    def joined(self, but: str = "") -> list[Member]:
        """Return the joined members, without the user `but`."""
        return [m for m in self.members.values() if m.joined and m.user_id != but]

    def rung(self) -> list[Member]:
        """Return the members that are still being rung."""
        return [m for m in self.members.values() if not m.joined]

    def part(self, user_id: str) -> Part:
        """Return what the record will say of a user; the sponsor's is not written."""
        return self.parts.setdefault(user_id, Part())

    def parties(self) -> tuple[Party, ...]:
        """Return what became of everybody but the sponsor."""
        return tuple(
            Party(user, part.outcome, part.rang, int(part.seconds))
            for user, part in self.parts.items()
            if user != self.opened.sponsor
        )

    def seconds(self, now: float) -> int:
        """Return the whole seconds that it has been connected."""
        return 0 if self.answered is None else int(now - self.answered)
