"""What a station remembers of its enrolment: a file beside its key, written by the program alone.

What the owner writes into the TOML comes first; this fills in what is not there.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec.structs import replace

from intercom import files
from intercom.config import Config, by_key
from intercom.config_types import Pin, Url
from intercom.enroll.key import KeyFileError
from intercom.protocol import UserId

FILE = "enrolled.json"


class Enrolled(msgspec.Struct, frozen=True, kw_only=True):
    """The hub that this station belongs to, as which user, and by which device key.

    `pin`: the SHA-256 of the hub's certificate, "" where the system's authorities know it.
    """

    url: Url
    pin: Pin
    user: UserId
    device: str
    user_name: str = ""


def path_of(config: Config) -> Path:
    """Return where the station of that configuration keeps its enrolment."""
    return Path(config.station.key_file).with_name(FILE)


def read(path: Path) -> Enrolled | None:
    """Return the enrolment, None when there is none; KeyFileError for a file that is broken."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Enrolled)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise KeyFileError(f"{path}: {error.strerror}: whose is it?") from None
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise KeyFileError(f"{path}: {error}: delete it, and enroll this station anew") from None


def write(path: Path, enrolled: Enrolled) -> None:
    """Keep the enrolment; raises OSError. There is no secret in it."""
    text = msgspec.json.format(msgspec.json.encode(enrolled), indent=2)
    files.write(path, text + b"\n", 0o644)


def merged(config: Config, enrolled: Enrolled | None) -> Config:
    """Return the configuration with what the enrolment says where the owner said nothing."""
    if enrolled is None or not by_key(config):
        return config
    hub, station = config.hub, config.station
    url = hub.url or enrolled.url
    pin = hub.tls_pin or (enrolled.pin if url.startswith("wss://") else "")
    return replace(
        config,
        hub=replace(hub, url=url, tls_pin=pin),
        station=replace(station, user=station.user or enrolled.user),
    )


def applied(config: Config) -> Config:
    """Return the configuration with this machine's enrolment, if there is one and it counts."""
    return merged(config, read(path_of(config))) if by_key(config) else config
