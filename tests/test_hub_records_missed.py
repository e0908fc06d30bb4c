"""What the records know of missed calls: told at once, and after a restart."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from intercom.hub import missed as missed_calls
from intercom.hub import records
from intercom.hub.calls import Opened, Party
from intercom.protocol import MEMBERS_MAX, CallType, Reason

from .records_child import WAIT, finished, opened
from .records_rig import CALL, DAY, Hands, call_ids, days_old, restart, warnings


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.mark.parametrize("reason", Reason)
def test_what_counts_as_missed(tmp_path: Path, hands: Hands, reason: Reason) -> None:
    """The same set of outcomes in the memory and in SQL: told at once, and after a restart."""
    store = restart(tmp_path, hands)
    store.note(opened(CALL))
    store.note(finished(CALL, reason))
    told = call_ids(store)
    store.close()
    again = restart(tmp_path, hands)
    assert call_ids(again) == told
    again.close()
    assert bool(told) == (reason in {"no_response", "offline", "canceled", "lost"})


def test_missed_calls_are_told_newest_first_until_seen(tmp_path: Path, hands: Hands) -> None:
    store = restart(tmp_path, hands)
    for number in range(1, 4):
        store.note(replace(opened(f"call-{number:04d}"), group_id="family"))
        store.note(finished(f"call-{number:04d}"))
        hands.wait(10)
    store.seen("indoor", ["call-0002", "call-0009"])
    store.seen("desk", ["call-0001"])
    for _ in range(2):
        [three, one] = store.missed("indoor", {"door": "Front door"}.__getitem__)
        assert (three.call_id, three.ago, one.call_id, one.ago) == (
            "call-0003",
            10,
            "call-0001",
            30,
        )
        assert (one.caller, one.name, one.type, one.group_id, one.reason) == (
            "door", "Front door", CallType.VIDEO, "family", Reason.NO_RESPONSE,
        )  # fmt: skip
        store.close()
        store = restart(tmp_path, hands)
    store.seen("indoor", ["call-0001", "call-0003"])
    store.close()
    store = restart(tmp_path, hands)
    assert call_ids(store) == []
    store.close()


def test_64_are_told_at_most_and_the_older_ones_never_come_back(
    tmp_path: Path, hands: Hands
) -> None:
    store = restart(tmp_path, hands)
    for number in range(MEMBERS_MAX + 10):
        store.note(opened(f"call-{number:04d}"))
        store.note(finished(f"call-{number:04d}"))
    told = call_ids(store)
    assert len(told) == MEMBERS_MAX
    assert (told[0], told[-1]) == (f"call-{MEMBERS_MAX + 9:04d}", "call-0010")
    store.seen("indoor", told)
    store.close()
    store = restart(tmp_path, hands)
    assert call_ids(store) == []
    store.close()


def test_not_more_users_are_kept_than_were_called_last(
    tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without [hub.users] anybody can be called, by any name."""
    monkeypatch.setattr(missed_calls, "USERS_MAX", 2)

    def miss(number: int, user: str) -> None:
        call = f"call-{number:04d}"
        store.note(opened(call))
        party = Party(user, Reason.NO_RESPONSE, rang=True, seconds=0)
        store.note(replace(finished(call), parties=(party,)))

    def told() -> list[int]:
        return [len(store.missed(user, str)) for user in ("a", "b", "c")]

    store = restart(tmp_path, hands)
    for number, user in enumerate("abac"):
        miss(number, user)
    assert told() == [2, 0, 1]
    store.close()
    store = restart(tmp_path, hands)
    assert told() == [2, 0, 1]
    store.close()
    monkeypatch.setattr(missed_calls, "USERS_MAX", 1)
    store = restart(tmp_path, hands)
    assert told() == [0, 0, 1]
    store.close()


def test_long_names_leave_room_in_a_welcome(tmp_path: Path, hands: Hands) -> None:
    store = restart(tmp_path, hands)
    for number in range(MEMBERS_MAX):
        store.note(opened(f"call-{number:04d}"))
        store.note(finished(f"call-{number:04d}"))
    told = store.missed("indoor", lambda user: "\U0001f6aa" * 200)
    assert 10 < len(told) < MEMBERS_MAX
    assert told[0].call_id == f"call-{MEMBERS_MAX - 1:04d}"
    assert len(msgspec.json.encode(told)) <= missed_calls.BYTES
    store.close()


def test_what_is_too_old_to_be_kept_is_not_told(tmp_path: Path, hands: Hands) -> None:
    store = restart(tmp_path, hands)
    store.note(opened(CALL))
    store.note(finished(CALL))
    hands.wait(366 * DAY)
    assert call_ids(store) == []
    store.close()


def test_a_damaged_record_does_not_keep_its_user_out(
    tmp_path: Path, hands: Hands, caplog: pytest.LogCaptureFixture
) -> None:
    days_old(tmp_path, 2, 1)
    with closing(sqlite3.connect(tmp_path / "calls.db")) as connection, connection:
        connection.execute("UPDATE calls SET sponsor = 'no user id' WHERE call_id = 'call-0000'")
    store = restart(tmp_path, hands)
    assert call_ids(store) == ["call-0001"]
    store.close()
    assert "left out" in warnings(caplog)


def test_what_is_missed_before_the_disk_works_stands_after_what_was_on_it(
    tmp_path: Path, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "RETRY", 0.02)
    days_old(tmp_path, 1)
    (tmp_path / "calls.db").rename(tmp_path / "away")
    (tmp_path / "calls.db").mkdir()
    store = restart(tmp_path, hands)
    store.note(Opened("call-0009", "door", "", CallType.VIDEO, ("indoor",)))
    store.note(finished("call-0009"))
    (tmp_path / "calls.db").rmdir()
    (tmp_path / "away").rename(tmp_path / "calls.db")
    assert store.flush(WAIT)
    assert call_ids(store) == ["call-0009", "call-0000"]
    store.close()
