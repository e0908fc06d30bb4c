"""The station's camera, microphone and speaker, as the media engine wants them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import av

import hw
from intercom.config import CameraConfig, SoundConfig
from intercom.health import FRAME_LIMIT
from intercom.media import Camera, Closable, Quality


class StationDevices:
    """Opens devices by the configuration. Also keeps when which one last gave a sign of life.

    Opening blocks and raises hw.DeviceError (a RuntimeError), with the remedy in it.
    """

    def __init__(
        self, camera: CameraConfig, sound: SoundConfig, trace: Callable[..., None]
    ) -> None:
        self._camera, self._sound = camera, sound
        self._chosen = {"camera": camera.device, "microphone": sound.microphone}
        self._trace = trace
        self.last_frame = 0.0

    def open_camera(
        self,
        quality: Quality,
        on_frame: Callable[[av.VideoFrame], None],
        on_packet: Callable[[av.Packet[Any]], None],
        on_fault: Callable[[str], None],
    ) -> Camera:
        """Open the camera in the given size."""
        _refuse_none("camera", self._camera.driver)
        chosen = self._chosen["camera"]
        settings = hw.CameraSettings(
            device=chosen,
            width=quality.width,
            height=quality.height,
            fps=quality.fps,
            bitrate=quality.bitrate,
            clip=self._camera.clip if chosen == self._camera.device else "",
            time_code=self._camera.time_code,
        )
        self.last_frame = time.monotonic()

        def frame(picture: av.VideoFrame) -> None:
            self.last_frame = time.monotonic()
            on_frame(picture)

        return hw.open_camera(self._camera.driver, settings, frame, on_packet, on_fault)

    def open_microphone(
        self, on_samples: Callable[[bytes], None], on_fault: Callable[[str], None]
    ) -> Closable:
        """Open the microphone."""
        _refuse_none("microphone", self._sound.driver)
        chosen = self._chosen["microphone"]
        settings = hw.SoundSettings(
            device=chosen,
            period_ms=self._sound.period_ms,
            speech=self._sound.speech if chosen == self._sound.microphone else "",
        )
        first = self._first("microphone_runs")

        def samples(block: bytes) -> None:
            first()
            on_samples(block)

        return hw.open_microphone(self._sound.driver, settings, samples, on_fault)

    def open_speaker(
        self, fill: Callable[[int], bytes], on_fault: Callable[[str], None]
    ) -> Closable:
        """Open the speaker."""
        _refuse_none("speaker", self._sound.driver)
        settings = hw.SoundSettings(
            device=self._sound.speaker,
            period_ms=self._sound.period_ms,
            record=self._sound.record,
        )
        first = self._first("speaker_runs")

        def pull(count: int) -> bytes:
            first()
            return fill(count)

        return hw.open_speaker(self._sound.driver, settings, pull, on_fault)

    def ails(self, camera_open: bool) -> str:
        """Say what only a new process would mend: a dead camera, a driver or library that hangs."""
        if camera_open and time.monotonic() - self.last_frame >= FRAME_LIMIT:
            return "the camera is open but dead"
        if hw.camera_hangs():
            return "the camera's driver does not answer"
        return "the sound library does not answer" if hw.sound_hangs() else ""

    def cameras(self) -> list[tuple[str, str]]:
        """(ID, name) of each camera."""
        if self._camera.driver == "none":
            return []
        return [(found.id, found.name) for found in hw.list_cameras(self._camera.driver)]

    def microphones(self) -> list[tuple[str, str]]:
        """(ID, name) of each microphone."""
        if self._sound.driver == "none":
            return []
        return [(found.id, found.name) for found in hw.list_microphones(self._sound.driver)]

    def select(self, kind: str, device_id: str) -> str:
        """Use that camera or microphone at the next opening; return the one before."""
        before, self._chosen[kind] = self._chosen[kind], device_id
        return before

    def _first(self, event: str) -> Callable[[], None]:
        """Trace `event` at the first sample, by which recordings can be laid side by side."""
        told = False

        def first() -> None:
            nonlocal told
            if not told:
                told = True
                self._trace(event)

        return first


def _refuse_none(kind: Any, driver: str) -> None:
    if driver == "none":
        raise hw.DeviceError(kind, f"no {kind} is configured")
