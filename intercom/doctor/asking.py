"""The person at the terminal, if there is one: questions, hints and a level meter."""

from __future__ import annotations

import select
import sys
from typing import Protocol

import click

METER_WIDTH = 40
METER_FLOOR = -60.0
"""dBFS at the meter's left end."""


class Asker(Protocol):
    """Whom the checks can ask; all of it goes to stderr, so that results stay alone on stdout."""

    present: bool

    def tell(self, text: str) -> None:
        """Say what to do now."""

    def yes(self, question: str, seconds: float = 20.0) -> bool | None:
        """Return the answer; None when there was none in time."""

    def meter(self, level: float) -> None:
        """Show a level in dBFS, over the one before."""

    def done(self) -> None:
        """Wipe the meter away."""


class Nobody:
    """There is nobody to ask."""

    present = False

    def tell(self, text: str) -> None:
        """Nobody hears it."""

    def yes(self, question: str, seconds: float = 20.0) -> bool | None:
        """Nobody answers."""
        return None

    def meter(self, level: float) -> None:
        """Nobody sees it."""

    def done(self) -> None:
        """There is none."""


class Terminal:
    """Somebody sits at this terminal."""

    present = True

    def __init__(self) -> None:
        self._metered = False

    def tell(self, text: str) -> None:
        """Say what to do now."""
        click.secho(f"  {text}", err=True, fg="cyan")

    def yes(self, question: str, seconds: float = 20.0) -> bool | None:
        """Ask for y or n; no answer within `seconds` is None."""
        click.secho(f"  {question} [y/n] ", err=True, nl=False, fg="cyan")
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if not ready:
            click.echo("no answer", err=True)
            return None
        answer = sys.stdin.readline().strip().casefold()
        return answer.startswith("y") if answer[:1] in {"y", "n"} else None

    def meter(self, level: float) -> None:
        """Draw a bar."""
        self._metered = True
        click.echo(f"\r  {bar(level)}", err=True, nl=False)

    def done(self) -> None:
        """Wipe the bar away."""
        if self._metered:
            self._metered = False
            click.echo(f"\r{' ' * (METER_WIDTH + 20)}\r", err=True, nl=False)


def bar(level: float) -> str:
    """A level in dBFS as a bar of METER_WIDTH columns, and in numbers."""
    share = min(1.0, max(0.0, 1 - level / METER_FLOOR))
    filled = round(share * METER_WIDTH)
    return f"[{'#' * filled}{'.' * (METER_WIDTH - filled)}] {level:6.1f} dBFS"
