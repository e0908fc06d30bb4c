"""Video frames as pygame surfaces: one swscale call a picture, no further copy.

`VideoReformatter` converts YUV 4:2:0 to the display's byte order and scales in the same pass; the
surface then shares the frame's memory. One thread of swscale: the other cores have work to do.
"""

from __future__ import annotations

import av
import pygame
from av.video.reformatter import VideoReformatter

from intercom.station.layout import Rect, Size, cover, fit

CROP = 0.26
"""The share of a picture that may be cut off to fill the screen: 4:3 on 16:9 loses a quarter."""

SHARES = pygame.version.vernum >= (2, 1, 3)
"""Whether pygame knows BGRA; that of Debian 12 does not."""


class Picture:
    """Converts the frames of one source for one place on the screen, and keeps the last one."""

    def __init__(self) -> None:
        self._scaler = VideoReformatter()
        self._frame: av.VideoFrame | None = None
        self._size: Size = (0, 0)
        self._surface: pygame.Surface | None = None

    def draw(self, surface: pygame.Surface, frame: av.VideoFrame, tile: bool = False) -> None:
        """Fill `surface` with `frame`; what it leaves uncovered is black. The whole screen is
        filled or not; a `tile` is filled as far as CROP lets it."""
        box = surface.get_size()
        place = (cover if tile else fit)((frame.width, frame.height), box, CROP)
        if place.x > 0 or place.y > 0:
            for bar in _bars(place, box):
                surface.fill((0, 0, 0), bar)
        picture = self.convert(frame, place.size)
        seen = Rect(max(0, -place.x), max(0, -place.y), min(place.w, box[0]), min(place.h, box[1]))
        surface.blit(picture, (max(0, place.x), max(0, place.y)), seen)

    def convert(self, frame: av.VideoFrame, size: Size) -> pygame.Surface:
        """`frame` scaled to `size`; its last columns may be padding, wider than `size`. The surface
        is good until the next call."""
        if self._surface is None or frame is not self._frame or size != self._size:
            self._surface = self._converted(frame, size)
            self._frame, self._size = frame, size
        return self._surface

    def forget(self) -> None:
        """Drop the kept frame, so that its memory goes back to the decoder."""
        self._frame = self._surface = None

    def _converted(self, frame: av.VideoFrame, size: Size) -> pygame.Surface:
        scaled = self._scaler.reformat(
            frame, *size, format="bgra", interpolation="FAST_BILINEAR", threads=1
        )
        plane = scaled.planes[0]
        columns = plane.line_size // 4  # swscale pads rows: the padding becomes unseen columns
        return _surface(memoryview(plane), (columns, size[1]))


def _surface(pixels: memoryview, size: Size) -> pygame.Surface:
    """A surface of BGRA bytes, that shares them where pygame can."""
    if SHARES:
        surface = pygame.image.frombuffer(pixels, size, "BGRA")
        surface.set_alpha(None)
    else:
        surface = pygame.Surface(size, 0, 32, (0xFF0000, 0xFF00, 0xFF, 0))
        surface.get_buffer().write(pixels.tobytes())
    return surface


def _bars(place: Rect, box: Size) -> list[Rect]:
    """What `place`, centred in `box`, leaves uncovered on two sides."""
    if place.x > 0:
        return [Rect(0, 0, place.x, box[1]), Rect(place.right, 0, box[0] - place.right, box[1])]
    return [Rect(0, 0, box[0], place.y), Rect(0, place.bottom, box[0], box[1] - place.bottom)]
