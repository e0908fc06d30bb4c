"""A room with a speaker, a microphone and two people in it, made of synthetic speech.

The far end's voices come out of a speaker that bends loud samples (tanh), through a room that
rings (RT60 0.3 s) to the microphone, where somebody talks too. Nothing random but by the seed.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import wave
from dataclasses import dataclass
from functools import cache
from itertools import count

import numpy as np
import numpy.typing as npt

Signal = npt.NDArray[np.float64]  # full scale is 1.0

RATE = 48_000
LEVEL = -23.0  # dB full scale of a voice while it speaks
TEXTS = (
    "Hello, who is there? I have a parcel for the third floor, could you please open the door?",
    "Just a moment, I am coming down. Please put it next to the stairs, if you do not mind.",
    "The quick brown fox jumps over the lazy dog, while seven wizards mix a poisonous brew.",
    "We met last week at the station. It was raining, and you had forgotten your umbrella again.",
    "No, thank you, we do not want to buy anything today. Try the neighbours on the other side.",
    "Shall I sign for it? My name is Zachary, and my sister Josephine lives in number forty two.",
)


@dataclass(frozen=True)
class Plan:
    """What happens: seconds of far end alone, near end alone, both, and far end alone again."""

    seed: int
    far_voices: tuple[str, ...] = ("en-us+m3", "en-gb+f2")
    near_voices: tuple[str, ...] = ("en-gb+m1", "en-us+f4")
    parts: tuple[float, float, float, float] = (30.0, 12.0, 30.0, 18.0)
    delay: float = 0.04
    drift_ppm: float = 0.0
    echo_db: float = -6.0
    rt60: float = 0.3
    bend: float = 1.5  # how hard the speaker is driven: tanh(bend * x) / bend
    noise_db: float = -65.0


@dataclass(frozen=True)
class Scene:
    """`far` is what was played, `microphone` what was heard; `near` and `echo` its parts."""

    plan: Plan
    far: Signal
    near: Signal
    echo: Signal
    microphone: Signal

    def part(self, number: int) -> slice:
        """The samples of the plan's part `number`."""
        edges = np.cumsum([0.0, *self.plan.parts]) * RATE
        return slice(int(edges[number]), int(edges[number + 1]))


def available() -> bool:
    """Whether there is a synthesiser."""
    return shutil.which("espeak-ng") is not None


@cache
def spoken(voice: str, text: str, speed: int = 160) -> Signal:
    """`text` by espeak-ng, at 48 kHz, as loud as LEVEL while it speaks."""
    command = ["espeak-ng", "-v", voice, "-s", str(speed), "--stdout", text]
    data = subprocess.run(command, capture_output=True, check=True, timeout=20).stdout
    with wave.open(io.BytesIO(data)) as reader:
        rate = reader.getframerate()
        pcm = np.frombuffer(reader.readframes(reader.getnframes()), np.int16)
    samples = resampled(pcm / 32768.0, rate)
    return samples * 10 ** (LEVEL / 20) / active_rms(samples)


