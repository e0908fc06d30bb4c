"""What happens in a simulation, one decision after the other, drawn from the seed alone.

A decision says what its device does in each state that it may be in, so that what is drawn does
not depend on how the run went so far.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from intercom.protocol import CallType
from intercom.simulate.cast import Cast

OFFLINE = {"login": 80, "wait": 20}
IDLE = {
    "call": 36, "cross": 10, "ring_group": 14, "ring_some": 14, "join": 8, "take_over": 7,
    "logout": 3, "wait": 6, "illegal": 2,
}  # fmt: skip
CALLING = {"hangup": 25, "add": 16, "wait": 47, "mute": 4, "call": 4, "logout": 2, "cross": 2}
RINGING = {
    "accept": 56, "reject": 10, "busy": 6, "hangup": 6, "wait": 12, "accept_twice": 4,
    "accept_hangup": 4, "logout": 2,
}  # fmt: skip
CONNECTED = {
    "hangup": 24, "add": 16, "text": 12, "door": 3, "mute": 8, "camera": 6, "switch": 10,
    "wait": 13, "logout": 2, "call": 2, "hangup_race": 4,
}  # fmt: skip
FAULTS = {"cut": 35, "freeze": 22, "stall": 18, "slow": 15, "hostile": 10}


@dataclass(frozen=True)
class Decision:
    """One device does something, or (`fault`) something is done to it.

    `after`: seconds since the decision before; `pick`: which device, 0 to 1; `urgent`: one that
    rings, if any does; `offsets`: whom it calls, as places after its own user; `ring`: seconds
    that it rings; `lasts`: seconds of a fault.
    """

    after: float
    pick: float
    urgent: bool
    offline: str
    idle: str
    calling: str
    ringing: str
    connected: str
    offsets: tuple[int, ...]
    group: str
    type: CallType
    ring: int
    fault: str
    lasts: float


def decisions(rng: Random, cast: Cast, rate: float, faults: float) -> Iterator[Decision]:
    """Draw for ever; `rate` decisions a second, and of these the share `faults` is one."""
    groups = sorted(cast.groups)
    while True:
        yield Decision(
            after=min(rng.expovariate(rate), 10 / rate),
            pick=rng.random(),
            urgent=rng.random() < 0.45,
            offline=_draw(rng, OFFLINE),
            idle=_draw(rng, IDLE),
            calling=_draw(rng, CALLING),
            ringing=_draw(rng, RINGING),
            connected=_draw(rng, CONNECTED),
            offsets=_offsets(rng, len(cast.users)),
            group=rng.choice(groups),
            type=rng.choice((CallType.AUDIO, CallType.VIDEO)),
            ring=rng.choice((1, 2, 4, 6, 8, 12)),
            fault=_draw(rng, FAULTS) if rng.random() < faults else "",
            lasts=min(0.2 + rng.expovariate(1 / 3), 14.0),
        )


def downtimes(rng: Random, seconds: float, count: int) -> list[tuple[float, bool, float]]:
    """Draw when the hub goes down: (second, by SIGKILL, seconds until it is started again).

    All in the first two thirds, so that the last one is long enough to look at its memory.
    """
    step = seconds * 0.66 / max(count, 1)
    first = rng.random() < 0.5
    return [
        (
            step * (number + rng.uniform(0.3, 0.9)),
            (number % 2 == 0) is first,
            rng.uniform(0.0, min(4.0, step / 2)),
        )
        for number in range(count)
    ]


def _draw(rng: Random, weights: dict[str, int]) -> str:
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def _offsets(rng: Random, users: int) -> tuple[int, ...]:
    """Four different users; often neighbours, so that they get into each other's way."""
    near = rng.random() < 0.5
    reach = min(4, users - 1) if near else users - 1
    return tuple(rng.sample(range(1, reach + 1), min(4, reach)))
