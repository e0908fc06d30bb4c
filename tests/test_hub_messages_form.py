"""Forms in which a visitor's message comes: what is wrong with one is said, and uses no call up."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable

import aiohttp
import pytest

from intercom.errors import Code
from intercom.hub import messages_form, messages_http
from intercom.hub.server import Hub
from intercom.protocol import MESSAGE_PARTS

from .hub_rig import Visitors
from .messages_rig import PICTURE, SOUND, Answer, Http, check, http_to, in_vain

CALL = "call-0001"


@pytest.fixture
async def visitors(hub: Hub) -> AsyncIterator[Visitors]:
    """Raw connections to the hub."""
    async with Visitors(hub) as made:
        yield made


@pytest.fixture
async def http(hub: Hub) -> AsyncIterator[Http]:
    """Requests to the hub."""
    async with http_to(hub) as made:
        yield made


def form(*parts: tuple[str, bytes]) -> aiohttp.FormData:
    made = aiohttp.FormData()
    for name, data in parts:
        made.add_field(name, io.BytesIO(data), filename="x")
    return made


BOUNDARY = {"Content-Type": "multipart/form-data; boundary=xx"}
PART = b'--xx\r\nContent-Disposition: form-data; name="sound"\r\n'
FORMS = {
    "twice the same": (form(("sound", SOUND), ("sound", SOUND)), {}, "one sound"),
    "another part": (form(("sound", SOUND), ("virus", b"x")), {}, "one sound"),
    "no WAV": (form(("sound", b"<html>")), {}, "no audio/wav"),
    "no JPEG": (form(("picture", b"<html>")), {}, "no image/jpeg"),
    "JSON": (b"{}", {"Content-Type": "application/json"}, "multipart"),
    "nothing": (b"", {}, "multipart"),
    "no boundary": (b"x", {"Content-Type": "multipart/form-data"}, "multipart"),
    "no form": (b"hello", BOUNDARY, ""),
    "cut off": (PART + b"\r\nRIFF", BOUNDARY, ""),
    "cut off in the header": (PART, BOUNDARY, ""),
    "a length that lies": (PART + b"Content-Length: 9\r\n\r\nRIFF\r\n--xx--\r\n", BOUNDARY, ""),
    "a length that is none": (PART + b"Content-Length: x\r\n\r\nRIFF\r\n--xx--\r\n", BOUNDARY, ""),
    "a form in the form": (
        b"--xx\r\nContent-Type: multipart/mixed; boundary=yy\r\n\r\n"
        b"--yy\r\n\r\nx\r\n--yy--\r\n--xx--",
        BOUNDARY,
        "one sound",
    ),
}


@pytest.mark.parametrize(("data", "headers", "words"), FORMS.values(), ids=FORMS.keys())
async def test_what_is_no_message_is_refused_and_does_not_use_the_call_up(
    visitors: Visitors,
    http: Http,
    data: aiohttp.FormData | bytes,
    headers: dict[str, str],
    words: str,
) -> None:
    await in_vain(visitors, CALL)
    answer = await http.ask("POST", f"/messages?calls={CALL}", "door", data=data, headers=headers)
    assert answer.status == 400, answer
    assert words in answer.json["msg"]
    assert (await http.leave("door", CALL)).status == 201


@pytest.mark.parametrize("part", ["sound.wav", "picture.jpg"])
async def test_what_is_too_big_is_refused_whether_it_says_so_or_not(
    visitors: Visitors, http: Http, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_vain(visitors, CALL)
    name = "sound" if part == "sound.wav" else "picture"
    start = SOUND[:44] if name == "sound" else PICTURE[:20]
    whole = start + bytes(MESSAGE_PARTS[part] - len(start))
    answer = await http.ask(
        "POST", f"/messages?calls={CALL}", "door", data=form((name, whole + b"x"))
    )
    check(answer, 413, Code.BAD_PARAMETER, "too big")
    url = f"/messages?calls={CALL}"
    huge = await http.ask(
        "POST", url, "door", data=form((name, whole * (6 if name != "sound" else 2)))
    )
    check(huge, 413, Code.BAD_PARAMETER, "too big")
    assert (await http.ask("POST", url, "door", data=form((name, whole)))).status == 201


async def until_it_is(status: int, ask: Callable[[], Awaitable[Answer]]) -> None:
    """Ask until the hub answers so."""
    async with asyncio.timeout(10):
        while (await ask()).status != status:
            pass


async def test_one_who_goes_while_it_uploads_may_try_again(
    visitors: Visitors, http: Http, hub: Hub
) -> None:
    await in_vain(visitors, CALL)
    [token] = http.token("door").values()
    head = (
        f"POST /messages?calls={CALL} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\n"
        "Content-Type: multipart/form-data; boundary=xx\r\nContent-Length: 9999\r\n\r\n"
    )
    _, writer = await asyncio.open_connection("127.0.0.1", hub.port)
    writer.write(head.encode() + PART + b"\r\nRIFF")
    await until_it_is(409, lambda: http.leave("door", CALL, b"no sound"))
    writer.transport.abort()
    await until_it_is(201, lambda: http.leave("door", CALL))


async def test_an_upload_that_takes_too_long_is_ended(
    visitors: Visitors, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages_http, "UPLOAD_SECONDS", 0.2)
    await in_vain(visitors, CALL)

    async def slow() -> AsyncIterator[bytes]:
        yield PART + b"\r\nRIFF"
        await asyncio.sleep(1.0)
        yield b"WAVE"

    url = f"/messages?calls={CALL}"
    answer = await http.ask("POST", url, "door", data=slow(), headers=BOUNDARY)
    check(answer, 408, Code.PROTOCOL, "took more than")
    monkeypatch.setattr(messages_http, "UPLOAD_SECONDS", 20)
    assert (await http.leave("door", CALL)).status == 201


# aiohttp warns of heads that it cannot read, and takes the part for one without a name
@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionHeader")
@pytest.mark.filterwarnings("ignore::aiohttp.BadContentDispositionParam")
async def test_a_form_that_is_cut_off_anywhere_is_refused(visitors: Visitors, http: Http) -> None:
    await in_vain(visitors, CALL)
    whole = PART + b"Content-Type: audio/wav\r\n\r\n" + SOUND[:60] + b"\r\n--xx--"
    url = f"/messages?calls={CALL}"
    for length in range(len(whole)):
        cut = whole[:length]
        answer = await http.ask("POST", url, "door", data=cut, headers=BOUNDARY)
        assert answer.status == 400, (cut, answer)
        assert answer.json["code"] in {int(Code.PROTOCOL), int(Code.BAD_PARAMETER)}
    assert (await http.ask("POST", url, "door", data=whole, headers=BOUNDARY)).status == 201


def test_the_limits_are_those_of_the_manual() -> None:
    assert MESSAGE_PARTS == {"sound.wav": 4 * 2**20, "picture.jpg": 2**20}
    assert set(messages_form.TYPES) == set(messages_form.BEGINS) == set(MESSAGE_PARTS)
