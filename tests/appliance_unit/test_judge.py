"""When a new version is healthy, and when it is sick."""

from __future__ import annotations

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


Played = dict[str, list[dict[str, str] | None]]
STATION, HUB = health.UNITS
ENABLED = {"LoadState": "loaded", "UnitFileState": "enabled", "ConditionTimestampMonotonic": "9"}


def unit(state: str, pid: int, **more: str) -> dict[str, str]:
    """What systemd says of an enabled unit."""
    return {
        **ENABLED,
        "ConditionResult": "yes",
        "ActiveState": state,
        "MainPID": str(pid),
        **more,
    }


NOT_HERE = unit("inactive", 0, ConditionResult="no")
NOT_YET = NOT_HERE | {"ConditionTimestampMonotonic": "0"}


def watched(answers: Played, was_ready: list[str] | None) -> tuple[bool, str, float]:
    """The verdict of a watch of a systemd that answers so, the last for ever (None: it does not),
    and the seconds until then."""
    left = {name: list(said) for name, said in answers.items()}
    now = [0.0]

    def show(name: str) -> dict[str, str]:
        said = left.get(name, [{"LoadState": "not-found"}])
        answer = said.pop(0) if len(said) > 1 else said[0]
        if answer is None:
            raise ProgramError("systemctl: no bus")
        return answer

    def sleep(seconds: float) -> None:
        now[0] += seconds

    good, why = health.watch(was_ready, show, sleep, lambda: now[0])
    return good, why, now[0]


LIVES, READY = unit("activating", 7), unit("active", 7)
CRASHING: list[dict[str, str] | None] = [unit("activating", pid) for pid in range(1, 9)]


@pytest.mark.parametrize(
    ("answers", "was_ready", "expected"),
    [
        # A station, and no hub here.
        ({STATION: [None, LIVES, READY], HUB: [NOT_HERE]}, [STATION], (True, 64)),
        ({STATION: CRASHING, HUB: [NOT_HERE]}, [STATION], (False, 6)),
        ({STATION: [LIVES], HUB: [NOT_HERE]}, [STATION], (False, 1802)),
        # A hub, and a station that nobody has enrolled.
        ({STATION: [LIVES], HUB: [READY]}, [HUB], (True, 60)),
        ({STATION: [LIVES], HUB: CRASHING}, [HUB], (False, 6)),
        ({STATION: [LIVES], HUB: [LIVES]}, [HUB], (False, 1802)),
        ({STATION: CRASHING, HUB: [READY]}, [HUB], (False, 6)),
        ({STATION: [READY] * 9 + [LIVES], HUB: [READY]}, [STATION, HUB], (False, 1802)),
        # systemd has not come to the hub yet, and then leaves it out.
        (
            {
                STATION: [READY],
                HUB: [NOT_YET, NOT_HERE],
            },
            [STATION],
            (True, 60),
        ),
        # One that was well for a minute is not asked for more while the other takes its time.
        (
            {STATION: [LIVES] * 200 + [READY], HUB: [READY] * 60 + CRASHING},
            [STATION, HUB],
            (True, 460),
        ),
        # The update has broken the hub's unit.
        ({STATION: [READY], HUB: [{"LoadState": "bad-setting"}]}, [STATION, HUB], (False, 302)),
        # Old records: the first one was ready.
        ({STATION: [LIVES], HUB: [READY]}, None, (False, 1802)),
        ({HUB: [READY]}, None, (True, 60)),
        ({HUB: [LIVES]}, None, (False, 1802)),
        # systemd does not answer for a while.
        ({STATION: [READY], HUB: [LIVES, *[None] * 40, READY]}, [STATION, HUB], (True, 142)),
        ({STATION: [READY], HUB: [*[None] * 40, READY]}, [STATION, HUB], (True, 140)),
        # Nothing is enabled at all.
        ({}, [], (False, 302)),
        ({STATION: [None], HUB: [None]}, [], (False, 302)),
    ],
)
def test_all_units_are_watched(
    answers: Played, was_ready: list[str] | None, expected: tuple[bool, float]
) -> None:
    good, why, seconds = watched(answers, was_ready)
    assert (good, seconds) == expected, why


def test_it_is_told_which_unit() -> None:
    good, why, _ = watched({STATION: [READY], HUB: CRASHING}, [HUB])
    assert (good, HUB in why, str(CRASHES) in why) == (False, True, True)
    good, why, _ = watched({STATION: [READY], HUB: [LIVES]}, [])
    assert good
    assert why.count("held out") == 2


def test_who_is_ready_now() -> None:
    said = {STATION: LIVES, HUB: READY}
    assert health.ready(lambda name: said[name]) == (HUB,)
    assert health.enabled(lambda name: said[name]) == (STATION, HUB)
    assert health.enabled(lambda name: {}) == ()
    assert health.ready(lambda name: {**READY, "UnitFileState": "disabled"}) == ()

    def dead(name: str) -> dict[str, str]:
        raise ProgramError("no systemd")

    assert health.ready(dead) == ()
