"""`intercom doctor`: runs the checks, prints a line each, and ends with their exit code."""

from __future__ import annotations

import logging
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click

from intercom import __version__
from intercom.config import Config
from intercom.doctor import report, running
from intercom.doctor.asking import Nobody, Terminal
from intercom.doctor.checks import chosen
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result, exit_code, worst
from intercom.doctor.run import Round

INTERRUPTED = 130
"""The exit code after Ctrl-C: 128 and SIGINT's number."""
COLOURS = {"ok": "green", "warning": "yellow", "fault": "red", "skipped": "bright_black"}


def run(
    path: Path,
    config: Config,
    only: str,
    *,
    as_json: bool = False,
    quick: bool = False,
    no_ask: bool = False,
    screen: bool = False,
) -> int:
    """Look at the station of `config`, which was read from `path`. ConfigError for a wrong only."""
    checks = chosen(only)
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.ERROR)
    people = not (as_json or no_ask) and sys.stdin.isatty() and sys.stderr.isatty()
    asker = Terminal() if people else Nobody()
    patient = Patient(config, path, quick=quick, asker=asker, station=running.find(config))
    turn = Round(patient)
    try:
        found = _told(turn.results(checks), as_json)
        if screen and "screen" not in turn.stuck:
            from intercom.doctor import showing  # noqa: PLC0415 - needs pygame, perhaps missing

            showing.show(patient, found)
    except KeyboardInterrupt:  # the check goes on in its thread
        try:
            asker.done()
            running.give_back(patient.station)
        finally:
            _leave(INTERRUPTED)
    code = exit_code(found)
    if turn.stuck:
        _leave(code)
    return code


def _leave(code: int) -> NoReturn:
    """End at once: Python would wait for a thread that hangs."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _told(results: Iterable[Result], as_json: bool) -> list[Result]:
    """Print each as it comes, or all of them as JSON in the end."""
    found: list[Result] = []
    started, began = datetime.now().astimezone(), time.monotonic()
    for result in results:
        found.append(result)
        if not as_json:
            _print(result)
    seconds = time.monotonic() - began
    if not as_json:
        click.secho(report.summary(found, seconds), fg=COLOURS[worst(found)], bold=True)
        return found
    whole = report.as_json(
        found,
        program=__version__,
        host=socket.gethostname(),
        started=started.isoformat(timespec="seconds"),
        seconds=seconds,
    )
    click.echo(whole)
    return found


def _print(result: Result) -> None:
    terminal = sys.stdout.isatty()
    width = shutil.get_terminal_size().columns if terminal else 0
    line = report.line(result, width)
    if terminal:
        word = line[: len(result.verdict)]
        line = click.style(word, fg=COLOURS[result.verdict], bold=True) + line[len(word) :]
    click.echo(line)
