"""The choice of a generation: its laws, and that the boot's sh decides the same."""

from __future__ import annotations

import itertools
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.appliance.generations import (
    BOOTS,
    TRIES,
    Choice,
    Count,
    State,
    choose,
    count,
    on_trial,
    parse,
    proven,
    render,
    settle,
    superfluous,
)

ROOT = Path(__file__).parents[2]
CHOOSE = ROOT / "config/image/layer/files/usr/lib/intercom/choose"
NUMBERS = st.integers(0, 10**9 - 1)
STATES = st.builds(State, NUMBERS, NUMBERS, NUMBERS, NUMBERS)

GARBAGE = [
    b"",
    b"\n",
    b"\0" * 50,
    b"current=1\n",
    b"current=1\ntrial=0\ntries=0\nfailed=0\n",  # cut off
    b"current=1\ntrial=0\ntries=0\nfailed=0\nend",
    b"current=1\ntrial=0\ntries=0\nfailed=0\nend\n\n",
    b"current=1\ntrial=0\ntries=0\nfailed=0\nend\n\0",
    b"current=1\ntrial=0\0\ntries=0\nfailed=0\nend\n",
    b"current=01\ntrial=0\ntries=0\nfailed=0\nend\n",
    b"current= 1\ntrial=0\ntries=0\nfailed=0\nend\n",
    b"current=-1\ntrial=0\ntries=0\nfailed=0\nend\n",
    b"current=1;reboot\ntrial=0\ntries=0\nfailed=0\nend\n",
    b"current=$(reboot)\ntrial=0\ntries=0\nfailed=0\nend\n",
    b"current=../../x\ntrial=0\ntries=0\nfailed=0\nend\n",
    b"current=1000000000\ntrial=0\ntries=0\nfailed=0\nend\n",
    b"trial=0\ncurrent=1\ntries=0\nfailed=0\nend\n",
    b"current=\ntrial=0\ntries=0\nfailed=0\nend\n",
    b"current=1\r\ntrial=0\r\ntries=0\r\nfailed=0\r\nend\r\n",
    "current=١\ntrial=0\ntries=0\nfailed=0\nend\n".encode(),
    b"\xff\xfe" + "current=1\n".encode("utf-16-le"),
    b"current=1\ntrial=0\ntries=0\nfailed=0\nend\n" * 2,
    b"1\n0\n0\n0\nend\n",
]


@settings(deadline=None)
@given(STATES)
def test_what_is_written_is_read(state: State) -> None:
    assert parse(render(state)) == state


@settings(deadline=None)
@given(STATES, st.integers(0, 60))
def test_a_file_cut_off_is_no_state(state: State, length: int) -> None:
    text = render(state)
    assert parse(text[:length]) == (state if length >= len(text) else None)


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_is_no_state(text: bytes) -> None:
    assert parse(text) is None


SMALL = st.integers(0, 4)
SETS = st.sets(st.integers(1, 4))


@settings(deadline=None)
@given(st.builds(State, SMALL, SMALL, SMALL, SMALL), SETS, SETS, st.booleans())
def test_only_what_is_good_is_booted(
    state: State, good: set[int], confirmed: set[int], writable: bool
) -> None:
    chosen = choose(render(state), good, confirmed, writable)
    assert chosen.boot in good | {0}
    if chosen.boot not in confirmed | {0, state.current}:
        assert chosen.boot == state.trial
        assert chosen.write is not None, "a trial is counted before it is booted"
        assert chosen.write.tries == state.tries + 1
    assert writable or chosen.write is None


@settings(deadline=None)
@given(st.builds(State, SMALL, SMALL, SMALL, SMALL), SETS, SETS)
def test_a_trial_ends_by_itself(state: State, good: set[int], confirmed: set[int]) -> None:
    boots = []
    for _ in range(TRIES + 2):
        chosen = choose(render(state), good, confirmed, writable=True)
        boots.append(chosen.boot)
        state = chosen.write or state
    assert state.trial == 0
    assert boots[-1] == choose(render(state), good, confirmed, writable=True).boot


def test_the_way_of_an_update() -> None:
    state = on_trial(State(current=1), 2)
    first = choose(render(state), {1, 2}, {1}, writable=True)
    assert first == Choice(2, State(1, 2, 1))
    assert first.write is not None
    second = choose(render(first.write), {1, 2}, {1}, writable=True)
    assert second == Choice(2, State(1, 2, 2))
    assert second.write is not None
    third = choose(render(second.write), {1, 2}, {1}, writable=True)
    assert third == Choice(1, State(1, 0, 0, 2), "generation 2 did not prove itself")
    assert proven(second.write) == State(current=2)


