"""`Calling`: the client of the calling API, in the model of Tencent's TRTCCalling.

```python
calling = Calling(hub="wss://hub.local:8443", media=media)
calling.on(Event.INVITED, lambda payload: print(payload["sponsor"]))
await calling.login(user_id="door", user_sig=token)
call_id = await calling.call(user_id="indoor", type=CallType.VIDEO, timeout=30)
```
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from typing import Any

from intercom import phases as ph
from intercom import protocol as p
from intercom.errors import CallingError, Code
from intercom.media import Media
from intercom.phases import State, state_of
from intercom.protocol import CallType
from intercom.session import Session
from intercom.transport import View

QUALITIES = ("240p", "360p", "480p", "720p", "1080p")


class Calling(Session):
    """One user of the hub. Methods raise CallingError, with the cause and the remedy."""

    @property
    def state(self) -> State:
        """Where the present call stands."""
        return state_of(self.phase)

    @property
    def call_id(self) -> str:
        """The present call, or an empty string."""
        return self.phase.call_id

    @classmethod
    def create(cls, hub: str, **options: Any) -> Calling:
        """Make a client; the same as the constructor, under TRTCCalling's name."""
        return cls(hub, **options)

    # -- login -------------------------------------------------------------------------------

    async def login(self, user_id: str, user_sig: str) -> None:
        """Log in; the connection then keeps itself up until `logout`.

        Raises LoginError when the hub refuses the token, CallingError when there is no hub.
        """
        if not p.is_user_id(user_id):
            raise _bad(f'user ID "{user_id}"', "1 to 64 letters, digits, - or _")
        self.user_id = user_id
        self.start_media()
        try:
            await self.link.login(user_id, user_sig)
        except BaseException:
            self.user_id = ""
            await self.stop_media()
            raise

    async def logout(self) -> None:
        """Leave the call and the hub; release the devices. Legal at any time."""
        self.feed(ph.HungUp())
        await self.link.close(bye=True)
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
        self._need_login()
        if not p.is_user_id(user_id):
            raise _bad(f'user ID "{user_id}"', "1 to 64 letters, digits, - or _")
        if not 1 <= timeout <= 300:
            raise _bad(f"timeout {timeout}", "1 to 300 seconds")
        invite = p.Invite(
            self.link.next_request(),
            secrets.token_urlsafe(16),
            user_id,
            CallType(type),
            timeout=timeout,
            early_media=early_media,
            video=type == CallType.VIDEO,
            data=data,
        )
        self.feed(ph.Dialed(invite, self.user_id))
        try:
            await self.link.answer(invite.req)
        except CallingError:
            self.feed(ph.DialFailed(invite.call_id))
            raise
        return invite.call_id

    async def accept(self, call_id: str | None = None) -> None:
        """Take the call that rings."""
        self._need_login()
        req = self.link.next_request()
        self.feed(ph.Answered(req, call_id))
        accepted = self.phase.call_id
        try:
            await self.link.answer(req)
        except CallingError:
            self.feed(ph.AnswerFailed(accepted))
            raise

    async def reject(self, call_id: str | None = None, busy: bool = False) -> None:
        """Refuse the call that rings; `busy` shows it to the inviter as a busy line."""
        self.feed(ph.Refused(call_id, busy))

    async def hangup(self) -> None:
        """In a call: leave. Ringing out: cancel. Ringing in: reject. Idle: nothing."""
        self.feed(ph.HungUp())

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
            raise _bad(f"a text of {len(text)} characters", "1 to 500")
        await self._request(lambda req, call_id: p.SendText(req, call_id, text))

    async def open_door(self) -> None:
        """Open the door, if the hub says that this user may."""
        await self._request(p.OpenDoor)

    # -- media -------------------------------------------------------------------------------

    async def open_camera(self) -> None:
        """Send our picture in the present call."""
        self.feed(ph.Opened(video=True))

    async def close_camera(self) -> None:
        """Stop sending our picture, and release the camera."""
        self.feed(ph.Opened(video=False))

    async def set_mic_mute(self, muted: bool) -> None:
        """Send silence instead of the microphone, or not, in the present call."""
        self.feed(ph.Opened(audio=not muted))

    @property
    def muted(self) -> bool:
        """Whether our microphone is muted in the present call."""
        return not getattr(self.phase, "audio", True)

    async def start_local_view(self, view: View) -> None:
        """Show our own picture there."""
        self._media().local_view(view)

    async def stop_local_view(self) -> None:
        """Show our own picture nowhere."""
        self._media().local_view(None)

    async def start_remote_view(self, user_id: str, view: View) -> None:
        """Show `user_id`'s picture there, from now on."""
        self.transport.view(user_id, view)

    async def stop_remote_view(self, user_id: str) -> None:
        """Show `user_id`'s picture nowhere."""
        self.transport.view(user_id, None)

    async def set_video_quality(self, quality: str) -> None:
        """Set the size of the picture that we send: 240p, 360p, 480p, 720p or 1080p."""
        if quality not in QUALITIES:
            raise _bad(f'video quality "{quality}"', ", ".join(QUALITIES))
        await self._media().set_quality(quality)

    async def get_cameras(self) -> list[tuple[str, str]]:
        """Return (ID, name) of each camera."""
        return list(await asyncio.to_thread(self._media().cameras))

    async def get_microphones(self) -> list[tuple[str, str]]:
        """Return (ID, name) of each microphone."""
        return list(await asyncio.to_thread(self._media().microphones))

    async def switch_device(self, kind: str, device_id: str) -> None:
        """Use another camera (kind "camera") or microphone ("microphone"), in a call too."""
        if kind not in {"camera", "microphone"}:
            raise _bad(f'device kind "{kind}"', "camera, microphone")
        await self._media().switch_device(kind, device_id)

    # -- inside ------------------------------------------------------------------------------

    def _media(self) -> Media:
        if self.media is None:
            raise CallingError(Code.NO_WEBRTC, "this client has no media: give Calling a Media")
        return self.media

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


def _bad(what: str, allowed: str) -> CallingError:
    return CallingError(Code.BAD_PARAMETER, f"{what} cannot be used; allowed: {allowed}")
