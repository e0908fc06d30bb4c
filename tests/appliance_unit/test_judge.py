"""When a new version is healthy, and when it is sick."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.appliance import health
from intercom.appliance.judge import CRASHES, LIMIT, PATIENCE, SETTLE, Sample, judge
from intercom.appliance.run import ProgramError

Story = list[tuple[float, str, int]]


def verdict(story: Story, was_ready: bool = True) -> str:
    """The verdict of a watch that follows a story: for so many seconds, in that state, that pid."""
    samples: list[Sample] = []
    now = 0.0
    for seconds, state, pid in story:
        end = now + seconds
        while now <= end:
            samples.append(Sample(now, state, pid))
            found, _ = judge(samples, was_ready)
            if found != "wait":
                return f"{found} at {now:.0f}"
            now += 2
    return "wait"


@pytest.mark.parametrize(
    ("story", "was_ready", "expected"),
    [
        ([(500, "active", 7)], True, "healthy at 60"),
        ([(20, "activating", 7), (500, "active", 7)], True, "healthy at 82"),
        ([(500, "activating", 7)], False, "healthy at 60"),  # no hub before, none now
        ([(50, "active", 7), (4, "activating", 0), (500, "active", 8)], True, "healthy at 118"),
        ([(500, "activating", 7)], True, "wait"),  # the hub is away: patience
        ([(5000, "activating", 7)], True, "sick at 1802"),
        ([(1000, "activating", 7), (500, "active", 7)], True, "healthy at 1062"),
        ([(9999, "failed", 0)], True, "sick at 302"),
        ([(9999, "inactive", 0)], False, "sick at 302"),
        ([(9999, "unknown", 0)], True, "sick at 302"),
        ([(2, "active", pid) for pid in range(9)], True, "sick at 16"),
        ([(2, "activating", pid) for pid in range(9)], False, "sick at 16"),
        ([(40, "activating", 7), (400, "activating", 8)], True, "sick at 302"),
    ],
)
def test_stories(story: Story, was_ready: bool, expected: str) -> None:
    assert verdict(story, was_ready) == expected


STEPS = st.tuples(
    st.sampled_from([2.0, 10.0, 30.0, 58.0]),
    st.sampled_from(["active", "activating", "failed", "deactivating", "unknown"]),
    st.integers(0, 3),
)


@settings(deadline=None)
@given(st.lists(STEPS, min_size=1, max_size=60), st.booleans())
def test_there_is_always_an_end_and_never_too_early(story: Story, was_ready: bool) -> None:
    long = [*story, (PATIENCE + LIMIT, "activating", 9)]
    found = verdict(long, was_ready)
    assert found != "wait"
    if found.startswith("healthy"):
        assert int(found.rpartition(" ")[2]) >= SETTLE


def test_nothing_known_is_no_verdict() -> None:
    assert judge([], True)[0] == "wait"


def played(*answers: dict[str, str] | None) -> tuple[health.Show, Iterator[float]]:
    """A systemd that answers so, the last for ever (None: it does not), and a clock."""
    left = list(answers)

    def show(unit: str) -> dict[str, str]:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if answer is None:
            raise ProgramError("systemctl: no bus")
        return answer

    return show, iter(float(second) for second in range(0, 10**6, 2))


def test_the_watch_asks_until_it_knows() -> None:
    up = {"ActiveState": "active", "MainPID": "7"}
    show, clock = played(None, {"ActiveState": "activating", "MainPID": "7"}, up)
    slept: list[float] = []
    good, why = health.watch("x", True, show, slept.append, lambda: next(clock))
    assert good
    assert "held out" in why
    assert len(slept) == 32


def test_the_watch_of_what_crashes() -> None:
    crashing = [{"ActiveState": "activating", "MainPID": str(pid)} for pid in range(1, 9)]
    show, clock = played(*crashing)
    good, why = health.watch("x", True, show, lambda _: None, lambda: next(clock))
    assert (good, str(CRASHES) in why) == (False, True)


def test_whose_health_counts() -> None:
    enabled = {"LoadState": "loaded", "UnitFileState": "enabled"}
    assert health.chosen(lambda unit: enabled) == "intercom.service"
    only_hub = {"intercom-hub.service": enabled, "intercom.service": {"LoadState": "not-found"}}
    assert health.chosen(lambda unit: only_hub[unit]) == "intercom-hub.service"
    assert health.chosen(lambda unit: {}) == "intercom.service"

    def dead(unit: str) -> dict[str, str]:
        raise ProgramError("no systemd")

    assert not health.is_ready("x", dead)