def test_giving_up_leads_to_the_one_before() -> None:
    assert settle(State(3, 4, 1), {1, 3, 4}, {1, 3}) == State(current=3, failed=4)
    assert settle(State(3), {1, 2, 3}, {1, 3}) == State(current=1, failed=3)
    assert settle(State(1), {1}, {1}) == State(current=0, failed=1)
    assert choose(None, {1, 2, 3}, {1, 2}, writable=True).boot == 2
    assert superfluous(State(4, 6), {1, 2, 3, 4, 5, 6}, {1, 2, 3, 4}) == {1, 2, 5}


def story(held: list[bool], repaired: int = -1) -> list[int]:
    """What is booted of a card with the generations 2 and 3, by whether each boot holds out."""
    text: bytes | None = None
    steady, seen = False, []
    for number, holds in enumerate(held):
        found = count(text, 3, {2, 3}, {2, 3}, steady=steady, damaged=number == repaired)
        seen.append(found.boot)
        text, steady = found.write or text, holds
    return seen


NO, YES = False, True


@pytest.mark.parametrize(
    ("held", "seen"),
    [
        ([YES] * 6, [3] * 6),
        ([NO, NO, YES] * 3, [3] * 9),  # power that goes now and then
        ([NO] * 11, [3, 3, 3, 2, 0, 3, 3, 3, 2, 0, 3]),  # power that goes all the time
        ([NO, NO, NO, YES, YES, YES], [3, 3, 3, 2, 3, 3]),  # and then does not any more
        ([NO, NO, NO, YES, NO, YES, NO], [3, 3, 3, 2, 3, 2, 3]),  # it is bad: one try each
        ([NO, NO, NO, NO, YES, NO, NO, YES], [3, 3, 3, 2, 0, 3, 2, 0]),  # so is the one before
    ],
)
def test_one_that_does_not_hold_out_makes_room_for_a_boot(
    held: list[bool], seen: list[int]
) -> None:
    assert story(held) == seen


def test_after_a_repair_there_is_one_try() -> None:
    assert story([YES, NO, YES, YES], repaired=1) == [3, 3, 2, 3]
    assert story([YES, YES, NO, NO, NO, YES], repaired=1) == [3, 3, 3, 3, 3, 2]


@settings(deadline=None)
@given(st.lists(st.booleans(), max_size=30), st.integers(-1, 30))
def test_none_is_ever_lost(held: list[bool], repaired: int) -> None:
    seen = story([*held, *[False] * (BOOTS + 2)], repaired)
    assert {0, 2, 3} <= set(seen), "each gets its turn, if none holds out"
    assert story([*held, True, True, True], repaired)[-1] == 3


def counted_in_sh(system: Path, boot: int, steady: bool, damaged: bool) -> Count:
    """What `count` of the boot says about a folder."""
    script = f'. "{CHOOSE}"; why=; boot=$2; count "$1" "$3" "$4"; '
    script += 'printf "%s\\001%s\\001%s" "$boot" "$counting" "$why"'
    flags = ["yes" if flag else "no" for flag in (steady, damaged)]
    words = ["dash", "-euc", script, "dash", str(system), str(boot), *flags]
    done = subprocess.run(words, capture_output=True, check=True, timeout=30)
    assert done.stderr == b""
    found, counting, why = done.stdout.split(b"\1")
    return Count(int(found), counting + b"\n" if counting else b"", why.decode())


COUNTS = [
    None, b"", b"\n", b"\0\0\0\0", b"2", b"2 1", b"2 1\n\n", b" 2 1\n", b"2  1\n", b"02 1\n",
    b"2 1\0\n", b"2 1\0", b"2 12\n", b"2 6\n", b"2 0\n", b"3 1\n", b"12 3\n", b"* 3\n",
    b"2 [1-5]\n", b"2 1\r\n",
    *(b"%d %d\n" % (number, boots) for number in (2, 10) for boots in range(8)),
]  # fmt: skip


