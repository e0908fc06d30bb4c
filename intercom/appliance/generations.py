"""Which generation of the system a card boots, and how the record of it changes. PURE.

The law: a generation on trial is booted at most TRIES times, and each time is counted on the card
before it is booted. One that was healthy once counts its boots too: after BOOTS that did not hold
out, the one before is booted, then the factory system, and so on from the beginning; but none is
ever lost by that, since power may go again and again. What is damaged or was rejected is never
booted; below all generations is the factory system, number 0.
`config/image/layer/files/usr/lib/intercom/choose` is the same decision in sh, for the boot, where
there is no Python yet: a test holds both equal.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass, replace

FACTORY = 0
TRIES = 2
BOOTS = 3

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
class Count:
    """Boot this generation, after writing that text as the file `boots` (empty: leave it)."""

    boot: int
    write: bytes = b""
    why: str = ""


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


def boots_of(text: bytes | None, number: int) -> int:
    """What the file `boots` says of a generation: 1 to BOOTS, so many boots of it did not hold out;
    BOOTS + 1, the one before was booted instead; BOOTS + 2, the factory system. 0: nothing."""
    said = re.fullmatch(rb"%d ([1-5])\n" % number, text or b"")
    return int(said[1]) if said else 0


def count(
    text: bytes | None,
    boot: int,
    good: Set[int],
    confirmed: Set[int],
    *,
    steady: bool,
    damaged: bool,
) -> Count:
    """What to boot in place of `boot`, given the file `boots` (None: there is none), whether the
    boot before held out (`steady`), and whether the file system had to be repaired.

    Whom a boot below has followed, or a repair, gets one try in place of BOOTS.
    """
    if boot not in confirmed:
        return Count(boot)
    boots = boots_of(text, boot)
    if steady:
        boots = 0 if boots <= BOOTS else BOOTS - 1
    elif boots > BOOTS + 1:
        boots = 0
    if damaged and boots < BOOTS:
        boots = BOOTS - 1
    write = b"%d %d\n" % (boot, boots + 1)
    if boots < BOOTS:
        return Count(boot, write)
    below = _best(good & confirmed, below=boot) if boots == BOOTS else FACTORY
    return Count(below, write, f"generation {boot} did not hold out in its last boots")


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
