"""The part of `Calling` that is about messages left with calls that nobody took."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from intercom.calling_media import CallingMedia, bad
from intercom.errors import CallingError, Code
from intercom.protocol import CALL_ID, MESSAGE_PARTS


class _Left(msgspec.Struct):
    id: str


class CallingMessages(CallingMedia):
    """Leave a message, see and hear it, delete it. Methods raise CallingError."""

    async def leave_message(
        self, call_ids: Sequence[str], sound: bytes = b"", picture: bytes = b""
    ) -> str:
        """Leave a message with calls of ours that nobody took; return its ID.

        `sound` is a WAV file, `picture` a JPEG; one of them may be empty. All who were rung get it,
        each call has one at most, and it must come within ten minutes after the call.
        """
        wrong = next((call for call in call_ids if not re.match(CALL_ID, call)), None)
        if wrong is not None or not call_ids:
            raise bad(f'call ID "{wrong or ""}"', "those of calls that nobody took")
        parts = {"sound": ("audio/wav", sound), "picture": ("image/jpeg", picture)}
        form = {name: part for name, part in parts.items() if part[1]}
        if not form:
            raise bad("a message without sound and picture", "one of them, or both")
        query = {"calls": ",".join(call_ids)}
        body = await self.http.request("POST", "/messages", query=query, form=form)
        try:
            return msgspec.json.decode(body, type=_Left).id
        except (msgspec.DecodeError, UnicodeError):
            raise CallingError(Code.PROTOCOL, "the hub's answer is not understood") from None

    async def fetch_message(self, message_id: str) -> tuple[bytes, bytes]:
        """Return a message's sound (WAV) and picture (JPEG); empty what it does not have."""
        where = f"/messages/{quote(message_id, safe='')}"
        sound = await self._part(f"{where}/sound.wav", MESSAGE_PARTS["sound.wav"])
        picture = await self._part(f"{where}/picture.jpg", MESSAGE_PARTS["picture.jpg"])
        if not sound and not picture:
            raise CallingError(Code.INVITATION_GONE, "there is no such message (any more)")
        return sound, picture

    async def delete_message(self, message_id: str) -> None:
        """Delete a message, for this user; others that it is for keep it."""
        await self.http.request("DELETE", f"/messages/{quote(message_id, safe='')}")

    async def _part(self, path: str, most: int) -> bytes:
        try:
            return await self.http.request("GET", path, most=most)
        except CallingError as error:
            if error.code is not Code.INVITATION_GONE:
                raise
            return b""
