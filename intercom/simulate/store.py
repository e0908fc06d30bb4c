"""Reads the hub's records of calls, and its log."""

from __future__ import annotations

import re
from collections import defaultdict
from contextlib import closing
from pathlib import Path

from intercom.hub.records_schema import FILE, open_for_reading
from intercom.simulate.check_records import RecordRow

WRONG = re.compile(r"Traceback|^(ERROR|CRITICAL)|Error: |exception", re.MULTILINE)
"""What a hub does not write, whatever is done to it."""


def read_records(state_dir: Path) -> list[RecordRow]:
    """Return all records of the hub; RecordsError when there are none."""
    with closing(open_for_reading(state_dir / FILE)) as connection:
        parties: defaultdict[int, dict[str, str]] = defaultdict(dict)
        for call, user, outcome in connection.execute("SELECT call, user_id, outcome FROM parties"):
            parties[call][user] = outcome
        rows = connection.execute(
            "SELECT id, call_id, sponsor, group_id, answered_at, reason FROM calls ORDER BY id"
        )
        return [
            RecordRow(call_id, sponsor, group_id, answered is not None, reason, parties[number])
            for number, call_id, sponsor, group_id, answered, reason in rows
        ]


def complaints(log: Path) -> list[str]:
    """Return what the hub wrote that it should not have had to."""
    text = log.read_text(errors="replace")
    return [text[max(0, m.start() - 200) : m.start() + 1500] for m in WRONG.finditer(text)][:5]
