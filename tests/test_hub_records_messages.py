"""Records of calls know of messages: across restarts, unseen until they were seen, and listed."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from intercom.__main__ import cli
from intercom.hub.calls import Finished, Party
from intercom.hub.records import Records
from intercom.hub.records_schema import MIGRATIONS
from intercom.protocol import Reason

from .records_child import WAIT, finished, opened
from .records_rig import CALL, Hands, call_ids, read, restart

MESSAGE = "M" * 22


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def store(tmp_path: Path, hands: Hands) -> Iterator[Records]:
    made = restart(tmp_path, hands)
    yield made
    made.close()


def call(store: Records, outcome: Reason, call_id: str = CALL) -> Finished:
    """Have a call that was not answered."""
    fact = finished(call_id, outcome)
    store.note(opened(call_id))
    store.note(fact)
    return fact


def told(store: Records, user: str = "indoor") -> dict[str, str]:
    """The messages of the calls that the user is told of."""
    return {missed.call_id: missed.message for missed in store.missed(user, str)}


OUTCOMES = [Reason.NO_RESPONSE, Reason.OFFLINE, Reason.CANCELED, Reason.REJECT, Reason.LINE_BUSY]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_it_is_told_until_it_was_seen_whatever_became_of_the_call(
    tmp_path: Path, store: Records, hands: Hands, outcome: Reason
) -> None:
    fact = call(store, outcome)
    hands.wait(60)
    store.leave(fact, MESSAGE, 60 + fact.rung)
    assert told(store) == {CALL: MESSAGE}
    [missed] = store.missed("indoor", str)
    assert (missed.reason, missed.ago) == (outcome, 62.0)
    store.close()
    assert read(tmp_path, "SELECT call_id, message FROM calls") == [(CALL, MESSAGE)]
    again = restart(tmp_path, hands)
    assert told(again) == {CALL: MESSAGE}
    again.seen("indoor", [CALL])
    again.close()
    last = restart(tmp_path, hands)
    assert told(last) == {}
    last.close()


@pytest.mark.parametrize("flushed", [False, True])
def test_a_call_that_was_seen_already_is_told_again_with_its_message(
    tmp_path: Path, store: Records, hands: Hands, flushed: bool
) -> None:
    fact = call(store, Reason.NO_RESPONSE)
    store.seen("indoor", [CALL])
    if flushed:
        assert store.flush(WAIT)
    store.leave(fact, MESSAGE, 5)
    store.close()
    again = restart(tmp_path, hands)
    assert told(again) == {CALL: MESSAGE}
    again.close()


def test_all_who_were_rung_are_told(tmp_path: Path, store: Records, hands: Hands) -> None:
    parties = tuple(
        Party(user, outcome, rang=True, seconds=0)
        for user, outcome in (("indoor", Reason.NO_RESPONSE), ("desk", Reason.REJECT))
    )
    fact = replace(finished(CALL), parties=parties, group_id="family")
    store.note(replace(opened(CALL), group_id="family"))
    store.note(fact)
    assert call_ids(store, "desk") == []
    store.leave(fact, MESSAGE, 5)
    store.close()
    again = restart(tmp_path, hands)
    assert told(again, "indoor") == told(again, "desk") == {CALL: MESSAGE}
    assert [missed.group_id for missed in again.missed("desk", str)] == ["family"]
    again.seen("indoor", [CALL])
    again.close()
    last = restart(tmp_path, hands)
    assert (told(last, "indoor"), told(last, "desk")) == ({}, {CALL: MESSAGE})
    last.close()


def test_of_two_calls_with_one_id_the_newer_one_has_it(tmp_path: Path, store: Records) -> None:
    call(store, Reason.REJECT)
    fact = call(store, Reason.OFFLINE)
    store.leave(fact, MESSAGE, 5)
    assert store.flush(WAIT)
    rows = read(tmp_path, "SELECT reason, message FROM calls ORDER BY id")
    assert rows == [("reject", ""), ("offline", MESSAGE)]


def old_database(folder: Path) -> None:
    """Records as version 1 wrote them."""
    with closing(sqlite3.connect(folder / "calls.db")) as connection:
        connection.executescript(MIGRATIONS[0])
        connection.execute(
            "INSERT INTO calls VALUES (7, 'call-old1', 'door', '', 2, 1789990000.0, NULL,"
            " 1789990030.0, 'no_response', 'door', 30.0, 0)"
        )
        connection.execute("INSERT INTO parties VALUES (7, 'indoor', 'no_response', 1, 0, 0)")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()


def test_records_of_before_are_kept(tmp_path: Path, hands: Hands) -> None:
    old_database(tmp_path)
    store = restart(tmp_path, hands)
    assert told(store) == {"call-old1": ""}
    fact = call(store, Reason.OFFLINE)
    store.leave(fact, MESSAGE, 5)
    store.close()
    assert read(tmp_path, "PRAGMA user_version") == [(len(MIGRATIONS),)]
    rows = read(tmp_path, "SELECT id, call_id, message FROM calls ORDER BY id")
    assert rows == [(7, "call-old1", ""), (8, CALL, MESSAGE)]
    assert read(tmp_path, "PRAGMA integrity_check") == [("ok",)]


def test_calls_are_listed_with_their_messages(tmp_path: Path, store: Records) -> None:
    call(store, Reason.NO_RESPONSE, "call-0001")
    store.leave(call(store, Reason.NO_RESPONSE, "call-0002"), MESSAGE, 5)
    store.leave(call(store, Reason.OFFLINE, "call-0003"), "D" * 22, 5)
    call(store, Reason.REJECT, "call-0004")
    assert store.flush(WAIT)
    (tmp_path / "messages" / MESSAGE).mkdir(parents=True)  # the other one was deleted
    config = tmp_path / "hub.toml"
    config.write_text(f'[hub]\nlisten = "127.0.0.1"\nstate_dir = "{tmp_path}"\n')
    listed = CliRunner().invoke(cli, ["calls", "--config", str(config), "--json"])
    found = {entry["call_id"]: entry["message"] for entry in json.loads(listed.output)}
    assert found == {"call-0001": "", "call-0002": MESSAGE, "call-0003": "", "call-0004": ""}
    table = CliRunner().invoke(cli, ["calls", "--config", str(config)]).output
    ends = [line.split("s   ")[-1].strip() for line in table.splitlines()[2:]]
    assert ends == ["reject by door", "offline", "no response, with message", "no response"]
