"""What a client asks of its hub over HTTP, with the link's certificate check and token."""

from __future__ import annotations

import io
from collections.abc import Mapping

import aiohttp
import msgspec

from intercom.errors import CallingError, Code
from intercom.link import Tls

CONNECT_SECONDS, TOTAL_SECONDS = 5.0, 60.0


class _Refusal(msgspec.Struct):
    """What the hub says when it says no."""

    code: int
    msg: str


class HubHttp:
    """The hub at `url`, that of its WebSocket; `user_sig` is set by a login.

    `tls`: as for the link.
    """

    def __init__(self, url: str, tls: Tls) -> None:
        self.user_sig = ""
        base = url.rstrip("/").removesuffix("/ws")
        self._base = "http" + base.removeprefix("ws")
        self._tls = tls

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, tuple[str, bytes]] | None = None,
        most: int = 64 * 1024,
    ) -> bytes:
        """Return the answer's body, at most `most` bytes; `form` are (content type, file) by name.

        Raises CallingError: with the hub's words, or HUB_UNREACHABLE.
        """
        timeout = aiohttp.ClientTimeout(total=TOTAL_SECONDS, sock_connect=CONNECT_SECONDS)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as http,
                http.request(
                    method,
                    self._base + path,
                    params=query,
                    data=None if form is None else _written(form),
                    headers={"Authorization": f"Bearer {self.user_sig}"},
                    ssl=self._tls or True,
                    allow_redirects=False,
                ) as response,
            ):
                body = await _limited(response, most)
        except (aiohttp.ClientError, OSError) as error:
            raise CallingError(
                Code.HUB_UNREACHABLE, f"the hub at {self._base} did not answer: {error!r}"
            ) from None
        if 200 <= response.status < 300:
            return body
        raise _refused(response.status, body)


def _written(form: Mapping[str, tuple[str, bytes]]) -> aiohttp.FormData:
    data = aiohttp.FormData()
    for name, (content_type, file) in form.items():
        data.add_field(name, io.BytesIO(file), content_type=content_type, filename=name)
    return data


async def _limited(response: aiohttp.ClientResponse, most: int) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > most:
            raise CallingError(Code.PROTOCOL, f"the hub answers with more than {most} bytes")
    return bytes(body)


def _refused(status: int, body: bytes) -> CallingError:
    try:
        refusal = msgspec.json.decode(body, type=_Refusal)
        return CallingError(Code(refusal.code), refusal.msg)
    except (msgspec.DecodeError, ValueError):  # a proxy's page, or a code of a newer hub
        return CallingError(Code.PROTOCOL, f"the hub refuses with HTTP status {status}")
