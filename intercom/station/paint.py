"""Paints scenes: a background or the remote picture, the own picture in a corner, sprites on top.

What a scene adds to the picture is laid out once and kept until the scene changes, so that in a
call a paint is one conversion and a dozen blits. A painter belongs to one thread, the screen's.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import av
import pygame

from intercom.station import layout, paint_call, paint_numbers, paint_rest, shapes, theme
from intercom.station.fonts import Fonts
from intercom.station.layout import Rect, Size
from intercom.station.paint_widgets import Kit, Sprite
from intercom.station.picture import Picture
from intercom.station.recent import Recent
from intercom.station.scene import Calling, Ended, Fault, Idle, InCall, RingingIn, Scene
from intercom.station.words import Words

log = logging.getLogger(__name__)

Rows = tuple[tuple[str, str], ...]

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
        self._remote = Picture()
        self._own = _Own()

    def paint(
        self,
        surface: pygame.Surface,
        scene: Scene,
        remote: av.VideoFrame | None = None,
        own: av.VideoFrame | None = None,
        rows: Rows = (),
    ) -> None:
        """Paint all of `surface`; frames count only in scenes that show them.

        `rows` are names and values of the overlay, which is there only with some.
        """
        size = surface.get_size()
        picture = remote if isinstance(scene, RingingIn | InCall) else None
        if picture is None:
            self._remote.forget()
            surface.blit(self._back(size), (0, 0))
        else:
            self._remote.draw(surface, picture)
        surface.blits(self.sprites(scene, size, picture is not None), doreturn=False)
        if _shows_own(scene) and own is not None:
            surface.blit(*self._own.corner(own, layout.own_box(size), self._clock()))
        else:
            self._own.forget()
        if rows:
            surface.blits(self._overlays.get((rows, size), lambda: self._over(rows, size)))

    def _over(self, rows: Rows, size: Size) -> list[Sprite]:
        kit = self._kits.get(size, lambda: Kit(size, self._fonts, self.words))
        return paint_numbers.overlay(kit, rows)

    def sprites(self, scene: Scene, size: Size, picture: bool) -> list[Sprite]:
        """What `scene` puts on its background (`picture`: on a remote picture)."""
        key = (scene, size, picture)
        return self._sprites.get(key, lambda: self._compose(scene, size, picture))

    def _compose(self, scene: Scene, size: Size, picture: bool) -> list[Sprite]:
        kit = self._kits.get(size, lambda: Kit(size, self._fonts, self.words))
        match scene:
            case Idle():
                return paint_rest.idle(kit, scene)
            case Calling():
                return paint_rest.calling(kit, scene)
            case RingingIn():
                return paint_call.ringing(kit, scene, picture)
            case InCall():
                return paint_call.in_call(kit, scene, picture)
            case Ended():
                return paint_rest.ended(kit, scene)
            case Fault():
                return paint_rest.fault(kit, scene)

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


def _shows_own(scene: Scene) -> bool:
    return isinstance(scene, Calling) or (isinstance(scene, InCall) and scene.camera_open)


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
