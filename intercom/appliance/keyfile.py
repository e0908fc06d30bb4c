"""A wireless network as a connection of NetworkManager (nm-settings-keyfile(5)). PURE."""

from __future__ import annotations

import uuid

from intercom.appliance.owner import Wifi

NAME = "intercom-wifi.nmconnection"

_SPACE = uuid.UUID("6f0a8f0e-6a4c-5c1e-9d0b-0d6b1f1c9a11")


def render(wifi: Wifi) -> str:
    """The text of the keyfile. The same network has the same UUID on each station.

    Power save is off: with it a Pi answers a second late. It is tried for ever, but for what looks
    like a wrong password; intercom-wifi.service tries that again.
    """
    lines = [
        "[connection]",
        "id=intercom-wifi",
        f"uuid={uuid.uuid5(_SPACE, wifi.ssid)}",
        "type=wifi",
        "autoconnect-retries=0",
        "",
        "[wifi]",
        "mode=infrastructure",
        f"ssid={_octets(wifi.ssid)}",
        "powersave=2",
        *(["hidden=true"] if wifi.hidden else []),
        *_security(wifi.password),
        "",
        "[ipv4]",
        "method=auto",
        "",
        "[ipv6]",
        "method=auto",
        "",
    ]
    return "\n".join(lines)


def _security(password: str) -> list[str]:
    if not password:
        return []
    return ["", "[wifi-security]", "key-mgmt=wpa-psk", f"psk={_escaped(password)}"]


def _octets(ssid: str) -> str:
    """A list of the name's bytes, which needs no escapes."""
    return "".join(f"{octet};" for octet in ssid.encode())


def _escaped(text: str) -> str:
    """A string of GLib's key files: backslashes, and spaces where they would be cut off."""
    text = text.replace("\\", "\\\\")
    bare = text.lstrip(" ")
    return "\\s" * (len(text) - len(bare)) + bare
