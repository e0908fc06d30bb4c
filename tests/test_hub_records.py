"""Records of calls: each leaves one, whatever happens to the process and its disk."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from intercom.hub import records
from intercom.hub.calls import ANSWERED, AnsweredBy, Party
from intercom.hub.records import Records
from intercom.hub.records_schema import MIGRATIONS
from intercom.protocol import MEMBERS_MAX, CallType, Reason

from .records_child import KILLS, WAIT, finished, opened
from .records_rig import CALL, NOW, Hands, call_ids, read, restart, warnings


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path: Path, hands: Hands) -> Iterator[Records]:
    """A store of 365 days that is started."""
    made = Records(tmp_path, 365, hands.clock)
    made.start()
    yield made
    made.close()


def child(mode: str, folder: Path, *before: str) -> tuple[Any, str]:
    """What such a process of records_child saw, and what it logged."""
    command = [*before, sys.executable, "-m", "tests.records_child", mode, str(folder)]
    done = subprocess.run(
        command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=120,
        check=True,
    )  # fmt: skip
    return json.loads(done.stdout), done.stderr


# -- what is written -------------------------------------------------------------------------


def test_a_call_is_written_when_it_begins_is_answered_and_ends(
    tmp_path: Path, store: Records, hands: Hands
) -> None:
    columns = "SELECT call_id, sponsor, type, started, answered_at, ended_at, reason FROM calls"
    parties = "SELECT user_id, outcome, rang, seconds FROM parties"
    store.note(opened(CALL))
    assert store.flush(WAIT)
    began = (CALL, "door", 2, NOW)
    assert read(tmp_path, columns) == [(*began, None, None, None)]
    assert read(tmp_path, parties) == [("indoor", "", 0, 0)]
    hands.wait(2)
    store.note(AnsweredBy(CALL, "indoor"))
    assert store.flush(WAIT)
    assert read(tmp_path, columns) == [(*began, NOW + 2, None, None)]
    assert read(tmp_path, parties) == [("indoor", ANSWERED, 1, 0)]
    hands.wait(5)
    store.note(replace(finished(CALL, ANSWERED), type=CallType.AUDIO))
    assert store.flush(WAIT)
    assert read(tmp_path, columns) == [(CALL, "door", 1, NOW, NOW + 2, NOW + 7, "hangup")]
    assert read(tmp_path, parties) == [("indoor", ANSWERED, 1, 5)]
    assert read(tmp_path, "SELECT rung, duration, ended_by FROM calls") == [(2.0, 5, "door")]


def test_one_who_was_added_is_a_party_like_the_others(tmp_path: Path, store: Records) -> None:
    store.note(replace(opened(CALL), group_id="family", callees=("indoor", "desk")))
    parties = (
        Party("indoor", ANSWERED, rang=True, seconds=5),
        Party("desk", Reason.ANSWERED_ELSEWHERE, rang=True, seconds=0),
        Party("attic", Reason.OFFLINE, rang=False, seconds=0),
    )
    store.note(replace(finished(CALL, ANSWERED), parties=parties))
    assert store.flush(WAIT)
    assert read(tmp_path, "SELECT user_id, outcome FROM parties ORDER BY user_id") == [
        ("attic", "offline"), ("desk", "answered_elsewhere"), ("indoor", ANSWERED),
    ]  # fmt: skip
    assert read(tmp_path, "SELECT group_id FROM calls") == [("family",)]
    assert [call_ids(store, user) for user in ("indoor", "desk", "attic")] == [[], [], [CALL]]


def test_who_comes_in_is_written_at_once_be_it_one_who_was_added(
    tmp_path: Path, store: Records, hands: Hands
) -> None:
    """A hub that is killed leaves what stands in the file."""
    store.note(replace(opened(CALL), callees=("indoor", "desk", "attic")))
    for user in ("desk", "indoor", "garage"):
        hands.wait(2)
        store.note(AnsweredBy(CALL, user))
    assert store.flush(WAIT)
    parties = "SELECT user_id, outcome, seconds FROM parties ORDER BY user_id"
    came = [("desk", ANSWERED, 0), ("garage", ANSWERED, 0), ("indoor", ANSWERED, 0)]
    assert read(tmp_path, parties) == [("attic", "", 0), *came]
    assert read(tmp_path, "SELECT answered_at, rung FROM calls") == [(NOW + 2, 2.0)]
    hands.wait(5)
    store.close()  # it stops, and has the time to write for how long each was in it
    came = [("desk", ANSWERED, 9), ("garage", ANSWERED, 5), ("indoor", ANSWERED, 7)]
    assert read(tmp_path, parties) == [("attic", "", 0), *came]
    assert read(tmp_path, "SELECT reason, duration FROM calls") == [("lost", 9)]


def test_a_call_id_that_comes_again_is_another_call(tmp_path: Path, store: Records) -> None:
    for outcome in (Reason.REJECT, Reason.OFFLINE):
        store.note(opened(CALL))
        store.note(finished(CALL, outcome))
    assert store.flush(WAIT)
    assert read(tmp_path, "SELECT reason FROM calls") == [("reject",), ("offline",)]


def test_a_hub_that_stops_completes_what_goes_on(tmp_path: Path, hands: Hands) -> None:
    store = restart(tmp_path, hands)
    for number in (1, 2):
        store.note(opened(f"call-{number:04d}"))
    hands.wait(3)
    store.note(AnsweredBy("call-0001", "indoor"))
    hands.wait(4)
    store.close()
    store.close()
    assert read(tmp_path, "SELECT call_id, reason, rung, duration, ended_at - started FROM calls") \
        == [("call-0001", "lost", 3.0, 4, 7.0), ("call-0002", "lost", 7.0, 0, 7.0)]  # fmt: skip
    assert read(tmp_path, "SELECT outcome, seconds FROM parties") == [(ANSWERED, 4), ("lost", 0)]
    again = restart(tmp_path, hands)
    assert call_ids(again) == ["call-0002"]
    again.close()


def test_only_the_hubs_user_may_read_it(tmp_path: Path, store: Records) -> None:
    assert {oct(file.stat().st_mode & 0o777) for file in tmp_path.glob("calls.*")} == {"0o600"}


# -- harm ------------------------------------------------------------------------------------


def test_what_was_acknowledged_survives_kills_at_any_moment(tmp_path: Path, hands: Hands) -> None:
    told, _ = child("killed", tmp_path)
    store = restart(tmp_path, hands)
    store.close()
    assert read(tmp_path, "PRAGMA integrity_check") == [("ok",)]
    assert read(tmp_path, "PRAGMA foreign_key_check") == []
    found = dict(read(tmp_path, "SELECT call_id, reason FROM calls"))
    assert told["kills"] == KILLS >= 30
    assert len(told["safe"]) > KILLS
    assert set(told["safe"]) <= set(found)
    assert set(found.values()) == {"lost", "canceled", "hangup"}
    ended = {call for call, fact in told["safe"].items() if fact == "Finished"}
    assert ended
    assert all(found[call] != "lost" for call in ended)
    answered = {call for call, fact in told["safe"].items() if fact == "AnsweredBy"}
    rows = dict(read(tmp_path, "SELECT call_id, answered_at FROM calls"))
    assert all(rows[call] is not None for call in answered)
    assert read(tmp_path, "SELECT count(*) FROM parties WHERE outcome = ''") == [(0,)]


def check_trouble(folder: Path, told: Any, log: str, lost: int) -> None:
    """What is to be true after more calls than are kept: the newest are there."""
    assert told["waiting"] == records.WAITING_MAX
    assert told["lost"] == lost
    assert not told["during"]
    assert told["after"]
    assert told["told"][0] == f"call-{records.WAITING_MAX + 98:05d}"
    assert len(told["told"]) == MEMBERS_MAX
    assert log.count("WARNING calls cannot be recorded") == 1, log
    assert log.count("WARNING calls are recorded again") == 1, log
    assert read(folder, "PRAGMA integrity_check") == [("ok",)]
    found = [call for (call,) in read(folder, "SELECT call_id FROM calls ORDER BY id DESC")]
    newest = [f"call-{number:05d}" for number in range(records.WAITING_MAX + 99)][::-1]
    assert found[: records.WAITING_MAX] == newest[: records.WAITING_MAX]


def test_a_full_disk_stops_no_calls(tmp_path: Path) -> None:
    told, log = child("full", tmp_path)
    assert told["before"]
    check_trouble(tmp_path, told, log, lost=100)
    assert read(tmp_path, "SELECT count(*) FROM calls WHERE call_id = 'call-before'") == [(1,)]


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root writes all")
def test_a_file_that_may_not_be_written_stops_no_calls(tmp_path: Path) -> None:
    drop = ("setpriv", "--bounding-set=-dac_override,-dac_read_search")
    told, log = child("read_only", tmp_path, *(drop if os.geteuid() == 0 else ()))
    assert not told["before"]
    check_trouble(tmp_path, told, log, lost=100)


def damage(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def renew(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")


@pytest.mark.parametrize(
    ("harm", "words"),
    [(damage, "file is not a database"), (renew, "newer intercom"), (Path.mkdir, "unable to open")],
)
def test_a_file_that_is_no_database_of_ours_stops_no_calls(
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    harm: Any,
    words: str,
) -> None:
    monkeypatch.setattr(records, "RETRY", 0.02)
    harm(tmp_path / "calls.db")
    store = Records(tmp_path, 365)
    store.start()
    store.note(opened(CALL))
    store.note(finished(CALL))
    assert call_ids(store) == [CALL]
    assert not store.flush(0.1)
    assert words in warnings(caplog)
    shutil.move(tmp_path / "calls.db", tmp_path / "calls.bad")
    assert store.flush(WAIT)
    store.close()
    assert read(tmp_path, "SELECT call_id, reason FROM calls") == [(CALL, "no_response")]


def test_a_second_hub_does_not_take_our_calls_for_lost(
    tmp_path: Path, store: Records, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    store.note(opened(CALL))
    assert store.flush(WAIT)
    second = restart(tmp_path, hands)
    second.close()
    assert "another hub writes there" in warnings(caplog)
    assert read(tmp_path, "SELECT reason FROM calls") == [(None,)]
