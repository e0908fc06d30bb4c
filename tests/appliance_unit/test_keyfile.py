"""NetworkManager itself reads the connections that are written for it."""

from __future__ import annotations

import re
import subprocess

import pytest

from intercom.appliance import keyfile
from intercom.appliance.owner import Wifi
from tests.appliance.card import CardError, tree
from tests.appliance_unit.test_layers import overlays

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not overlays(), reason="needs root")]
NETWORKS = [
    Wifi("Home", "secret12"),
    Wifi("Café ☕;x", '  a\\b;c "q" #= ', "DE", hidden=True),
    Wifi("0", "0f" * 32),
    Wifi(" Guests "),
]


@pytest.mark.parametrize("wifi", NETWORKS)
def test_it_reads_what_was_meant(wifi: Wifi) -> None:
    try:
        root = tree()
    except CardError as error:
        pytest.skip(f"the appliance's tree cannot be made here: {error}")
    text = keyfile.render(wifi)
    words = ["nmcli", "--offline", "connection", "modify", "ipv6.method", "auto"]
    command = ["chroot", str(root), *words]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    assert settings(done.stdout) == settings(text)


def settings(text: str) -> set[str]:
    """The lines of a keyfile; a name in letters as the list of bytes that it is."""
    lines = {line for line in text.splitlines() if line and "[" not in line}
    ssid = next(line for line in lines if line.startswith("ssid="))
    name = ssid.removeprefix("ssid=")
    if not re.fullmatch("([0-9]+;)+", name):
        octets = name.replace("\\s", " ").encode()
        name = "".join(f"{octet};" for octet in octets)
    return lines - {ssid} | {f"ssid={name}"}
