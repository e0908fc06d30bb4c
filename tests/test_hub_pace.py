"""Token buckets, with the clock in the test's hand."""

from __future__ import annotations

from intercom.hub.pace import Bucket, Pace


def taken(bucket: Bucket, now: float, tries: int) -> int:
    return sum(bucket.take(now) for _ in range(tries))


def test_a_burst_and_then_the_rate() -> None:
    bucket = Bucket(rate=0.5, burst=5)
    assert taken(bucket, 1000.0, 9) == 5
    assert taken(bucket, 1001.9, 9) == 0
    assert taken(bucket, 1002.0, 9) == 1
    assert taken(bucket, 1009.0, 9) == 3
    assert taken(bucket, 99999.0, 9) == 5


def test_a_bucket_that_was_full_from_the_start_of_the_clock() -> None:
    assert taken(Bucket(rate=1, burst=3), 0.0, 9) == 3


def test_each_user_has_its_own_pace() -> None:
    pace = Pace(rate=0.5, burst=2)
    assert [pace.take("door", 5.0) for _ in range(3)] == [True, True, False]
    assert pace.take("indoor", 5.0)
    assert not pace.take("door", 6.0)
    assert pace.take("door", 7.0)


def test_only_busy_users_are_remembered() -> None:
    pace = Pace(rate=0.5, burst=2)
    for number in range(1000):
        assert pace.take(f"user{number}", now=float(number))
    assert len(vars(pace)["_buckets"]) < 5
