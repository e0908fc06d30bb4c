"""The generations on a card: what each change does, and that no power cut breaks one."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from intercom.appliance.disk import Disk
from intercom.appliance.generations import BOOTS, State, choose, count
from intercom.appliance.store import Store
from tests.appliance_unit.cutting import THROUGH, CutFiles, every_cut


def boots(system: Path) -> int:
    """What preinit boots now (and writes, as it does)."""
    store = Store(system, Disk())
    path = system / "state"
    text = path.read_bytes() if path.exists() else None
    chosen = choose(text, store.good(), store.confirmed(), writable=True)
    if chosen.write is not None:
        store._put(chosen.write)  # noqa: SLF001 (the boot's own writing, in sh on a card)
    return chosen.boot


def counted(system: Path, disk: Disk, steady: bool = False, damaged: bool = False) -> int:
    """The same, with this boot counted where it is not one of a trial; `steady`: the boot before
    held out."""
    store, path, chosen = Store(system, Disk()), system / "boots", boots(system)
    text = path.read_bytes() if path.exists() else None
    found = count(text, chosen, store.good(), store.confirmed(), steady=steady, damaged=damaged)
    if found.write:
        disk.write(path, found.write)
    return found.boot


def add(store: Store, disk: Disk | None = None, content: str = "new") -> int:
    """A new generation with one file in it, on trial."""
    disk = disk or Disk()
    staged = store.stage()
    disk.files.create(staged / "tree/file", content.encode(), 0o644)
    return store.add(staged, b"{}")


def whole(system: Path, number: int) -> bool:
    """Whether a generation is all there."""
    return number == 0 or (system / f"generations/{number}/tree/file").read_text() == "new"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "system", Disk())


def test_a_generation_is_tried_and_kept(store: Store, tmp_path: Path) -> None:
    number = add(store)
    assert (number, store.state()) == (1, State(0, 1))
    assert boots(tmp_path / "system") == 1
    assert store.confirm() == 1
    assert store.state() == State(1)
    assert [boots(tmp_path / "system") for _ in range(4)] == [1] * 4


def test_one_that_is_not_healthy_is_given_up(store: Store, tmp_path: Path) -> None:
    add(store)
    store.confirm()
    assert add(store) == 2
    assert boots(tmp_path / "system") == 2
    assert store.give_up("it crashed") == 1
    assert boots(tmp_path / "system") == 1
    assert store.reason(2) == "it crashed"
    assert store.state() == State(1, 0, 0, 2)
    assert add(store) == 3, "no number is used twice"


def test_one_that_never_says_anything_falls_after_two_boots(store: Store, tmp_path: Path) -> None:
    add(store)
    assert [boots(tmp_path / "system") for _ in range(4)] == [1, 1, 0, 0]
    assert store.state().failed == 1


def test_going_back_by_hand_ends_at_the_factory(store: Store, tmp_path: Path) -> None:
    for _ in range(3):
        add(store)
        store.confirm()
    assert store.present() == {2, 3}, "the one before is kept, no more"
    assert store.give_up("asked to") == 2
    assert store.give_up("asked to") == 0
    assert store.give_up("asked to") == 0
    assert boots(tmp_path / "system") == 0


def test_what_is_given_up_takes_no_room(store: Store, tmp_path: Path) -> None:
    add(store)
    store.give_up("sick")
    add(store)
    while boots(tmp_path / "system"):
        pass  # counted out: the record alone tells of it
    assert store.state().failed == 2
    add(store)
    assert store.rejected() == {1, 2}
    assert (store.reason(1), store.reason(2)) == ("sick", "it did not prove itself")
    for number in (1, 2):
        left = sorted(path.name for path in store.folder(number).iterdir())
        assert left == ["generation.json", "rejected"]
    assert whole(tmp_path / "system", 3)


def test_what_is_counted_out_is_known_after_another_was_given_up(
    store: Store, tmp_path: Path
) -> None:
    for _ in range(2):
        add(store)
        store.confirm()
    add(store)
    while boots(tmp_path / "system") == 3:
        pass
    store.give_up("asked to")
    assert store.rejected() == {2, 3}


def test_the_running_one_keeps_its_files(tmp_path: Path) -> None:
    store = Store(tmp_path / "system", Disk(), running=1)
    add(store)
    store.give_up("sick")
    store.stage()
    assert whole(tmp_path / "system", 1)


def test_the_one_that_is_kept_is_a_good_one(store: Store) -> None:
    for _ in range(2):
        add(store)
        store.confirm()
    store.give_up("asked to")
    add(store)
    store.confirm()
    assert store.present() == {1, 3}


def test_what_was_left_half_made_is_removed(store: Store, tmp_path: Path) -> None:
    staged = store.stage()
    (staged / "tree/big").write_text("x")
    (tmp_path / "system/.new-state").write_text("cur")
    assert store.stage() == staged
    assert list((staged / "tree").iterdir()) == []
    assert not (tmp_path / "system/.new-state").exists()


class Cards:
    """Fresh cards with `confirmed` generations, and maybe one on trial."""

    def __init__(self, folder: Path, confirmed: int, trial: bool = False) -> None:
        self._folder, self._confirmed, self._trial = folder, confirmed, trial
        self._numbers = itertools.count()

    def __call__(self) -> Path:
        system = self._folder / str(next(self._numbers))
        store = Store(system, Disk())
        for _ in range(self._confirmed):
            add(store)
            store.confirm()
        if self._trial:
            add(store)
            boots(system)
        return system


@pytest.mark.parametrize("confirmed", [0, 1, 3])
def test_a_cut_while_one_is_added(memory: Path, confirmed: int) -> None:
    cuts = 0

    def adding(card: Path, files: CutFiles) -> None:
        disk = Disk(files)
        add(Store(card, disk), disk)

    for system, what in every_cut(Cards(memory, confirmed), adding):
        cuts += 1
        booted = boots(system)
        assert booted in (confirmed, confirmed + 1), what
        assert booted == confirmed + 1 or what != THROUGH
        assert whole(system, booted), what
        assert add(Store(system, Disk())) > confirmed, what  # and it can be done again
        assert whole(system, boots(system)), what
        assert Store(system, Disk()).confirm() > confirmed, what
    assert cuts > 30


@pytest.mark.parametrize("confirmed", [0, 1, 3])
def test_a_cut_while_one_is_confirmed(memory: Path, confirmed: int) -> None:
    for system, what in every_cut(
        Cards(memory, confirmed, trial=True),
        lambda card, files: Store(card, Disk(files)).confirm(),
    ):
        if what == THROUGH:
            assert Store(system, Disk()).state() == State(confirmed + 1)
        assert boots(system) == confirmed + 1, what
        assert whole(system, confirmed + 1), what
        assert Store(system, Disk()).confirm() == confirmed + 1, what
        Store(system, Disk()).stage()
        left = [path.name for path in (system / "generations").iterdir() if "old" in path.name]
        assert left == [], what


@pytest.mark.parametrize("what", ["stage", "give_up"])
def test_a_cut_while_what_was_given_up_is_emptied(memory: Path, what: str) -> None:
    cards = Cards(memory, 3)

    def fresh() -> Path:
        system = cards()
        add(Store(system, Disk()))
        Store(system, Disk(), running=4).give_up("sick")  # 4, whose files stay
        if what == "give_up":
            add(Store(system, Disk(), running=4))
        return system

    def act(card: Path, files: CutFiles) -> None:
        store = Store(card, Disk(files))
        store.stage() if what == "stage" else store.give_up("no")

    for system, where in every_cut(fresh, act):
        booted = boots(system)
        assert booted in {3, 5}, where
        assert whole(system, booted), where
        store = Store(system, Disk())
        assert (store.reason(4), 4 in store.good()) == ("sick", False), where
        assert (store.folder(4) / "generation.json").read_bytes() == b"{}", where
        store.stage()
        left = sorted(path.name for path in store.folder(4).iterdir())
        assert left == ["generation.json", "rejected"], where


@pytest.mark.parametrize("before", range(5))
def test_a_cut_while_a_boot_is_counted(memory: Path, before: int) -> None:
    cards = Cards(memory, 3)

    def fresh() -> Path:
        system = cards()
        for _ in range(before):
            counted(system, Disk())
        return system

    expected = [3] * BOOTS + [2, 0, 3]
    for system, where in every_cut(fresh, lambda card, files: counted(card, Disk(files))):
        assert counted(system, Disk()) in expected[before : before + 2], where
        assert Store(system, Disk()).state() == State(3), where


@pytest.mark.parametrize("trial", [True, False])
@pytest.mark.parametrize("confirmed", [0, 1, 3])
def test_a_cut_while_one_is_given_up(memory: Path, confirmed: int, trial: bool) -> None:
    before = confirmed + trial
    target = confirmed if trial else max(confirmed - 1, 0)
    for system, what in every_cut(
        Cards(memory, confirmed, trial),
        lambda card, files: Store(card, Disk(files)).give_up("no"),
    ):
        booted = boots(system)
        assert booted in (before, target), what
        assert whole(system, booted), what
        if what == THROUGH:
            assert booted == target


def test_steps_are_counted(tmp_path: Path) -> None:
    files = CutFiles()
    Disk(files).write(tmp_path / "x", b"data")
    assert files.names == ["create .new-x", "sync .new-x", "rename x", f"sync {tmp_path.name}"]
    assert not files.pending, "what a whole change leaves is on the card"
