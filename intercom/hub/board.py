"""The hub's books: who is logged in, which calls there are, and who is in which. PURE.

What keeps claims and memberships the same thing stands here and nowhere else: a claim is opened
with a membership and closed with it (`join`, `release`).
"""

from __future__ import annotations

from intercom import protocol as p
from intercom.hub.calls import Directory, Effect, SendTo, StopTimer
from intercom.hub.state import Away, HubCall, Member, Missed, Session


class Board:
    """Sessions, calls and claims of one hub, and the effects of the event being worked on.

    A session without a socket is kept only while it is a device of a call's member.
    """

    def __init__(self, directory: Directory, ring_max: int) -> None:
        self.directory = directory
        self.ring_max = ring_max
        self.sessions: dict[str, list[Session]] = {}
        self.calls: dict[str, HubCall] = {}
        self.claims: dict[str, str] = {}
        self.missed: dict[str, tuple[Missed, ...]] = {}
        self.away: dict[str, Away] = {}
        self.now = 0.0
        self._by_number: dict[int, Session] = {}
        self._out: list[Effect] = []

    def begin(self, now: float) -> list[Effect]:
        """Begin an event at `now` (monotonic seconds); return the list that effects go to."""
        self._out, self.now = [], now
        return self._out

    def do(self, effect: Effect) -> None:
        """Ask the shell for something."""
        self._out.append(effect)

    def tell(self, session: Session | None, message: p.HubMessage) -> None:
        """Tell one device, if it has a socket."""
        if session is not None and session.attached:
            self.do(SendTo(session.number, message))

    def say(self, member: Member, message: p.HubMessage) -> None:
        """Tell a member, at each of its devices in the call."""
        for device in member.devices:
            self.tell(device, message)

    # -- sessions ----------------------------------------------------------------------------

    def session(self, number: int) -> Session | None:
        """Return the session of a socket; None for one that was replaced or logged out."""
        return self._by_number.get(number)

    def open(self, session: Session) -> None:
        """Let the session be one of its user's."""
        self.sessions.setdefault(session.user_id, []).append(session)
        self._by_number[session.number] = session

    def unplug(self, session: Session) -> None:
        """Hear the session's socket no more; one that is in a call is kept itself."""
        self._by_number.pop(session.number, None)
        session.attached = False
        self.forget(session)

    def forget(self, session: Session) -> None:
        """Drop a session that has no socket, unless a call's member needs it to come back."""
        if session.attached or self.member_at(session) is not None:
            return
        rest = [s for s in self.sessions.get(session.user_id, []) if s is not session]
        if rest:
            self.sessions[session.user_id] = rest
        else:
            self.sessions.pop(session.user_id, None)

    # -- calls -------------------------------------------------------------------------------

    def call_of(self, user_id: str) -> HubCall | None:
        """Return the one call that the user is in, be it ringing, at whatever device."""
        call_id = self.claims.get(user_id)
        return None if call_id is None else self.calls[call_id]

    def member_at(self, session: Session) -> Member | None:
        """Return the user's part in its call, if that is at this device."""
        call = self.call_of(session.user_id)
        member = None if call is None else call.members[session.user_id]
        return member if member is not None and session in member.devices else None

    def join(self, call: HubCall, member: Member) -> None:
        """Make a user part of a call; it must be in none."""
        self.calls[call.call_id] = call
        call.members[member.user_id] = member
        self.claims[member.user_id] = call.call_id
        call.part(member.user_id)
        self.forget_away(member.user_id)

    def rename(self, call: HubCall, call_id: str) -> None:
        """Give a call another ID."""
        del self.calls[call.call_id]
        call.call_id = call_id
        self.calls[call_id] = call
        for user in call.members:
            self.claims[user] = call_id

    def release(self, call: HubCall, user: str) -> None:
        """Take a user out of a call; what is left of the call is the caller's business."""
        member = call.members.pop(user)
        del self.claims[user]
        call.part(user).go(self.now)
        self.do(StopTimer(("lost", user)))
        if not member.joined:
            self.do(StopTimer(("ring", user)))
        for device in member.devices:
            self.forget(device)

    def forget_away(self, user: str) -> None:
        """Expect the user back in no call any more."""
        if self.away.pop(user, None) is not None:
            self.do(StopTimer(("away", user)))
