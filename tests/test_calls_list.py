"""`intercom calls`: what is found, how it is printed, and what is said when there is nothing."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from intercom.__main__ import cli
from intercom.hub.calls import ANSWERED, AnsweredBy, Finished, Opened, Party
from intercom.hub.calls_list import since
from intercom.hub.records import Records
from intercom.hub.records_clock import Clock
from intercom.hub.records_schema import RecordsError
from intercom.protocol import CallType, Reason

NOW = datetime(2026, 11, 23, 12, 0).astimezone()
HOUR = 3600.0


def record(store: Records, call_id: str, sponsor: str, ended: Reason, *parties: Party) -> None:
    """Note a call that is over; of a group when there are several parties."""
    answered = any(party.outcome == ANSWERED for party in parties)
    duration = max(party.seconds for party in parties)
    group = "family" if len(parties) > 1 else ""
    facts = (call_id, sponsor, group, CallType.VIDEO)
    store.note(Opened(*facts, tuple(party.user_id for party in parties)))
    store.note(Finished(*facts, ended, sponsor, 4.2, duration, answered, parties))


def party(user_id: str, outcome: str, seconds: int = 0) -> Party:
    return Party(user_id, outcome, rang=True, seconds=seconds)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Records]:
    """Five calls, an hour after the other, the last at NOW; the fifth goes on."""
    hours = [0.0]
    clock = Clock(lambda: hours[0] * HOUR, lambda: NOW.timestamp() + (hours[0] - 4) * HOUR)
    made = Records(tmp_path, 365, clock)
    made.start()
    record(made, "call-0000", "door", Reason.OFFLINE, party("indoor", "offline"))
    hours[0] = 1
    record(made, "call-0001", "door", Reason.HANGUP, party("indoor", ANSWERED, 3725))
    hours[0] = 2
    record(made, "call-0002", "desk", Reason.REJECT, party("door", "reject"))
    hours[0] = 3
    others = (party("indoor", ANSWERED, 65), party("attic", "no_response"))
    record(made, "call-0003", "door", Reason.HANGUP, *others)
    hours[0] = 4
    made.note(Opened("call-0004", "door", "", CallType.AUDIO, ("indoor",)))
    assert made.flush(20)
    yield made
    made.close()


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(f'[hub]\nlisten = "127.0.0.1"\nstate_dir = "{tmp_path}"\n')
    return path


def run(config: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli, ["calls", "--config", str(config), *arguments])


def found(config: Path, *arguments: str) -> list[int]:
    """The numbers of the calls that are listed."""
    result = run(config, *arguments, "--json")
    assert result.exception is None, result.output
    calls: list[dict[str, Any]] = json.loads(result.output)
    assert len(result.output.splitlines()) == max(len(calls), 1) + 2
    return [int(call["call_id"][-1]) for call in calls]


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("arguments", "calls"),
    [
        ("", [4, 3, 2, 1, 0]),
        ("--limit 2", [4, 3]),
        ("--user desk", [2]),
        ("--user indoor", [4, 3, 1, 0]),
        ("--user attic", [3]),
        ("--user door --with desk", [2]),
        ("--user indoor --with attic", [3]),
        ("--with attic", [3]),
        ("--user nobody", []),
        ("--missed", [3, 0]),
        ("--missed --user indoor", [0]),
        ("--missed --user attic", [3]),
        ("--missed --user door", []),
        ("--since 2026-11-23T10:00", [4, 3, 2]),
        ("--since 2026-11-23", [4, 3, 2, 1, 0]),
        ("--since 2026-11-24", []),
        ("--user indoor --since 2026-11-23T10:00 --limit 1", [4]),
        ("--user x'--", []),
    ],
)
def test_what_is_asked_for_is_found(config: Path, arguments: str, calls: list[int]) -> None:
    assert found(config, *arguments.split()) == calls


TABLE = """\
started               from   to                                               type    rang    talked   end
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
2026-11-23 12:00:00   door   indoor                                           audio    0 s             rings
2026-11-23 11:00:00   door   family: attic (no response), indoor (answered)   video    4 s      1:05   hangup by door
2026-11-23 10:00:00   desk   door                                             video    4 s             reject by desk
2026-11-23 09:00:00   door   indoor                                           video    4 s   1:02:05   hangup by door
2026-11-23 08:00:00   door   indoor                                           video    4 s             offline
"""  # noqa: E501 (as wide as it is)


@pytest.mark.usefixtures("store")
def test_the_table(config: Path) -> None:
    assert run(config).output.replace("─", "") == TABLE.replace("─", "")


def test_all_of_a_call_is_in_the_json(config: Path, store: Records) -> None:
    store.note(AnsweredBy("call-0004", "indoor"))
    assert store.flush(20)
    goes_on, of_group = json.loads(run(config, "--json", "--limit", "2").output)
    assert (goes_on["reason"], goes_on["ended_at"]) == (None, None)
    assert "goes on" in run(config, "--limit", "1").output
    assert of_group == {
        "call_id": "call-0003",
        "sponsor": "door",
        "group_id": "family",
        "type": "video",
        "started": (NOW - timedelta(hours=1)).isoformat(),
        "answered_at": (NOW - timedelta(hours=1, seconds=65)).isoformat(),
        "ended_at": (NOW - timedelta(hours=1)).isoformat(),
        "reason": "hangup",
        "ended_by": "door",
        "rung": 4.2,
        "duration": 65,
        "message": "",
        "parties": [
            {"user_id": "attic", "outcome": "no_response", "rang": True, "seconds": 0},
            {"user_id": "indoor", "outcome": "answered", "rang": True, "seconds": 65},
        ],
    }


def test_a_call_from_before_the_clock_was_set(config: Path, tmp_path: Path) -> None:
    store = Records(tmp_path, 365, Clock(lambda: 9.0, lambda: 30.0))
    store.start()
    record(store, "call-0000", "door", Reason.OFFLINE, party("indoor", "offline"))
    store.close()
    assert "unknown" in run(config).output
    [call] = json.loads(run(config, "--json").output)
    assert call["started"] is None


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        ("7d", timedelta(days=7)),
        ("2w", timedelta(weeks=2)),
        ("2026-11-20", timedelta(days=3, hours=12)),
        (" 2026-11-20 18:30 ", timedelta(days=2, hours=17, minutes=30)),
    ],
)
def test_since_when(text: str, age: timedelta) -> None:
    assert since(text, NOW) == (NOW - age).timestamp()


@pytest.mark.parametrize("text", ["yesterday", "7", "7y", "2026-13-01", "-7d", "0001-01-01"])
@pytest.mark.usefixtures("store")
def test_a_wrong_since_is_told(config: Path, text: str) -> None:
    done = command(config, "--since", text)
    assert done.returncode == 2
    assert "a day like 2026-11-01" in done.stderr


def command(config: Path, *arguments: str, before: tuple[str, ...] = ()) -> Any:
    """Run it as people do."""
    line = [*before, sys.executable, "-m", "intercom", "calls", "--config", str(config)]
    return subprocess.run(
        [*line, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


def test_no_database_yet(config: Path, tmp_path: Path) -> None:
    done = command(config)
    assert done.returncode == 1
    assert f"no records of calls at {tmp_path / 'calls.db'} yet" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "calls.db").exists()


def test_no_calls_yet(config: Path, tmp_path: Path) -> None:
    store = Records(tmp_path, 365)
    store.start()
    store.close()
    assert run(config).output == "no such calls are recorded\n"
    assert found(config) == []


def test_a_file_that_is_damaged(config: Path, tmp_path: Path) -> None:
    (tmp_path / "calls.db").write_bytes(b"no database" * 1000)
    error = run(config).exception
    assert isinstance(error, RecordsError)
    assert "file is not a database" in str(error)


@pytest.mark.parametrize("version", [0, 99])
def test_a_file_of_another_version(config: Path, tmp_path: Path, version: int) -> None:
    connection = sqlite3.connect(tmp_path / "calls.db")
    connection.execute("CREATE TABLE calls (id)")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    error = run(config).exception
    assert isinstance(error, RecordsError)
    assert ("update this one" if version else "start the hub once") in str(error)


@pytest.mark.skipif(os.geteuid() == 0 and not shutil.which("setpriv"), reason="root writes all")
def test_who_may_only_read_can_list(config: Path, tmp_path: Path, store: Records) -> None:
    drop = ("setpriv", "--bounding-set=-dac_override") if os.geteuid() == 0 else ()
    for _ in ("while it is written", "after"):
        tmp_path.chmod(0o500)
        done = command(config, "--limit", "1", before=drop)
        tmp_path.chmod(0o700)
        assert done.returncode == 0, done.stderr
        assert "indoor" in done.stdout
        store.close()


def test_a_long_list_is_not_cut(config: Path, tmp_path: Path) -> None:
    long = "x" * 64
    store = Records(tmp_path, 365)
    store.start()
    record(store, "call-0000", long, Reason.REJECT, replace(party(long, "reject"), rang=False))
    store.close()
    assert run(config).output.count(long) == 3
