"""Visitors' messages on the disk: whole or not there, for whom they are, and never too many."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.errors import Code
from intercom.hub.messages import MessageError, Messages
from intercom.media.recorder import wav

from .messages_child import KILLS, parts

NOW = 1_790_000_000.0  # September 2026
DAY = 86400.0


class Clock:
    """A wall clock that a test sets."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def begin(folder: Path, clock: Clock, megabytes: int = 1, days: float = 30) -> Messages:
    """The store of a run that begins."""
    made = Messages(folder, megabytes, days, clock)
    made.start()
    return made


def put(store: Messages, number: int = 1, readers: tuple[str, ...] = ("indoor",)) -> str:
    return store.put("door", [f"call-{number:08d}"], readers, parts(number))


def number_of(store: Messages, message: str, reader: str = "indoor") -> int:
    """Which message it is, by its sound and its picture."""
    found = {name: store.find(message, reader, name).read_bytes() for name in parts(0)}
    number = int(found["sound.wav"][:8])
    assert found == parts(number)
    return number


def refused(store: Messages, message: str, reader: str) -> MessageError:
    """Why this user may neither have nor delete the message."""
    assert not store.is_for(message, reader)
    with pytest.raises(MessageError) as error:
        store.find(message, reader, "sound.wav")
    with pytest.raises(MessageError) as same:
        store.delete(message, reader)
    assert (same.value.status, same.value.code) == (error.value.status, error.value.code)
    return error.value


