"""Paints scenes: a background or the remote picture, the own picture in a corner, sprites on top.

What a scene adds to the pictures is laid out once and kept until the scene changes, so that in a
call a paint is a conversion for each new picture, and blits. A painter belongs to one thread, that
of the screen.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

import av
import pygame

from intercom.station import (
    layout,
    paint_call,
    paint_enroll,
    paint_message,
    paint_numbers,
    paint_rest,
    shapes,
    theme,
)
from intercom.station.fonts import Fonts
from intercom.station.layout import Rect, Size
from intercom.station.numbers import Rows
from intercom.station.paint_widgets import Kit, Sprite
from intercom.station.picture import Picture
from intercom.station.recent import Recent
from intercom.station.scene import (
    Calling,
    Ended,
    Enroll,
    Fault,
    Idle,
    InCall,
    Message,
    Recording,
    RingingIn,
    Scene,
    places,
)
from intercom.station.words import Words

log = logging.getLogger(__name__)

Frames = Mapping[str, av.VideoFrame]
NO_FRAMES: Frames = {}

OWN_PERIOD = 0.1
"""Seconds between two conversions of the own picture, which is small and little watched."""


class Painter:
    """Paints scenes in one language, and holds every cache that it needs for that."""

    def __init__(
        self, words: Words, fonts: Fonts | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._fonts = fonts or Fonts()
        self.words = _readable(words, self._fonts)
        self._clock = clock
        self._kits: Recent[Kit] = Recent(2)
        self._sprites: Recent[list[Sprite]] = Recent(4)
        self._backs: Recent[pygame.Surface] = Recent(2)
        self._overlays: Recent[list[Sprite]] = Recent(1)
        self._remotes: dict[str, Picture] = {}
        self._own = _Own()

    def paint(
        self,
        surface: pygame.Surface,
        scene: Scene,
        remote: Frames = NO_FRAMES,
        own: av.VideoFrame | None = None,
        rows: Rows = (),
    ) -> None:
        """Paint all of `surface`; `remote` are frames by user ID, and count, as `own` does, only in
        scenes that show them.

        `rows` are those of the overlay, which is there only with some.
        """
        size = surface.get_size()
        areas = places(scene, size)
        shown = {user: frame for user, frame in remote.items() if user in areas}
        self._pictures(surface, areas, shown)
        surface.blits(self.sprites(scene, size, frozenset(shown)), doreturn=False)
        if shows_own(scene) and own is not None:
            surface.blit(*self._own.corner(own, layout.own_box(size), self._clock()))
        else:
            self._own.forget()
        if rows:
            surface.blits(self._overlays.get((rows, size), lambda: self._over(rows, size)))

    def _pictures(self, surface: pygame.Surface, areas: Mapping[str, Rect], shown: Frames) -> None:
        """The background, where it is seen, and the pictures of the others."""
        size = surface.get_size()
        for user in self._remotes.keys() - shown.keys():
            del self._remotes[user]
        if not any(areas[user].size == size for user in shown):
            surface.blit(self._back(size), (0, 0))
        for user, frame in shown.items():
            picture = self._remotes.setdefault(user, Picture())
            part = surface.subsurface(areas[user])
            picture.draw(part, frame, tile=part.get_size() != size)

    def _over(self, rows: Rows, size: Size) -> list[Sprite]:
        kit = self._kits.get(size, lambda: Kit(size, self._fonts, self.words))
        return paint_numbers.overlay(kit, rows)

    def sprites(self, scene: Scene, size: Size, shown: frozenset[str]) -> list[Sprite]:
        """What `scene` puts on its background and on the pictures of those who are `shown`."""
        key = (scene, size, shown)
        return self._sprites.get(key, lambda: self._compose(scene, size, shown))

    def _compose(  # noqa: PLR0911 (one line a scene)
        self, scene: Scene, size: Size, shown: frozenset[str]
    ) -> list[Sprite]:
        kit = self._kits.get(size, lambda: Kit(size, self._fonts, self.words))
        match scene:
            case Idle():
                return paint_rest.idle(kit, scene)
            case Calling():
                return paint_rest.calling(kit, scene)
            case RingingIn():
                return paint_call.ringing(kit, scene, bool(shown))
            case InCall():
                return paint_call.in_call(kit, scene, shown)
            case Ended():
                return paint_rest.ended(kit, scene)
            case Recording():
                return paint_message.recording(kit, scene)
            case Message():
                return paint_message.message(kit, scene, bool(shown))
            case Fault():
                return paint_rest.fault(kit, scene)
            case Enroll():
                return paint_enroll.enroll(kit, scene)

    def _back(self, size: Size) -> pygame.Surface:
        return self._backs.get(
            size, lambda: shapes.gradient(size, theme.BACK_TOP, theme.BACK_BOTTOM)
        )


class _Own:
    """The own picture as in a mirror, with round corners and a thin border, at most 10 a second."""

    def __init__(self) -> None:
        self._picture = Picture()
        self._due = 0.0
        self._sprite: Sprite | None = None
        self._box: Rect | None = None

    def corner(self, frame: av.VideoFrame, box: Rect, now: float) -> Sprite:
        if self._sprite is None or box != self._box or now >= self._due:
            self._sprite, self._box, self._due = self._made(frame, box), box, now + OWN_PERIOD
        return self._sprite

    def forget(self) -> None:
        self._sprite = None
        self._picture.forget()

    def _made(self, frame: av.VideoFrame, box: Rect) -> Sprite:
        place = layout.fit((frame.width, frame.height), box.size, crop=0.0)
        border = max(1, box.w // 80)
        radius = box.w // 16
        inner = (place.w - 2 * border, place.h - 2 * border)
        picture = pygame.Surface(inner, pygame.SRCALPHA)
        picture.blit(self._picture.convert(frame, inner), (0, 0))
        picture = pygame.transform.flip(picture, flip_x=True, flip_y=False)
        mask = shapes.box(inner, radius - border, theme.WHITE)
        picture.blit(mask, (0, 0), special_flags=pygame.BLEND_RGBA_MULT)
        framed = shapes.box(place.size, radius, theme.WHITE, 220)
        framed.blit(picture, (border, border))
        return framed, (box.right - place.w, box.y)


def shows_own(scene: Scene) -> bool:
    """Whether the own picture is in its corner, when there is one."""
    if isinstance(scene, InCall):
        return scene.camera_open and scene.video and not scene.choosing and scene.asked is None
    if isinstance(scene, Recording):
        return scene.step in {"wait", "speak"}
    return isinstance(scene, Calling)


def _readable(words: Words, fonts: Fonts) -> Words:
    """`words`, or English if no font here has the glyphs for them."""
    missing = fonts.missing("".join(words.values()))
    if not missing:
        return words
    log.warning(
        "no font for language %s (%d characters, such as %s); install fonts-wqy-microhei; "
        "using English",
        words.language,
        len(missing),
        missing[:3],
    )
    return Words("en")
