"""An enrolment that is to be done as soon as there is a network: hub and code in a file.

Who reads the card at the first boot puts it there; the station does it, and takes it away.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from intercom import files
from intercom.enroll.address import hub_url, invitation
from intercom.enroll.code import parse as parse_code

FILE = "enroll.json"

parse = invitation
"""Hub and code of the text that a person wrote; see there."""


class Pending(msgspec.Struct, frozen=True):
    """What is to be tried."""

    hub: str
    code: str

    def __repr__(self) -> str:  # the code is a secret while it lives
        return f"Pending({self.hub!r}, ***)"


def path_of(key_file: Path) -> Path:
    """Return where it lies for the station of that key."""
    return key_file.with_name(FILE)


def put(key_file: Path, hub: str, code: str) -> None:
    """Leave it to the station; raises CodeRefused for what is no code, OSError."""
    hub_url(hub, plain=True)
    body = msgspec.json.encode(Pending(hub, parse_code(code).text()))
    files.write(path_of(key_file), body, 0o600)


def take(key_file: Path) -> Pending | None:
    """Return what is to be tried, None when there is nothing; it stays until `done`."""
    try:
        return msgspec.json.decode(path_of(key_file).read_bytes(), type=Pending)
    except (OSError, msgspec.DecodeError, UnicodeError, RecursionError):
        return None


def done(key_file: Path) -> None:
    """Take it away: it has worked, or never will. Raises OSError."""
    files.remove(path_of(key_file))
