"""What Raspberry Pi Imager leaves on a card: `custom.toml`, or the script `firstrun.sh`. PURE.

The script is read, never run: the lines in which it calls `imager_custom`, and their fallbacks for
images without that program. Users, passwords and keyboards are of no use to a station. What it
writes for cloud-init is not read at all.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from typing import Any

from intercom.appliance.owner import (
    ForeignError,
    OwnerError,
    Wifi,
    Wishes,
    checked,
    hostname,
    public_keys,
)

_RUN = re.compile(
    rb"(?<!\S)systemd\.(run=\S*/firstrun\.sh|run_success_action=\S*|unit=kernel-command-line\.target)"
    rb"(?!\S)"
)


def custom(text: str) -> Wishes:
    """A `custom.toml`: tables system, ssh, wlan and locale. Raises OwnerError."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise OwnerError(f"is not TOML: {error}") from None
    ssh, wlan = _table(raw, "ssh"), _table(raw, "wlan")
    listed = ssh.get("authorized_keys", [])
    if not isinstance(listed, list):
        raise OwnerError("ssh.authorized_keys must be a list of keys")
    keys = tuple(str(key) for key in listed if str(key).strip())
    name = str(_table(raw, "system").get("hostname", ""))
    found = None
    if wlan.get("ssid"):
        found = Wifi(
            str(wlan["ssid"]),
            str(wlan.get("password", "")),
            str(wlan.get("country", "")),
            bool(wlan.get("hidden", False)),
        )
    timezone = str(_table(raw, "locale").get("timezone", ""))
    return _checked(name, found, bool(ssh.get("enabled")), keys, timezone)


def firstrun(text: str) -> Wishes:
    """A `firstrun.sh`. Raises OwnerError if a value in it cannot be used."""
    name, timezone, found, ssh, keys = "", "", None, False, tuple[str, ...]()
    for words in _calls(text):
        match words:
            case ["set_hostname", value]:
                name = value
            case ["set_timezone", value]:
                timezone = value
            case ["enable_ssh", *rest]:
                ssh = True
                keys = tuple(rest[rest.index("-k") + 1 :]) if "-k" in rest else keys
            case ["set_wlan", *rest]:
                found = _wlan(rest) or found
    return _checked(name, found, ssh, keys, timezone)


def cloud(text: str) -> None:
    """A `user-data`, `network-config` or `meta-data`. Raises ForeignError if it wants anything."""
    lines = (line.strip() for line in text.split("\n"))
    if any(line and not line.startswith(("#", "instance-id:")) for line in lines):
        raise ForeignError(
            "is for cloud-init, which this system has not. It was not used, and was removed, since"
            " there may be a password in it. Write wifi.txt, hostname.txt, timezone.txt, ssh and"
            " authorized_keys instead"
        )


def not_run(line: bytes) -> bytes:
    """A `cmdline.txt` without Imager's order to run `firstrun.sh` in place of the system. It is as
    long as it was, so that it can be written in its own place."""
    return _RUN.sub(lambda match: b" " * len(match[0]), line)


def _table(raw: dict[str, Any], name: str) -> dict[str, Any]:
    table = raw.get(name, {})
    if not isinstance(table, dict):
        raise OwnerError(f"{name} must be a table")
    return table


def _calls(text: str) -> Iterator[list[str]]:
    """The words of each call of `imager_custom`."""
    joined = text.replace("\\\n", " ")
    for match in re.finditer(r"^\s*\S*imager_custom\s+(.+)$", joined, re.MULTILINE):
        try:
            yield shlex.split(match[1], comments=True)
        except ValueError:
            raise OwnerError("a line in it has a quote too many") from None


def _wlan(words: list[str]) -> Wifi | None:
    hidden = "-h" in words
    values = [word for word in words if word not in ("-h", "-p")]
    values += [""] * (3 - len(values))
    return Wifi(values[0], values[1], values[2], hidden) if values[0] else None


def _checked(
    name: str, found: Wifi | None, ssh: bool, keys: tuple[str, ...], timezone: str
) -> Wishes:
    lines = "\n".join(keys)
    return Wishes(
        hostname(name) if name else "",
        checked(found) if found else None,
        ssh,
        public_keys(lines) if lines else (),
        timezone.strip(),
    )
