"""The hub's address as people write it, and the text that carries it with a code. PURE."""

from __future__ import annotations

import re

from intercom.config_host import parts
from intercom.config_rules import is_loopback
from intercom.enroll.code import SYMBOLS, CodeError, parse
from intercom.enroll.errors import CodeRefused, NotTrusted

HUB = "hub.local"
"""What is meant without a hub: docs/install.md calls its machine so."""
PORT = 8443
"""What is meant without a port: the default of [hub] port."""
NO_ADDRESS = 'that is no address of a hub: write it like "hub.local" or "10.0.0.5"'

_URL = re.compile(r"^(?P<scheme>wss?|https?)://(?P<place>[^/\s?#@]+)/?$", re.IGNORECASE)
_COMMAND = re.compile(r"^.*\bintercom\s+enroll\s+")
_OPTION = re.compile(r"\s--?[a-z].*$")


def hub_url(text: str, plain: bool = False) -> str:
    """Return the hub's WebSocket URL: "hub.local" is "wss://hub.local:8443".

    CodeRefused: that is no address. NotTrusted: it would go without TLS to another machine, which
    is not done unless `plain`.
    """
    text = text.strip()
    written = _URL.match(text)
    scheme = {"http": "ws", "https": "wss"}.get(
        found := written["scheme"].lower() if written else "wss", found
    )
    place = written["place"] if written else text.rstrip("/")
    if place.count(":") > 1 and "[" not in place:
        place = f"[{place}]"
    reached = parts(place)
    if reached is None:
        raise CodeRefused(NO_ADDRESS)
    host, port = reached
    if scheme == "ws" and not plain and not is_loopback(host):
        raise NotTrusted("ws:// would go to another machine in the clear: use wss://")
    port = port or ("" if written else str(PORT))
    return f"{scheme}://{host}{':' if port else ''}{port}"


def looks_like_code(text: str) -> bool:
    """Tell whether this is meant to be a code, with a slip or without, and no hub's address."""
    symbols = sum(letter.isalnum() for letter in text)
    return abs(symbols - SYMBOLS) <= 1 and not set(text) & set(".:[]/#")


def invitation(text: str) -> tuple[str, str]:
    """Return hub and code, of a line or file that holds both: "hub.local 7S97-WC5M-XKE5-B7R3".

    On one line or two, the code in groups or not, also the whole command that `intercom invite`
    prints; the code alone means HUB; lines that begin with "#" are left out. Raises CodeRefused
    with what is wrong.
    """
    lines = (line.strip() for line in text.lstrip("\ufeff").splitlines())
    words = " ".join(line for line in lines if line and not line.startswith("#"))
    words = _OPTION.sub("", _COMMAND.sub("", words))
    if looks_like_code(words):
        return HUB, parse(words).text()
    hub, _, code = words.partition(" ")
    if not code:
        raise CodeError('the hub\'s address and the code are wanted: "hub.local 7S97-WC5M-..."')
    hub_url(hub, plain=True)
    return hub, parse(code).text()
