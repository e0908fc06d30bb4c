"""What the tests of visitors' messages share: sounds, pictures, and requests with something wrong
in them."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import av
import numpy as np
import numpy.typing as npt

from intercom import protocol as p
from intercom.errors import Code
from intercom.hub.server import Hub
from intercom.media.recorder import KEPT_RATE, wav
from intercom.media.snapshot import jpeg

from .hub_rig import Visitors
from .media_rig import picture

SOUND = wav(b"\x01\x02" * 800, KEPT_RATE)
PICTURE = jpeg(picture())


def heard(sound: bytes) -> tuple[npt.NDArray[np.int16], int]:
    """The samples of a WAV file as FFmpeg reads it, and its rate; it must be mono of 16 bit."""
    with av.open(io.BytesIO(sound), "r") as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.codec_context.channels) == ("pcm_s16le", 1)
        parts = [frame.to_ndarray()[0] for frame in container.decode(stream)]
        return np.concatenate(parts), stream.codec_context.sample_rate


def pitch(samples: npt.NDArray[np.int16], rate: int) -> tuple[float, float]:
    """The frequency that is loudest, in Hz, and the share (0..1) of all power that is near it."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    top = int(np.argmax(power))
    near = power[max(0, top - 5) : top + 6].sum() / max(1.0, power.sum())
    return top * rate / len(samples), float(near)


@dataclass
class Answer:
    """What the hub said."""

    status: int
    headers: dict[str, str]
    body: bytes
    json: dict[str, Any] = field(default_factory=dict)


class Http:
    """Requests to a hub."""

    def __init__(self, hub: Hub, session: aiohttp.ClientSession) -> None:
        self.hub = hub
        self._session = session

    def token(self, user: str | None) -> dict[str, str]:
        """The header with a user's token; without a user, none."""
        if user is None:
            return {}
        return {"Authorization": f"Bearer {self.hub.keys.mint(user, days=1)}"}

    async def ask(self, method: str, path: str, user: str | None = None, **more: Any) -> Answer:
        """Ask as a user."""
        headers = self.token(user) | more.pop("headers", {})
        url = f"http://127.0.0.1:{self.hub.port}{path}"
        async with self._session.request(method, url, headers=headers, **more) as response:
            answer = Answer(response.status, dict(response.headers), await response.read())
            if response.content_type == "application/json":
                answer.json = await response.json()
            return answer

    async def leave(
        self, user: str | None, calls: str, sound: bytes = SOUND, picture: bytes = PICTURE
    ) -> Answer:
        """Leave a message."""
        form = aiohttp.FormData()
        for name, data in (("sound", sound), ("picture", picture)):
            if data:
                form.add_field(name, io.BytesIO(data), filename=name)
        return await self.ask("POST", f"/messages?calls={calls}", user, data=form)


def check(answer: Answer, status: int, code: Code, *words: str) -> None:
    """A refusal says what is wrong, and nobody's secrets."""
    assert (answer.status, answer.json.get("code")) == (status, int(code)), answer
    assert all(word in answer.json["msg"] for word in words), answer


@asynccontextmanager
async def http_to(hub: Hub) -> AsyncIterator[Http]:
    """Requests to a hub, until the end."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        yield Http(hub, session)


async def in_vain(visitors: Visitors, call_id: str, callee: str = "indoor") -> None:
    """Have the door call somebody who is offline."""
    door = await visitors.login("door")
    await door.say(p.Invite(1, call_id, p.CallType.VIDEO, [callee]))
    await door.hear_a(p.Ended)
