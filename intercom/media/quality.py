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
