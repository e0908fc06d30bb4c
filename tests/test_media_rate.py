"""The rate follows what receivers can take, and a still scene does not strangle it."""

from __future__ import annotations

from intercom.media.rate import FLOOR, RateLimit

TOP = 1_000_000


def busy(limit: RateLimit, bps: int, now: float) -> None:
    """Send `bps` in the second before `now`."""
    for tenth in range(10):
        limit.sent(bps // 80, now - 0.95 + tenth / 10)


def test_the_lowest_receiver_decides_until_it_leaves() -> None:
    limit = RateLimit(TOP)
    busy(limit, TOP, 1.0)
    assert limit.report("a", 600_000, 1.0) == 600_000
    assert limit.report("b", 400_000, 1.0) == 400_000
    limit.forget("b")
    assert limit.value == 600_000


def test_a_report_above_what_was_sent_is_no_limit() -> None:
    limit = RateLimit(TOP)
    busy(limit, 100_000, 1.0)
    assert limit.report("a", 150_000, 1.0) == TOP


def test_the_rate_returns_step_by_step() -> None:
    limit = RateLimit(TOP)
    busy(limit, TOP, 1.0)
    limit.report("a", 200_000, 1.0)
    rates = [limit.report("a", 200_000, 5.0 + step) for step in range(30)]  # nothing sent since
    assert rates == sorted(rates)
    assert rates[0] < 250_000
    assert rates[-1] == TOP


def test_it_stays_between_floor_and_top() -> None:
    limit = RateLimit(TOP)
    busy(limit, TOP, 1.0)
    assert limit.report("a", 1, 1.0) == FLOOR
    assert RateLimit(TOP).report("a", 10 * TOP, 1.0) == TOP
    assert limit.set_top(50_000) == 50_000
