"""The hub as an enrolled station finds it: by its device's key, alone or beside the station."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from intercom import Calling, Event
from intercom.doctor import hub as hub_check
from intercom.doctor import hub_login, relay
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result
from intercom.doctor.running import Running
from intercom.enroll import store
from intercom.enroll.key import DeviceKey
from intercom.hub import greeting
from intercom.link import pinned
from intercom.station.control import Control, Trace
from tests.doctor.patients import patient
from tests.enroll_rig import House, house


@pytest.fixture
async def home(tmp_path: Path) -> AsyncIterator[House]:
    async with house(tmp_path) as made:
        yield made


async def enrolled(home: House, folder: Path) -> Patient:
    """The door, enrolled: its TOML says nothing of the hub."""
    told = await home.enroll(home.invite("door"), "door")
    changes = {
        "hub__url": '""', "station__token": '""', "station__user": '""',
        "station__key_file": f'"{home.key_file("door")}"',
    }  # fmt: skip
    it = patient(folder, changes=changes)
    it.config = store.merged(it.config, told)
    return it


async def looked(it: Patient) -> dict[str, Result]:
    it.memory.clear()
    results = await asyncio.to_thread(lambda: list(hub_check.check(it)))
    return {result.check: result for result in results}


async def test_where_no_station_runs_the_hub_knows_the_device(home: House, tmp_path: Path) -> None:
    it = await enrolled(home, tmp_path)
    lines = await looked(it)
    assert (lines["hub"].verdict, lines["login"].verdict) == ("ok", "ok"), lines
    assert lines["login"].values["device"] == DeviceKey.load(home.key_file("door")).device
    (line,) = await asyncio.to_thread(lambda: list(relay.check(it)))
    assert (line.verdict, "while the station runs" in line.remedy) == ("skipped", True)


async def test_a_hub_that_never_answers_a_login_is_told(
    home: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(*_: object) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr(hub_login, "CHALLENGED", 0.2)
    monkeypatch.setattr(greeting, "_challenge", silent)
    it = await enrolled(home, tmp_path)
    line = (await looked(it))["login"]
    assert (line.verdict, "did not answer a login" in line.text) == ("fault", True), line


async def test_a_station_that_runs_stays_logged_in(home: House, tmp_path: Path) -> None:
    it = await enrolled(home, tmp_path)
    station = Calling(it.config.hub.url, ssl_context=pinned(it.config.hub.tls_pin))
    kicked: list[object] = []
    station.on(Event.KICKED_OUT, kicked.append)
    await station.login("door", DeviceKey.load(home.key_file("door")))

    async def bearer(request: dict[str, object]) -> dict[str, object]:
        assert request == {"do": "bearer"}
        return {"bearer": station.http.user_sig}

    control = Control(tmp_path / "c.sock", Trace(), bearer)
    await control.start()
    try:
        # None: it runs elsewhere, with the same key or as the same user
        for running in (None, Running(1), Running(1, str(tmp_path / "c.sock"), "idle")):
            it.station = running
            line = (await looked(it))["login"]
            assert (line.verdict, line.values["user_id"]) == ("ok", "door"), line
        assert not kicked
        assert station.http.user_sig
    finally:
        await control.close()
        await station.logout()


async def test_a_device_that_was_revoked(home: House, tmp_path: Path) -> None:
    it = await enrolled(home, tmp_path)
    with contextlib.closing(home.book) as book:
        [device] = book.devices()
        book.revoke(device.device)
    for running in (None, Running(1)):
        it.station = running
        async with asyncio.timeout(20):  # the hub looks into its book now and then
            while (line := (await looked(it))["login"]).verdict == "ok":
                pass
        assert (line.verdict, "revoked" in line.text) == ("fault", True), line
        assert "enroll" in line.remedy


async def test_a_station_that_was_never_enrolled(tmp_path: Path) -> None:
    changes = {
        "hub__url": '""', "station__token": '""', "station__user": '""',
        "station__key_file": f'"{tmp_path}/none.key"',
    }  # fmt: skip
    lines = await looked(patient(tmp_path, changes=changes))
    assert (lines["hub"].verdict, "no hub yet" in lines["hub"].text) == ("fault", True)
    assert "intercom enroll" in lines["hub"].remedy
