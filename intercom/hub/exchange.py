"""The hub's decisions: who is in which call. PURE: events in, effects out, no clock, no socket.

The law of this module
----------------------
1. One active call per user: `claims` names it. A claim is set when a call starts to ring and is
   gone when its user is out; nobody is rung or joined without it.
2. A call lives while two members are in it, or its sponsor is and somebody is still rung. What
   breaks that ends it at once, for every member left, once.
3. A member without a socket is kept for LOST_GRACE seconds; only the same client (its secret)
   takes its place in the call up again. Any other login of the user ends the old membership.
4. A message that names a call its sender is not in changes nothing (a request gets error 8010).
5. An event that is refused raises ProtocolError and has changed nothing.
"""

from __future__ import annotations

from intercom import protocol as p
from intercom.errors import Code, ProtocolError
from intercom.hub.calls import (
    SWITCH_GRACE,
    CloseSession,
    Detached,
    Directory,
    Effect,
    Finished,
    HubCall,
    Input,
    LoggedIn,
    Member,
    Received,
    SendTo,
    Session,
    StartTimer,
    StopTimer,
    Switch,
    TimerFired,
)
from intercom.protocol import LOST_GRACE, CallType, Reason


class Exchange:
    """Sessions and calls of one hub; `feed` is the only way in."""

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.sessions: dict[str, Session] = {}
        self.calls: dict[str, HubCall] = {}
        self.claims: dict[str, str] = {}
        self._by_number: dict[int, Session] = {}
        self._out: list[Effect] = []
        self._now = 0.0

    def feed(self, event: Input, now: float) -> list[Effect]:
        """Take one event at `now` (monotonic seconds); return what to do, in order.

        Raises ProtocolError, with nothing changed, for a request that is refused.
        """
        self._out, self._now = [], now
        match event:
            case LoggedIn():
                self._login(event)
            case Received(session=number, message=message) if number in self._by_number:
                self._message(self._by_number[number], message)
            case Detached(session=number) if number in self._by_number:
                self._detach(self._by_number[number])
            case TimerFired(key=(kind, name)):
                self._timer(kind, name)
        return self._out

    # -- sessions ----------------------------------------------------------------------------

    def _login(self, event: LoggedIn) -> None:
        old = self.sessions.get(event.user_id)
        same = old is not None and event.resumes == old.secret
        call = self._call_of(event.user_id)
        kept = call if same and call is not None and call.call_id == event.call_id else None
        if old is not None:
            if old.attached and not same:
                self._say(old.user_id, p.Kicked("logged in elsewhere"))
            self._out.append(CloseSession(old.number))
            self._by_number.pop(old.number, None)
        if call is not None and kept is None:
            self._drop(call, event.user_id, Reason.LOST if same or not old else Reason.KICKED)
        session = Session(event.session, event.user_id, event.secret)
        self.sessions[event.user_id] = self._by_number[event.session] = session
        others = [m.user_id for m in kept.members.values()] if kept else []
        welcome = p.Welcome(
            event.version,
            event.secret,
            call_id=kept.call_id if kept else "",
            ice_servers=list(event.ice_servers),
            names={event.user_id: self.directory.name(event.user_id)} | self._names(others),
        )
        self._say(event.user_id, welcome)
        if kept is not None:
            self._resume(kept, kept.members[event.user_id])

    def _resume(self, call: HubCall, member: Member) -> None:
        """Tell a member that is back what it may have missed."""
        member.lost = False
        self._out.append(StopTimer(("lost", member.user_id)))
        if not member.joined:
            self._say(member.user_id, self._invitation(call))
            return
        for other in call.others(member.user_id):
            self._say(
                member.user_id,
                p.Accepted(call.call_id, other.user_id, video=other.video, audio=other.audio),
            )
        if call.answered is not None:
            self._say(member.user_id, p.TypeChanged(call.call_id, call.type, call.type))

    def _detach(self, session: Session) -> None:
        del self._by_number[session.number]
        session.attached = False
        call = self._call_of(session.user_id)
        if call is None:
            del self.sessions[session.user_id]
            return
        call.members[session.user_id].lost = True
        self._out.append(StartTimer(("lost", session.user_id), LOST_GRACE))

    def _bye(self, session: Session) -> None:
        call = self._call_of(session.user_id)
        if call is not None:
            self._drop(call, session.user_id, Reason.HANGUP)
        self._out.append(CloseSession(session.number))
        del self._by_number[session.number]
        del self.sessions[session.user_id]

    # -- messages ----------------------------------------------------------------------------

    def _message(self, session: Session, message: p.ClientMessage) -> None:
        user = session.user_id
        match message:
            case p.Ping():
                self._say(user, p.Pong())
            case p.Bye():
                self._bye(session)
            case p.Invite():
                self._invite(session, message)
            case p.Hello():
                raise ProtocolError("hello is the first message of a connection, and only that")
            case _:
                self._in_call(session, message)

    def _in_call(self, session: Session, message: p.ClientMessage) -> None:
        user = session.user_id
        call = self._call_of(user)
        if call is None or call.call_id != getattr(message, "call_id", ""):
            if isinstance(message, p.Request):
                raise ProtocolError("that call is over", Code.INVITATION_GONE)
            return
        member = call.members[user]
        match message:
            case p.Ringing() if not member.joined and not member.rang:
                member.rang = True
                self._say(call.sponsor, p.Rang(call.call_id, user))
            case p.Accept():
                self._accept(call, member, message)
            case p.Reject() if not member.joined:
                self._reject(call, user, message.busy)
            case p.Reject() | p.Hangup():
                reason = getattr(message, "reason", Reason.HANGUP)
                self._drop(call, user, reason)
            case p.Signal(user_id=to, epoch=epoch, body=body) if to in call.members and to != user:
                self._say(to, p.Signaled(call.call_id, user, epoch, body))
            case p.Available():
                member.video, member.audio = message.video, message.audio
                self._available(call, member)
            case _:
                self._connected(session, call, message)

    def _connected(self, session: Session, call: HubCall, message: p.ClientMessage) -> None:
        user = session.user_id
        if call.answered is None or not call.members[user].joined:
            if isinstance(message, p.Request):
                raise ProtocolError("the call is not answered yet", Code.INVITATION_GONE)
            return
        match message:
            case p.SwitchType():
                self._switch(session, call, message)
            case p.SwitchAnswer() if call.switch is not None and call.switch.user_id != user:
                self._switched(call, allow=message.allow)
            case p.SendText(text=text):
                for other in call.others(user):
                    self._say(other.user_id, p.Texted(call.call_id, user, text))
                self._say(user, p.Ok(message.req))
            case p.OpenDoor():
                refused = self.directory.refuse_door(user)
                if refused is not None:
                    raise ProtocolError(refused, Code.NOT_PERMITTED)
                opened = p.DoorOpened(call.call_id, user, self.directory.door_seconds())
                for member in call.others(""):
                    self._say(member.user_id, opened)
                self._say(user, p.Ok(message.req))

    # -- inviting ----------------------------------------------------------------------------

    def _invite(self, session: Session, invite: p.Invite) -> None:
        user, callee = session.user_id, invite.user_id
        self._check(user, invite)
        crossing = self._crossing(user, callee)
        if crossing is not None:
            self._merge(crossing, session, invite)
            return
        if user in self.claims:
            raise ProtocolError(
                "you are in a call, or being called: end it first", Code.ALREADY_IN_CALL
            )
        self._say(user, p.Ok(invite.req))
        call = self._new_call(user, invite)
        if callee not in self.sessions:
            self._say(user, p.NoResponse(call.call_id, [callee], "offline"))
            self._finish(call, callee, Reason.OFFLINE)
        elif callee in self.claims:
            busy = p.Busy(call.call_id, user, callee)
            self._say(user, busy)
            self._say(callee, busy)
            self._finish(call, callee, Reason.LINE_BUSY)
        else:
            call.members[callee] = Member(callee, joined=False)
            self.claims[callee] = call.call_id
            self._out.append(StartTimer(("ring", call.call_id), invite.timeout))
            self._say(callee, self._invitation(call))

    def _check(self, user: str, invite: p.Invite) -> None:
        callee = invite.user_id
        if invite.call_id in self.calls and self.calls[invite.call_id].sponsor != user:
            raise ProtocolError("this call ID is taken: make a random one", Code.BAD_PARAMETER)
        if callee == user:
            raise ProtocolError("nobody can call himself: name another user", Code.BAD_PARAMETER)
        if not self.directory.exists(callee):
            raise ProtocolError(
                f'no user "{callee}" at this hub: check the ID, or add it under [hub.users]',
                Code.UNKNOWN_USER,
            )
        refused = self.directory.refuse_call(user, callee)
        if refused is not None:
            raise ProtocolError(refused, Code.NOT_PERMITTED)

    def _new_call(self, user: str, invite: p.Invite) -> HubCall:
        call = HubCall(
            invite.call_id,
            user,
            invite.user_id,
            invite.type,
            invite.early_media,
            invite.data,
            started=self._now,
            deadline=self._now + invite.timeout,
        )
        call.members[user] = Member(user, joined=True, video=invite.video, audio=invite.audio)
        self.calls[call.call_id] = call
        self.claims[user] = call.call_id
        return call

    def _invitation(self, call: HubCall) -> p.Invited:
        sponsor = call.members[call.sponsor]
        return p.Invited(
            call.call_id,
            call.sponsor,
            [call.callee],
            call.type,
            timeout=round(max(call.deadline - self._now, 0.0), 1),
            early_media=call.early_media,
            video=sponsor.video,
            audio=sponsor.audio,
            data=call.data,
            name=self.directory.name(call.sponsor),
        )

    def _crossing(self, user: str, callee: str) -> HubCall | None:
        """Return the call in which `callee` rings `user` right now."""
        call = self._call_of(user)
        if call is None or call.sponsor != callee or call.members[user].joined:
            return None
        return call

    def _merge(self, theirs: HubCall, session: Session, invite: p.Invite) -> None:
        """Glare: the lower call ID stays, and the other call's inviter is answered into it."""
        user, peer = session.user_id, theirs.sponsor
        self._say(user, p.Ok(invite.req))
        self._out.append(StopTimer(("ring", theirs.call_id)))
        old = theirs.call_id
        if invite.call_id < old:
            del self.calls[old]
            theirs.call_id, theirs.sponsor, theirs.callee = invite.call_id, user, peer
            self.calls[invite.call_id] = theirs
            self.claims[user] = self.claims[peer] = invite.call_id
        me = theirs.members[user] = Member(
            user, joined=True, video=invite.video, audio=invite.audio
        )
        theirs.type = max(theirs.type, invite.type)
        theirs.answered = self._now
        for whom, own_id, other in (
            (user, invite.call_id, theirs.members[peer]),
            (peer, old, me),
        ):
            merged = p.Merged(
                theirs.call_id,
                own_id,
                other.user_id,
                theirs.sponsor,
                theirs.type,
                video=other.video,
                audio=other.audio,
            )
            self._say(whom, merged)

    # -- answering and leaving ---------------------------------------------------------------

    def _accept(self, call: HubCall, member: Member, message: p.Accept) -> None:
        if member.joined:
            raise ProtocolError("that call is already answered", Code.INVITATION_GONE)
        member.joined, member.video, member.audio = True, message.video, message.audio
        call.answered = self._now
        self._out.append(StopTimer(("ring", call.call_id)))
        self._say(member.user_id, p.Ok(message.req))
        accepted = p.Accepted(call.call_id, member.user_id, video=member.video, audio=member.audio)
        for joined in call.others(""):
            self._say(joined.user_id, accepted)
        for other in call.others(member.user_id):
            self._say(
                member.user_id,
                p.PeerAvailable(call.call_id, other.user_id, other.video, other.audio),
            )

    def _reject(self, call: HubCall, user: str, busy: bool) -> None:
        if busy:
            self._say(call.sponsor, p.Busy(call.call_id, call.sponsor, user))
        else:
            self._say(call.sponsor, p.Rejected(call.call_id, user))
        self._release(call, user)
        self._finish(call, user, Reason.LINE_BUSY if busy else Reason.REJECT)

    def _drop(self, call: HubCall, user: str, reason: Reason) -> None:
        """Take a member out, whatever it was doing; end the call when too few are left."""
        was = call.members[user]
        self._release(call, user)
        if call.answered is not None:
            for other in call.others(user):
                self._say(other.user_id, p.Left(call.call_id, user, reason))
        if reason is Reason.HANGUP and call.answered is None:
            reason = Reason.CANCELED if was.joined else Reason.REJECT
        self._finish(call, user, reason)

    def _release(self, call: HubCall, user: str) -> None:
        del call.members[user]
        del self.claims[user]
        self._out.append(StopTimer(("lost", user)))
        session = self.sessions.get(user)
        if session is not None and not session.attached:
            del self.sessions[user]

    def _finish(self, call: HubCall, ended_by: str, reason: Reason) -> None:
        """End the call for everybody who is still in it, once."""
        del self.calls[call.call_id]
        self._out.append(StopTimer(("ring", call.call_id)))
        self._fail_switch(call)
        seconds = call.seconds(self._now)
        ended = p.Ended(call.call_id, ended_by, reason, seconds)
        for user in list(call.members):
            self._say(user, ended)
            self._release(call, user)
        self._out.append(
            Finished(
                call.call_id,
                call.sponsor,
                call.callee,
                call.type,
                reason,
                ended_by,
                rung=(call.answered or self._now) - call.started,
                duration=seconds,
                answered=call.answered is not None,
            )
        )

    # -- in a call ---------------------------------------------------------------------------

    def _available(self, call: HubCall, member: Member) -> None:
        told = p.PeerAvailable(call.call_id, member.user_id, member.video, member.audio)
        for other in call.members.values():
            if other.user_id != member.user_id:
                self._say(other.user_id, told)

    def _switch(self, session: Session, call: HubCall, message: p.SwitchType) -> None:
        if message.type is call.type:
            self._say(session.user_id, p.Ok(message.req))
            return
        if call.switch is not None:
            raise ProtocolError(
                "a switch to video is being asked already", Code.SWITCH_TO_VIDEO_FAILED
            )
        call.switch = Switch(session.user_id, session.number, message.req)
        if message.type is CallType.AUDIO:
            self._switched(call, allow=True)
            return
        asked = p.TypeAsked(call.call_id, session.user_id, message.type)
        for other in call.others(session.user_id):
            self._say(other.user_id, asked)
        self._out.append(StartTimer(("switch", call.call_id), SWITCH_GRACE))

    def _switched(self, call: HubCall, allow: bool) -> None:
        if not allow:
            self._fail_switch(call)
            return
        switch, call.switch = call.switch, None
        self._out.append(StopTimer(("switch", call.call_id)))
        old = call.type
        call.type = CallType.AUDIO if old is CallType.VIDEO else CallType.VIDEO
        if switch is not None:
            self._say(switch.user_id, p.Ok(switch.req), number=switch.session)
        for member in call.others(""):
            self._say(member.user_id, p.TypeChanged(call.call_id, old, call.type))

    def _fail_switch(self, call: HubCall) -> None:
        switch, call.switch = call.switch, None
        if switch is None:
            return
        self._out.append(StopTimer(("switch", call.call_id)))
        failed = p.Error(
            switch.req, Code.SWITCH_TO_VIDEO_FAILED, "the other side did not agree to video"
        )
        self._say(switch.user_id, failed, number=switch.session)

    # -- timers and small things -------------------------------------------------------------

    def _timer(self, kind: str, name: str) -> None:
        match kind:
            case "ring" if name in self.calls and self.calls[name].answered is None:
                call = self.calls[name]
                self._say(call.sponsor, p.NoResponse(name, [call.callee], "timeout"))
                self._finish(call, call.callee, Reason.NO_RESPONSE)
            case "lost":
                lost = self._call_of(name)
                if lost is not None and lost.members[name].lost:
                    self._drop(lost, name, Reason.LOST)
            case "switch" if name in self.calls:
                self._fail_switch(self.calls[name])

    def _call_of(self, user_id: str) -> HubCall | None:
        call_id = self.claims.get(user_id)
        return None if call_id is None else self.calls[call_id]

    def _names(self, users: list[str]) -> dict[str, str]:
        return {user: self.directory.name(user) for user in users}

    def _say(self, user_id: str, message: p.HubMessage, number: int | None = None) -> None:
        session = self.sessions.get(user_id)
        if session is not None and session.attached and number in {None, session.number}:
            self._out.append(SendTo(session.number, message))
