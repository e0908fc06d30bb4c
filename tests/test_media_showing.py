"""Views come and go, and may fail."""

from __future__ import annotations

import av
import pytest

from intercom.media.showing import Showing
from tests.media_rig import TestView, picture


class BrokenView(TestView):
    """Cannot draw."""

    def show(self, frame: av.VideoFrame) -> None:
        super().show(frame)
        raise ValueError("the window has no size")


def test_the_newest_view_gets_the_pictures_and_the_old_one_is_cleared() -> None:
    showing, first, second = Showing("a picture"), TestView(), TestView()
    showing.show(picture())
    for view in (first, second):
        showing.turn_to(view)
        showing.turn_to(view)
        showing.show(picture())
    assert (first.count, first.cleared) == (1, 1)
    assert (second.count, second.cleared) == (1, 0)
    showing.clear()
    showing.turn_to(None)
    showing.clear()
    assert second.cleared == 2


def test_a_view_that_fails_is_told_of_once_and_goes_on_being_asked(
    caplog: pytest.LogCaptureFixture,
) -> None:
    showing, broken = Showing("the picture of door"), BrokenView()
    showing.turn_to(broken)
    for _ in range(3):
        showing.show(picture())
    assert broken.count == 3
    assert [record.getMessage() for record in caplog.records] == [
        "the picture of door cannot be shown"
    ]
