"""Which results stand on which page of the screen. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from intercom.doctor.results import VERDICTS, Result

LINES = 12
"""Lines of text on a page, below its head."""
WELL_LINES, ILL_LINES = 1, 3
"""Lines that a result takes: what is not well is told with its remedy."""


@dataclass(frozen=True)
class Page:
    """Some of the results, the worst first; `number` counts from 1."""

    results: tuple[Result, ...]
    number: int
    of: int
    faults: int
    warnings: int


def lines_of(result: Result) -> int:
    """How many lines it takes."""
    return ILL_LINES if result.verdict in {"fault", "warning"} else WELL_LINES


def pages(results: Sequence[Result]) -> list[Page]:
    """All results on as many pages as they need; one page at least."""
    order = sorted(results, key=lambda it: -VERDICTS.index(it.verdict))
    sheets: list[list[Result]] = [[]]
    for result in order:
        if sum(map(lines_of, sheets[-1])) + lines_of(result) > LINES:
            sheets.append([])
        sheets[-1].append(result)
    faults, warnings = (
        sum(it.verdict == verdict for it in results) for verdict in ("fault", "warning")
    )
    return [
        Page(tuple(sheet), number, len(sheets), faults, warnings)
        for number, sheet in enumerate(sheets, 1)
    ]
