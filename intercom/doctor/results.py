"""What a check found. PURE."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["ok", "warning", "fault", "skipped"]
VERDICTS: tuple[Verdict, ...] = ("ok", "skipped", "warning", "fault")
"""From good to bad."""

Value = str | int | float | bool | None | list[str]

_REMEDY = re.compile(
    r"[:;,] (?=(?:see|plug|run|stop|choose|give|install|name|apt|pip|usermod|restart|use|let|set"
    r"|join|make|mint|enroll|add|update|another program|is|are|this machine)\b)"
)


@dataclass(frozen=True)
class Result:
    """One line: `text` says what was measured, `remedy` what to do when it is not well.

    `values` are the same numbers for programs; their names end in the unit.
    """

    check: str
    verdict: Verdict
    text: str
    remedy: str = ""
    values: Mapping[str, Value] = field(default_factory=dict)
    seconds: float = 0.0


def ok(check: str, text: str, **values: Value) -> Result:
    """All is well."""
    return Result(check, "ok", text, "", values)


def warning(check: str, text: str, remedy: str, **values: Value) -> Result:
    """It works, but not as it should, or not for long."""
    return Result(check, "warning", text, remedy, values)


def fault(check: str, text: str, remedy: str, **values: Value) -> Result:
    """It does not work."""
    return Result(check, "fault", text, remedy, values)


def skipped(check: str, text: str, remedy: str = "", **values: Value) -> Result:
    """It was not looked at; the text says why, and the remedy how it can be."""
    return Result(check, "skipped", text, remedy, values)


def broken(check: str, message: str, otherwise: str) -> Result:
    """A fault told by a message that has cause and remedy in one; without one, `otherwise`."""
    found = _REMEDY.search(message)
    if found is None:
        return fault(check, message, otherwise)
    return fault(check, message[: found.start()], message[found.end() :])


def judged(
    check: str,
    text: str,
    faults: Iterable[tuple[str, str]] = (),
    warnings: Iterable[tuple[str, str]] = (),
    **values: Value,
) -> Result:
    """A verdict over what was measured (`text`) by what is wrong with it: (what, remedy) each.

    What is wrong is said first: a screen may have no room for the rest.
    """
    bad, poor = list(faults), list(warnings)
    told = bad + poor
    if not told:
        return ok(check, text, **values)
    words = "; ".join(filter(None, [*(what for what, _ in told), text]))
    remedy = "; ".join(dict.fromkeys(remedy for _, remedy in told))
    return Result(check, "fault" if bad else "warning", words, remedy, values)


def worst(results: Iterable[Result]) -> Verdict:
    """The verdict over all."""
    return max((it.verdict for it in results), key=VERDICTS.index, default="ok")


def exit_code(results: Iterable[Result]) -> int:
    """0, or 1 if anything is at fault."""
    return int(worst(results) == "fault")
