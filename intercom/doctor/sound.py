"""Listens to the microphone, plays through the speaker, and measures the way between them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

import hw
from intercom.config import SoundConfig
from intercom.doctor import judge_camera, judge_sound
from intercom.doctor.judge_sound import Echo, Stream
from intercom.doctor.listening import RATE, Heard, Level, Pcm, find, level, murmur, sweep
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result, broken, skipped
from intercom.doctor.running import how, needs
from intercom.media import Closable, VoiceSettings
from intercom.media.align import Timeline
from intercom.media.echo_path import EchoPath
from intercom.station.devices import StationDevices

SETTLE = 0.5
"""Seconds of silence first: streams start one after the other."""
GAP = 1.0
"""Seconds after each sweep, in which its echo comes."""
METER_EVERY = 0.1

Block = tuple[float, bytes]


@dataclass
class Tape:
    """The blocks of one stream with their times, from its own thread; `score` is played once."""

    score: bytes = b""
    blocks: list[Block] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)
    _at: int = 0

    def take(self, block: bytes) -> None:
        """Keep what a microphone gives."""
        self.blocks.append((time.monotonic(), block))

    def fill(self, count: int) -> bytes:
        """Give a speaker the next of the score, then silence."""
        part = self.score[self._at : self._at + 2 * count].ljust(2 * count, b"\0")
        self._at += 2 * count
        self.blocks.append((time.monotonic(), part))
        if self._at >= len(self.score):
            self.over.set()
        return part

    def samples(self) -> Pcm:
        """All of it in a row."""
        return np.frombuffer(b"".join(block for _, block in self.blocks), np.int16)

    def stream(self, name: str, xruns: int) -> Stream:
        """How it ran."""
        times = [at for at, _ in self.blocks]
        count = sum(len(block) // 2 for _, block in self.blocks[1:])
        seconds = times[-1] - times[0] if len(times) > 1 else 0.0
        return Stream(name, count, seconds, xruns, tuple(self.faults))

    def placed(self) -> tuple[int, Pcm]:
        """The samples on the axis of the clock, as the echo canceller lays them: place, samples."""
        line, parts = Timeline(), []
        for at, block in self.blocks:
            parts.append((line.place(len(block) // 2, at), np.frombuffer(block, np.int16)))
        first = parts[0][0] if parts else 0
        last = max((place + len(part) for place, part in parts), default=0)
        whole = np.zeros(last - first, np.int16)
        for place, part in parts:
            whole[place - first : place - first + len(part)] = part
        return first, whole


def check(patient: Patient) -> Iterator[Result]:
    """Microphone, speaker, and the way between them: a line each."""
    sound = patient.config.sound
    if sound.driver == "none":
        yield judge_camera.none("sound", "sound")
        return
    if held := needs(patient.station):
        yield skipped("sound", held, how(held))
        return
    devices = StationDevices(patient.config.camera, sound, lambda *_, **__: None)
    heard = listen(devices, patient, 1.0 if patient.quick else 3.0)
    if held := needs(patient.station):  # since a moment ago
        echo, rest = None, [skipped("speaker", held, how(held))]
    else:
        echo, rest = _speak(devices, patient, sound, not isinstance(heard, Result))
    if isinstance(heard, Result):
        yield heard
    else:
        yield judge_sound.microphone(*heard, echo is not None and echo.is_heard)
    yield from rest


def listen(
    devices: StationDevices, patient: Patient, seconds: float
) -> tuple[Stream, Level] | Result:
    """Open the microphone for a while; a person sees the meter."""
    tape, asker = Tape(), patient.asker
    asker.tell("Please speak, or clap your hands.")
    try:
        device = devices.open_microphone(tape.take, tape.faults.append)
    except hw.DeviceError as error:
        return broken("microphone", error.message, judge_sound.PLUG)
    try:
        end = time.monotonic() + seconds
        while time.monotonic() < end and not tape.faults:
            time.sleep(METER_EVERY)
            if tape.blocks:
                asker.meter(level(np.frombuffer(tape.blocks[-1][1], np.int16)).rms)
        xruns = getattr(device, "xruns", 0)
    finally:
        device.close()
        asker.done()
    # The first blocks of a card may be a click.
    return tape.stream(_name(device), xruns), level(tape.samples()[RATE // 10 :])


def score(quick: bool) -> tuple[Pcm, list[int]]:
    """What is played, and where in it the sweeps begin."""
    once, gap = sweep(), np.zeros(round(GAP * RATE), np.int16)
    parts = [np.zeros(round(SETTLE * RATE), np.int16)]
    starts = []
    for _ in range(1 if quick else 2):
        starts.append(sum(map(len, parts)))
        parts += [once, gap]
    if not quick:
        parts += [murmur(5.0), gap]
    return np.concatenate(parts), starts


def _speak(
    devices: StationDevices, patient: Patient, sound: SoundConfig, hears: bool
) -> tuple[Echo | None, list[Result]]:
    """Play and listen: the echo, if there is one to measure, and the lines of speaker and echo."""
    whole, starts = score(patient.quick)
    played, heard = Tape(whole.tobytes()), Tape()
    patient.asker.tell("The speaker plays a rising tone and a murmur.")
    try:
        stream = _play(devices, played, heard if hears else None)
    except hw.DeviceError as error:
        return None, [broken(error.kind, error.message, judge_sound.PLUG)]
    answer = patient.asker.yes("Did you hear it?") if patient.asker.present else None
    echo = None
    if sound.driver != "simulated" and heard.blocks and played.blocks:
        echo = measure(played, heard, starts, sound, patient.quick)
    lines = [judge_sound.speaker(stream, answer, echo is not None and echo.is_heard)]
    if echo is not None:
        lines.append(judge_sound.echo(echo))
    elif sound.driver == "simulated":
        words = "simulated: there is no air between speaker and microphone"
        lines.append(skipped("echo", words))
    else:
        words = "it takes a microphone and a speaker"
        lines.append(skipped("echo", words, "see the lines above"))
    return echo, lines


def _play(devices: StationDevices, played: Tape, heard: Tape | None) -> Stream:
    """Play the score to its end, heard or not; how the speaker ran. Raises DeviceError."""
    opened: list[Closable] = []
    try:
        if heard is not None:
            opened.append(devices.open_microphone(heard.take, heard.faults.append))
        opened.append(devices.open_speaker(played.fill, played.faults.append))
        seconds = len(played.score) / 2 / RATE
        _wait(lambda: played.over.is_set() or bool(played.faults), seconds + 3)
        return played.stream(_name(opened[-1]), getattr(opened[-1], "xruns", 0))
    finally:
        for device in reversed(opened):
            device.close()


def measure(
    played: Tape, heard: Tape, starts: Sequence[int], sound: SoundConfig, quick: bool
) -> Echo:
    """Find each sweep again, and have the canceller work on what was recorded."""
    out, said = played.placed()
    into, got = heard.placed()
    once = sweep()
    found = [_found(once, got, out + start - into) for start in starts]
    from_ = max(0, out + starts[0] - into)
    reduction = None if quick or sound.echo == "off" else cancel(played, heard, sound)
    return Echo(tuple(found), level(got[from_ : from_ + len(said)]), sound.echo, reduction)


def _found(once: Pcm, got: Pcm, at: int) -> Heard:
    earliest, latest = (round(edge * RATE) for edge in (-0.1, GAP))
    start = max(0, at + earliest)
    part = got[start : at + latest + len(once) + RATE // 4]
    return find(once, part, start - at, latest)


def cancel(played: Tape, heard: Tape, sound: SoundConfig) -> float | None:
    """Have the program's canceller hear the recording; what it took off at the end, in dB."""
    path = EchoPath(VoiceSettings(sound.echo, sound.noise_suppression, gain=False))
    events = [(at, True, block) for at, block in played.blocks]
    events += [(at, False, block) for at, block in heard.blocks]
    try:
        for at, is_played, block in sorted(events):
            if is_played:
                path.played(np.frombuffer(block, np.int16), at)
            else:
                path.heard(block, at)
        return path.reduction
    finally:
        path.close()


def _wait(holds: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.02)


def _name(device: Closable) -> str:
    return str(getattr(device, "name", "sound"))
