"""With which of several devices that ring the inviter has its transport."""

from __future__ import annotations

import msgspec
import pytest

from intercom import protocol as p
from intercom.protocol import Reason

from .rig import C1, PHONE, TABLET, Hub, invite, ring_mum

BODY = msgspec.Raw(b'{"kind":"offer"}')


@pytest.fixture
def ringing(hub: Hub) -> Hub:
    """The kitchen rings mum's phone and tablet; the phone was the first to say so."""
    return ring_mum(hub)


def test_signals_go_to_the_one_that_said_first_that_it_rings(ringing: Hub) -> None:
    ringing.do("indoor", p.Signal(C1, "mum", 2, BODY))
    assert ringing.news(PHONE) == [p.Signaled(C1, "indoor", 2, BODY)]
    ringing.do(TABLET, p.Signal(C1, "indoor", 2, BODY))
    assert ringing.silent()
    ringing.do(PHONE, p.Signal(C1, "indoor", 2, BODY))
    assert ringing.news("indoor") == [p.Signaled(C1, "mum", 2, BODY)]
    ringing.do(TABLET, p.Accept(2, C1))
    ringing.hush()
    ringing.do("indoor", p.Signal(C1, "mum", 3, BODY))
    assert ringing.news(TABLET) == [p.Signaled(C1, "indoor", 3, BODY)]
    assert ringing.silent()


@pytest.mark.parametrize("how", ["gives up", "logs out", "is lost"])
def test_when_the_one_with_the_transport_goes_another_has_it(ringing: Hub, how: str) -> None:
    """The inviter sets it up anew, with one that rings: a higher entry says so."""
    match how:
        case "gives up":
            ringing.do(PHONE, p.Hangup(C1, Reason.ERROR))
        case "logs out":
            ringing.do(PHONE, p.Bye())
        case "is lost":
            ringing.lose(PHONE)
    assert ringing.news("indoor") == [p.Rang(C1, "mum", 3)]
    assert ringing.one(TABLET, p.Invited).entry == 3
    ringing.do(TABLET, p.Ringing(C1))
    assert ringing.news("indoor") == []
    ringing.do("indoor", p.Signal(C1, "mum", 3, BODY))
    assert ringing.news(TABLET) == [p.Signaled(C1, "indoor", 3, BODY)]
    ringing.do(TABLET, p.Signal(C1, "indoor", 3, BODY))
    assert ringing.news("indoor") == [p.Signaled(C1, "mum", 3, BODY)]
    ringing.do(TABLET, p.Accept(2, C1, entry=2))  # it has not heard of the 3 yet
    assert ringing.news("indoor") == [p.Accepted(C1, "mum", 3)]


def test_until_another_rings_nobody_has_it(hub: Hub) -> None:
    hub.do("indoor", invite("mum"))
    hub.do(PHONE, p.Ringing(C1))
    hub.do(PHONE, p.Hangup(C1, Reason.ERROR))
    hub.hush()
    hub.do("indoor", p.Signal(C1, "mum", 2, BODY))
    hub.do(TABLET, p.Signal(C1, "indoor", 2, BODY))
    assert hub.silent()
    hub.do(TABLET, p.Ringing(C1))
    assert hub.news("indoor") == [p.Rang(C1, "mum", 3)]
    hub.do("indoor", p.Signal(C1, "mum", 3, BODY))
    assert p.Signaled(C1, "indoor", 3, BODY) in hub.news(TABLET)


def test_one_that_is_lost_keeps_it_until_another_rings(hub: Hub) -> None:
    hub.do("indoor", invite("mum"))
    hub.do(PHONE, p.Ringing(C1))
    hub.lose(PHONE)
    hub.hush()
    assert hub.silent()
    hub.do(TABLET, p.Ringing(C1))
    assert hub.news("indoor") == [p.Rang(C1, "mum", 3)]
    hub.back(PHONE, C1)
    assert hub.one(PHONE, p.Invited).entry == 3
    hub.hush()
    hub.do(PHONE, p.Ringing(C1))
    assert hub.silent()
    hub.do(PHONE, p.Accept(2, C1, entry=3))
    assert hub.one("indoor", p.Accepted).entry == 4


def test_one_that_is_back_has_its_transports_still(ringing: Hub) -> None:
    ringing.back(PHONE, C1)
    ringing.hush()
    ringing.do("indoor", p.Signal(C1, "mum", 2, BODY))
    assert ringing.news(PHONE) == [p.Signaled(C1, "indoor", 2, BODY)]
    ringing.do(PHONE, p.Accept(2, C1))
    assert ringing.one("indoor", p.Accepted).entry == 2
