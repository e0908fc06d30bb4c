"""What every device is: the Protocols, the one error, and the callbacks' types.

A device is a constructor with callbacks and a `close()`. Opening claims and starts it; `close()` is
idempotent and its threads are gone when it returns. Callbacks come from the device's own thread and
must be quick. A device that fails calls `on_fault(message)` once and delivers nothing any more; its
owner closes it and opens it again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    import av
    import pygame

Kind = Literal["camera", "microphone", "speaker", "panel", "screen"]
ButtonKind = Literal["pressed", "held", "released"]

OnFrame: TypeAlias = "Callable[[av.VideoFrame], object]"
OnPacket: TypeAlias = "Callable[[av.Packet[Any]], object]"
OnSamples = Callable[[bytes], object]
OnFault = Callable[[str], object]
OnButton = Callable[[str, ButtonKind], object]
OnTouch = Callable[[int, int], object]
OnKey = Callable[[str], object]
Fill = Callable[[int], bytes]
Paint: TypeAlias = "Callable[[pygame.Surface], object]"
Pattern = Sequence[tuple[float, float]]


class DeviceError(RuntimeError):
    """A device cannot be opened or used; the message names the cause and the remedy."""

    def __init__(self, kind: Kind, message: str) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """A device that can be opened: `id` goes into the settings' `device`, `name` is for people."""

    id: str
    name: str


class Camera(Protocol):
    """A running camera; `encoded` tells whether its stream comes by on_packet or by on_frame."""

    @property
    def name(self) -> str: ...
    @property
    def encoded(self) -> bool: ...
    def force_key_frame(self) -> None:
        """Ask for a key frame as soon as possible; a raw camera ignores it."""

    def set_bitrate(self, bps: int) -> None:
        """Set the encoder's target in bits per second; a raw camera ignores it."""

    def set_rate(self, fps: int) -> None:
        """Give at most so many pictures a second from now on; from any thread, returns at once."""

    def close(self) -> None: ...


class Microphone(Protocol):
    """A running microphone: 10 ms of mono s16le at the settings' rate a call of on_samples."""

    @property
    def name(self) -> str: ...
    @property
    def xruns(self) -> int: ...
    def close(self) -> None: ...


class Speaker(Protocol):
    """A running speaker: pulls `fill(n_samples)` -> 2 * n_samples bytes every 10 ms."""

    @property
    def name(self) -> str: ...
    @property
    def xruns(self) -> int: ...
    def close(self) -> None: ...


class Panel(Protocol):
    """Buttons and a lamp."""

    @property
    def name(self) -> str: ...
    @property
    def lamp_value(self) -> float: ...
    def set_lamp(self, pattern: Pattern) -> None:
        """Repeat (brightness 0..1, seconds) steps from now on; one step (x, 0) is steady.

        Returns at once; raises ValueError for values that are none.
        """

    def pressed(self) -> list[str]:
        """The buttons whose contact is closed now; raises DeviceError."""

    def close(self) -> None: ...


class SimulatedPanel(Panel, Protocol):
    """A panel whose buttons a program can press; a KeyError names a button that is not wired."""

    def press(self, name: str) -> None: ...
    def release(self, name: str) -> None: ...


class Screen(Protocol):
    """A picture that people look at and touch."""

    @property
    def name(self) -> str: ...
    @property
    def size(self) -> tuple[int, int]: ...
    def show(self, paint: Paint, shown: Callable[[], object] | None = None) -> None:
        """Have `paint(surface)` called in the screen's thread, flip, call `shown`; newest wins."""

    def screenshot(self, path: str | Path) -> None:
        """Save what is shown as PNG; waits at most 2 s; raises DeviceError or OSError."""

    def set_power(self, on: bool) -> None:
        """Switch the picture on or off, and a screen that is ours alone to standby."""

    def close(self) -> None: ...
