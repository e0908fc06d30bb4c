"""The newest picture of everybody who is seen, as the media threads bring them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

import av

from intercom.station.meter import Meter

GRID_PERIOD = 1 / 60
"""Seconds that at least lie between two paintings when there are several others; a picture that
comes in between is painted with the next one."""


class RemoteView:
    """One other's pictures."""

    def __init__(self, news: Callable[[bool], None]) -> None:
        """`news(True)` is called for each picture, `news(False)` when there is none any more."""
        self._news = news
        self.frame: av.VideoFrame | None = None
        self.painted: av.VideoFrame | None = None
        self.meter = Meter()

    def show(self, frame: av.VideoFrame) -> None:
        """Take a picture, from any thread."""
        self.frame = frame
        self._news(True)

    def clear(self) -> None:
        """Show no picture."""
        if self.frame is not None:
            self.frame = self.painted = None
            self._news(False)


class RemoteViews:
    """A view for each other; `repaint()` is called when there is something to paint."""

    def __init__(
        self, repaint: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self._repaint = repaint
        self._views: dict[str, RemoteView] = {}  # replaced as a whole: other threads read it
        self.at = 0.0

    @property
    def several(self) -> bool:
        """Whether there is more than one other; only then each is measured for itself."""
        return len(self._views) > 1

    def view(self, user_id: str) -> RemoteView:
        """Return the view of a user, made when it is needed."""
        if user_id not in self._views:
            self._views = {**self._views, user_id: RemoteView(self._news)}
        return self._views[user_id]

    def keep(self, user_ids: Collection[str]) -> None:
        """Forget all others."""
        gone = [view for user, view in self._views.items() if user not in user_ids]
        if gone:
            self._views = {user: it for user, it in self._views.items() if user in user_ids}
            for view in gone:
                view.clear()

    def pictures(self) -> dict[str, av.VideoFrame]:
        """Return the newest picture of each user who has one."""
        views = self._views.items()
        return {user: frame for user, view in views if (frame := view.frame) is not None}

    def shown(self, pictures: dict[str, av.VideoFrame], read: bool) -> list[av.VideoFrame]:
        """These are on the screen now: measure, by their time codes if `read`; return the new."""
        new = []
        for user, frame in pictures.items():
            view = self._views.get(user)
            if view is not None and view.painted is not frame:
                view.painted = frame
                new.append(frame)
                if self.several:
                    view.meter.take(frame, read)
        return new

    def reset(self) -> None:
        """Forget what was measured."""
        for view in self._views.values():
            view.meter.reset()

    def reports(self) -> dict[str, dict[str, float]]:
        """Return what was measured of each, while there were several."""
        return {user: view.meter.report() for user, view in self._views.items()}

    def _news(self, picture: bool) -> None:
        now = self.clock()
        due = not self.several or now - self.at >= GRID_PERIOD
        if due or not picture:
            self.at = now
            self._repaint()


class OwnView:
    """Our own pictures: painted along with the others', or else ten times a second."""

    PERIOD = 0.1

    def __init__(self, views: RemoteViews, repaint: Callable[[], None]) -> None:
        self._views, self._repaint = views, repaint
        self._painted = 0.0
        self.frame: av.VideoFrame | None = None

    def show(self, frame: av.VideoFrame) -> None:
        """Take a picture, from any thread."""
        self.frame = frame
        now = self._views.clock()
        if now - max(self._views.at, self._painted) >= self.PERIOD:
            self._painted = now
            self._repaint()

    def clear(self) -> None:
        """Show no picture."""
        self.frame = None
        self._repaint()
