"""Settings: TOML text in, one frozen `Config` out, or every fault in the file at once. PURE.

The law: nothing here reads a file, a clock or the environment. A file that is wrong in any key is
refused as a whole; no key is ignored, and none is guessed. Secrets are printed as "***".
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from intercom.config_check import Checker, Fault, InvalidConfig
from intercom.config_rules import Role, broken_rules, by_key, is_loopback, is_plain
from intercom.config_types import (
    AnswerConfig,
    CallConfig,
    CameraConfig,
    Config,
    Consent,
    GroupConfig,
    HubConfig,
    IceServer,
    LogConfig,
    NetworkConfig,
    PanelConfig,
    PlanStep,
    ScreenConfig,
    Secret,
    SoundConfig,
    StationConfig,
    UpdateConfig,
    UserConfig,
)

__all__ = [
    "AnswerConfig",
    "CallConfig",
    "CameraConfig",
    "Config",
    "Consent",
    "Fault",
    "GroupConfig",
    "HubConfig",
    "IceServer",
    "InvalidConfig",
    "LogConfig",
    "NetworkConfig",
    "PanelConfig",
    "PlanStep",
    "Role",
    "ScreenConfig",
    "Secret",
    "SoundConfig",
    "StationConfig",
    "UpdateConfig",
    "UserConfig",
    "by_key",
    "dump",
    "is_loopback",
    "is_plain",
    "load",
    "salvage",
]


def load(text: str, source: str, role: Role | None = None) -> Config:
    """The configuration written in `text`; `source` names the file in messages.

    A station must know more than a hub. Without `role`, a file with a `[station]` section is a
    station's. Raises `InvalidConfig` with all faults.
    """
    checker = Checker(source)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        checker.fault("", f"is not TOML: {error}")
        raise InvalidConfig(checker.faults) from error
    config = checker.check(raw, Config)
    known = [fault.key for fault in checker.faults]
    for key, message in broken_rules(config, raw, role or _role(raw)):
        if not any(_follows(key, cause) for cause in known):
            checker.fault(key, message)
    if checker.faults:
        raise InvalidConfig(checker.faults)
    return config


def salvage(raw: Mapping[str, Any]) -> Config:
    """What of a parsed file is right, with defaults for the rest; never raises."""
    return Checker("").check(raw, Config)


def dump(config: Config) -> str:
    """The whole configuration in force as TOML, its secrets masked."""
    lines = _table("", msgspec.structs.asdict(config))
    return "\n".join(lines).lstrip("\n") + "\n"


def _role(raw: Mapping[str, Any]) -> Role:
    return "station" if "station" in raw else "hub"


def _follows(key: str, cause: str) -> bool:
    """Whether a fault at `key` may only come of the fault at `cause` having left a default."""
    return key == cause or key.startswith((f"{cause}.", f"{cause}["))


def _table(name: str, items: Mapping[str, Any]) -> Iterator[str]:
    """The lines of one table: its own values first, then the tables in it."""
    tables = {key: _fields(value) for key, value in items.items() if _is_table(value)}
    if name and (len(tables) < len(items) or not items):
        yield f"\n[{name}]"
    for key, value in items.items():
        if key not in tables:
            yield f"{key} = {_literal(value)}"
    for key, table in tables.items():
        if table:
            yield from _table(f"{name}.{key}" if name else key, table)


def _is_table(value: object) -> bool:
    return isinstance(value, dict | msgspec.Struct)


def _fields(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else msgspec.structs.asdict(value)


def _literal(value: Any) -> str:
    """One value in TOML's notation; a struct in a list stands in line."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():  # JSON's escapes are TOML's, but for DEL
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
        case tuple():
            return f"[{', '.join(map(_literal, value))}]"
        case msgspec.Struct():
            items = msgspec.structs.asdict(value).items()
            return f"{{ {', '.join(f'{key} = {_literal(item)}' for key, item in items)} }}"
    return repr(value)
