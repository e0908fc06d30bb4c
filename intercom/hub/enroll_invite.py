"""An invitation as it is printed for the hub's owner: the code, where to type it, and as QR."""

from __future__ import annotations

import io
import ipaddress
import socket

import segno

from intercom.config import HubConfig, is_plain
from intercom.enroll.address import PORT
from intercom.enroll.code import EnrollCode
from intercom.hub.address import bracketed


def address(config: HubConfig) -> str:
    """Return the address that stations on the network use for this hub, as short as can be."""
    listen = config.listen.strip("[]")
    if not listen or _is_wildcard(listen):
        name = socket.gethostname()
        listen = name if "." in name else f"{name}.local"
    if is_plain(config):
        return f"ws://{bracketed(listen, config.port)}"
    shown = bracketed(listen, config.port)
    return shown.removesuffix(f":{PORT}") if ":" not in listen else shown


def as_text(user: str, name: str, code: EnrollCode, hub: str, minutes: float) -> str:
    """Return what `intercom invite` prints."""
    who = f'"{user}"' if name == user else f'"{user}" ({name})'
    line = f"{hub} {code.text()}"
    return "\n".join(
        [
            f"A code for one device of {who}, good once, for {minutes:g} minutes:",
            "",
            f"    {code.text()}",
            "",
            f"Type it on the station's screen, with {hub} as the hub; or at the station:",
            "",
            f"    sudo intercom enroll {hub}",
            "",
            "which asks for the code; or write the line",
            "",
            f"    {line}",
            "",
            "into the file enroll.txt on its card. This holds the line, too:",
            "",
            qr(line),
        ]
    )


def qr(text: str) -> str:
    """Return a QR code (ISO/IEC 18004) of half blocks, for a dark terminal."""
    drawn = io.StringIO()
    segno.make_qr(text, error="m").terminal(out=drawn, border=2, compact=True)
    return drawn.getvalue().rstrip("\n")


def _is_wildcard(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_unspecified
    except ValueError:
        return False
