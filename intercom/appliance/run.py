"""Runs a program of the system, and says in words what went wrong with it."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Sequence

from intercom.errors import IntercomError

log = logging.getLogger(__name__)

LIMIT = 300.0
"""Seconds that a program may take."""


class ProgramError(IntercomError):
    """A program of the system failed, hung, or is not there."""


def run(command: Sequence[object], timeout: float = LIMIT) -> str:
    """Its standard output; raises ProgramError with the last line that it complained with."""
    words = [str(word) for word in command]
    log.debug("> %s", " ".join(words))
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, errors="replace", timeout=timeout, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except FileNotFoundError:
        raise ProgramError(f"{words[0]}: there is no such program") from None
    except subprocess.TimeoutExpired:
        raise ProgramError(f"{words[0]}: took longer than {timeout:.0f} s") from None
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        why = said[-1] if said else f"exit code {done.returncode}"
        raise ProgramError(f"{words[0]}: {why}")
    return done.stdout
