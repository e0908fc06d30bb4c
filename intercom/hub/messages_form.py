"""The form in which a visitor's message comes, read and checked."""

from __future__ import annotations

import re
from collections.abc import Sequence

import aiohttp
from aiohttp import BodyPartReader, web
from aiohttp.http import HttpProcessingError

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub.messages import MessageError
from intercom.protocol import MESSAGE_PARTS

PARTS = {"sound": "sound.wav", "picture": "picture.jpg"}
"""The names of a form's parts, and of the files they become."""
TYPES = {"sound.wav": "audio/wav", "picture.jpg": "image/jpeg"}
BEGINS = {
    "sound.wav": re.compile(rb"RIFF....WAVE", re.DOTALL),
    "picture.jpg": re.compile(rb"\xff\xd8\xff"),
}
"""What a file of each kind begins with."""
CALLS_MAX = 16
CHUNK = 64 * 1024

MALFORMED = (ValueError, AssertionError, HttpProcessingError, aiohttp.ClientPayloadError)
"""What aiohttp raises for a form that is none."""


def call_ids(text: str) -> Sequence[str]:
    """Return the calls that are named; raises MessageError when that is no list of calls."""
    calls = text.split(",")
    if len(calls) > CALLS_MAX or not all(re.match(p.CALL_ID, call) for call in calls):
        raise MessageError(
            400, Code.BAD_PARAMETER, f"calls must be 1 to {CALLS_MAX} call IDs, with commas between"
        )
    return calls


async def received(request: web.Request) -> dict[str, bytes]:
    """Return the files of the form, by name; raises MessageError for what is wrong with them."""
    if (request.content_length or 0) > sum(MESSAGE_PARTS.values()) + CHUNK:
        raise _too_big("message", sum(MESSAGE_PARTS.values()))
    try:
        found = await _form(request)
    except MALFORMED as error:
        raise MessageError(400, Code.PROTOCOL, f"no multipart form: {str(error)[:100]}") from None
    for name, data in found.items():
        if not BEGINS[name].match(data):
            raise MessageError(400, Code.BAD_PARAMETER, f"that is no {TYPES[name]} for {name}")
    if not found:
        raise MessageError(400, Code.BAD_PARAMETER, "a message has a sound, a picture or both")
    return found


async def _form(request: web.Request) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    async for part in await request.multipart():
        name = PARTS.get(part.name or "") if isinstance(part, BodyPartReader) else None
        if name is None or name in found or not isinstance(part, BodyPartReader):
            raise MessageError(400, Code.BAD_PARAMETER, "a message has one sound and one picture")
        found[name] = await _limited(part, name)
    return found


async def _limited(part: BodyPartReader, name: str) -> bytes:
    data = bytearray()
    while chunk := await part.read_chunk(CHUNK):
        data += chunk
        if len(data) > MESSAGE_PARTS[name]:
            raise _too_big(name, MESSAGE_PARTS[name])
    return bytes(data)


def _too_big(what: str, limit: int) -> MessageError:
    return MessageError(413, Code.BAD_PARAMETER, f"{what} is too big: at most {limit // 1024} KiB")
