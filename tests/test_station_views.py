"""The newest picture of each, painted when it is worth it, measured when it is shown."""

from __future__ import annotations

import pytest

from intercom.station.views import GRID_PERIOD, OwnView, RemoteViews
from tests.station_scenes import frame


class Rig:
    """Views that count what is to be painted, at a time of their own."""

    def __init__(self) -> None:
        self.now = 100.0
        self.painted = 0
        self.views = RemoteViews(self.paint, lambda: self.now)

    def paint(self) -> None:
        self.painted += 1


@pytest.fixture
def rig() -> Rig:
    return Rig()


def test_alone_each_picture_is_painted_at_once(rig: Rig) -> None:
    view = rig.views.view("door")
    for _ in range(5):
        view.show(frame())
    assert rig.painted == 5


def test_of_several_what_comes_together_is_painted_together(rig: Rig) -> None:
    newest = [frame(seed=1), frame(seed=2), frame(seed=3)]
    for _ in range(4):
        for user, picture in zip("abc", newest, strict=True):
            rig.views.view(user).show(picture)
        rig.now += GRID_PERIOD
    rig.now += GRID_PERIOD
    rig.views.view("a").show(newest[0])
    assert rig.painted <= 6
    assert list(rig.views.pictures().values()) == newest


def test_a_picture_is_measured_once_and_each_for_itself(rig: Rig) -> None:
    first, second = frame(seed=1), frame(seed=2)
    rig.views.view("a").show(first)
    rig.views.view("b").show(second)
    pictures = rig.views.pictures()
    assert rig.views.shown(pictures, read=False) == [first, second]
    assert rig.views.shown(pictures, read=False) == []
    third = frame(seed=3)
    rig.views.view("b").show(third)
    assert rig.views.shown(rig.views.pictures(), read=False) == [third]
    reports = rig.views.reports()
    assert (reports["a"]["shown"], reports["b"]["shown"]) == (1, 2)
    rig.views.reset()
    assert rig.views.reports()["b"]["shown"] == 0


def test_who_is_gone_is_seen_no_more(rig: Rig) -> None:
    gone = rig.views.view("a")
    gone.show(frame())
    rig.views.view("b").show(frame())
    rig.views.keep({"b"})
    assert list(rig.views.pictures()) == ["b"]
    assert gone.frame is None
    before = rig.painted
    rig.views.keep({"b"})
    assert rig.painted == before


def test_a_cleared_picture_is_painted_over_once(rig: Rig) -> None:
    view = rig.views.view("a")
    view.show(frame())
    before = rig.painted
    view.clear()
    view.clear()
    assert rig.painted == before + 1
    assert rig.views.pictures() == {}


def test_the_own_picture_is_painted_along_or_ten_times_a_second(rig: Rig) -> None:
    own, remote = OwnView(rig.views, rig.paint), rig.views.view("a")
    for _ in range(30):
        own.show(frame())
        rig.now += 1 / 30
    assert 8 <= rig.painted <= 11
    rig.painted = 0
    for _ in range(30):
        remote.show(frame())
        own.show(frame())
        rig.now += 1 / 30
    assert rig.painted == 30
