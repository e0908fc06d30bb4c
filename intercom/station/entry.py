"""A hub's address and a code as they are typed, key by key. PURE."""

from __future__ import annotations

from dataclasses import dataclass, replace

from intercom.enroll.address import HUB
from intercom.enroll.code import ALPHABET, GROUP, SYMBOLS

HUB_SIGNS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-:[]")
HUB_MAX = 80
KEYS = ("1234567890", "qwertyuiop", "asdfghjkl-", "zxcvbnm.:")
"""The rows of keys on the screen; BACK is at the end of the last one."""
BACK = "back"
_NAMED = {"backspace": BACK, "delete": BACK, "minus": "-", "period": ".", ";": ":"}
_LOOK_ALIKE = {"O": "0", "I": "1", "L": "1"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What was typed so far; `field` is "hub" or "code", where keys go to."""

    hub: str = HUB
    code: str = ""
    field: str = "code"

    def at(self, field: str) -> Entry:
        """Type into that field from now on."""
        return replace(self, field=field)

    def key(self, name: str) -> Entry:
        """Take a key, on the screen or of a keyboard; one that means nothing here is ignored."""
        key = _NAMED.get(name, name)
        if key == "tab":
            return self.at("hub" if self.field == "code" else "code")
        if self.field == "hub":
            return replace(self, hub=_typed(self.hub, key.lower(), HUB_SIGNS, HUB_MAX))
        symbol = key if key == BACK else _LOOK_ALIKE.get(key.upper(), key.upper())
        return replace(self, code=_typed(self.code, symbol, ALPHABET, SYMBOLS))

    @property
    def shown(self) -> str:
        """The code in its groups."""
        return "-".join(self.code[at : at + GROUP] for at in range(0, len(self.code), GROUP))

    @property
    def complete(self) -> bool:
        """Whether there is as much of it as is needed."""
        return bool(self.hub) and len(self.code) == SYMBOLS


def _typed(text: str, key: str, allowed: str | frozenset[str], most: int) -> str:
    if key == BACK:
        return text[:-1]
    return text + key if len(key) == 1 and key in allowed and len(text) < most else text
