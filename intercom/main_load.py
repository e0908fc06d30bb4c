"""A configuration's file, read and checked; a station's with what its enrolment says."""

from __future__ import annotations

import tomllib
from pathlib import Path

from intercom.config import Config, Role, load
from intercom.enroll import store
from intercom.errors import ConfigError


def load_file(path: Path, role: Role | None, enrolled: bool = True) -> Config:
    """Return the configuration in force; ConfigError with all faults of the file.

    Not `enrolled`: what the file alone says.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}: give the file with --config") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error.reason})") from None
    config = load(text, str(path), role)
    is_station = role == "station" or (role is None and "station" in tomllib.loads(text))
    return store.applied(config) if is_station and enrolled else config
