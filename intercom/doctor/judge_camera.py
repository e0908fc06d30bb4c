"""What a look through the camera means. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy.typing as npt

from intercom.doctor.results import Result, judged, skipped

DARK, COVERED, BLINDED = 20.0, 3.0, 235.0
"""Mean of Y (16 is black, 235 white); standard deviation; mean."""
SLOW, DEAD = 0.85, 0.3
"""Shares of the pictures that were asked for."""
LATE = 3.0
"""Seconds to the first picture: a call would wait for them."""
JERKY = 4.0
"""Periods without a picture."""


@dataclass(frozen=True)
class Look:
    """`arrivals` of pictures after the opening began, in seconds; `encode_ms` a picture by our own
    encoder, None where the camera's own stream is sent: then `packets` of `octets` in all."""

    name: str
    size: tuple[int, int]
    fps: int
    opened: float
    arrivals: tuple[float, ...]
    brightness: float = 0.0
    contrast: float = 0.0
    encode_ms: float | None = None
    packets: int = 0
    key_frames: int = 0
    octets: int = 0
    faults: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Pictures a second, from the first to the last."""
        if len(self.arrivals) < 2:
            return 0.0
        return (len(self.arrivals) - 1) / (self.arrivals[-1] - self.arrivals[0])

    @property
    def gap(self) -> float:
        """The longest time between two pictures, in seconds."""
        return max((b - a for a, b in pairwise(self.arrivals)), default=0.0)


def light(luma: npt.NDArray[Any]) -> tuple[float, float]:
    """Mean and standard deviation of a picture's Y plane."""
    return float(luma.mean()), float(luma.std())


def camera(look: Look) -> Result:
    """The verdict on a camera that opened."""
    width, height = look.size
    faults = [_driver(message) for message in look.faults]
    warnings: list[tuple[str, str]] = []
    if not look.arrivals and not faults:
        faults.append(("it opens, but no picture comes", _CABLE))
    if look.arrivals:
        bad, poor = _pace(look)
        faults += bad
        warnings += poor + _picture(look)
    if look.packets == 0 and look.arrivals and look.encode_ms is None:
        remedy = "restart; another program may hold /dev/video11"
        faults.append(("its encoder gives nothing", remedy))
    text = f"{look.name}, {width}x{height}"
    if look.arrivals:
        text += (
            f": first picture after {1000 * look.arrivals[0]:.0f} ms,"
            f" {look.rate:.1f} of {look.fps} pictures/s, longest gap {1000 * look.gap:.0f} ms,"
            f" brightness {look.brightness:.0f}, contrast {look.contrast:.0f}, {_encoding(look)}"
        )
    return judged("camera", text, faults, warnings, **_values(look))


def none(kind: str, key: str) -> Result:
    """The configuration has none."""
    return skipped(kind, f'none is configured ([{key}] driver = "none")')


_CABLE = (
    "with the power off, seat its cable at both ends (a USB camera: another port);"
    " then restart, and see `rpicam-hello --list-cameras`"
)


def _driver(message: str) -> tuple[str, str]:
    return message, _CABLE


def _pace(look: Look) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    slow = (
        "it is too slow",
        "give it more light, or a lower [camera] quality or fps; a USB camera: a port of its own",
    )
    if look.rate < DEAD * look.fps:
        return [slow], []
    warnings = []
    if look.rate < SLOW * look.fps:
        warnings.append(slow)
    elif look.gap > max(JERKY / look.fps, 0.2):
        warnings.append(("pictures come in jerks", "look for load with `top`, and at the power"))
    if look.arrivals[0] > LATE:
        warnings.append(("the first picture comes late", "see `journalctl -k` for its driver"))
    if look.encode_ms is not None and look.encode_ms > 800 / look.fps:
        warnings.append(
            (
                "encoding takes nearly all the time there is",
                "choose a lower [camera] quality or fps",
            )
        )
    return [], warnings


def _picture(look: Look) -> list[tuple[str, str]]:
    if look.contrast < COVERED:
        return [("one even area is seen", "take the cap or the foil off the lens")]
    if look.brightness < DARK:
        return [("the picture is all but black", "light the scene, or take the cap off the lens")]
    if look.brightness > BLINDED:
        return [("the picture is all but white", "turn the camera away from the light")]
    return []


def _encoding(look: Look) -> str:
    if look.encode_ms is not None:
        return f"H.264 by this program {look.encode_ms:.1f} ms a picture"
    seconds = max(look.arrivals[-1] - look.arrivals[0], 0.001)
    rate = look.octets * 8 / seconds / 1000
    return f"H.264 by the camera's encoder {rate:.0f} kbit/s with {look.key_frames} key frames"


def _values(look: Look) -> dict[str, Any]:
    return {
        "device": look.name,
        "width": look.size[0],
        "height": look.size[1],
        "opened_ms": round(1000 * look.opened),
        "first_picture_ms": round(1000 * look.arrivals[0]) if look.arrivals else None,
        "pictures_per_s": round(look.rate, 1),
        "configured_per_s": look.fps,
        "longest_gap_ms": round(1000 * look.gap),
        "brightness": round(look.brightness, 1),
        "contrast": round(look.contrast, 1),
        "encode_ms": None if look.encode_ms is None else round(look.encode_ms, 2),
        "encoder": "program" if look.encode_ms is not None else "camera",
    }
