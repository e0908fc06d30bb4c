"""Records of calls on a machine whose clock is wrong, and how old ones are deleted."""

from __future__ import annotations

from pathlib import Path

import pytest

from intercom.hub import records
from intercom.hub.calls import ANSWERED
from intercom.hub.records_schema import NO_CLOCK

from .records_child import WAIT, finished, opened
from .records_rig import CALL, DAY, NOW, Hands, days_old, read, restart


def test_a_clock_that_is_set_late_dates_the_calls_of_the_run_anew(tmp_path: Path) -> None:
    hands = Hands(NOW)
    store = restart(tmp_path, hands)
    store.note(opened("call-old"))
    store.note(finished("call-old"))
    store.close()
    hands = Hands(30.0)  # half a minute after 1970
    store = restart(tmp_path, hands)
    store.note(opened("call-early"))
    hands.wait(2)
    store.note(finished("call-early"))
    assert store.flush(WAIT)
    assert read(tmp_path, "SELECT started FROM calls ORDER BY id") == [(NOW,), (30.0,)]
    store.note(opened("call-over"))
    hands.wait(3)
    hands.wall = NOW + 1000  # the network tells the time
    store.note(finished("call-over", ANSWERED))
    assert store.flush(WAIT)
    dated = "SELECT call_id, started, ended_at, rung, duration FROM calls ORDER BY id"
    assert read(tmp_path, dated) == [
        ("call-old", NOW, NOW, 2.0, 0),
        ("call-early", NOW + 995, NOW + 997, 2.0, 0),
        ("call-over", NOW + 997, NOW + 1000, 2.0, 5),
    ]
    [early, old] = store.missed("indoor", str)
    assert (early.call_id, early.ago, old.call_id, old.ago) == ("call-early", 5, "call-old", 1000)
    store.close()


def test_a_call_from_before_1971_is_told_and_not_fifty_years_old(tmp_path: Path) -> None:
    store = restart(tmp_path, Hands(30.0))
    store.note(opened(CALL))
    store.note(finished(CALL))
    store.close()
    hands = Hands(NOW)
    store = restart(tmp_path, hands)
    hands.wait(60)
    [call] = store.missed("indoor", str)
    assert call.ago == 60
    store.close()
    assert read(tmp_path, "SELECT count(*) FROM calls") == [(1,)]


def test_clocks_that_differ_a_little_are_left_alone(tmp_path: Path) -> None:
    hands = Hands()
    store = restart(tmp_path, hands)
    store.note(opened(CALL))
    assert store.flush(WAIT)
    hands.wall += 40
    store.note(opened("call-0002"))
    assert store.flush(WAIT)
    assert read(tmp_path, "SELECT started FROM calls") == [(NOW,), (NOW + 40,)]
    store.close()


def kept(folder: Path, wall: float, days: float = 365) -> list[int]:
    """The numbers of the calls that are left after a start at that time."""
    restart(folder, Hands(wall), days).close()
    return [int(call[-4:]) for (call,) in read(folder, "SELECT call_id FROM calls ORDER BY id")]


def test_old_records_are_deleted_at_start(tmp_path: Path) -> None:
    days_old(tmp_path, 400, 366, 364, 3)
    assert kept(tmp_path, NOW, 10_000) == [0, 1, 2, 3]
    assert kept(tmp_path, NOW) == [2, 3]
    assert read(tmp_path, "SELECT count(*) FROM parties") == [(2,)]
    assert kept(tmp_path, NOW, 5) == [3]


def test_a_wrong_clock_deletes_nothing_at_start(tmp_path: Path) -> None:
    undated = NOW / DAY - 0.01
    days_old(tmp_path, undated, 400, undated, 3)
    assert kept(tmp_path, 30.0) == [0, 1, 2, 3]
    assert kept(tmp_path, NOW + 3650 * DAY) == [0, 1, 2, 3]
    assert kept(tmp_path, NOW_BEFORE_CLOCKS) == [0, 1, 2, 3]
    # One without a date is older than the one after it, and goes with that.
    assert kept(tmp_path, NOW) == [2, 3]


NOW_BEFORE_CLOCKS = float(NO_CLOCK - 1)


def test_old_records_are_deleted_once_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days_old(tmp_path, 364.5)
    monkeypatch.setattr(records, "LOOK", 0.01)
    hands = Hands(NOW)
    store = restart(tmp_path, hands)
    hands.wait(DAY - 1)
    store.note(opened(CALL))
    assert store.flush(WAIT)
    assert len(read(tmp_path, "SELECT * FROM calls")) == 2
    hands.wait(2)
    store.note(finished(CALL))
    store.close()  # joins the thread, which has looked
    assert read(tmp_path, "SELECT call_id FROM calls") == [(CALL,)]
