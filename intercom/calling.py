"""`Calling`: the client of the calling API, in the model of Tencent's TRTCCalling.

```python
calling = Calling(hub="wss://hub.local:8443", media=media)
calling.on(Event.INVITED, lambda payload: print(payload["sponsor"]))
await calling.login(user_id="door", user_sig=token)
call_id = await calling.call(user_id="indoor", type=CallType.VIDEO, timeout=30)
```
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from typing import Any

from intercom import phases as ph
from intercom import protocol as p
from intercom.calling_media import bad
from intercom.calling_messages import CallingMessages
from intercom.enroll.key import DeviceKey
from intercom.errors import CallingError, Code
from intercom.phases import State, state_of
from intercom.protocol import CallType


class Calling(CallingMessages):
    """One user of the hub. Methods raise CallingError, with the cause and the remedy."""

    @property
    def state(self) -> State:
        """Where the present call stands."""
        return state_of(self.phase)

    @property
    def call_id(self) -> str:
        """The present call, or an empty string."""
        return self.phase.call_id

    @property
    def members(self) -> list[str]:
        """Who else is in the present call."""
        phase = self.phase
        return [o.user_id for o in phase.joined] if isinstance(phase, ph.Connected) else []

    @property
    def invitees(self) -> list[str]:
        """Who is being rung into the present call."""
        phase = self.phase
        return list(phase.invitees) if isinstance(phase, ph.Calling | ph.Connected) else []

    @classmethod
    def create(cls, hub: str, **options: Any) -> Calling:
        """Make a client; the same as the constructor, under TRTCCalling's name."""
        return cls(hub, **options)

    # -- login -------------------------------------------------------------------------------

    async def login(self, user_id: str, user_sig: str | DeviceKey) -> None:
        """Log in, by a token or the key of an enrolled device.

        The connection then keeps itself up until `logout`. Raises LoginError when the hub refuses
        the token or device, CallingError when there is no hub.
        """
        if not p.is_user_id(user_id):
            raise bad(f'user ID "{user_id}"', "1 to 64 letters, digits, - or _")
        # By a key it is known after each login, see Session.
        self.user_id, self.http.user_sig = user_id, user_sig if isinstance(user_sig, str) else ""
        self.start_media()
        try:
            await self.link.login(user_id, user_sig)
        except BaseException:
            self.user_id = ""
            await self.stop_media()
            raise

    async def logout(self) -> None:
        """Leave the call and the hub; release the devices. Legal at any time."""
        await self.link.close(bye=True)  # what there is to leave, the hub leaves at that
        self.feed(ph.HungUp())
        await self.stop_media()
        self._stop_grace()
        self.close()

    # -- calls -------------------------------------------------------------------------------

    async def call(
        self,
        user_id: str,
        type: CallType = CallType.VIDEO,
        timeout: int = 30,  # noqa: ASYNC109 (how long it rings, not how long this waits)
        early_media: bool = False,
        data: str = "",
    ) -> str:
        """Ring `user_id` for at most `timeout` seconds; return the call's ID.

        `early_media` (a door station's) shows our picture while it rings there. Returns when the
        hub has taken the call; what becomes of it is told by events.
        """
        return await self._dial([user_id], type, timeout, early_media=early_media, data=data)

    async def group_call(
        self,
        user_ids: Iterable[str] = (),
        *,
        type: CallType = CallType.VIDEO,
        group_id: str = "",
        timeout: int = 30,  # noqa: ASYNC109 (how long it rings, not how long this waits)
        early_media: bool = False,
        data: str = "",
    ) -> str:
        """Ring several at once; return the call's ID. In a call: ring them into it.

        With `group_id`, a group that the hub knows: its members, or of those `user_ids`; whether
        all who accept join, or the first one has it, is the group's mode.
        """
        users = list(dict.fromkeys(user_ids))
        if isinstance(self.phase, ph.Connected | ph.Calling):
            return await self._add(users, group_id, timeout, data)
        options = {"group": True, "group_id": group_id, "early_media": early_media, "data": data}
        return await self._dial(users, type, timeout, **options)

    async def join(self, call_id: str = "") -> str:
        """Take part in a running call; return its ID.

        Without a `call_id`, the one that another device of this user is in: it moves here.
        """
        self._need_login()
        req = self.link.next_request()
        self.feed(ph.JoinAsked(req, call_id))
        try:
            await self.link.answer(req)
        except BaseException:  # also when nobody waits for it any more
            self.feed(ph.JoinFailed())
            raise
        return self.call_id

    async def accept(self, call_id: str | None = None) -> None:
        """Take the call that rings."""
        self._need_login()
        req = self.link.next_request()
        self.feed(ph.Answered(req, call_id))
        accepted = self.phase.call_id
        try:
            await self.link.answer(req)
        except BaseException:  # also when nobody waits for it any more
            self.feed(ph.AnswerFailed(accepted))
            raise

    async def reject(self, call_id: str | None = None, busy: bool = False) -> None:
        """Refuse the call that rings; `busy` shows it to the inviter as a busy line."""
        self.feed(ph.Refused(call_id, busy))

    async def hangup(self) -> None:
        """In a call: leave. Ringing out: cancel. Ringing in: reject. Idle: nothing."""
        self.feed(ph.HungUp())

    async def seen(self, call_ids: Iterable[str]) -> None:
        """Say that these missed calls were shown: MISSED_CALLS tells of them no more."""
        self._need_login()
        self.link.send(p.Seen(list(call_ids)))

    async def switch_call_type(self, type: CallType) -> None:
        """Switch to audio, or to video when the other side consents (else CallingError)."""
        await self._request(lambda req, call_id: p.SwitchType(req, call_id, CallType(type)))

    async def answer_switch(self, allow: bool) -> None:
        """Consent, or not, to the switch to video that CALL_TYPE_ASKED told of."""
        self._in_call()
        self.link.send(p.SwitchAnswer(self.call_id, allow))

    async def send_text(self, text: str) -> None:
        """Show `text` (1 to 500 characters) at the other side."""
        if not 1 <= len(text) <= 500:
            raise bad(f"a text of {len(text)} characters", "1 to 500")
        await self._request(lambda req, call_id: p.SendText(req, call_id, text))

    async def open_door(self) -> None:
        """Open the door, if the hub says that this user may."""
        await self._request(p.OpenDoor)

    # -- inside ------------------------------------------------------------------------------

    async def _dial(self, user_ids: list[str], type: CallType, seconds: int, **options: Any) -> str:
        self._need_login()
        _check(user_ids, seconds, options.get("group_id", ""))
        invite = p.Invite(
            self.link.next_request(),
            secrets.token_urlsafe(16),
            CallType(type),
            user_ids,
            timeout=seconds,
            video=type == CallType.VIDEO,
            **options,
        )
        self.feed(ph.Dialed(invite, self.user_id))
        try:
            await self.link.answer(invite.req)
        except BaseException:  # also when nobody waits for it any more
            self.feed(ph.DialFailed(invite.call_id))
            raise
        return invite.call_id

    async def _add(self, user_ids: list[str], group_id: str, seconds: int, data: str) -> str:
        _check(user_ids, seconds, group_id)
        req, call_id = self.link.next_request(), self.call_id
        self.link.send(p.Add(req, call_id, user_ids, group_id, seconds, data))
        await self.link.answer(req)
        return call_id

    def _need_login(self) -> None:
        if not self.user_id:
            raise CallingError(Code.NOT_LOGGED_IN, "not logged in at the hub (yet)")

    def _in_call(self) -> None:
        if not isinstance(self.phase, ph.Connected):
            raise CallingError(Code.INVITATION_GONE, "no call is connected")

    async def _request(self, make: Callable[[int, str], p.Request]) -> None:
        self._in_call()
        req = self.link.next_request()
        self.link.send(make(req, self.call_id))
        await self.link.answer(req)


def _check(user_ids: list[str], seconds: int, group_id: str) -> None:
    wrong = next((user for user in user_ids if not p.is_user_id(user)), None)
    if wrong is not None:
        raise bad(f'user ID "{wrong}"', "1 to 64 letters, digits, - or _")
    if group_id and not p.is_user_id(group_id):
        raise bad(f'group ID "{group_id}"', "1 to 64 letters, digits, - or _")
    if not user_ids and not group_id:
        raise bad("a call to nobody", "at least one user ID, or a group ID")
    if len(user_ids) > p.MEMBERS_MAX:
        raise bad(f"a call to {len(user_ids)} users", f"at most {p.MEMBERS_MAX}")
    if not 1 <= seconds <= p.RING_MAX:
        raise bad(f"timeout {seconds}", f"1 to {p.RING_MAX} seconds")
