"""URLs of servers and the settings of the network, read strictly."""

from __future__ import annotations

import pytest

from intercom.media.route import Route, route, server


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("turn:h", ("h", 3478, "udp", False, 0)),
        ("turn:h:99?transport=tcp", ("h", 99, "tcp", False, 1)),
        ("turns:h", ("h", 5349, "tcp", True, 2)),
        ("turns:[2001:db8::1]:443?transport=tcp", ("2001:db8::1", 443, "tcp", True, 2)),
    ],
)
def test_a_turn_url(url: str, known: tuple[object, ...]) -> None:
    s = server(url, "u", "c")
    assert (s.host, s.port, s.transport, s.tls, s.rank) == known
    assert s.turn


def test_a_stun_url_needs_no_credential() -> None:
    s = server("stun:192.0.2.1")
    assert (s.turn, s.host, s.port) == (False, "192.0.2.1", 3478)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://h", "not a URL"),
        ("stuns:h", "not a URL"),
        ("stun:h?transport=tcp", "goes without"),
        ("turns:h?transport=udp", "goes without"),
        ("turn:h:70000", "no port 70000"),
        ("turn:", "not a URL"),
    ],
)
def test_what_cannot_be_used(url: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        server(url, "u", "c")


def test_turn_needs_a_credential() -> None:
    with pytest.raises(ValueError, match="no username and credential"):
        server("turn:h", "u", "")


def test_settings() -> None:
    assert route() == Route()
    limits = route(True, "50000-50010", ["172.17.0.0/16", "fd00::/8"])
    assert (limits.relay_only, len(limits.ports), limits.ports[-1]) == (True, 11, 50010)
    assert not limits.allows("172.17.3.4")
    assert not limits.allows("fd00::1%eth0")
    assert limits.allows("192.168.1.2")
    with pytest.raises(ValueError, match="docker0"):
        route(without=["docker0"])
