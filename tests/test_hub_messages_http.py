"""Visitors' messages over real sockets: who may leave one, hear and see and delete it, and not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from intercom import protocol as p
from intercom.config import GroupConfig, HubConfig
from intercom.errors import Code
from intercom.hub import unanswered
from intercom.hub.server import Hub

from .conftest import USERS
from .hub_rig import Visitors, hello
from .messages_rig import PICTURE, SOUND, Http, check, http_to, in_vain
from .test_hub_missed import a_hub, welcomed

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


async def test_who_was_rung_is_told_and_gets_what_was_left(visitors: Visitors, http: Http) -> None:
    await in_vain(visitors, CALL)
    left = await http.leave("door", CALL)
    assert left.status == 201
    message = left.json["id"]
    _, [call] = await welcomed(visitors)
    assert (call.call_id, call.message) == (CALL, message)
    sound = await http.ask("GET", f"/messages/{message}/sound.wav", "indoor")
    picture = await http.ask("GET", f"/messages/{message}/picture.jpg", "indoor")
    assert (sound.status, sound.body) == (200, SOUND)
    assert (picture.status, picture.body) == (200, PICTURE)
    assert sound.headers["Content-Type"] == "audio/wav"
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert sound.headers["X-Content-Type-Options"] == "nosniff"
    assert sound.headers["Cache-Control"] == "no-store"
    assert (await http.ask("DELETE", f"/messages/{message}", "indoor")).status == 204
    gone = await http.ask("GET", f"/messages/{message}/sound.wav", "indoor")
    check(gone, 404, Code.INVITATION_GONE)
    assert [call.message for call in (await welcomed(visitors))[1]] == [""]


async def test_who_is_there_hears_at_once_also_who_refused_or_has_seen_the_call(
    visitors: Visitors, http: Http
) -> None:
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    await door.say(p.Invite(1, CALL, p.CallType.VIDEO, ["indoor"]))
    await indoor.hear_a(p.Invited)
    await indoor.say(p.Reject(CALL))
    await door.hear_a(p.Ended)
    await door.say(p.Invite(2, "call-0002", p.CallType.VIDEO, ["indoor"], timeout=1))
    await indoor.hear_a(p.Invited)
    await door.hear_a(p.Ended)
    await indoor.say(p.Seen(["call-0002"]))
    await indoor.alive()
    left = await http.leave("door", f"{CALL},call-0002")
    told = await indoor.hear_a(p.Missed)
    assert {call.call_id: str(call.reason) for call in told.calls} == {
        CALL: "reject", "call-0002": "no_response",
    }  # fmt: skip
    assert {call.message for call in told.calls} == {left.json["id"]}
    assert {call.name for call in told.calls} == {"Front door"}
    await indoor.say(p.Seen([CALL, "call-0002"]))
    await indoor.alive()
    assert (await welcomed(visitors))[1] == []


async def test_who_refused_and_has_deleted_it_has_missed_nothing(
    visitors: Visitors, http: Http
) -> None:
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    await door.say(p.Invite(1, CALL, p.CallType.VIDEO, ["indoor"]))
    await indoor.hear_a(p.Invited)
    await indoor.say(p.Reject(CALL))
    await door.hear_a(p.Ended)
    message = (await http.leave("door", CALL)).json["id"]
    assert [call.message for call in (await welcomed(visitors))[1]] == [message]
    await http.ask("DELETE", f"/messages/{message}", "indoor")
    assert (await welcomed(visitors))[1] == []


async def test_all_of_a_group_get_it_and_each_deletes_its_own(tmp_path: Path) -> None:
    async with a_hub(tmp_path / "group") as visitors, http_to(visitors.hub) as http:
        door = await visitors.login("door")
        await door.say(p.Invite(1, CALL, p.CallType.VIDEO, group=True, group_id="family"))
        await door.hear_a(p.Ended)
        path = f"/messages/{(await http.leave('door', CALL)).json['id']}"
        for user in ("indoor", "desk"):
            assert (await http.ask("GET", f"{path}/sound.wav", user)).status == 200
            assert (await http.ask("DELETE", path, user)).status == 204
            check(await http.ask("DELETE", path, user), 403, Code.NOT_PERMITTED)
            assert [call.message for call in (await welcomed(visitors, user))[1]] == [""]
        assert (await http.ask("GET", f"{path}/picture.jpg", "shy")).body == PICTURE
        assert (await http.ask("DELETE", path, "shy")).status == 204
        check(await http.ask("DELETE", path, "shy"), 404, Code.INVITATION_GONE)
        assert list((tmp_path / "group" / "messages").iterdir()) == []


async def test_it_survives_a_restart_of_the_hub(tmp_path: Path) -> None:
    folder = tmp_path / "twice"
    async with a_hub(folder) as visitors, http_to(visitors.hub) as http:
        await in_vain(visitors, CALL)
        message = (await http.leave("door", CALL)).json["id"]
    async with a_hub(folder) as visitors, http_to(visitors.hub) as http:
        _, [call] = await welcomed(visitors)
        assert (call.call_id, call.message) == (CALL, message)
        found = await http.ask("GET", f"/messages/{message}/sound.wav", "indoor")
        assert found.body == SOUND
        check(await http.leave("door", CALL), 404, Code.INVITATION_GONE)  # it is forgotten


async def test_nobody_else_may_leave_hear_or_delete(visitors: Visitors, http: Http) -> None:
    await in_vain(visitors, CALL)
    for user in ("indoor", "desk"):
        check(await http.leave(user, CALL), 403, Code.NOT_PERMITTED, "not made by", user)
    check(await http.leave("door", "call-9999"), 404, Code.INVITATION_GONE, "call-9999")
    check(await http.leave("door", f"{CALL},call-9999"), 404, Code.INVITATION_GONE)
    left = await http.leave("door", CALL)  # the tries before have not used it up
    assert left.status == 201
    check(await http.leave("door", CALL), 409, Code.INVITATION_GONE, "already")
    path = f"/messages/{left.json['id']}"
    for user in ("door", "desk"):
        check(await http.ask("GET", f"{path}/sound.wav", user), 403, Code.NOT_PERMITTED)
        check(await http.ask("DELETE", path, user), 403, Code.NOT_PERMITTED)
    assert (await http.ask("GET", f"{path}/sound.wav", "indoor")).status == 200


async def test_an_answered_call_takes_no_message(visitors: Visitors, http: Http) -> None:
    door, indoor = await visitors.login("door"), await visitors.login("indoor")
    await door.say(p.Invite(1, CALL, p.CallType.VIDEO, ["indoor"]))
    await indoor.hear_a(p.Invited)
    check(await http.leave("door", CALL), 404, Code.INVITATION_GONE)  # it rings
    await indoor.say(p.Accept(2, CALL))
    await door.hear_a(p.Accepted)
    await door.say(p.Hangup(CALL))
    await indoor.hear_a(p.Ended)
    check(await http.leave("door", CALL), 404, Code.INVITATION_GONE)


async def test_after_ten_minutes_it_is_too_late(
    visitors: Visitors, http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert unanswered.KEPT == 600
    await in_vain(visitors, CALL)
    monkeypatch.setattr(unanswered, "KEPT", 0.0)
    check(await http.leave("door", CALL), 404, Code.INVITATION_GONE)


async def test_without_a_good_token_nothing_is_told(visitors: Visitors, http: Http) -> None:
    await in_vain(visitors, CALL)
    path = f"/messages/{(await http.leave('door', CALL)).json['id']}"
    expired = {"Authorization": f"Bearer {http.hub.keys.mint('indoor', days=-1)}"}
    stranger = {"Authorization": f"Bearer {http.hub.keys.mint('nobody', days=1)}"}
    [token] = http.token("indoor").values()
    forged = {"Authorization": token[:-8] + "AAAAAAAA"}
    for method, url in (
        ("POST", f"/messages?calls={CALL}"),
        ("GET", f"{path}/sound.wav"),
        ("DELETE", path),
    ):
        ask = [await http.ask(method, url, headers=wrong) for wrong in (
            {}, {"Authorization": ""}, {"Authorization": "Basic aW5kb29yOng="},
            {"Authorization": "Bearer"}, {"Authorization": "Bearer x"},
        )]  # fmt: skip
        for answer in ask[:4]:
            check(answer, 401, Code.NOT_LOGGED_IN)
            assert answer.headers["WWW-Authenticate"] == "Bearer"
        check(ask[4], 401, Code.TOKEN_MALFORMED)
        check(await http.ask(method, url, headers=expired), 401, Code.TOKEN_EXPIRED)
        check(await http.ask(method, url, headers=forged), 401, Code.TOKEN_BAD_SIGNATURE)
        check(await http.ask(method, url, headers=stranger), 401, Code.UNKNOWN_USER)
        check(await http.ask(method, f"{url}{'&' if '?' in url else '?'}token={token}"), 401,
              Code.NOT_LOGGED_IN)  # fmt: skip
        foreign = await http.ask(method, url, "indoor", headers={"Origin": "https://evil.example"})
        assert foreign.status == 403


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/messages", 405),
        ("PUT", "/messages", 405),
        ("DELETE", "/messages", 405),
        ("POST", "/messages/{id}", 405),
        ("PUT", "/messages/{id}/sound.wav", 405),
        ("DELETE", "/messages/{id}/sound.wav", 405),
        ("GET", "/messages/{id}/about.json", 404),
        ("GET", "/messages/{id}/..%2f..%2fhub.key", 404),
        ("GET", "/messages/../hub.key", 404),
        ("GET", "/messages/{id}", 405),
        ("GET", "/messages/short/sound.wav", 404),
        ("GET", "/messages/aaaaaaaaaaaaaaaaaaaaaa/sound.wav", 404),
    ],
)
async def test_there_is_no_other_way_in(
    visitors: Visitors, http: Http, method: str, path: str, status: int
) -> None:
    await in_vain(visitors, CALL)
    message = (await http.leave("door", CALL)).json["id"]
    url = path.replace("{id}", message)
    assert (await http.ask(method, url, "indoor")).status == status


@pytest.mark.parametrize("calls", ["", ",", "short", "call-0001,", "call-0001;call-0002",
                                   ",".join(["call-0001"] * 17), "call-0001%0a"])  # fmt: skip
async def test_what_names_no_calls_is_refused(http: Http, calls: str) -> None:
    check(await http.leave("door", calls), 400, Code.BAD_PARAMETER, "call IDs")


async def test_a_part_may_be_left_out_and_not_both(visitors: Visitors, http: Http) -> None:
    await in_vain(visitors, CALL)
    check(await http.leave("door", CALL, b"", b""), 400, Code.PROTOCOL)
    left = await http.leave("door", CALL, picture=b"")
    path = f"/messages/{left.json['id']}"
    assert (await http.ask("GET", f"{path}/sound.wav", "indoor")).status == 200
    check(await http.ask("GET", f"{path}/picture.jpg", "indoor"), 404, Code.INVITATION_GONE)


async def test_a_hub_that_keeps_no_messages_says_so_and_still_has_calls(tmp_path: Path) -> None:
    groups = {"family": GroupConfig(members=("indoor", "desk"))}
    config = HubConfig(port=0, state_dir=str(tmp_path), users=USERS, groups=groups, messages_mb=0)
    hub = Hub(config)
    await hub.start()
    async with Visitors(hub) as visitors, http_to(hub) as http:
        await in_vain(visitors, CALL)
        check(await http.leave("door", CALL), 507, Code.NO_ROOM, "messages_mb")
        assert [call.message for call in (await welcomed(visitors))[1]] == [""]
    await hub.stop()


async def test_a_place_that_cannot_be_written_is_told_and_stops_nothing(
    visitors: Visitors, http: Http, tmp_path: Path
) -> None:
    (tmp_path / "messages").write_text("in the way")
    await in_vain(visitors, CALL)
    check(await http.leave("door", CALL), 507, Code.NO_ROOM, "cannot write")
    (tmp_path / "messages").unlink()
    assert (await http.leave("door", CALL)).status == 201


async def test_every_device_of_a_user_hears(visitors: Visitors, http: Http, hub: Hub) -> None:
    devices = [await visitors.open() for _ in range(2)]
    hub._config.users["phone"] = USERS["indoor"].__class__(multi_device=True)  # noqa: SLF001
    try:
        for device in devices:
            await device.say(hello(hub, "phone"))
            await device.hear_a(p.Welcome)
        door = await visitors.login("door")
        await door.say(p.Invite(1, CALL, p.CallType.VIDEO, ["phone"], timeout=1))
        await door.hear_a(p.Ended)
        await http.leave("door", CALL)
        for device in devices:
            [call] = (await device.hear_a(p.Missed)).calls
            assert call.call_id == CALL
    finally:
        del hub._config.users["phone"]  # noqa: SLF001
