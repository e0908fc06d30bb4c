"""Pictograms, drawn: known at a glance, in any colour, at any size. Coordinates are 0..1.

Each is drawn at four times its size and scaled down, which is what makes its edges smooth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import cos, hypot, radians, sin

import pygame

from intercom.station.theme import Colour

Point = tuple[float, float]

_OVERSAMPLING = 4


class Pen:
    """Draws in one colour on a square with sides of 1."""

    def __init__(self, side: int, colour: Colour) -> None:
        self.surface = pygame.Surface((side, side), pygame.SRCALPHA)
        self.surface.fill((*colour, 0))
        self._side = side
        self._ink = pygame.Color(*colour, 255)
        self._clear = pygame.Color(*colour, 0)

    def disc(self, centre: Point, radius: float, erase: bool = False) -> None:
        """A filled circle."""
        colour = self._clear if erase else self._ink
        pygame.draw.circle(self.surface, colour, self._at(centre), radius * self._side)

    def shape(self, points: Sequence[Point], erase: bool = False) -> None:
        """A filled polygon."""
        colour = self._clear if erase else self._ink
        pygame.draw.polygon(self.surface, colour, [self._at(point) for point in points])

    def stroke(self, points: Sequence[Point], width: float, erase: bool = False) -> None:
        """A line along `points` with round ends and joints."""
        for (ax, ay), (bx, by) in pairwise(points):
            long = hypot(bx - ax, by - ay) or 1.0
            dx, dy = (by - ay) / long * width / 2, (ax - bx) / long * width / 2
            corners = [
                (ax + dx, ay + dy),
                (bx + dx, by + dy),
                (bx - dx, by - dy),
                (ax - dx, ay - dy),
            ]
            self.shape(corners, erase)
        for point in points:
            self.disc(point, width / 2, erase)

    def _at(self, point: Point) -> Point:
        return point[0] * self._side, point[1] * self._side


def arc(centre: Point, rx: float, ry: float, first: float, last: float) -> list[Point]:
    """Points of an ellipse from one angle to another: degrees, clockwise, 0 is right."""
    steps = [first + (last - first) * step / 40 for step in range(41)]
    return [(centre[0] + rx * cos(radians(a)), centre[1] + ry * sin(radians(a))) for a in steps]


def _hangup(pen: Pen) -> None:
    """A handset lying on its ears."""
    outer = arc((0.5, 0.62), 0.46, 0.30, 180, 360)
    inner = arc((0.5, 0.62), 0.21, 0.14, 360, 180)
    pen.shape([*outer, *inner])
    for left, right in ((0.09, 0.24), (0.76, 0.91)):
        pen.stroke([(left, 0.64), (right, 0.64), (right - 0.01, 0.69), (left + 0.01, 0.69)], 0.10)


def _microphone(pen: Pen) -> None:
    pen.stroke([(0.5, 0.22), (0.5, 0.44)], 0.27)
    pen.stroke(arc((0.5, 0.43), 0.26, 0.26, 0, 180), 0.075)
    pen.stroke([(0.5, 0.69), (0.5, 0.88)], 0.075)
    pen.stroke([(0.34, 0.89), (0.66, 0.89)], 0.075)


def _camera(pen: Pen) -> None:
    pen.stroke([(0.17, 0.35), (0.55, 0.35), (0.55, 0.65), (0.17, 0.65), (0.17, 0.35)], 0.16)
    pen.shape([(0.17, 0.35), (0.55, 0.35), (0.55, 0.65), (0.17, 0.65)])
    pen.shape([(0.68, 0.47), (0.9, 0.31), (0.9, 0.69), (0.68, 0.53)])
    pen.stroke([(0.69, 0.5), (0.9, 0.33), (0.9, 0.67), (0.69, 0.5)], 0.05)


def _bell(pen: Pen) -> None:
    pen.stroke([(0.5, 0.12), (0.5, 0.2)], 0.11)
    dome = arc((0.5, 0.43), 0.25, 0.27, 180, 360)
    pen.shape([*dome, (0.75, 0.58), (0.84, 0.7), (0.16, 0.7), (0.25, 0.58)])
    pen.stroke([(0.18, 0.715), (0.82, 0.715)], 0.07)
    pen.shape(arc((0.5, 0.8), 0.11, 0.11, 0, 180))


def _waves(pen: Pen) -> None:
    pen.disc((0.5, 0.8), 0.07)
    for radius in (0.24, 0.42, 0.6):
        pen.stroke(arc((0.5, 0.8), radius, radius, 225, 315), 0.075)


def _warning(pen: Pen) -> None:
    corners = [(0.5, 0.16), (0.9, 0.82), (0.1, 0.82)]
    pen.shape(corners)
    pen.stroke([*corners, corners[0]], 0.12)
    pen.stroke([(0.5, 0.38), (0.5, 0.58)], 0.09, erase=True)
    pen.disc((0.5, 0.73), 0.052, erase=True)


def _clock(pen: Pen) -> None:
    pen.stroke(arc((0.5, 0.5), 0.38, 0.38, 0, 360), 0.08)
    pen.stroke([(0.5, 0.27), (0.5, 0.5), (0.66, 0.6)], 0.08)


def _busy(pen: Pen) -> None:
    pen.stroke(arc((0.5, 0.5), 0.36, 0.36, 0, 360), 0.09)
    pen.stroke([(0.25, 0.75), (0.75, 0.25)], 0.09)


def _check(pen: Pen) -> None:
    pen.stroke([(0.18, 0.54), (0.41, 0.76), (0.83, 0.28)], 0.12)


def _dot(pen: Pen) -> None:
    pen.disc((0.5, 0.5), 0.28)


def _message(pen: Pen) -> None:
    pen.stroke([(0.2, 0.26), (0.8, 0.26), (0.8, 0.58), (0.2, 0.58), (0.2, 0.26)], 0.16)
    pen.shape([(0.2, 0.26), (0.8, 0.26), (0.8, 0.58), (0.2, 0.58)])
    pen.shape([(0.24, 0.6), (0.52, 0.6), (0.24, 0.88)])


def _person(pen: Pen) -> None:
    pen.disc((0.5, 0.3), 0.18)
    pen.shape([*arc((0.5, 0.86), 0.35, 0.34, 180, 360), (0.85, 0.88), (0.15, 0.88)])


def _back(pen: Pen) -> None:
    pen.stroke([(0.48, 0.2), (0.18, 0.5), (0.48, 0.8)], 0.11)
    pen.stroke([(0.2, 0.5), (0.84, 0.5)], 0.11)


def _moon(pen: Pen) -> None:
    pen.disc((0.48, 0.52), 0.38)
    pen.disc((0.66, 0.36), 0.3, erase=True)


def _play(pen: Pen) -> None:
    corners = [(0.3, 0.2), (0.3, 0.8), (0.8, 0.5)]
    pen.shape(corners)
    pen.stroke([*corners, corners[0]], 0.1)


def _delete(pen: Pen) -> None:
    """A bin with its lid."""
    pen.stroke([(0.2, 0.27), (0.8, 0.27)], 0.08)
    pen.stroke([(0.42, 0.17), (0.58, 0.17)], 0.08)
    pen.shape([(0.25, 0.37), (0.75, 0.37), (0.7, 0.88), (0.3, 0.88)])
    for x in (0.42, 0.58):
        pen.stroke([(x, 0.48), (x, 0.76)], 0.05, erase=True)


def _crossed(draw: Callable[[Pen], None]) -> Callable[[Pen], None]:
    """The pictogram with a bar across: what it shows is off or not there."""

    def crossed(pen: Pen) -> None:
        draw(pen)
        pen.stroke([(0.14, 0.14), (0.86, 0.86)], 0.21, erase=True)
        pen.stroke([(0.14, 0.14), (0.86, 0.86)], 0.085)

    return crossed


_DRAWN: dict[str, Callable[[Pen], None]] = {
    "hangup": _hangup,
    "accept": _hangup,  # the same handset, lifted
    "microphone": _microphone,
    "microphone_off": _crossed(_microphone),
    "camera": _camera,
    "camera_off": _crossed(_camera),
    "bell": _bell,
    "bell_off": _crossed(_bell),
    "no_hub": _crossed(_waves),
    "warning": _warning,
    "clock": _clock,
    "busy": _busy,
    "check": _check,
    "dot": _dot,
    "message": _message,
    "person": _person,
    "back": _back,
    "moon": _moon,
    "play": _play,
    "delete": _delete,
}

NAMES = tuple(_DRAWN)
"""Every pictogram there is."""


def icon(name: str, side: int, colour: Colour) -> pygame.Surface:
    """Draw the pictogram `name`, `side` pixels wide and high; raises KeyError for no such name."""
    pen = Pen(side * _OVERSAMPLING, colour)
    _DRAWN[name](pen)
    surface = pen.surface
    if name == "accept":
        turned = pygame.transform.rotate(surface, 135)
        ink = turned.get_bounding_rect(min_alpha=128)
        room = surface.get_rect(center=ink.center)  # turning moved the handset off the middle
        surface = turned.subsurface(room.clip(turned.get_rect())).copy()
    return pygame.transform.smoothscale(surface, (side, side))
