"""Has the pictures of those brought to the screen whom the present call is with."""

from __future__ import annotations

from intercom import phases as ph
from intercom.station.desk import Desk
from intercom.station.views import RemoteViews


class Watching:
    """One view for each other of the call."""

    def __init__(self, desk: Desk, views: RemoteViews) -> None:
        self._desk, self._calling, self._views = desk, desk.calling, views
        self._watched: dict[str, str] = {}  # by user, the call

    def follow(self) -> None:
        """Watch whom the call is with now, and nobody else."""
        phase = self._calling.phase
        others = phase.others if isinstance(phase, ph.Call) else ()
        for user in self._watched.keys() - {other.user_id for other in others}:
            del self._watched[user]
            if others:  # with the call, all its pictures end by themselves
                self._desk.attempt(self._calling.stop_remote_view, user)
        for other in others:
            if self._watched.get(other.user_id) != phase.call_id:
                self._watched[other.user_id] = phase.call_id
                view = self._views.view(other.user_id)
                self._desk.attempt(self._calling.start_remote_view, other.user_id, view)
            if not other.video:
                self._views.view(other.user_id).clear()
        self._views.keep(self._watched)
