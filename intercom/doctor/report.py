"""Results as lines for people and as JSON for programs. PURE."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Sequence

from intercom.doctor.results import VERDICTS, Result, worst

SCHEMA = 1
"""Rises when a key of the JSON changes its meaning or goes."""
VERDICT_WIDTH, NAME_WIDTH = 9, 13
ARROW = "→"


def line(result: Result, width: int = 0) -> str:
    """One result; wrapped below its own text where `width` columns are given."""
    head = f"{result.verdict:<{VERDICT_WIDTH}}{result.check:<{NAME_WIDTH}}"
    text = f"{result.text} {ARROW} {result.remedy}" if result.remedy else result.text
    text = "".join(letter if letter.isprintable() else " " for letter in text)  # of strangers
    text = " ".join(text.split())
    room = width - len(head)
    if room < 30:
        return head + text
    return f"\n{' ' * len(head)}".join([*_wrapped(head, text, room)])


def _wrapped(head: str, text: str, room: int) -> list[str]:
    first, *rest = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) or [""]
    return [head + first, *rest]


def summary(results: Sequence[Result], seconds: float) -> str:
    """The last line: how many of each."""
    counts = {verdict: sum(it.verdict == verdict for it in results) for verdict in VERDICTS}
    names = {"warning": "warnings", "fault": "faults"}
    told = [
        f"{count} {names.get(verdict, verdict) if count != 1 else verdict}"
        for verdict, count in reversed(counts.items())
        if count
    ]
    return f"{', '.join(told) or 'nothing was checked'}, in {seconds:.0f} s"


def as_json(
    results: Iterable[Result], *, program: str, host: str, started: str, seconds: float
) -> str:
    """The stable form: see docs/doctor.md. `started` is in ISO 8601."""
    found = list(results)
    whole = {
        "schema": SCHEMA,
        "program": program,
        "host": host,
        "started": started,
        "seconds": round(seconds, 1),
        "verdict": worst(found),
        "checks": [_entry(result) for result in found],
    }
    return json.dumps(whole, ensure_ascii=False, indent=1)


def _entry(result: Result) -> dict[str, object]:
    return {
        "check": result.check,
        "verdict": result.verdict,
        "text": result.text,
        "remedy": result.remedy,
        "seconds": round(result.seconds, 2),
        "values": dict(result.values),
    }
