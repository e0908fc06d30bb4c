"""A view that may be changed while pictures come, and whose faults end nothing."""

from __future__ import annotations

import logging

import av

from .devices import View

logger = logging.getLogger(__name__)

# what drawing and converting a picture trip over; the thread that decodes or films has to live on
BAD_VIEW = (
    OSError,
    RuntimeError,
    ValueError,
    LookupError,
    ArithmeticError,
    TypeError,
    AttributeError,
)


class Showing:
    """`show` may be called from any thread, `turn_to` belongs to the loop's."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._view: View | None = None
        self._failed: View | None = None  # it was told of

    @property
    def seen(self) -> bool:
        """Whether there is a view."""
        return self._view is not None

    def turn_to(self, view: View | None) -> None:
        """Show the pictures in `view` from now on; None shows them nowhere."""
        old, self._view = self._view, view
        if old is not None and old is not view:
            old.clear()

    def show(self, frame: av.VideoFrame) -> None:
        """Show `frame`; a view that cannot is told of once, in the log."""
        view = self._view
        if view is None:
            return
        try:
            view.show(frame)
        except BAD_VIEW:
            if self._failed is not view:
                self._failed = view
                logger.exception("%s cannot be shown", self._name)

    def clear(self) -> None:
        """Show nothing until the next picture."""
        if self._view is not None:
            self._view.clear()
