"""Enrolment over real TLS: who has the code comes in, once; who sits in between does not."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import aiohttp
import msgspec
import pytest
from aiohttp import web
from msgspec.structs import replace

from intercom.demo.stage import free_port
from intercom.enroll import client, store, wire
from intercom.enroll.code import parse
from intercom.enroll.errors import CodeRefused, NotReachable, NotTrusted
from intercom.enroll.key import DeviceKey, KeyFileError
from intercom.enroll.store import Enrolled
from intercom.hub import enroll_http
from intercom.hub.devices_book import WRONG_MAX
from intercom.hub.enroll_nonces import LIFETIME, MOST, Nonces
from intercom.hub.tls import server_context

from .enroll_rig import House, Raw, house, man_in_the_middle, with_other_secret


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    """A hub."""
    async with house(tmp_path) as made:
        yield made


@pytest.fixture
def raw(home: House) -> Raw:
    """A station that sends what it is told to."""
    return Raw(home, DeviceKey.load_or_make(home.key_file("raw")))


async def test_a_station_is_enrolled_by_a_code_and_logs_in_by_its_key(home: House) -> None:
    code = home.invite()
    enrolled = await home.enroll(code.lower().replace("-", " "))
    assert enrolled == Enrolled(
        url=f"wss://{home.address}",
        pin=home.hub.pin,
        user="door",
        device=DeviceKey.load(home.key_file()).device,
        user_name="Front door",
    )
    assert store.read(home.key_file().with_name(store.FILE)) == enrolled
    assert home.key_file().stat().st_mode & 0o777 == 0o600
    async with home.client(enrolled) as calling:
        await home.login(calling)


async def test_nothing_of_the_code_is_logged(home: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    code = home.invite()
    with pytest.raises(NotTrusted):
        await home.enroll(with_other_secret(code))
    await home.enroll(code)
    secret = code.replace("-", "")[3:15]
    assert caplog.records
    assert not any(secret in r.getMessage() or code in r.getMessage() for r in caplog.records)


# -- once -------------------------------------------------------------------------------------


async def test_a_code_is_good_for_one_device(home: House) -> None:
    code = home.invite()
    await home.enroll(code, "first")
    with pytest.raises(CodeRefused, match="used"):
        await home.enroll(code, "second")
    assert home.devices() == ["door"]


async def test_the_same_device_may_use_it_again(home: House) -> None:
    """Power went, or the answer was lost, before it could remember."""
    code = home.invite()
    first = await home.enroll(code)
    home.key_file().with_name(store.FILE).unlink()
    assert await home.enroll(code) == first
    assert home.devices() == ["door"]


async def test_of_many_at_once_one_comes_in(home: House) -> None:
    code = home.invite()
    tried = [home.enroll(code, f"station{number}") for number in range(5)]
    ends = await asyncio.gather(*tried, return_exceptions=True)
    assert sum(isinstance(end, Enrolled) for end in ends) == 1, ends
    assert sum(isinstance(end, CodeRefused) for end in ends) == 4
    assert home.devices() == ["door"]


async def test_a_code_expires_and_is_told_from_one_that_never_was(home: House) -> None:
    code = home.invite(seconds=0)
    with pytest.raises(CodeRefused, match="expired"):
        await home.enroll(code)
    with pytest.raises(CodeRefused, match="no code of this hub"):
        await home.enroll("0000-0000-0000-0000")
    with pytest.raises(CodeRefused, match="slip"):
        await home.enroll("0000-0000-0000-0001")
    assert home.devices() == []


async def test_a_user_who_is_gone_gets_no_device(tmp_path: Path) -> None:
    async with house(tmp_path) as home:
        code = home.invite("nobody")
        with pytest.raises(CodeRefused, match='no user "nobody"'):
            await home.enroll(code)
        assert home.devices() == []


# -- in between -------------------------------------------------------------------------------


async def test_a_man_in_the_middle_gets_nothing_and_nobody_is_enrolled(
    home: House, tmp_path: Path
) -> None:
    code = home.invite()
    async with man_in_the_middle(home.hub, tmp_path / "mitm") as address:
        with pytest.raises(NotTrusted, match="certificate of its own"):
            await home.enroll(code, hub=address)
    assert home.devices() == []
    assert not home.key_file().with_name(store.FILE).exists()
    assert (await home.enroll(code)).pin == home.hub.pin  # the right way, it still works


async def test_the_login_of_a_device_cannot_be_passed_on(home: House, tmp_path: Path) -> None:
    """Even if the station trusted him: what it signs names his certificate."""
    enrolled = await home.enroll(home.invite())
    async with man_in_the_middle(home.hub, tmp_path / "mitm") as address:
        _, pin = server_context("", "", tmp_path / "mitm")
        fooled = replace(enrolled, url=f"wss://{address}", pin=pin)
        async with home.client(fooled) as calling:
            with pytest.raises(Exception, match="another certificate than this hub's"):
                await home.login(calling)


@contextlib.asynccontextmanager
async def liar(folder: Path, welcome: bytes) -> AsyncIterator[str]:
    """Somebody who says what a hub says, without having the code; where."""

    async def answer(request: web.Request) -> web.Response:
        asked = wire.decode(await request.read())
        body = msgspec.json.encode(wire.Nonce(b"n" * 16))
        return web.Response(body=body if isinstance(asked, wire.Ask) else welcome)

    app = web.Application()
    app.router.add_post("/enroll", answer)
    async with serving(app, folder) as where:
        yield where


async def test_a_hub_that_does_not_know_the_code_is_none(home: House, tmp_path: Path) -> None:
    welcome = msgspec.json.encode(wire.Welcome(b"p" * 32, "door", "Front door", own=True))
    async with liar(tmp_path / "liar", welcome) as address:
        with pytest.raises(NotTrusted, match="does not know the code"):
            await home.enroll(home.invite(), hub=address)
    assert not home.key_file().with_name(store.FILE).exists()


@pytest.mark.parametrize("welcome", [b"", b"{}", b"[" * 4000, b"\xff", b"x" * 100_000])
async def test_a_hub_that_talks_nonsense_is_none(
    home: House, tmp_path: Path, welcome: bytes
) -> None:
    async with liar(tmp_path / "liar", welcome) as address:
        with pytest.raises(NotReachable):
            await home.enroll(home.invite(), hub=address)


async def test_two_hubs_do_not_know_each_others_codes_and_devices(tmp_path: Path) -> None:
    async with house(tmp_path / "one") as one, house(tmp_path / "two") as two:
        code = one.invite()
        with pytest.raises(CodeRefused, match="no code of this hub"):
            await one.enroll(code, hub=two.address)
        enrolled = await one.enroll(code)
        elsewhere = replace(enrolled, url=f"wss://{two.address}", pin=two.hub.pin)
        async with one.client(elsewhere) as calling:
            with pytest.raises(Exception, match="not enrolled at this hub"):
                await one.login(calling)
        # One key may be enrolled at both; each login is for one of them all the same.
        await one.enroll(two.invite("desk"), hub=two.address)
        async with one.client(enrolled) as calling:
            await one.login(calling)


# -- wrong proofs -----------------------------------------------------------------------------


async def test_a_few_wrong_proofs_make_a_code_void(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enroll_http, "ADDRESS_BURST", 100.0)
    async with house(tmp_path) as home:
        code, other = home.invite(), home.invite("indoor")
        for left in range(WRONG_MAX - 1, 0, -1):
            with pytest.raises(NotTrusted, match=f"{left} more attempts"):
                await home.enroll(with_other_secret(code))
        with pytest.raises(NotTrusted, match="void now"):
            await home.enroll(with_other_secret(code))
        with pytest.raises(CodeRefused, match="void"):
            await home.enroll(code)
        assert (await home.enroll(other)).user == "indoor"  # another code is not touched by it


async def test_who_tries_often_has_to_wait(home: House, raw: Raw) -> None:
    async def tries() -> list[int]:
        return [(await raw.post(wire.Ask(1, "000")))[0] for _ in range(30)]

    statuses = await tries()
    assert statuses[:10] == [200] * 10
    assert statuses[-1] == 429
    with pytest.raises(NotReachable, match="wait a little"):
        await home.enroll(home.invite())


async def test_a_proof_is_good_once(home: House, raw: Raw) -> None:
    code = home.invite()
    said = await raw.proof(code)
    assert (await raw.post(said))[0] == 200
    status, body = await raw.post(said)
    assert status == 409, body
    fresh = await raw.nonce(parse(code))
    assert (await raw.post(replace(said, hub_nonce=fresh)))[0] == 403
    assert home.devices() == ["door"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"station_nonce": b"t" * 16}, 403),
        ({"public": b"Q" * 32}, 403),
        ({"name": "other"}, 403),
        ({"proof": b"p" * 32}, 403),
        ({"hub_nonce": b"h" * 16}, 409),
        ({"id": "000"}, 410),
        ({"signature": b"s" * 64}, 400),
    ],
)
async def test_whatever_is_changed_is_seen(
    home: House, raw: Raw, change: dict[str, object], status: int
) -> None:
    said = await raw.proof(home.invite(), lambda said: replace(said, **change))
    answered, body = await raw.post(said)
    assert answered == status, body
    assert msgspec.json.decode(body, type=wire.Refusal).msg
    assert home.devices() == []


async def test_nobody_enrolls_the_key_of_another(home: House, raw: Raw) -> None:
    """A public key is no secret: whoever has a code could else take a device from its user."""
    victim = await home.enroll(home.invite())
    public = DeviceKey.load(home.key_file()).public
    thief = Raw(home, cast("DeviceKey", SimpleNamespace(public=public, private=raw.key.private)))
    status, body = await thief.post(await thief.proof(home.invite("indoor")))
    assert status == 400, body
    assert home.devices() == ["door"]
    async with home.client(victim) as calling:
        await home.login(calling)


BODIES = {
    "nothing": b"",
    "no JSON": b"hello",
    "no object": b"[]",
    "unknown": b'{"t":"dance","v":1}',
    "no version": b'{"t":"ask","id":"000"}',
    "a newer version": b'{"t":"ask","v":2,"id":"000"}',
    "an ID of other letters": b'{"t":"ask","v":1,"id":"0OO"}',
    "an ID too long": b'{"t":"ask","v":1,"id":"0000"}',
    "deep": b'{"t":' + b"[" * 3000,
    "not UTF-8": b'{"t":"\xff"}',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_what_is_not_understood_is_named(raw: Raw, body: bytes) -> None:
    status, answer = await raw.post(body)
    assert status == 400
    assert "not understood" in msgspec.json.decode(answer, type=wire.Refusal).msg


async def test_what_is_too_long_is_not_read(raw: Raw) -> None:
    assert (await raw.post(b"x" * (wire.MAX_BYTES + 1)))[0] == 413


# -- the hub that is not there, or of another kind ----------------------------------------------


@pytest.mark.parametrize("kind", ["nobody", "no TLS", "no hub", "silent"])
async def test_what_is_no_hub_is_told_and_may_be_tried_again(
    home: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str
) -> None:
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.3)
    code = home.invite()
    async with contextlib.AsyncExitStack() as stack:
        if kind == "no hub":
            where = await stack.enter_async_context(serving(web.Application(), tmp_path / "other"))
        else:
            where = f"127.0.0.1:{free_port()}"
        if kind in {"no TLS", "silent"}:
            wait, port = asyncio.Event(), int(where.rpartition(":")[2])

            async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                if kind == "no TLS":
                    await reader.read(10)
                    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
                else:
                    await wait.wait()
                writer.transport.abort()

            server = await asyncio.start_server(answer, "127.0.0.1", port)
            stack.callback(server.close)
            stack.callback(wait.set)
        with pytest.raises(NotReachable, match=r"127\.0\.0\.1"):
            await home.enroll(code, hub=where)
    await home.enroll(code)  # the hub itself, later, with the same code


@contextlib.asynccontextmanager
async def serving(app: web.Application, folder: Path) -> AsyncIterator[str]:
    """Some other web server, with TLS; where."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    port, (context, _) = free_port(), server_context("", "", folder)
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=context).start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        await runner.cleanup()


