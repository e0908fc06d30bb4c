"""A configuration's file, read and checked; a station's with what its enrolment says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from intercom import zone
from intercom.config import Config, Fault, InvalidConfig, Role, load
from intercom.enroll import store
from intercom.errors import ConfigError, IntercomError


def load_file(path: Path, role: Role | None, enrolled: bool = True) -> Config:
    """Return the configuration in force; ConfigError with all faults of the file.

    From then on the local time of this process is that of the configuration's zone.
    Not `enrolled`: what the file alone says. KeyFileError: of the enrolment nothing can be said.
    """
    config, raw = _read(path, role)
    is_station = role == "station" or (role is None and "station" in raw)
    return store.applied(config) if is_station and enrolled else config


def load_hub(path: Path) -> Config:
    """Return the configuration of the hub that a file sets up, by itself or in a station.

    ConfigError with all faults of the file; IntercomError when there is no hub in it: what a
    command would make or read in this machine's folders is no hub's.
    """
    config, raw = _read(path, None)
    by_itself = "hub" in raw and "station" not in raw and not config.hub.url
    if config.hub.embedded or by_itself:
        return config
    raise IntercomError(
        f"{path} sets up no hub, but a station that uses one: run this on the hub's machine,"
        " or name the hub's file with --config"
    )


def _read(path: Path, role: Role | None) -> tuple[Config, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}: give the file with --config") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error.reason})") from None
    config = load(text, str(path), role)
    if words := zone.fault(config.station.timezone):
        raise InvalidConfig([Fault(str(path), "station.timezone", words)])
    zone.use(config.station.timezone)
    return config, tomllib.loads(text)
