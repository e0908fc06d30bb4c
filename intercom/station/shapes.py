"""Smooth-edged shapes. pygame draws hard edges, so corners are drawn large and scaled down."""

from __future__ import annotations

import pygame

from intercom.station import theme
from intercom.station.theme import Colour

_OVERSAMPLING = 4


def disc(diameter: int, colour: Colour, alpha: int = 255) -> pygame.Surface:
    """A filled circle."""
    big = diameter * _OVERSAMPLING
    surface = pygame.Surface((big, big), pygame.SRCALPHA)
    surface.fill((*colour, 0))
    pygame.draw.circle(surface, (*colour, alpha), (big / 2, big / 2), big / 2)
    return pygame.transform.smoothscale(surface, (diameter, diameter))


def box(size: tuple[int, int], radius: int, colour: Colour, alpha: int = 255) -> pygame.Surface:
    """A rectangle with round corners: the quarters of a disc in the corners, straight between."""
    width, height = size
    radius = max(1, min(radius, width // 2, height // 2))
    surface = pygame.Surface(size, pygame.SRCALPHA)
    surface.fill((*colour, alpha))
    corner = disc(2 * radius, colour, alpha)
    for x, left in ((0, 0), (width - radius, radius)):
        for y, top in ((0, 0), (height - radius, radius)):
            surface.fill((*colour, 0), (x, y, radius, radius))
            surface.blit(corner, (x, y), (left, top, radius, radius))
    return surface


def shade(size: tuple[int, int], top: int, bottom: int) -> pygame.Surface:
    """A black veil whose alpha eases from `top` to `bottom` (0..255), for text on a picture: most
    of its height is near one of the two."""
    height = size[1]
    column = pygame.Surface((1, height), pygame.SRCALPHA)
    for y in range(height):
        along = y / max(1, height - 1)
        share = along * along * (3 - 2 * along)
        column.set_at((0, y), (0, 0, 0, round(top + (bottom - top) * share)))
    return pygame.transform.scale(column, size)


def gradient(size: tuple[int, int], top: Colour, bottom: Colour) -> pygame.Surface:
    """An opaque background that runs from one colour to another."""
    height = size[1]
    column = pygame.Surface((1, height))
    for y in range(height):
        column.set_at((0, y), theme.mix(top, bottom, y / max(1, height - 1)))
    return pygame.transform.scale(column, size)