@pytest.mark.parametrize("text", COUNTS)
def test_the_boot_counts_the_same(tmp_path: Path, text: bytes | None) -> None:
    good, confirmed = {1, 2, 4, 10}, {1, 2, 3, 10}
    lay(tmp_path, good, confirmed, set())
    if text is not None:
        (tmp_path / "boots").write_bytes(text)
    for boot, steady, damaged in itertools.product((0, 2, 4, 10), (True, False), (True, False)):
        expected = count(text, boot, good, confirmed, steady=steady, damaged=damaged)
        assert counted_in_sh(tmp_path, boot, steady, damaged) == expected, (boot, steady, damaged)


@settings(deadline=None)
@given(st.binary(max_size=8) | st.integers(0, 9).map(lambda boots: b"2 %d\n" % boots))
def test_no_count_is_read_differently(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    system = tmp_path_factory.mktemp("system")
    lay(system, {1, 2}, {1, 2}, set())
    (system / "boots").write_bytes(text)
    expected = count(text, 2, {1, 2}, {1, 2}, steady=False, damaged=False)
    assert counted_in_sh(system, 2, steady=False, damaged=False) == expected


def in_sh(system: Path, writable: bool) -> Choice:
    """What `choose` of the boot says about a folder."""
    script = f'. "{CHOOSE}"; choose "$1" "$2"; printf "%s\\001%s\\001%s" "$boot" "$new" "$why"'
    words = ["dash", "-euc", script, "dash", str(system), "yes" if writable else "no"]
    done = subprocess.run(words, capture_output=True, check=True, timeout=30)
    assert done.stderr == b""
    boot, new, why = done.stdout.split(b"\1")
    write = parse(new + b"\n") if new else None
    assert (write is None) == (new == b"")
    return Choice(int(boot), write, why.decode())


def lay(system: Path, good: set[int], confirmed: set[int], rest: set[int]) -> None:
    """Make generations: good ones, healthy ones, and in `rest` ones that are damaged somehow."""
    for number in good | confirmed | rest:
        folder = system / "generations" / str(number)
        (folder / "tree").mkdir(parents=True)
        (folder / "generation.json").write_text("{}")
        if number in confirmed:
            (folder / "confirmed").touch()
        if number not in good:
            damage = number % 3
            if damage == 0:
                (folder / "rejected").write_text("because")
            elif damage == 1:
                (folder / "generation.json").write_text("")
            else:
                (folder / "tree").rmdir()
    (system / "generations" / ".new-9").mkdir(parents=True, exist_ok=True)
    (system / "generations" / "12x").mkdir()
    (system / "generations" / "07").mkdir()


CARDS = [
    (set[int](), set[int](), set[int]()),
    ({1, 2}, {1}, set[int]()),
    ({1, 2, 3}, {1, 2}, {4}),
    ({2}, {1, 2, 3, 4}, {1, 3, 4}),
    ({3}, {1, 4}, {1, 2, 4}),
    ({1, 2, 3, 10}, {1, 2, 3, 10}, set[int]()),
]


@pytest.mark.parametrize("card", CARDS)
def test_the_boot_decides_the_same(
    tmp_path: Path, card: tuple[set[int], set[int], set[int]]
) -> None:
    good, confirmed, rest = card
    lay(tmp_path, good, confirmed, rest)
    states = [
        State(current, trial, tries, failed)
        for current, trial, tries, failed in itertools.product(
            (0, 2, 4), (0, 2, 3), (0, 1, 2), (0, 7)
        )
    ]
    texts = [None, *map(render, states)]
    for text, writable in itertools.product(texts, (True, False)):
        if text is not None:
            (tmp_path / "state").write_bytes(text)
        expected = choose(text, good, confirmed, writable)
        assert in_sh(tmp_path, writable) == expected, (text, writable)


@pytest.mark.parametrize("text", GARBAGE)
def test_the_boot_sees_garbage_as_such(tmp_path: Path, text: bytes) -> None:
    lay(tmp_path, {1, 2, 3}, {1, 2}, {4})
    (tmp_path / "state").write_bytes(text)
    assert in_sh(tmp_path, True) == choose(text, {1, 2, 3}, {1, 2}, writable=True)


@settings(deadline=None)
@given(st.binary(max_size=80) | STATES.map(render))
def test_no_bytes_are_read_differently(
    tmp_path_factory: pytest.TempPathFactory, text: bytes
) -> None:
    system = tmp_path_factory.mktemp("system")
    lay(system, {1, 2}, {1}, set())
    (system / "state").write_bytes(text)
    assert in_sh(system, True) == choose(text, {1, 2}, {1}, writable=True)
