"""Reads what the kernel tells of the interfaces."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import ifaddr

from intercom.config import is_loopback
from intercom.doctor import judge_network
from intercom.doctor.files import number, text
from intercom.doctor.hub_login import place
from intercom.doctor.judge_network import Interface
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result

VIRTUAL = ("lo", "docker", "veth", "br-", "virbr", "dummy", "ifb")
_NO_HARDWARE = 65534  # ARPHRD_NONE of linux/if_arp.h: WireGuard, tun; some modems, which are real


def check(patient: Patient) -> Iterator[Result]:
    """Interfaces, addresses, Wi-Fi."""
    config = patient.config
    local = config.hub.embedded or is_loopback(urlsplit(place(config).url).hostname or "")
    found = interfaces(patient.root, addresses(), patient.is_here)
    route = text(patient.root / "proc/net/route")
    yield judge_network.network(found, judge_network.gateway(route), local)


def addresses() -> dict[str, list[str]]:
    """The addresses of this machine by interface; those of IPv6 without their scope."""
    found: dict[str, list[str]] = {}
    for adapter in ifaddr.get_adapters():
        found[adapter.name] = [ip.ip if isinstance(ip.ip, str) else ip.ip[0] for ip in adapter.ips]
    return found


def interfaces(root: Path, known: dict[str, list[str]], here: bool) -> list[Interface]:
    """Those of /sys/class/net that lead out; `here`: `root` is this running machine."""
    signals = judge_network.wireless(text(root / "proc/net/wireless"))
    found = []
    for folder in _leading_out(root / "sys/class/net"):
        name = folder.name
        up = text(folder / "operstate") != "down" and text(folder / "carrier")
        wireless = (folder / "wireless").exists() or (folder / "phy80211").exists()
        speed = number(folder / "speed")
        found.append(
            Interface(
                name,
                carrier=None if not up else up == "1",
                addresses=known.get(name, []),
                speed=speed if speed is not None and speed > 0 else None,
                wireless=wireless,
                signal=signals.get(name),
                power_save=power_save(name) if wireless and here else None,
                errors=sum(
                    number(folder / f"statistics/{way}_errors") or 0 for way in ("rx", "tx")
                ),
            )
        )
    return found


def _leading_out(net: Path) -> list[Path]:
    """Without a VPN's, which is up though no cable is; but it can be all that a container has."""
    all_ = [it for it in sorted(net.glob("*")) if not it.name.startswith(VIRTUAL)]
    return [it for it in all_ if not _is_tunnel(it)] or all_


def _is_tunnel(folder: Path) -> bool:
    made = (folder / "tun_flags").exists() or number(folder / "type") == _NO_HARDWARE
    return made and not (folder / "device").exists()


def power_save(interface: str) -> bool | None:
    """Whether this Wi-Fi sleeps between packets, by `iw`; None when it does not say."""
    command = ["iw", "dev", interface, "get", "power_save"]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=3, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return "on" in told.stdout.lower().rpartition(":")[2]
