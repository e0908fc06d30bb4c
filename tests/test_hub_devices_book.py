"""The book of devices by itself, and beside other processes."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.enroll.code import EnrollCode, parse
from intercom.enroll.login import device_id
from intercom.hub import devices_list
from intercom.hub.devices_book import OPEN_MAX, WRONG_MAX, Device, DeviceBook
from intercom.hub.devices_schema import FILE, MIGRATIONS, DevicesError

ONE, OTHER = b"1" * 32, b"2" * 32


@pytest.fixture
def book(tmp_path: Path) -> Iterator[DeviceBook]:
    """A book."""
    with contextlib.closing(DeviceBook(tmp_path / FILE, wall=lambda: 1.8e9)) as made:
        yield made


def test_it_is_for_nobody_else_to_read(book: DeviceBook) -> None:
    code = book.invite("door", 900)
    assert parse(code.text()) == code
    assert book.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_makes_is_the_hubs(tmp_path: Path) -> None:
    """`sudo intercom invite` before the hub has ever run must not lock it out."""
    os.chown(tmp_path, 1234, 1234)
    with contextlib.closing(DeviceBook(tmp_path / FILE)) as book:
        book.invite("door", 900)
    assert {path.stat().st_uid for path in tmp_path.iterdir()} == {1234}


@pytest.mark.parametrize("there", [False, True])
def test_a_link_is_not_followed(tmp_path: Path, there: bool) -> None:
    """The daemon's user may have put it there, for root to make or to give away any file."""
    target = tmp_path / "elsewhere"
    if there:
        target.touch()
    (tmp_path / FILE).symlink_to(target)
    with (
        contextlib.closing(DeviceBook(tmp_path / FILE)) as book,
        pytest.raises(DevicesError, match="is a link"),
    ):
        book.invite("door", 900)
    assert target.exists() == there
    assert not there or target.stat().st_size == 0


def test_an_invitation_becomes_a_device(book: DeviceBook) -> None:
    code = book.invite("door", 900)
    assert book.enroll(code.id, ONE, "Front")
    assert book.devices() == [Device(device_id(ONE), ONE, "door", "Front", 1.8e9)]
    assert book.enroll(code.id, ONE, "Front")
    assert not book.enroll(code.id, OTHER, "Other")
    assert not book.enroll("000", OTHER, "Other")
    assert len(book.devices()) == 1


def test_wrong_proofs_are_counted_down(book: DeviceBook) -> None:
    code = book.invite("door", 900)
    assert [book.wrong(code.id) for _ in range(WRONG_MAX + 1)] == [4, 3, 2, 1, 0, 0]
    found = book.invitation(code.id)
    assert found is not None
    assert "void" in found.over
    assert book.wrong("000") == 0


def test_invitations_are_bounded(book: DeviceBook) -> None:
    codes = [book.invite("door", 900) for _ in range(OPEN_MAX)]
    assert len({code.id for code in codes}) == OPEN_MAX
    with pytest.raises(DevicesError, match="invitations are open"):
        book.invite("door", 900)
    book.enroll(codes[0].id, ONE, "")
    book.invite("door", 900)


def test_a_device_is_revoked_by_the_beginning_of_its_name(book: DeviceBook) -> None:
    for public in (ONE, OTHER):
        book.enroll(book.invite("door", 900).id, public, "")
    for wrong in ("", "zzz", device_id(ONE) + "a", "%"):
        with pytest.raises(DevicesError, match="intercom devices"):
            book.revoke(wrong)
    assert book.revoke(device_id(ONE)[:6].upper()).public == ONE
    with pytest.raises(DevicesError, match="no such device"):
        book.revoke(device_id(ONE))
    assert [d.revoked for d in book.devices() if d.public == ONE] == [1.8e9]
    assert book.revoke(device_id(OTHER)[:1]).public == OTHER


def test_another_process_is_noticed(book: DeviceBook) -> None:
    before = book.version()
    assert book.version() == before
    with contextlib.closing(DeviceBook(book.path)) as other:
        other.invite("door", 900)
    assert book.version() != before


def test_of_many_processes_one_has_the_code(book: DeviceBook) -> None:
    code = book.invite("door", 900)
    begin, won = threading.Barrier(6), []

    def try_it(number: int) -> None:
        with contextlib.closing(DeviceBook(book.path)) as mine:
            begin.wait(10)
            if mine.enroll(code.id, bytes([number]) * 32, ""):
                won.append(number)

    threads = [threading.Thread(target=try_it, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert [device.public[0] for device in book.devices()] == won


def test_a_newer_book_is_left_alone(book: DeviceBook) -> None:
    book.invite("door", 900)
    with contextlib.closing(sqlite3.connect(book.path)) as sql:
        sql.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    book.close()
    with pytest.raises(DevicesError, match="newer intercom"):
        book.devices()


def test_secrets_of_codes_that_are_over_are_not_left_on_the_disk(book: DeviceBook) -> None:
    code = book.invite("door", -7200)
    assert code.secret.encode() in book.path.read_bytes()
    book.prune()
    assert code.secret.encode() not in book.path.read_bytes()


def test_devices_are_listed(book: DeviceBook) -> None:
    assert "intercom invite" in devices_list.as_text([])
    book.enroll(book.invite("door", 900).id, ONE, "[bold]Front[/bold]")
    book.seen([device_id(ONE)])
    book.enroll(book.invite("indoor", 900).id, OTHER, "")
    book.revoke(device_id(OTHER))
    text = devices_list.as_text(book.devices())
    assert "[bold]Front[/bold]" in text
    assert text.count("2027-01-15") == 3
    assert "never" in text
    assert "revoked" in text
    unknown = Device("x", b"", "door", "n", enrolled=5.0, seen=6.0)
    assert "unknown" in devices_list.as_text([unknown])
    assert '"enrolled": null' in devices_list.as_json([unknown])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["invite", "enroll", "wrong", "revoke"]), st.integers(0, 3)),
        max_size=20,
    )
)
def test_whatever_is_done_no_code_enrolls_two_devices(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    folder = tmp_path_factory.mktemp("book")
    codes: list[EnrollCode] = []
    users: dict[str, int] = {}
    with contextlib.closing(DeviceBook(folder / FILE)) as book:
        for number, (what, which) in enumerate(steps):
            if what == "invite":
                codes.append(book.invite(f"user{number}", 900))
            elif what == "enroll" and codes:
                code = codes[which % len(codes)]
                if book.enroll(code.id, bytes([which]) * 32, ""):
                    assert users.setdefault(code.id, which) == which
            elif what == "wrong" and codes:
                book.wrong(codes[which % len(codes)].id)
            elif what == "revoke":
                with contextlib.suppress(DevicesError):
                    book.revoke(device_id(bytes([which]) * 32))
                    # A code that enrolled a device which is out is used for good.
                    users = {c: w for c, w in users.items() if w != which}
                    codes = [c for c in codes if book.invitation(c.id) is not None]
        assert len(book.devices()) <= 4


def test_a_revocation_is_seen_although_the_connection_had_to_be_made_anew(
    book: DeviceBook, tmp_path: Path
) -> None:
    """SQLite counts changes for each connection, from 1: two of them must not be compared."""
    assert book.enroll(book.invite("door", 900).id, ONE, "Front")
    before = book.version()
    with pytest.raises(sqlite3.Error):
        book.seen([{}])  # type: ignore[list-item] # what SQLite refuses
    with contextlib.closing(DeviceBook(tmp_path / FILE)) as other:
        other.revoke(device_id(ONE))
    assert book.version() != before
