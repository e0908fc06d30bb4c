"""Opens the camera as a call does, and looks at its pictures."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import av
import numpy as np

from intercom.doctor import judge_camera
from intercom.doctor.judge_camera import Look
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result, skipped
from intercom.doctor.running import how, needs
from intercom.media import Quality
from intercom.media.codec import open_codec
from intercom.media.quality import quality
from intercom.media.rtp_payload import is_key, split_nals
from intercom.station.devices import StationDevices

KEPT = 10
"""Pictures that are kept for a trial of the encoder."""
FIRST_WITHIN = 6.0
"""Seconds for the first picture."""


@dataclass
class _Film:
    """What a camera delivers, from its own thread."""

    began: float
    arrivals: list[float] = field(default_factory=list)
    last: deque[av.VideoFrame] = field(default_factory=lambda: deque(maxlen=KEPT))
    packets: int = 0
    key_frames: int = 0
    octets: int = 0
    faults: list[str] = field(default_factory=list)

    def frame(self, picture: av.VideoFrame) -> None:
        self.arrivals.append(time.monotonic() - self.began)
        self.last.append(picture)

    def packet(self, packet: av.Packet[Any]) -> None:
        data = bytes(packet)
        self.packets += 1
        self.octets += len(data)
        self.key_frames += is_key(split_nals(data))


def check(patient: Patient) -> Iterator[Result]:
    """Open, time, count, look, close. Raises DeviceError."""
    config = patient.config.camera
    if config.driver == "none":
        yield judge_camera.none("camera", "camera")
        return
    if held := needs(patient.station):
        yield skipped("camera", held, how(held))
        return
    wanted = quality(config.quality, config.bitrate or None, config.fps)
    devices = StationDevices(config, patient.config.sound, lambda *_, **__: None)
    yield judge_camera.camera(watch(devices, wanted, 1.0 if patient.quick else 3.0))


def watch(devices: StationDevices, wanted: Quality, seconds: float) -> Look:
    """Look for so long, from the first picture on. Raises DeviceError."""
    film = _Film(time.monotonic())
    camera = devices.open_camera(wanted, film.frame, film.packet, film.faults.append)
    opened = time.monotonic() - film.began
    name, encoded = getattr(camera, "name", "camera"), camera.encoded
    try:
        while not film.arrivals and not film.faults:
            if time.monotonic() - film.began > opened + FIRST_WITHIN:
                break
            time.sleep(0.01)
        end = time.monotonic() + (seconds if film.arrivals else 0.0)
        while time.monotonic() < end and not film.faults:
            time.sleep(0.05)
    finally:
        camera.close()
    brightness, contrast = judge_camera.light(luma(film.last[-1])) if film.last else (0.0, 0.0)
    return Look(
        name=name,
        size=(wanted.width, wanted.height),
        fps=wanted.fps,
        opened=opened,
        arrivals=tuple(film.arrivals),
        brightness=brightness,
        contrast=contrast,
        encode_ms=None if encoded or not film.last else encode(list(film.last), wanted),
        packets=film.packets,
        key_frames=film.key_frames,
        octets=film.octets,
        faults=tuple(film.faults),
    )


def luma(frame: av.VideoFrame) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """The Y plane, without its padding."""
    plane = frame.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]


def encode(pictures: Sequence[av.VideoFrame], wanted: Quality) -> float:
    """Milliseconds of processor time a picture that a call's encoder takes."""
    first = pictures[0]
    context = open_codec("H264", first.width, first.height, wanted.fps, wanted.bitrate)
    began = time.thread_time()
    for number, picture in enumerate(pictures):
        picture.pts, picture.time_base = number * 90_000 // wanted.fps, context.time_base
        context.encode(picture)
    return 1000 * (time.thread_time() - began) / len(pictures)
