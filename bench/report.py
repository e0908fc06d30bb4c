"""The results as files: JSON for machines, Markdown for people; written again after each call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench import rows as table
from bench.rows import Row
from bench.spec import Outcome

_MARKS = {True: "yes", False: "no", None: ""}


def document(outcomes: Sequence[Outcome], facts: dict[str, Any], complete: bool) -> dict[str, Any]:
    """Everything that is known, as it goes to latest.json; `facts` come first."""
    return {
        **facts,
        "complete": complete,
        "rows": table.rows(outcomes),
        "calls": [_call(outcome) for outcome in outcomes],
    }


def write(folder: Path, stem: str, whole: dict[str, Any]) -> None:
    """`stem`.json and `stem`.md in `folder`; each is replaced in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / f"{stem}.json", json.dumps(whole, indent=1) + "\n")
    _replace(folder / f"{stem}.md", markdown(whole))


def markdown(whole: dict[str, Any]) -> str:
    """Goals first, then every table, then the machine."""
    rows: list[Row] = whole["rows"]
    machine = ", ".join(whole["machine"].values())
    parts = [
        "# Measured\n",
        f"{whole['date']}, {machine}" + ("" if whole["complete"] else " (not complete)") + ".\n",
        "## Goals\n",
        _table([row for row in rows if row["goal"]]),
    ]
    for section in dict.fromkeys(_section(row) for row in rows):
        parts += [f"## {section}\n", _side_by_side([r for r in rows if _section(r) == section])]
    failed = list(dict.fromkeys(row["note"] for row in rows if row["note"]))
    if failed:
        parts += ["## Did not run\n", "".join(f"- {note}\n" for note in failed)]
    versions = "".join(f"- {name} {value}\n" for name, value in whole["versions"].items())
    return "\n".join([*parts, "## Versions\n", versions])


def _table(rows: Sequence[Row]) -> str:
    lines = [
        "| | unit | ours | peer | | ratio | goal | met |",
        "|---|---|--:|--:|---|--:|---|---|",
    ]
    for row in rows:
        cells = [
            row["name"], row["unit"], number(row["ours"]), number(row["peer"]), row["peer_name"],
            number(row["ratio"]), row["goal"], _MARKS[row["met"]],
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _side_by_side(rows: Sequence[Row]) -> str:
    """One line a number, one column a peer."""
    peers = list(dict.fromkeys(row["peer_name"] for row in rows if row["peer_name"]))
    lines = ["| | unit | " + " | ".join(["intercom", *peers]) + " |"]
    lines.append("|---|---|--:|" + "--:|" * len(peers))
    for name in dict.fromkeys(row["name"] for row in rows):
        of_name = {row["peer_name"]: row for row in rows if row["name"] == name}
        any_row = next(iter(of_name.values()))
        theirs = [number(of_name[p]["peer"]) if p in of_name else "" for p in peers]
        title = name.partition(": ")[2]
        cells = [title, any_row["unit"], number(any_row["ours"]), *theirs]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def number(value: float | None) -> str:
    """Three digits, without an exponent."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"


def _section(row: Row) -> str:
    return row["name"].partition(": ")[0]


def _call(outcome: Outcome) -> dict[str, Any]:
    """Of an outcome what a reader wants: what is known, to four digits."""
    found: dict[str, Any] = {}
    for key, value in asdict(outcome).items():
        if isinstance(value, float):
            found[key] = float(f"{value:.4g}")
        elif isinstance(value, list):
            found[key] = [round(each, 1) for each in value]
        elif value not in (None, ""):
            found[key] = value
    return found


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(path.suffix + ".new")
    new.write_text(text)
    new.replace(path)