async def test_what_a_stranger_says_is_logged_as_one_line(
    home: House, raw: Raw, caplog: pytest.LogCaptureFixture
) -> None:
    """A line that it would add could say that somebody was enrolled."""
    forged = "x\nINFO intercom.hub.enroll_http: enrolled: device aaaa as door\x1b[2J"
    status, body = await raw.post({"t": forged, "v": 1})
    assert status == 400
    assert "enrolled: device" in msgspec.json.decode(body, type=wire.Refusal).msg
    said = [r.getMessage() for r in caplog.records if "enrolled: device" in r.getMessage()]
    assert len(said) == 1
    assert said[0].isprintable()


async def test_what_no_hub_says_drives_no_terminal(tmp_path: Path) -> None:
    async def no(request: web.Request) -> web.Response:
        words = "try \x1b]0;owned\x07\x1b[2Jagain\nEnrolled at wss://hub" + 600 * "x"
        return web.json_response({"code": 1, "msg": words}, status=500)

    app = web.Application()
    app.router.add_post("/enroll", no)
    async with serving(app, tmp_path) as where:
        with pytest.raises(NotReachable, match=r"try .*again Enrolled") as refused:
            await client.enroll(where, "7S97-WC5M-XKE5-B7R3", tmp_path / "device.key")
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) <= 300


