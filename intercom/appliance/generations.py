"""Which generation of the system a card boots, and how the record of it changes. PURE.

The law: a generation on trial is booted at most TRIES times, and each time is counted on the card
before it is booted. What is damaged or was rejected is never booted; below all generations is the
factory system, number 0. `config/image/layer/files/usr/lib/intercom/choose` is the same decision
in sh, for the boot, where there is no Python yet: a test holds both equal.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, replace

FACTORY = 0
TRIES = 2

_NUMBER = rb"(0|[1-9][0-9]{0,8})"
_STATE = re.compile(
    rb"current=%b\ntrial=%b\ntries=%b\nfailed=%b\nend\n" % (_NUMBER, _NUMBER, _NUMBER, _NUMBER)
)


@dataclass(frozen=True, slots=True)
class State:
    """What the file `state` says: numbers of generations, and boots of the trial. 0 is none."""

    current: int = FACTORY
    trial: int = 0
    tries: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Choice:
    """Boot this generation, after writing that state (None: leave it); `why` is for people."""

    boot: int
    write: State | None = None
    why: str = ""


def parse(text: bytes) -> State | None:
    """The state in `text`; None if it is not exactly what `render` makes."""
    match = _STATE.fullmatch(text)
    return State(*map(int, match.groups())) if match else None


def render(state: State) -> bytes:
    """The text of the file."""
    lines = (f"{key}={getattr(state, key)}" for key in State.__slots__)
    return "\n".join([*lines, "end", ""]).encode()


def choose(text: bytes | None, good: Set[int], confirmed: Set[int], writable: bool) -> Choice:
    """What to boot, given the state's file (None: there is none), the generations that are whole
    and not rejected, those that were healthy once, and whether the card can be written."""
    state = State() if text is None else parse(text)
    if text is None or state is None:
        why = "" if text is None else "the record of generations is damaged"
        return Choice(_best(good & confirmed), None, why)
    if not state.trial:
        return _settled(state, good, confirmed)
    if state.trial in good & confirmed:
        return Choice(state.trial, _if(writable, State(current=state.trial)))
    dropped = replace(state, trial=0, tries=0, failed=state.trial)
    fallen = _settled(dropped, good, confirmed).boot
    if state.trial not in good or state.tries >= TRIES:
        why = f"generation {state.trial} did not prove itself"
        return Choice(fallen, _if(writable, dropped), why)
    if not writable:
        return Choice(fallen, None, "the card cannot be written: no trial")
    return Choice(state.trial, replace(state, tries=state.tries + 1))


def settle(state: State, good: Set[int], confirmed: Set[int]) -> State:
    """The state once the present generation is given up: the best one before it is current."""
    lost = state.trial or state.current
    current = state.current if state.trial else _best(good & confirmed, below=lost)
    return State(current=current, failed=lost)


def proven(state: State) -> State:
    """The state once the trial is healthy."""
    return State(current=state.trial) if state.trial else state


def on_trial(state: State, number: int) -> State:
    """The state that boots `number` next, for the first time."""
    return State(current=state.current, trial=number)


def superfluous(state: State, present: Set[int], confirmed: Set[int]) -> set[int]:
    """The generations that nothing leads to: all but the current, the trial, the one before."""
    before = _best(present & confirmed, below=state.current)
    return set(present) - {state.current, state.trial, before}


def _settled(state: State, good: Set[int], confirmed: Set[int]) -> Choice:
    if state.current == FACTORY or state.current in good:
        return Choice(state.current)
    found = _best(good & confirmed, below=state.current)
    return Choice(found, None, f"generation {state.current} is damaged")


def _best(numbers: Set[int], below: int = 10**9) -> int:
    return max((number for number in numbers if number < below), default=FACTORY)


def _if(writable: bool, state: State) -> State | None:
    return state if writable else None
