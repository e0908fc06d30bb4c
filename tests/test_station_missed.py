"""Missed calls, with the local time at which they came."""

from __future__ import annotations

import time

from intercom.station.missed import missed_calls, when
from intercom.station.model import Missed

NOON = time.mktime((2026, 11, 23, 12, 0, 0, 0, 0, -1))


def test_the_last_call_comes_first() -> None:
    calls = [
        {"invite_id": "call0001", "caller": "anna", "ago": 7200.0},
        {"invite_id": "call0002", "caller": "door", "ago": 60.0, "message": "left"},
        {"invite_id": "call0003", "caller": "door", "ago": 86400.0},
    ]
    assert missed_calls(calls, NOON) == [
        Missed("call0002", "door", "11:59", "left"),
        Missed("call0001", "anna", "10:00"),
        Missed("call0003", "door", "11-22 12:00"),
    ]


def test_yesterdays_have_a_day() -> None:
    assert when(NOON, NOON) == "12:00"
    assert when(NOON - 12 * 3600, NOON) == "00:00"
    assert when(NOON - 12 * 3600 - 1, NOON) == "11-22 23:59"