def resampled(samples: Signal, rate: int) -> Signal:
    """`samples` at `rate` brought to 48 kHz through their spectrum."""
    length = len(samples) * RATE // rate
    spectrum = np.fft.rfft(samples)
    out: Signal = np.fft.irfft(np.pad(spectrum, (0, length // 2 + 1 - len(spectrum))), length)
    return out * (length / len(samples))


def active_rms(samples: Signal) -> float:
    """The level of the 20 ms pieces that are within 30 dB of the loudest."""
    power = powers(samples, 960)
    return float(np.sqrt(np.mean(power[power > power.max() / 1000])))


def powers(samples: Signal, size: int) -> Signal:
    """The mean square of each piece of `size` samples."""
    pieces = samples[: len(samples) // size * size].reshape(-1, size)
    out: Signal = np.mean(pieces**2, axis=1)
    return out


def talk(voices: tuple[str, ...], seconds: float, seed: int, pause: float = 0.35) -> Signal:
    """Sentences of the voices in turn, with short pauses, cut to length."""
    random = np.random.default_rng(seed)
    total = round(seconds * RATE)
    parts: list[Signal] = []
    for turn in count():
        if sum(map(len, parts)) >= total:
            break
        text = TEXTS[int(random.integers(len(TEXTS)))]
        parts += [spoken(voices[turn % len(voices)], text, int(random.integers(140, 190)))]
        parts += [np.zeros(round(random.uniform(0.5, 1.5) * pause * RATE))]
    return np.concatenate(parts)[:total] if parts else np.zeros(0)


def room(rt60: float, seed: int) -> Signal:
    """An impulse response of unit energy: a direct sound, then noise that dies away."""
    random = np.random.default_rng(seed)
    time = np.arange(round(rt60 * 1.2 * RATE)) / RATE
    tail = random.standard_normal(len(time)) * 10 ** (-3 * time / rt60)
    spectrum = np.fft.rfft(tail, 2 * len(tail))
    spectrum /= 1 + (np.fft.rfftfreq(2 * len(tail), 1 / RATE) / 6000) ** 2  # walls swallow treble
    tail = np.fft.irfft(spectrum)[: len(tail)]
    tail[: round(0.002 * RATE)] = 0.0
    tail /= np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    out: Signal = tail / np.sqrt(np.sum(tail**2))
    return out


def convolved(samples: Signal, response: Signal) -> Signal:
    """`samples` through `response`, as long as before."""
    size = 1 << int(np.ceil(np.log2(len(samples) + len(response))))
    out: Signal = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(response, size), size)
    return out[: len(samples)]


def drifted(samples: Signal, ppm: float) -> Signal:
    """`samples` as a clock that is faster by `ppm` sees them (Lagrange, six points)."""
    if not ppm:
        return samples
    at = np.arange(len(samples)) / (1 + ppm * 1e-6)
    whole = np.floor(at).astype(int)
    fraction = at - whole
    padded = np.pad(samples, 4)
    out = np.zeros(len(samples))
    points = range(-2, 4)
    for k in points:
        weight = np.ones(len(samples))
        for m in points:
            if m != k:
                weight *= (fraction - m) / (k - m)
        out += weight * padded[np.minimum(whole + k + 4, len(padded) - 1)]
    return out


def make(plan: Plan) -> Scene:
    """The scene of `plan`."""
    alone, near_alone, both, again = plan.parts
    total = round(sum(plan.parts) * RATE)
    far, near = np.zeros(total), np.zeros(total)

    def put(into: Signal, at: float, voices: tuple[str, ...], seconds: float, seed: int) -> None:
        speech = talk(voices, seconds, seed)
        start = round(at * RATE)
        into[start : start + len(speech)] = speech[: total - start]

    put(far, 0.0, plan.far_voices, alone, plan.seed)
    put(near, alone, plan.near_voices, near_alone, plan.seed + 1)
    put(far, alone + near_alone, plan.far_voices, both, plan.seed + 2)
    put(near, alone + near_alone, plan.near_voices, both, plan.seed + 3)
    put(far, alone + near_alone + both, plan.far_voices, again, plan.seed + 4)

    driven = np.tanh(plan.bend * far / 0.5) * 0.5 / plan.bend
    echo = convolved(driven, room(plan.rt60, plan.seed + 5))
    echo = np.concatenate([np.zeros(round(plan.delay * RATE)), echo])[:total]
    echo = drifted(echo, plan.drift_ppm)
    echo *= 10 ** (plan.echo_db / 20) * active_rms(far) / active_rms(echo)
    noise = np.random.default_rng(plan.seed + 6).standard_normal(total) * 10 ** (plan.noise_db / 20)
    return Scene(plan, far, near, echo, np.clip(near + echo + noise, -1.0, 1.0))


def pcm(samples: Signal) -> npt.NDArray[np.int16]:
    """As a sound card has it."""
    return np.clip(np.round(samples * 32767), -32768, 32767).astype(np.int16)
