"""The video qualities that can be chosen by name."""

from __future__ import annotations

from dataclasses import dataclass, replace

from intercom.errors import CallingError, Code


@dataclass(frozen=True, slots=True)
class Quality:
    """Picture size in pixels, frames and bits a second."""

    name: str
    width: int
    height: int
    fps: int
    bitrate: int


@dataclass(frozen=True, slots=True)
class Cap:
    """The most that is sent, whatever the quality: pictures a second, and lines of a picture."""

    fps: int
    height: int


UNCAPPED = Cap(60, 2160)
LEAST_SHARE = 0.5
"""Of the bits a second that a capped rate keeps at least: fewer pictures differ more."""


QUALITIES: dict[str, Quality] = {
    q.name: q
    for q in (
        Quality("240p", 320, 240, 15, 300_000),
        Quality("360p", 640, 360, 25, 600_000),
        Quality("480p", 640, 480, 30, 1_000_000),
        Quality("720p", 1280, 720, 30, 2_000_000),
        Quality("1080p", 1920, 1080, 30, 4_000_000),
    )
}


def quality(name: str, bitrate: int | None = None, fps: int | None = None) -> Quality:
    """Look up `name`; `bitrate` replaces the table's, `fps` caps it. Raises CallingError."""
    found = QUALITIES.get(name)
    if found is None:
        known = ", ".join(QUALITIES)
        raise CallingError(Code.BAD_PARAMETER, f"unknown quality {name!r}: choose one of {known}")
    return replace(found, bitrate=bitrate or found.bitrate, fps=min(fps or found.fps, found.fps))


def capped(wanted: Quality, cap: Cap) -> Quality:
    """`wanted` with no more pictures a second than `cap`, and fewer bits; its size stays."""
    fps = min(wanted.fps, cap.fps)
    share = max(LEAST_SHARE, fps / wanted.fps)
    return replace(wanted, fps=fps, bitrate=int(wanted.bitrate * share))
