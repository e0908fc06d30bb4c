"""The owner's files on the card's FAT partition: which they are, and what they say. PURE.

They are written on any computer, with any editor: names in any case and with a second `.txt`,
text in UTF-8, UTF-16 or an old Windows code page, with or without a mark at the start.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from intercom.errors import IntercomError

Kind = Literal[
    "station", "hub", "wifi", "enroll", "ssh", "keys", "hostname", "timezone", "custom",
    "firstrun", "cloud", "update",
]  # fmt: skip

_NAMES: dict[str, Kind] = {
    "intercom.toml": "station",
    "station.toml": "station",
    "hub.toml": "hub",
    "wifi": "wifi",
    "wifi.txt": "wifi",
    "wifi.toml": "wifi",
    "enroll": "enroll",
    "enroll.txt": "enroll",
    "ssh": "ssh",
    "authorized_keys": "keys",
    "hostname": "hostname",
    "hostname.txt": "hostname",
    "timezone": "timezone",
    "timezone.txt": "timezone",
    "custom.toml": "custom",
    "firstrun.sh": "firstrun",
    "meta-data": "cloud",
    "network-config": "cloud",
    "user-data": "cloud",
}
_UPDATE = re.compile(r"intercom[\w.+-]*\.bundle")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_HEX_KEY = re.compile(r"[0-9A-Fa-f]{64}")
_PUBLIC_KEY = re.compile(r"(ssh-(ed25519|rsa)|ecdsa-sha2-\S+|sk-\S+) [A-Za-z0-9+/=]+( .*)?")


class OwnerError(IntercomError):
    """An owner's file cannot be used; the words say what is wrong and how it should be."""


class ForeignError(OwnerError):
    """A file is for another system, can never be used, and may hold a secret: it does not stay."""


@dataclass(frozen=True)
class Wifi:
    """A wireless network. `password` is empty for an open one; `country` is ISO 3166's, or ''."""

    ssid: str
    password: str = ""
    country: str = ""
    hidden: bool = False


@dataclass(frozen=True)
class Wishes:
    """What a file of Raspberry Pi Imager asks for, of what an appliance can do."""

    hostname: str = ""
    wifi: Wifi | None = None
    ssh: bool = False
    keys: tuple[str, ...] = ()
    timezone: str = ""
    """As it stands there: whether the system knows it, only the system can say."""


def kind_of(name: str) -> Kind | None:
    """What a file on the card is by its name; None: not one of the owner's."""
    plain = name.strip().lower()
    if plain.startswith("."):
        return None
    for candidate in (plain, plain.removesuffix(".txt"), plain.removesuffix(".txt.txt")):
        if candidate in _NAMES:
            return _NAMES[candidate]
        if _UPDATE.fullmatch(candidate):
            return "update"
    return None


def recognised(names: Iterable[str]) -> list[tuple[str, Kind]]:
    """The owner's files among these, in the order in which they are taken."""
    order = [*dict.fromkeys(_NAMES.values()), "update"]
    found = [(name, kind) for name in sorted(names) if (kind := kind_of(name)) is not None]
    return sorted(found, key=lambda pair: order.index(pair[1]))


def decode(data: bytes) -> str:
    """The text of a file, with plain line ends. Never raises: what cannot be read is replaced."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if data.startswith(mark):
            return _plain(data[len(mark) :].decode(encoding, "replace"))
    if data[1::2].count(0) > len(data) / 4:
        return _plain(data.decode("utf-16-le", "replace"))
    if data[0::2].count(0) > len(data) / 4:
        return _plain(data.decode("utf-16-be", "replace"))
    try:
        return _plain(data.decode("utf-8"))
    except UnicodeDecodeError:
        return _plain(data.decode("cp1252", "replace"))


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").strip("\x00\x1a")


def wifi(text: str) -> Wifi:
    """A `wifi.txt`: lines `ssid = ...`, `password = ...`, `country = ...`, `hidden = yes`; quotes
    are taken off, and it may be TOML as well."""
    values = pairs(text, {"ssid", "password", "country", "hidden"})
    if "ssid" not in values:
        raise OwnerError('there is no line "ssid = NAME" with the name of your Wi-Fi')
    hidden = values.get("hidden", "no").lower() in ("yes", "true", "1")
    return checked(
        Wifi(values["ssid"], values.get("password", ""), values.get("country", ""), hidden)
    )


def checked(found: Wifi) -> Wifi:
    """The same, with the country in capitals; `OwnerError` if no station could join with it."""
    if not 1 <= len(found.ssid.encode()) <= 32:
        raise OwnerError("the ssid must have 1 to 32 characters")
    password = found.password
    good = 8 <= len(password) <= 63 and password.isascii() and password.isprintable()
    if password and not good and not _HEX_KEY.fullmatch(password):
        raise OwnerError(
            "the password must have 8 to 63 letters, digits or signs of a keyboard"
            f" without accents; this one has {len(password)} characters"
        )
    country = found.country.upper()
    if not re.fullmatch(r"([A-Z]{2})?", country):
        raise OwnerError(f'the country must be two letters, like "DE", not "{country}"')
    return Wifi(found.ssid, password, country, found.hidden)


_ALIASES = {"psk": "password", "passphrase": "password", "key": "password", "name": "ssid"}


def pairs(text: str, known: set[str]) -> dict[str, str]:
    """The `key = value` or `key: value` lines of a text; names may be in any case."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), 1):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;[":
            continue
        match = re.fullmatch(r"([A-Za-z_ -]+?)\s*[=:]\s*(.*)", stripped)
        if match is None:
            raise OwnerError(f'line {number} is not like "name = value"')
        key = _ALIASES.get(match[1].lower(), match[1].lower())
        if key not in known:
            names = ", ".join(sorted(known))
            raise OwnerError(f'line {number}: unknown name "{match[1]}": known: {names}')
        found[key] = _unquoted(match[2])
    return found


def _unquoted(value: str) -> str:
    """A value without its quotes; in double quotes TOML's escapes count, where they are right."""
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        try:
            return str(tomllib.loads(f"value = {value}")["value"])
        except tomllib.TOMLDecodeError:
            return value[1:-1]
    return value


def hostname(text: str) -> str:
    """A `hostname.txt`: one name."""
    name = text.strip()
    if not _HOST.fullmatch(name):
        raise OwnerError(
            f'"{name[:70]}" is no name for a machine: it has letters, digits and - only'
        )
    return name.lower()


def public_keys(text: str) -> tuple[str, ...]:
    """An `authorized_keys` file: the public keys in it."""
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if line and not line.startswith("#")]
    for line in lines:
        if not _PUBLIC_KEY.fullmatch(line):
            raise OwnerError('a line is no public key, like "ssh-ed25519 AAAA..."')
    if not lines:
        raise OwnerError("there is no key in it")
    return tuple(lines)
