"""How well an echo canceller did on a scene, and running one on it with realistic callbacks."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from intercom.media.echo_path import EchoPath
from tests.audio_scene import RATE, Scene, Signal, pcm

Samples = npt.NDArray[np.int16]

BLOCK = 480
FRAME = 960  # 20 ms
LOST = 10 ** (-10 / 20)  # of the near end's amplitude: a frame with less of it is lost
SILENT = 1 / 300  # of the loudest frame's power, 25 dB: no speech in it


class Cleans(Protocol):
    """What takes blocks of both signals."""

    def process(self, near: Samples, far: Samples) -> Samples:
        """A cleaned block."""


def run(canceller: Cleans, scene: Scene) -> tuple[Signal, float]:
    """What `canceller` makes of the scene, and CPU ms it takes for a second."""
    near, far = pcm(scene.microphone), pcm(scene.far)
    began = time.process_time()
    blocks = [
        canceller.process(near[at : at + BLOCK], far[at : at + BLOCK])
        for at in range(0, len(near) - BLOCK + 1, BLOCK)
    ]
    took = time.process_time() - began
    return np.concatenate(blocks) / 32767, 1000 * took / (len(near) / RATE)


@dataclass(frozen=True)
class Stall:
    """At `at` seconds the speaker, or the microphone, loses `length` seconds."""

    at: float
    length: float
    side: str


def run_path(
    path: EchoPath, scene: Scene, jitter: float = 0.005, stall: Stall | None = None
) -> tuple[Signal, float]:
    """As `run`, through callbacks that come late by up to `jitter` seconds."""
    near, far = pcm(scene.microphone), pcm(scene.far)
    late = np.random.default_rng(scene.plan.seed).uniform(0, jitter, (len(near) // BLOCK + 1, 2))
    out = np.zeros(len(near), np.int16)
    began = time.process_time()
    for at in range(0, len(near) - BLOCK + 1, BLOCK):
        now = 1000.0 + at / RATE
        lost = stall.side if stall and stall.at <= at / RATE < stall.at + stall.length else ""
        if lost != "speaker":
            path.played(far[at : at + BLOCK], now + late[at // BLOCK, 0])
        if lost != "microphone":
            block = near[at : at + BLOCK].tobytes()
            out[at : at + BLOCK] = path.heard(block, now + 0.01 + late[at // BLOCK, 1])
    took = time.process_time() - began
    return out / 32767, 1000 * took / (len(near) / RATE)


def erle(scene: Scene, out: Signal, begin: float, end: float) -> float:
    """Echo return loss enhancement in dB from `begin` to `end` seconds, nobody talking here."""
    where = slice(round(begin * RATE), round(end * RATE))
    left = np.sum(out[where] ** 2) + 1e-9
    return float(10 * np.log10(np.sum(scene.microphone[where] ** 2) / left))


def kept(scene: Scene, out: Signal) -> float:
    """The share (0-1) of double-talk frames in which the near end is not lost.

    Frames in which both can be heard count. What is left of the near end in one is the projection
    of the output on it, so that echo does not count as voice.
    """
    where = scene.part(2)
    near, heard = scene.near[where], out[where]
    size = 2 * len(near)
    match = np.fft.irfft(np.fft.rfft(heard, size) * np.conj(np.fft.rfft(near, size)), size)
    delay = int(np.argmax(match[: RATE // 10]))
    heard = np.concatenate([heard[delay:], np.zeros(delay)])
    n, h, e = (_frames(signal) for signal in (near, heard, scene.echo[where]))
    near_power, echo_power = np.mean(n**2, axis=1), np.mean(e**2, axis=1)
    both = (near_power > SILENT * near_power.max()) & (echo_power > SILENT / 3 * echo_power.max())
    left = np.sum(n[both] * h[both], axis=1) / np.sum(n[both] ** 2, axis=1)
    return float(np.mean(left >= LOST))


def _frames(signal: Signal) -> Signal:
    return signal[: len(signal) // FRAME * FRAME].reshape(-1, FRAME)