async def test_a_hub_on_loopback_needs_no_tls(tmp_path: Path) -> None:
    async with house(tmp_path, listen="127.0.0.1") as home:
        enrolled = await home.enroll(home.invite(), hub=home.hub.url)
        assert (enrolled.url, enrolled.pin) == (home.hub.url, "")
        async with home.client(enrolled) as calling:
            await home.login(calling)


async def test_the_owners_certificate_is_pinned_if_no_authority_vouches_for_it(
    tmp_path: Path, own: tuple[Path, Path]
) -> None:
    cert, key = own
    async with house(tmp_path, tls_cert=str(cert), tls_key=str(key)) as home:
        enrolled = await home.enroll(home.invite())
        assert enrolled.pin == home.hub.pin
        async with home.client(enrolled) as calling:
            await home.login(calling)


async def test_the_owners_certificate_is_not_pinned_if_an_authority_vouches_for_it(
    tmp_path: Path, own: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is renewed each few weeks, and no station may be locked out by that."""
    cert, key = own
    monkeypatch.setenv("SSL_CERT_FILE", str(cert))
    trusting = ssl.create_default_context()
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", trusting)
    async with house(tmp_path, tls_cert=str(cert), tls_key=str(key)) as home:
        enrolled = await home.enroll(home.invite())
        assert enrolled.pin == ""
        async with home.client(enrolled) as calling:
            await home.login(calling)


# -- the station's own faults -------------------------------------------------------------------


async def test_a_station_that_cannot_remember_says_so_and_tries_again(home: House) -> None:
    code = home.invite()
    in_the_way = home.key_file().with_name(store.FILE)
    in_the_way.mkdir(parents=True)
    with pytest.raises(NotReachable, match="try again with the same code"):
        await home.enroll(code)
    in_the_way.rmdir()
    assert (await home.enroll(code)).user == "door"


async def test_a_key_that_is_none_is_told(home: House) -> None:
    home.key_file().parent.mkdir()
    home.key_file().write_text("garbage")
    with pytest.raises(KeyFileError, match="no Ed25519 key"):
        await home.enroll(home.invite())
    assert home.key_file().read_text() == "garbage"


# -- nonces -------------------------------------------------------------------------------------


def test_a_nonce_is_good_once_and_for_a_minute() -> None:
    nonces = Nonces()
    one, other = nonces.make(0.0), nonces.make(1.0)
    assert not nonces.take(one, LIFETIME)
    assert nonces.take(other, LIFETIME)
    assert not nonces.take(other, LIFETIME)
    assert not nonces.take(b"made up", 0.0)


def test_nonces_are_bounded() -> None:
    nonces = Nonces()
    made = [nonces.make(0.0) for _ in range(MOST + 1)]
    assert [nonces.take(nonce, 1.0) for nonce in made] == [False] + [True] * MOST
