"""The station that runs on this machine, and what it says of itself."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from intercom.config import Config

PATIENCE = 5.0
"""Seconds that a station may take to answer."""
LEND_SECONDS = 90.0
SERVICE = "run/intercom/control"
"""Where a service listens that names no socket: in the unit's RuntimeDirectory."""
STOP = "sudo systemctl stop intercom (start it again afterwards)"


class NoAnswer(Exception):
    """The station does not answer, or says no; the text says why."""


@dataclass(frozen=True)
class Running:
    """A station that runs: its process, its socket, if it has one that answers, and what it said;
    `doing` is what it needed its devices for."""

    pid: int
    control: str = ""
    state: str = ""
    faults: tuple[tuple[str, str], ...] = ()
    why: str = ""  # it cannot be asked
    doing: str = ""


def find(config: Config, root: Path = Path("/")) -> Running | None:
    """Return the station of this configuration that runs here; None when there is none."""
    why = ""
    control = config.station.control or str(root / SERVICE)
    try:
        return asked(control)
    except FileNotFoundError:
        pass
    except NoAnswer as error:
        why = str(error)
    except OSError as error:
        if not isinstance(error, ConnectionRefusedError):  # of a station that was killed
            why = f"{control}: {error.strerror}"
    pid = _process(root / "proc")
    return None if pid is None else Running(pid, why=why)


def asked(control: str) -> Running:
    """Return what the station behind the socket says; raises NoAnswer, or OSError."""
    stats = command(control, {"do": "stats"})
    state = str(stats.get("state", "")).lower()
    faults = tuple(sorted((str(k), str(v)) for k, v in stats.get("faults", {}).items()))
    return Running(int(stats["pid"]), control, state, faults, doing=str(stats.get("doing", "")))


def needs(station: Running | None) -> str:
    """Why camera and sound must be left alone now, or ""; asks again, as a call may have begun."""
    if station is None:
        return ""
    if not station.control:
        return f"the running station (process {station.pid}) may be in a call, and cannot be asked"
    try:
        doing = asked(station.control).doing
    except NoAnswer as error:
        return f"the running station may be in a call: {error}"
    except (FileNotFoundError, ConnectionRefusedError):  # it has ended
        return ""
    except OSError as error:
        return f"the running station may be in a call: {station.control}: {error.strerror}"
    return f"the station is in use: {doing}" if doing else ""


def how(held: str) -> str:
    """How a device that is held or needed can be looked at nevertheless."""
    if "the station is in use" in held:
        return "look again afterwards"
    return f"{STOP}, or set [station] control so that it can be asked"


def command(control: str, request: dict[str, Any]) -> dict[str, Any]:
    """Have the station do it and return its answer; raises NoAnswer, or OSError."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE)
        connection.connect(control)
        connection.sendall(json.dumps(request).encode() + b"\n")
        try:
            for text in connection.makefile("rb"):
                answer = json.loads(text)
                if "error" in answer:
                    raise NoAnswer(str(answer["error"]))
                if "ok" in answer:
                    return dict(answer)
        except TimeoutError:
            raise NoAnswer(f"the station does not answer within {PATIENCE:.0f} s") from None
        raise NoAnswer("the station closed the connection")


@contextlib.contextmanager
def borrowed(station: Running | None, *kinds: str) -> Iterator[str]:
    """Have the station let go of devices as long as the block lasts; "" or why they are held."""
    if station is None:
        yield ""
        return
    if not station.control:
        yield f"the running station (process {station.pid}) holds it"
        return
    try:
        command(station.control, {"do": "lend", "devices": [*kinds], "seconds": LEND_SECONDS})
    except (NoAnswer, OSError) as error:
        yield f"the running station does not lend it ({error})"
        return
    try:
        yield ""
    finally:
        give_back(station)


def give_back(station: Running | None) -> None:
    """Have the station take back what it has lent, if anything."""
    if station is not None and station.control:
        with contextlib.suppress(NoAnswer, OSError):  # it takes it back by itself in the end
            command(station.control, {"do": "take_back"})


def _process(proc: Path) -> int | None:
    """The process `intercom station ...`, of whatever user, that is not this one."""
    for folder in sorted(proc.glob("[0-9]*")):
        if folder.name == str(os.getpid()):
            continue
        try:
            words = (folder / "cmdline").read_bytes().decode("utf-8", "replace").split("\0")
        except OSError:
            continue  # ended just now
        programs = [Path(word).name for word in words]
        for program, then in pairwise(programs):
            if program == "intercom" and then == "station":
                return int(folder.name)
    return None