def child(mode: str, folder: Path) -> Any:
    """What such a process of messages_child saw."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.messages_child", mode, str(folder)],
        cwd=Path(__file__).parent.parent, capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return json.loads(done.stdout)


def test_what_is_put_is_found_by_its_readers_alone(tmp_path: Path, clock: Clock) -> None:
    store = begin(tmp_path, clock)
    message = put(store, 7, ("indoor", "desk"))
    assert number_of(store, message) == number_of(store, message, "desk") == 7
    for reader in ("door", "", "attic"):
        error = refused(store, message, reader)
        assert (error.status, error.code) == (403, Code.NOT_PERMITTED)
    for unknown in ("x", "..", "a" * 22):
        error = refused(store, unknown, "indoor")
        assert (error.status, error.code) == (404, Code.INVITATION_GONE)


def test_each_reader_deletes_for_itself_and_the_last_one_the_files(
    tmp_path: Path, clock: Clock
) -> None:
    store = begin(tmp_path, clock)
    message = put(store, 1, ("indoor", "desk"))
    store.delete(message, "indoor")
    for run in (store, begin(tmp_path, clock)):
        assert refused(run, message, "indoor").status == 403
        assert number_of(run, message, "desk") == 1
    run.delete(message, "desk")
    assert refused(run, message, "desk").status == 404
    assert list((tmp_path / "messages").iterdir()) == []


def test_a_part_may_be_missing(tmp_path: Path, clock: Clock) -> None:
    store = begin(tmp_path, clock)
    message = store.put("door", ["call-0001"], ["indoor"], {"picture.jpg": b"jpg"})
    assert store.find(message, "indoor", "picture.jpg").read_bytes() == b"jpg"
    with pytest.raises(MessageError, match="no sound"):
        store.find(message, "indoor", "sound.wav")


def test_only_the_hubs_user_may_read_it(tmp_path: Path, clock: Clock) -> None:
    message = put(begin(tmp_path, clock))
    folder = tmp_path / "messages"
    assert {oct(it.stat().st_mode & 0o777) for it in (folder, folder / message)} == {"0o700"}
    files = list((folder / message).iterdir())
    assert {it.name for it in files} == {"about.json", "picture.jpg", "sound.wav"}
    assert {oct(it.stat().st_mode & 0o777) for it in files} == {"0o600"}


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("pdr"), st.integers(0, 9)), max_size=40))
def test_the_newest_are_kept_as_far_as_there_is_room(steps: list[tuple[str, int]]) -> None:
    size, most = sum(map(len, parts(0).values())), 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder, clock = Path(name), Clock()
        store, model = begin(folder, clock), dict[str, int]()
        for number, (step, which) in enumerate(steps):
            if step == "p":
                model[put(store, number)] = number
            elif step == "d" and model:
                gone = list(model)[which % len(model)]
                store.delete(gone, "indoor")
                del model[gone]
            elif step == "r":
                store = begin(folder, clock)
            model = dict(list(model.items())[-(most // size) :])
            assert {it.name for it in folder.glob("messages/*")} == set(model)
            assert {message: number_of(store, message) for message in model} == model


def test_room_is_made_for_one_that_is_bigger(tmp_path: Path, clock: Clock) -> None:
    store = begin(tmp_path, clock)
    few = [put(store, number) for number in range(10)]
    big = store.put("door", ["call-0001"], ["indoor"], {"sound.wav": bytes(900_000)})
    assert [store.is_for(message, "indoor") for message in few] == [False] * 8 + [True] * 2
    assert store.is_for(big, "indoor")
    with pytest.raises(MessageError, match="messages_mb"):
        store.put("door", ["call-0001"], ["indoor"], {"sound.wav": bytes(1_000_001)})
    assert store.is_for(big, "indoor")


def test_less_room_than_before_and_none_at_all(tmp_path: Path, clock: Clock) -> None:
    store = begin(tmp_path, clock, megabytes=2)
    kept = [put(store, number) for number in range(40)]
    fewer = begin(tmp_path, clock, megabytes=1)
    assert next(number for number, it in enumerate(kept) if fewer.is_for(it, "indoor")) > 15
    none = begin(tmp_path, clock, megabytes=0)
    assert not any(none.is_for(message, "indoor") for message in kept)
    assert list((tmp_path / "messages").iterdir()) == []
    with pytest.raises(MessageError) as error:
        put(none)
    assert (error.value.status, error.value.code) == (507, Code.NO_ROOM)


# -- age -------------------------------------------------------------------------------------


def aged(store: Messages, clock: Clock, *days: float) -> list[str]:
    """Put messages that are so many days old now."""
    made = []
    for number, age in enumerate(days):
        clock.now = NOW - age * DAY
        made.append(put(store, number))
    clock.now = NOW
    return made


@pytest.mark.parametrize(
    ("days", "cautious", "kept"),
    [
        ((40, 31, 29, 0), True, [False, False, True, True]),
        ((40, 31), True, [True, True]),  # rather a wrong clock
        ((40, 31), False, [False, False]),
        ((20_000, 40, 20_000, 29), True, [False, False, True, True]),  # of 1971: no clock was set
        ((20_000, 20_000), False, [True, True]),
        ((), False, []),
    ],
)
def test_what_is_too_old_goes(
    tmp_path: Path, clock: Clock, days: tuple[float, ...], cautious: bool, kept: list[bool]
) -> None:
    store = begin(tmp_path, clock)
    messages = aged(store, clock, *days)
    store.prune(cautious)
    assert [store.is_for(message, "indoor") for message in messages] == kept
    again = begin(tmp_path, clock)
    assert [again.is_for(message, "indoor") for message in messages] == kept


def test_without_a_clock_nothing_is_too_old(tmp_path: Path, clock: Clock) -> None:
    store = begin(tmp_path, clock)
    [message] = aged(store, clock, 40)
    clock.now = 1000.0
    store.prune(False)
    assert store.is_for(message, "indoor")


# -- harm ------------------------------------------------------------------------------------


def test_what_was_acknowledged_survives_kills_and_nothing_half_done_is_left(
    tmp_path: Path, clock: Clock
) -> None:
    told = child("killed", tmp_path)["told"]
    store = begin(tmp_path, clock, megabytes=100)
    last = {message: (word, int(number)) for word, message, number in told}
    assert len({message for word, message, _ in told if word == "put"}) > KILLS
    for message, (word, number) in last.items():
        if word == "gone":
            assert refused(store, message, "indoor").status == 404
        elif number % 3 != 2:
            assert number_of(store, message) == number
            assert store.is_for(message, "desk")
        elif store.is_for(message, "indoor"):  # it was being deleted
            assert number_of(store, message) == number
            assert word == "put" or not store.is_for(message, "desk")
    for folder in (tmp_path / "messages").iterdir():
        names = {it.name for it in folder.iterdir()}
        assert names == {"about.json", "picture.jpg", "sound.wav"}
        assert not folder.name.startswith(".")


def test_a_full_disk_is_told_and_leaves_nothing_half_done(tmp_path: Path, clock: Clock) -> None:
    told = child("full", tmp_path)
    assert told["refused"] == "507 the hub's disk is full: make room there"
    assert told["left"] == [told["first"]]
    store = begin(tmp_path, clock)
    assert number_of(store, told["first"]) == 1
    assert number_of(store, told["second"]) == 2


def test_what_a_killed_hub_left_is_cleared_away_and_other_things_are_not(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    message = put(begin(tmp_path, clock))
    folder = tmp_path / "messages"
    for name in (".half", "A" * 22, "B" * 22, "my notes"):
        (folder / name).mkdir()
        (folder / name / "sound.wav").write_bytes(b"x")
    (folder / ("B" * 22) / "about.json").write_bytes(b"{")
    store = begin(tmp_path, clock)
    assert {it.name for it in folder.iterdir()} == {message, "my notes"}
    assert number_of(store, message) == 1
    warned = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert len(warned) == 2
    assert all("damaged" in words for words in warned)


@pytest.mark.parametrize(
    "about",
    [
        b'{"number":1,"sponsor":"d\xff\xfeor","calls":[],"readers":["indoor"],"at":1.0}',
        b'{"x":' + b"[" * 200_000,
        b"",
    ],
)
def test_a_bad_byte_puts_a_message_aside_and_stops_nobody(
    tmp_path: Path, clock: Clock, about: bytes
) -> None:
    store = begin(tmp_path, clock)
    whole, torn, good = (put(store, number) for number in (1, 2, 3))
    folder = tmp_path / "messages"
    sound = wav(b"\x01\x02" * 800, 16_000)
    (folder / whole / "sound.wav").write_bytes(sound)
    (folder / torn / "sound.wav").write_bytes(sound[:-1])
    for message in (whole, torn):
        (folder / message / "about.json").write_bytes(about)
    store = begin(tmp_path, clock)
    assert number_of(store, good) == 3
    assert {it.name for it in folder.iterdir()} == {good, f"damaged-{whole}"}
    assert (folder / f"damaged-{whole}" / "sound.wav").read_bytes() == sound
    assert refused(store, whole, "indoor").status == 404


def test_what_was_put_aside_goes_in_its_time(tmp_path: Path, clock: Clock) -> None:
    store = begin(tmp_path, clock)
    message = put(store)
    aside = tmp_path / "messages" / f"damaged-{message}"
    (tmp_path / "messages" / message).rename(aside)
    os.utime(aside, (NOW, NOW))
    for clock.now in (1000.0, NOW, NOW + 29 * DAY):  # the first: no clock yet
        begin(tmp_path, clock)
        assert aside.exists()
    clock.now = NOW + 31 * DAY
    begin(tmp_path, clock)
    assert not aside.exists()
