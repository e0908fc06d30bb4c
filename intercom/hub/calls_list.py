"""Lists the records of calls: what `intercom calls` prints, while a hub runs or not."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from intercom.hub.messages import FOLDER as MESSAGES
from intercom.hub.records_schema import FILE, MISSED, NO_CLOCK, RecordsError, open_for_reading
from intercom.protocol import CallType, Reason

WIDTH = 10_000
"""Columns of a table at most; it is not cut to a terminal, so that it can be searched."""

_AGO = re.compile(r"(\d{1,5})([mhdw])")
_BY_SOMEBODY = {Reason.HANGUP, Reason.REJECT, Reason.CANCELED}
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class Wanted:
    """Which calls. `user`, `other`: who took part, or was called; `since` in unix seconds."""

    user: str = ""
    other: str = ""
    since: float = 0.0
    missed: bool = False
    limit: int = 50


@dataclass(frozen=True)
class Listed:
    """A record. Moments are in ISO 8601 and local time; None: unknown, or not yet.

    `message`: the ID of what the caller left, as long as the hub has it.
    """

    call_id: str
    sponsor: str
    group_id: str
    type: str
    started: str | None
    answered_at: str | None
    ended_at: str | None
    reason: str | None
    ended_by: str
    rung: float
    duration: int
    message: str = ""
    parties: tuple[dict[str, Any], ...] = ()


def since(text: str, now: datetime | None = None) -> float:
    """Return the unix time of "2026-11-01", "2026-11-01 18:30" or "7d" (m, h, d, w) before `now`.

    0 for nothing; ValueError says what can be given.
    """
    if not text:
        return 0.0
    now = now or datetime.now().astimezone()
    try:
        if ago := _AGO.fullmatch(text.strip()):
            return (now - timedelta(**{_UNITS[ago[2]]: int(ago[1])})).timestamp()
        return datetime.fromisoformat(text.strip()).timestamp()
    except (ValueError, OverflowError):
        raise ValueError(f'"{text}" is neither a day like 2026-11-01 nor an age like 7d') from None


def find(folder: Path, wanted: Wanted) -> list[Listed]:
    """Return the newest calls that are wanted, newest first; RecordsError when it cannot be."""
    path = folder / FILE
    try:
        with closing(open_for_reading(path)) as connection:
            connection.execute("BEGIN")  # all of it as it is at one moment
            return [_with_message(call, folder) for call in _find(connection, wanted)]
    except sqlite3.Error as error:
        raise RecordsError(f"{path} cannot be read: {error}") from None


def as_json(calls: Iterable[Listed]) -> str:
    """Return a JSON array, one call a line."""
    return "[\n" + ",\n".join(json.dumps(asdict(call)) for call in calls) + "\n]"


def as_text(calls: Sequence[Listed]) -> str:
    """Return a table for people, as wide as it must be."""
    if not calls:
        return "no such calls are recorded"
    console = Console(width=WIDTH, color_system=None)
    with console.capture() as capture:
        console.print(_table(calls))
    lines = capture.get().splitlines()
    return "\n".join(line.rstrip() for line in lines if line.strip())


def _table(calls: Iterable[Listed]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for title in ("started", "from", "to", "type", "rang", "talked", "end"):
        table.add_column(title, justify="right" if title in {"rang", "talked"} else "left")
    for call in calls:
        table.add_row(
            call.started[:19].replace("T", " ") if call.started else "unknown",
            call.sponsor,
            _to(call),
            call.type,
            f"{call.rung:.0f} s",
            _length(call.duration) if call.answered_at else "",
            _end(call),
        )
    return table


def _find(connection: sqlite3.Connection, wanted: Wanted) -> Iterable[Listed]:
    sql = """
        SELECT id, call_id, sponsor, group_id, type, started, answered_at, ended_at, reason,
            ended_by, rung, duration, message
        FROM calls WHERE started >= :since
    """
    for name in ("user", "other"):
        if getattr(wanted, name):
            sql += f" AND (sponsor = :{name} OR id IN ({_PARTY_OF} AND user_id = :{name}))"
    if wanted.missed:
        whose = " AND user_id = :user" if wanted.user else ""
        sql += f" AND id IN ({_PARTY_OF} AND {MISSED}{whose})"
    for key, *row in connection.execute(f"{sql} ORDER BY id DESC LIMIT :limit", asdict(wanted)):
        parties = connection.execute(_PARTIES, (key,))
        yield replace(_listed(row), parties=tuple(_party(*party) for party in parties))


_PARTY_OF = "SELECT call FROM parties WHERE TRUE"
_PARTIES = "SELECT user_id, outcome, rang, seconds FROM parties WHERE call = ? ORDER BY user_id"


def _listed(row: list[Any]) -> Listed:
    call_id, sponsor, group_id, kind, started, answered_at, ended_at, *rest = row
    return Listed(
        call_id,
        sponsor,
        group_id,
        CallType(kind).name.lower(),
        _moment(started),
        _moment(answered_at),
        _moment(ended_at),
        *rest,
    )


def _with_message(call: Listed, folder: Path) -> Listed:
    kept = call.message and (folder / MESSAGES / call.message).is_dir()
    return call if kept else replace(call, message="")


def _party(user_id: str, outcome: str, rang: int, seconds: int) -> dict[str, Any]:
    return {"user_id": user_id, "outcome": outcome, "rang": bool(rang), "seconds": seconds}


def _moment(at: float | None) -> str | None:
    if at is None or at < NO_CLOCK:
        return None
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")


def _to(call: Listed) -> str:
    """Who was called; of several, what became of each."""
    if len(call.parties) == 1 and not call.group_id:
        return str(call.parties[0]["user_id"])
    each = ", ".join(
        f"{party['user_id']} ({_words(party['outcome'] or 'unknown')})" for party in call.parties
    )
    return f"{call.group_id}: {each}" if call.group_id else each


def _end(call: Listed) -> str:
    if call.reason is None:
        return "goes on" if call.answered_at else "rings"
    who = call.ended_by if call.reason in _BY_SOMEBODY else ""
    message = ", with message" if call.message else ""
    return _words(call.reason) + (f" by {who}" if who else "") + message


def _words(outcome: str) -> str:
    return outcome.replace("_", " ")


def _length(seconds: int) -> str:
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
