"""Rules between keys, each a small function that yields (key, fault with remedy). PURE."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import combinations
from typing import Any, Literal

from intercom import config_host
from intercom.config_check import did_you_mean
from intercom.config_types import Config, HubConfig
from intercom.protocol import OTHERS_MAX

Role = Literal["station", "hub"]
Broken = Iterator[tuple[str, str]]
Rule = Callable[[Config, Mapping[str, Any]], Broken]

_LOOPBACK = re.compile(r"localhost|127(\.\d{1,3}){3}|::1|\[::1\]", re.IGNORECASE)
_HOST = re.compile(r"^wss?://(\[[^\]]*\]|[^:/]*)")
_PLACE = re.compile(r"^wss?://([^/]*)")
_UNIX_PATH_MAX = 107  # sun_path of unix(7), less its NUL
_MESSAGE_MAX = 120  # seconds of a visitor's message
_HOT_LEAST = 40  # degrees; any Pi is warmer than that when it works
_BITRATE_FLOOR = 100_000  # below it a Pi's encoder hangs (rpicam-apps#664)


def is_loopback(host: str) -> bool:
    """Whether a host, by name or number, is this machine itself."""
    return _LOOPBACK.fullmatch(host) is not None


def is_plain(hub: HubConfig) -> bool:
    """Whether a hub with these settings serves without TLS."""
    return not hub.tls_cert and (hub.insecure or is_loopback(hub.listen))


def by_key(config: Config) -> bool:
    """Whether a station logs in by its device's key; what is not said of its hub, an enrolment
    says."""
    station = config.station
    return not config.hub.embedded and not station.token and not station.token_file


def broken_rules(config: Config, raw: Mapping[str, Any], role: Role) -> Broken:
    """Every rule that the configuration of that role breaks; `raw` tells what was written."""
    for rule in (*(_STATION if role == "station" else ()), *_ALWAYS):
        yield from rule(config, raw)


def _station_user(config: Config, raw: Mapping[str, Any]) -> Broken:
    if not config.station.user and not by_key(config):
        yield "station.user", "is missing: the user id of this station at the hub"


def _station_hub(config: Config, raw: Mapping[str, Any]) -> Broken:
    hub = config.hub
    if not hub.url and not hub.embedded and not by_key(config):
        yield "hub.url", "is missing: give the address of the hub whose token that is"
    if hub.url and hub.embedded:
        yield "hub.embedded", "excludes url: either this station has the hub in it, or it is there"


def _station_token(config: Config, raw: Mapping[str, Any]) -> Broken:
    station = config.station
    if station.token and station.token_file:
        yield "station.token", "excludes token_file: keep one of them"
    if not station.key_file:
        yield "station.key_file", "is empty: a station keeps the key there by which it logs in"


def _station_metrics(config: Config, raw: Mapping[str, Any]) -> Broken:
    host, _, port = config.station.metrics.rpartition(":")
    whole = f"[{host.strip('[]')}]" if ":" in host else host
    if port and not (config_host.is_host(whole) and int(port) < 65536):
        yield "station.metrics", 'is no address to serve at: write it like "127.0.0.1:9464"'


def _call_button(config: Config, raw: Mapping[str, Any]) -> Broken:
    wired = _written(raw, "panel", "call") and config.panel.call >= 0
    reachable = config.call.callee or config.call.plan
    if wired and config.panel.driver != "none" and not reachable:
        yield (
            "call.callee",
            f"is missing: the button on GPIO {config.panel.call} has nobody to call; "
            "name a user or a group, give a plan, or set panel.call = -1",
        )


def _callees(config: Config, raw: Mapping[str, Any]) -> Broken:
    call = config.call
    if call.second_callee and not call.callee and not call.plan:
        yield "call.second_callee", "needs a callee: a long press is the button's second use"
    steps = ((f"plan[{index}].ring", step.ring) for index, step in enumerate(call.plan))
    for key, callee in (("callee", call.callee), ("second_callee", call.second_callee), *steps):
        if callee and callee == config.station.user:
            yield f"call.{key}", f'"{callee}" is this station itself'


def _plan(config: Config, raw: Mapping[str, Any]) -> Broken:
    plan = config.call.plan
    for index, step in enumerate(plan):
        key = f"call.plan[{index}]"
        if not step.ring and not step.message:
            yield f"{key}.ring", "is missing: a step rings somebody, or takes a message"
        if step.ring and step.message:
            yield f"{key}.message", "excludes ring: make two steps of it"
        if step.message and index < len(plan) - 1:
            yield f"{key}.message", "must be the last step: after a message nobody is rung"
        if step.message and step.seconds > _MESSAGE_MAX:
            yield f"{key}.seconds", f"must be at most {_MESSAGE_MAX} for a message"
        if step.hours and step.hours[:5] == step.hours[6:]:
            yield f"{key}.hours", 'have no length; "" = at any time'


def _pins(config: Config, raw: Mapping[str, Any]) -> Broken:
    panel = config.panel
    pins = {name: getattr(panel, name) for name in ("call", "accept", "hangup", "mute", "lamp")}
    for (one, pin), (other, its) in combinations(pins.items(), 2):
        if panel.driver != "none" and pin == its and pin >= 0:
            yield f"panel.{other}", f"GPIO {pin} is taken by panel.{one}; -1 = not wired"


def _tls(config: Config, raw: Mapping[str, Any]) -> Broken:
    hub = config.hub
    if bool(hub.tls_cert) != bool(hub.tls_key):
        missing = "tls_key" if hub.tls_cert else "tls_cert"
        yield f"hub.{missing}", "is missing: certificate and key belong together"
    host = _HOST.match(hub.url)
    plain = hub.url.startswith("ws://") and host is not None and not is_loopback(host[1])
    if plain and not hub.insecure:
        yield (
            "hub.url",
            "ws:// would send the token and the calls in the clear; "
            "use wss://, or set insecure = true",
        )
    if hub.tls_pin and hub.url.startswith("ws://"):
        yield "hub.tls_pin", "needs a wss:// url: nothing is pinned without TLS"


def _hub_url(config: Config, raw: Mapping[str, Any]) -> Broken:
    place = _PLACE.match(config.hub.url)
    if place is not None and config_host.parts(place[1]) is None:
        yield "hub.url", f'has no address in it: "{place[1]}"; write it like "wss://hub.local:8443"'


def _users(config: Config, raw: Mapping[str, Any]) -> Broken:
    known = {*config.hub.users, *config.hub.groups, "*"}
    for name, user in config.hub.users.items():
        for other in user.may_call:
            if other not in known:
                hint = did_you_mean(other, known)
                yield f"hub.users.{name}.may_call", f'"{other}" is no user and no group{hint}'


def _groups(config: Config, raw: Mapping[str, Any]) -> Broken:
    users = config.hub.users  # without any, the hub lets in whoever has a token
    for name, group in config.hub.groups.items():
        key = f"hub.groups.{name}"
        if name in users:
            yield key, "is the name of a user as well; a caller could not tell them apart"
        if not group.members:
            yield f"{key}.members", "is empty: nobody would be rung"
        if len(group.members) > OTHERS_MAX:
            yield (
                f"{key}.members",
                f"are {len(group.members)}: one call rings at most {OTHERS_MAX}; make two groups",
            )
        if len(set(group.members)) < len(group.members):
            yield f"{key}.members", "names a member twice"
        for member in group.members:
            if users and member not in users:
                yield f"{key}.members", f'"{member}" is no user{did_you_mean(member, users)}'


def _ice_servers(config: Config, raw: Mapping[str, Any]) -> Broken:
    for index, server in enumerate(config.hub.ice_servers):
        key = f"hub.ice_servers[{index}]"
        if server.secret and (server.username or server.credential):
            yield f"{key}.secret", "excludes username and credential: it makes them"
        given = "secret" if server.secret else "username" if server.username else ""
        if given and not any(url.startswith(("turn:", "turns:")) for url in server.urls):
            yield f"{key}.{given}", "needs a turn: or turns: URL: STUN asks for no login"


def _answer(config: Config, raw: Mapping[str, Any]) -> Broken:
    answer = config.answer
    if answer.kind != "off" and not answer.allow:
        yield "answer.allow", f'is empty: kind = "{answer.kind}" answers only callers named here'
    hours = (("quiet", answer.quiet_from, answer.quiet_to), ("dnd", answer.dnd_from, answer.dnd_to))
    for name, begin, end in hours:
        if bool(begin) != bool(end):
            missing = "to" if begin else "from"
            yield f"answer.{name}_{missing}", "is missing: hours of quiet have a begin and an end"


def _limits(config: Config, raw: Mapping[str, Any]) -> Broken:
    if 0 < config.camera.hot_from < _HOT_LEAST:
        yield "camera.hot_from", f"must be 0 (never) or at least {_HOT_LEAST} degrees"
    if 0 < config.camera.bitrate < _BITRATE_FLOOR:
        yield "camera.bitrate", f"must be 0 (by quality) or at least {_BITRATE_FLOOR}"
    if len(config.station.control.encode()) > _UNIX_PATH_MAX:
        yield "station.control", f"is longer than a socket's path may be ({_UNIX_PATH_MAX} bytes)"


def _network(config: Config, raw: Mapping[str, Any]) -> Broken:
    network = config.network
    if network.udp_ports:
        first, last = map(int, network.udp_ports.split("-"))
        if not 1024 <= first <= last <= 65535:
            yield "network.udp_ports", "must go up, from 1024 or more to 65535 or less"
        elif last - first < 3:
            yield "network.udp_ports", "is too small: a call takes a port for each own address"
    for index, name in enumerate(network.ignore_networks):
        try:
            ipaddress.ip_network(name)
        except ValueError as error:
            yield (
                f"network.ignore_networks[{index}]",
                f"is no network: {error}",
            )


def _written(raw: Mapping[str, Any], section: str, key: str) -> bool:
    table = raw.get(section)
    return isinstance(table, dict) and key in table


_STATION: tuple[Rule, ...] = (
    _station_user,
    _station_hub,
    _station_token,
    _station_metrics,
    _call_button,
)
_ALWAYS: tuple[Rule, ...] = (
    _callees,
    _plan,
    _pins,
    _tls,
    _hub_url,
    _users,
    _groups,
    _ice_servers,
    _answer,
    _limits,
    _network,
)
