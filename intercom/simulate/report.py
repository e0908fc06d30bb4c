"""What is told of a run: its numbers, and each violation with what led to it."""

from __future__ import annotations

from dataclasses import dataclass

from intercom.simulate.check_size import HubSize
from intercom.simulate.checker import Checker
from intercom.simulate.options import Options
from intercom.simulate.summary import Tally

SHOWN = 12
"""Violations that are shown with their history."""


@dataclass(frozen=True)
class Report:
    """The outcome of a run. `cpu`: this process's share of one core while it was busy."""

    options: Options
    seconds: float
    checker: Checker
    tally: Tally
    warm: HubSize | None
    end: HubSize
    cpu: float

    @property
    def exit_code(self) -> int:
        """0, or 1 when a rule was broken."""
        return 1 if self.checker.count else 0

    def table(self) -> str:
        """Return the numbers, a line each."""
        options, checker = self.options, self.checker
        took = f"{self.seconds:.0f} s, {options.rate:g} decisions a second"
        rows = [("seed", str(options.seed)), ("users", str(options.users)), ("took", took)]
        rows += self.tally.rows()
        warm = "" if self.warm is None else f", {self.warm.rss:.1f} MB when warm"
        rows += [
            ("the hub's memory", f"{self.end.rss:.1f} MB{warm}"),
            ("the hub's open files", str(self.end.fds)),
            ("the clients' CPU", f"{self.cpu * 100:.0f} % of a core"),
            ("violations", str(checker.count)),
        ]
        return "\n".join(f"{name:32} {value}" for name, value in rows)

    def story(self) -> str:
        """Return the violations, the first ones with their history; empty when there are none."""
        lines = []
        for number, (violation, history) in enumerate(self.checker.violations):
            lines.append(str(violation))
            if number < SHOWN:
                lines += [f"    {line}" for line in history]
        if lines:
            lines.append(f"{self.checker.count} violations; seed {self.options.seed}")
        return "\n".join(lines)
