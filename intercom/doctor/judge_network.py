"""What the interfaces of this machine mean. PURE."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from intercom.doctor.results import Result, fault, judged

WEAK, POOR = -70, -80
"""dBm of a Wi-Fi: gaps are to be expected; it breaks down."""
_SAVE_OFF = (
    "switch it off: `nmcli connection modify NAME 802-11-wireless.powersave 2`, or"
    " `iw dev wlan0 set power_save off` until the next start"
)


@dataclass(frozen=True)
class Interface:
    """One of them; `carrier` None: it is down. Speed in Mbit/s. `power_save` None: not told."""

    name: str
    carrier: bool | None
    addresses: Sequence[str] = ()
    speed: int | None = None
    wireless: bool = False
    signal: int | None = None
    power_save: bool | None = None
    errors: int = 0

    @property
    def up(self) -> bool:
        """Whether it could carry something."""
        return bool(self.carrier and any(not _link_local(it) for it in self.addresses))


def network(interfaces: Sequence[Interface], gateway: str, local_hub: bool) -> Result:
    """The verdict; `local_hub`: the hub is on this machine, so that no network is needed."""
    there = [it for it in interfaces if it.carrier]
    parts = [_words(it) for it in there] or ["not connected, the hub is on this machine"]
    text = "; ".join([*parts, *([f"gateway {gateway}"] if gateway else [])])
    values = {
        "interfaces": [it.name for it in interfaces],
        "addresses": [address for it in there for address in it.addresses],
        "gateway": gateway or None,
        "signal_dbm": next((it.signal for it in there if it.signal is not None), None),
        "power_save": next((it.power_save for it in there if it.wireless), None),
    }
    if not there and not local_hub:
        names = ", ".join(it.name for it in interfaces) or "none is known"
        return fault("network", f"no interface is connected ({names})", _PLUG, **values)
    faults, warnings = [], []
    if there and not any(it.up for it in there) and not local_hub:
        words = "no address was given to this machine"
        faults.append((words, "is a DHCP server there (the router)? else set an address by hand"))
    for it in there:
        warnings += _weak(it)
    return judged("network", text, faults, warnings,
                  **values)  # fmt: skip


def wireless(text: str) -> dict[str, int]:
    """Signal in dBm by interface, of /proc/net/wireless (wireless extensions)."""
    found = {}
    for line in text.splitlines():
        match = re.match(r"\s*(\w+):\s+\d+\s+(-?\d+)\.?\s+(-?\d+)\.?", line)
        if match:
            level = int(match[3])
            found[match[1]] = level - 256 if level > 63 else level
    return found


def gateway(text: str) -> str:
    """The default gateway of /proc/net/route, or an empty string."""
    for line in text.splitlines()[1:]:
        fields = line.split()
        if len(fields) > 7 and fields[1] == "00000000" and fields[7] == "00000000":
            found = ipaddress.IPv4Address(bytes.fromhex(fields[2])[::-1])
            if not found.is_unspecified:  # of a tunnel, which has none
                return str(found)
    return ""


_PLUG = "plug the network cable in and look at its lights; for Wi-Fi: `nmcli device wifi`, `rfkill`"


def _words(it: Interface) -> str:
    parts = [", ".join(it.addresses) or "no address"]
    if it.speed:
        parts.append(f"{it.speed} Mbit/s")
    if it.signal is not None:
        parts.append(f"{it.signal} dBm")
    if it.wireless:
        saving = {True: "on", False: "off", None: "not told (no iw)"}[it.power_save]
        parts.append(f"power save {saving}")
    return f"{it.name} {', '.join(parts)}"


def _weak(it: Interface) -> list[tuple[str, str]]:
    found = []
    if it.signal is not None and it.signal < WEAK:
        how = "too weak" if it.signal < POOR else "weak"
        remedy = "bring the access point nearer, turn the antenna, or take a cable"
        found.append((f"the Wi-Fi is {how}", remedy))
    if it.power_save:
        found.append(("Wi-Fi power save delays calls by up to 2 s", _SAVE_OFF))
    if it.errors > 1000:
        found.append((f"{it.errors} errors on {it.name}", "take another cable and port"))
    if it.speed == 10:
        found.append((f"{it.name} runs at 10 Mbit/s", "take another cable: a wire is broken"))
    return found


def _link_local(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_link_local
