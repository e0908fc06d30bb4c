"""Settings of each kind of device: plain values, checked by the driver that opens them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """Pixels, pictures a second, bits a second; `clip` and `time_code` are for "simulated"."""

    device: str = ""
    width: int = 640
    height: int = 480
    fps: int = 30
    bitrate: int = 1_000_000
    clip: str = ""
    time_code: bool = False


@dataclass(frozen=True, slots=True)
class SoundSettings:
    """One direction of sound, mono s16le; `speech` and `record` are files for "simulated"."""

    device: str = ""
    rate: int = 48_000
    period_ms: int = 10
    speech: str = ""
    record: str = ""

    @property
    def period_samples(self) -> int:
        """Samples of one period."""
        return self.rate * self.period_ms // 1000


def _default_buttons() -> Mapping[str, int]:
    return {"call": 17, "accept": 27, "hangup": 22, "mute": 23}


@dataclass(frozen=True, slots=True)
class PanelSettings:
    """Pins by BCM number (`lamp` None: no lamp), `bounce` and `hold` in seconds."""

    buttons: Mapping[str, int] = field(default_factory=_default_buttons)
    lamp: int | None = 24
    pull_up: bool = True
    bounce: float = 0.05
    hold: float = 1.0
    lamp_active_high: bool = True


@dataclass(frozen=True, slots=True)
class ScreenSettings:
    """Pixels; `screenshots` is the folder that relative screenshot paths are taken from."""

    width: int = 800
    height: int = 480
    fullscreen: bool = False
    title: str = "intercom"
    screenshots: str = ""
