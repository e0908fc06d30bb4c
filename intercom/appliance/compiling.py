"""Compiles the Python of a release ahead: who runs it may not write bytecode, and a Pi Zero takes a
minute to compile it at each start."""

from __future__ import annotations

import logging
from pathlib import Path

from intercom.appliance.run import ProgramError, run

log = logging.getLogger(__name__)

LIMIT = 1800.0


def compile_ahead(folder: Path, place: Path) -> None:
    """Compile what is in `folder`, which will be at `place`, by the system's Python. Nothing of it
    is run; where that fails, it starts slower."""
    if not any(folder.rglob("*.py")):
        return
    words = ["/usr/bin/python3", "-I", "-m", "compileall", "-q"]
    words += ["--invalidation-mode", "unchecked-hash"]
    try:
        run([*words, "-s", folder, "-p", place, folder], LIMIT)
    except ProgramError as error:
        log.warning("not all of it is compiled: %s", error)
