"""Which hosts a resolver and an HTTP client can be asked for; they raise all sorts of errors. PURE.

RFC 3986, 3.2.2: an address of IPv6 stands in brackets. RFC 1123, 2.1: labels of 1 to 63 signs.
"""

from __future__ import annotations

import ipaddress
import re

from yarl import URL

_PLACE = re.compile(r"(?P<host>\[[^\[\]]*\]|[^\[\]:]*)(:(?P<port>[0-9]{1,5}))?")
_NAME = re.compile(r"([A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")
_NAME_MAX = 253
_SCOPE = re.compile(r"%[A-Za-z0-9_.-]{1,15}\Z")


def parts(place: str) -> tuple[str, str] | None:
    """Return host and port ("" for none) of "host:port", "[::1]"; None if nobody is reached so."""
    found = _PLACE.fullmatch(place)
    if found is None or not is_host(found["host"]):
        return None
    if int(found["port"] or 1) not in range(1, 65536):
        return None
    return found["host"], found["port"] or ""


def is_host(host: str) -> bool:
    """Tell whether this is a name, an address of IPv4, or one of IPv6 in brackets."""
    if host.startswith("["):
        return host.endswith("]") and _is_ipv6(host[1:-1])
    try:
        encoded = host.encode("idna")
        encoded.decode("idna")  # "xn--" and nonsense is ASCII, and raises later
        name = encoded.decode("ascii")
        URL(f"ws://{host}")  # refuses signs that IDNA drops: another host than was written
    except ValueError:
        return False
    return _NAME.fullmatch(name) is not None and len(name.rstrip(".")) <= _NAME_MAX


def _is_ipv6(number: str) -> bool:
    try:
        ipaddress.IPv6Address(_SCOPE.sub("", number))
    except ValueError:
        return False
    return True
