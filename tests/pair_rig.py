"""Stations with two cameras and two microphones each, told apart by what they give."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import av
import numpy as np

from intercom.media import Devices, Media, Quality
from intercom.media.device_watch import DEV
from intercom.media.devices import OnFault, OnFrame, OnPacket, OnSamples
from tests.hw.helpers import loudest_frequency, tone
from tests.media_rig import PLAIN, Device, TestCamera, TestDevices, loudness, until
from tests.scenarios.guest import Guest
from tests.scenarios.house import House

CAMERAS = {"front": 60, "back": 180}
"""ID, and the luma that it sees."""
MICROPHONES = {"near": 440, "far": 880}
"""ID, and the tone in Hz that it hears."""
OPENING = 0.3
"""Seconds that a device takes to open; on a Pi it is up to one."""


class FlatCamera(TestCamera):
    """Sees one grey, everywhere."""

    def __init__(
        self, luma: int, quality: Quality, on_frame: OnFrame, on_packet: OnPacket, encoded: bool
    ) -> None:
        self._luma = luma
        super().__init__(quality, on_frame, on_packet, encoded)

    def scene(self, count: int) -> av.VideoFrame:
        """What it sees."""
        width, height = self.quality.width, self.quality.height
        pixels = np.full((height * 3 // 2, width), 128, np.uint8)
        pixels[:height] = self._luma + count % 3  # a camera has noise
        return av.VideoFrame.from_ndarray(pixels, format="yuv420p")


class Pair(TestDevices):
    """Two of each; `refused`: those that cannot be opened."""

    def __init__(self, encoded: bool = False) -> None:
        super().__init__(encoded)
        self.selected += [("camera", "front"), ("microphone", "near")]
        self.refused: set[str] = set()
        self.taken: list[tuple[str, Any]] = []

    def open_camera(
        self, quality: Quality, on_frame: OnFrame, on_packet: OnPacket, on_fault: OnFault
    ) -> TestCamera:
        name = self._take("camera", on_fault)
        self.camera = FlatCamera(CAMERAS[name], quality, on_frame, on_packet, self.encoded)
        self.taken.append((name, self.camera))
        return self.camera

    def open_microphone(self, on_samples: OnSamples, on_fault: OnFault) -> Device:
        name = self._take("microphone", on_fault)
        second = tone(MICROPHONES[name], 1.0)
        blocks = [second[at : at + 960] for at in range(0, len(second), 960)]
        made = Device(0.01, lambda count: on_samples(blocks[count % 100]))
        self.taken.append((name, made))
        return made

    def cameras(self) -> list[tuple[str, str]]:
        return [(name, f"The {name} camera") for name in CAMERAS]

    def microphones(self) -> list[tuple[str, str]]:
        return [(name, f"The {name} microphone") for name in MICROPHONES]

    @property
    def in_use(self) -> list[str]:
        """Which cameras and microphones deliver."""
        return [name for name, device in self.taken if device.running]

    def _take(self, kind: str, on_fault: OnFault) -> str:
        self._open(kind, on_fault)
        time.sleep(OPENING)
        name = self.selected_of(kind)
        if name in self.refused:
            raise OSError(f"the {name} {kind} is in use by zoom (7): stop that program")
        return name


class Eye:
    """A view that knows what it saw last, and the longest time it saw nothing new."""

    def __init__(self) -> None:
        self.last: av.VideoFrame | None = None
        self.longest = 0.0
        self._at = 0.0

    def show(self, frame: av.VideoFrame) -> None:
        now = time.monotonic()
        self.longest = max(self.longest, now - self._at) if self._at else 0.0
        self._at, self.last = now, frame

    def clear(self) -> None:
        self.last = None

    @property
    def luma(self) -> float:
        """How bright it was."""
        return float(self.last.to_ndarray(format="gray").mean()) if self.last is not None else 0.0

    async def sees(self, camera: str) -> None:
        """Wait until it sees what that camera sees."""
        await until(lambda: abs(self.luma - CAMERAS[camera]) < 15)


async def hears(devices: TestDevices, microphone: str, seconds: float = 0.4) -> None:
    """Wait until the speaker plays that microphone's tone, for so long."""
    blocks = round(seconds * 100)
    pitch = MICROPHONES[microphone]
    await until(lambda: abs(loudest_frequency(b"".join(devices.played[-blocks:])) - pitch) < 20)


def longest_silence(devices: TestDevices, since: float) -> float:
    """The longest time in seconds without a voice, from the monotonic time `since` on."""
    played = zip(devices.played_at, devices.played, strict=False)
    loud = [at for at, block in played if at >= since and loudness([block]) > 2000]
    return max(
        (later - sooner for sooner, later in zip([since, *loud], loud, strict=False)), default=0.0
    )


async def join(house: House, user: str, devices: Devices, dev: Path = DEV) -> Guest:
    """Log in with these devices; `dev`: where their nodes are."""
    guest = Guest(user, await house.wire())
    if isinstance(devices, TestDevices):
        guest.devices = devices
    guest.media = Media(devices, quality="240p", fps=15, voice=PLAIN, dev=dev)
    guest.media.report = guest.media_event
    house.guests.append(guest)
    await guest.login(user, house.token(user))
    return guest
