"""The hub's books: who is logged in, which calls there are, and who is in which. PURE.

What keeps the books consistent stands here and nowhere else: a claim is opened with a membership
and closed with it (`join`, `release`), and a call ends for all its members at once (`finish`).
"""

from __future__ import annotations

from dataclasses import replace

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub.calls import (
    MISSED_KEPT,
    Directory,
    Effect,
    Finished,
    HubCall,
    Member,
    Missed,
    SendTo,
    Session,
    StartTimer,
    StopTimer,
)
from intercom.protocol import Reason


class Board:
    """Sessions, calls and claims of one hub, and the effects of the event being worked on."""

    def __init__(self, directory: Directory, ring_max: int) -> None:
        self.directory = directory
        self.ring_max = ring_max
        self.sessions: dict[str, Session] = {}
        self.calls: dict[str, HubCall] = {}
        self.claims: dict[str, str] = {}
        self.missed: dict[str, Missed] = {}
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

    def say(self, user_id: str, message: p.HubMessage, number: int | None = None) -> None:
        """Tell a user, if it has a socket (and, with `number`, if it is still that one)."""
        session = self.sessions.get(user_id)
        if session is not None and session.attached and number in {None, session.number}:
            self.do(SendTo(session.number, message))

    # -- sessions ----------------------------------------------------------------------------

    def session(self, number: int) -> Session | None:
        """Return the session of a socket; None for one that was replaced or logged out."""
        return self._by_number.get(number)

    def open(self, session: Session) -> None:
        """Let the session be its user's; an older one must be unplugged."""
        self.sessions[session.user_id] = self._by_number[session.number] = session

    def unplug(self, session: Session) -> None:
        """Hear the session's socket no more; in a call the session itself is kept."""
        self._by_number.pop(session.number, None)
        session.attached = False
        if session.user_id not in self.claims and self.sessions.get(session.user_id) is session:
            del self.sessions[session.user_id]

    # -- calls -------------------------------------------------------------------------------

    def call_of(self, user_id: str) -> HubCall | None:
        """Return the one call that the user is in, be it ringing."""
        call_id = self.claims.get(user_id)
        return None if call_id is None else self.calls[call_id]

    def join(self, call: HubCall, member: Member) -> None:
        """Make a user part of a call; it must be in none."""
        self.calls[call.call_id] = call
        call.members[member.user_id] = member
        self.claims[member.user_id] = call.call_id

    def rename(self, call: HubCall, call_id: str) -> None:
        """Give a call another ID."""
        del self.calls[call.call_id]
        call.call_id = call_id
        self.calls[call_id] = call
        for user in call.members:
            self.claims[user] = call_id

    def release(self, call: HubCall, user: str) -> None:
        """Take a user out of a call; what is left of the call is the caller's business."""
        del call.members[user]
        del self.claims[user]
        self.do(StopTimer(("lost", user)))
        session = self.sessions.get(user)
        if session is not None and not session.attached:
            del self.sessions[user]

    def finish(self, call: HubCall, ended_by: str, reason: Reason) -> None:
        """End a call for everybody who is still in it, once."""
        del self.calls[call.call_id]
        self.do(StopTimer(("ring", call.call_id)))
        self.fail_switch(call)
        seconds = call.seconds(self.now)
        ended = p.Ended(call.call_id, ended_by, reason, seconds)
        for user in list(call.members):
            self.say(user, ended)
            self._keep(user, ended)
            self.release(call, user)
        self.do(
            Finished(
                call.call_id,
                call.sponsor,
                call.callee,
                call.type,
                reason,
                ended_by,
                rung=(self.now if call.answered is None else call.answered) - call.started,
                duration=seconds,
                answered=call.answered is not None,
            )
        )

    def fail_switch(self, call: HubCall) -> None:
        """Give up a switch to video that is being asked, if one is."""
        switch, call.switch = call.switch, None
        if switch is None:
            return
        self.do(StopTimer(("switch", call.call_id)))
        failed = p.Error(
            switch.req, Code.SWITCH_TO_VIDEO_FAILED, "the other side did not agree to video"
        )
        self.say(switch.user_id, failed, number=switch.session)

    # -- ends that somebody may have missed --------------------------------------------------

    def _keep(self, user: str, ended: p.Ended) -> None:
        """Keep the end: a socket that looks alive may have been dead for seconds."""
        self.missed[user] = Missed(self.sessions[user].secret, ended)
        self.do(StartTimer(("missed", user), MISSED_KEPT))

    def missed_end(self, user: str, resumes: str, call_id: str, secret: str) -> p.Ended | None:
        """Return the end of `call_id` for the client that proves to be the one that was in it.

        It is kept under the client's new `secret`; anybody else's login forgets it.
        """
        missed = self.missed.pop(user, None)
        if missed is None or not missed.told_to(resumes, call_id):
            return None
        self.missed[user] = replace(missed, secret=secret)
        return missed.ended
