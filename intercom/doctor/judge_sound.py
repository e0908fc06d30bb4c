"""What was heard means. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from intercom.doctor.listening import RATE, Heard, Level
from intercom.doctor.results import Result, judged
from intercom.media import echo_delay, echo_lag

QUIET, LOUD = -65.0, -6.0
"""dBFS: a room is louder than that, and its noise alone not so loud."""
OFFSET = 0.02
"""Of full scale: a microphone without a fault has less DC."""
OFF_RATE, SLACK = 0.03, 0.1
"""The share, and seconds, of samples by which a stream may be off: they come in bunches."""
CLEAR = 12.0
"""Times the rms of the correlation: the sound was heard."""
LATE = 0.2
"""Seconds: more is felt in a conversation."""
UNSTEADY = 0.004
"""Seconds by which the delay may move, as the canceller takes it."""
TOO_LOUD = 6.0
"""dB: the microphone hears the speaker louder than it is played."""
LITTLE = 10.0
"""dB that a canceller takes at least in a second or two."""

EARLIEST = echo_lag.FIRST + echo_delay.EARLIEST / echo_delay.RATE
LATEST = echo_lag.FIRST + echo_delay.LATEST / echo_delay.RATE
"""Seconds between which the program's canceller looks for the echo."""

MIXER = "set its level with `alsamixer` (F6: the card), store it by `sudo alsactl store`"
_LOAD = "look for load with `top` and at the power; raise [sound] period_ms"
PLUG = (
    "see its cable, and with `arecord -l` and `aplay -l` that [sound] names the right card;"
    " another program may hold it"
)


@dataclass(frozen=True)
class Stream:
    """How a stream ran: its device, samples that came or went in so many seconds, lost periods."""

    name: str
    samples: int
    seconds: float
    xruns: int = 0
    faults: tuple[str, ...] = ()

    @property
    def rate(self) -> float:
        """Samples a second."""
        return self.samples / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True)
class Echo:
    """The way from speaker to microphone: each sound found again, the level while it was heard,
    and what the program's canceller took off (dB; None: it was not tried)."""

    found: tuple[Heard, ...]
    level: Level
    canceller: str
    reduction: float | None = None

    @property
    def is_heard(self) -> bool:
        """Whether the microphone hears the speaker."""
        return any(it.clear >= CLEAR for it in self.found)


def microphone(stream: Stream, level: Level, hears: bool = False) -> Result:
    """The verdict on a microphone that opened; `hears`: it heard the speaker later on."""
    faults, warnings = _runs(stream)
    if not faults and not (hears and level.is_dead):  # some are shut while it is quiet
        bad, poor = _sounds(level)
        faults += bad
        warnings += poor
    text = f"{stream.name}: {level.rms:.0f} dBFS, peak {level.peak:.0f} dBFS"
    return judged(
        "microphone",
        text,
        faults,
        warnings,
        device=stream.name,
        rms_dbfs=round(level.rms, 1),
        peak_dbfs=round(level.peak, 1),
        dc=round(level.dc, 4),
        clipped=round(level.clipped, 5),
        samples_per_s=round(stream.rate),
        xruns=stream.xruns,
    )


def speaker(stream: Stream, answer: bool | None, by_microphone: bool) -> Result:
    """The verdict on a speaker; `answer`: whether a person heard it, None if nobody was asked;
    the microphone may have heard it as well."""
    faults, warnings = _runs(stream)
    if answer is False:
        faults.append(("nobody heard it", f"see its cable and amplifier; {MIXER}"))
    told = {True: "heard by you", False: "not heard by you", None: "nobody was asked"}[answer]
    if by_microphone:
        told = "heard by the microphone" + (f", {told}" if answer is not None else "")
    return judged(
        "speaker",
        f"{stream.name}: played, {told}",
        faults,
        warnings,
        device=stream.name,
        heard=answer,
        heard_by_microphone=by_microphone,
        samples_per_s=round(stream.rate),
        xruns=stream.xruns,
    )


def echo(echo: Echo) -> Result:
    """The verdict on the way from speaker to microphone."""
    clear = [it for it in echo.found if it.clear >= CLEAR]
    if not clear:
        words = "the microphone does not hear the speaker"
        remedy = f"well so for a handset; else turn the speaker up: {MIXER}"
        return judged("echo", "", (), [(words, remedy)], heard=False)
    delays = [it.delay for it in clear]
    delay, gain = max(delays), max(it.gain for it in clear)
    moves = max(delays) - min(delays)
    text = f"{1000 * delay:.0f} ms from speaker to microphone, {gain:+.0f} dB"
    if echo.reduction is not None:
        text += f", {echo.canceller} takes {echo.reduction:.0f} dB off"
    elif echo.canceller == "off":
        text += ', not cancelled ([sound] echo = "off")'
    return judged(
        "echo",
        text,
        _reach(delays),
        _way(delay, moves, gain, echo),
        heard=True,
        delay_ms=round(1000 * delay, 1),
        moves_ms=round(1000 * moves, 1),
        gain_db=round(gain, 1),
        clipped=round(echo.level.clipped, 5),
        reduction_db=None if echo.reduction is None else round(echo.reduction, 1),
        canceller=echo.canceller,
        reach_ms=round(1000 * LATEST),
    )


def _runs(stream: Stream) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    faults = [(message, PLUG) for message in stream.faults]
    if not faults and stream.samples == 0:
        faults.append(("it opens, but its stream stands still", PLUG))
    if faults:
        return faults, []
    missing = stream.seconds - stream.samples / RATE
    if abs(missing) > OFF_RATE * stream.seconds + SLACK:
        words = f"{stream.rate:.0f} samples/s came instead of {RATE}"
        if stream.xruns:
            words += f", {stream.xruns} times some were lost"
        return [], [(words, f"let the card run at 48 kHz; {_LOAD}")]
    if stream.xruns > 1:
        return [], [(f"sound was lost {stream.xruns} times", _LOAD)]
    return [], []


def _sounds(level: Level) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    if level.is_dead:
        return [
            (
                "nothing at all is heard: it is muted, or another device is meant",
                f"unmute its capture: {MIXER}; see [sound] microphone and `arecord -l`",
            )
        ], []
    warnings = []
    if level.clipped > 0.001:
        warnings.append((f"{100 * level.clipped:.1f} % is clipped", f"turn its gain down: {MIXER}"))
    elif level.rms > LOUD:
        warnings.append(("it is very loud", f"turn its gain down: {MIXER}"))
    elif level.rms < QUIET:
        warnings.append(("it is very quiet", f"turn its gain up: {MIXER}"))
    if abs(level.dc) > OFFSET:
        warnings.append(
            (
                f"its zero is off by {100 * level.dc:.0f} %",
                "see its bias voltage and wiring, or take another microphone",
            )
        )
    return [], warnings


def _reach(delays: Sequence[float]) -> list[tuple[str, str]]:
    if all(EARLIEST < delay < LATEST for delay in delays):
        return []
    words = f"the echo canceller reaches {1000 * LATEST:.0f} ms"
    return [(words, "use a wired sound card, no Bluetooth and no television; lower period_ms")]


def _way(delay: float, moves: float, gain: float, echo: Echo) -> list[tuple[str, str]]:
    warnings = []
    if delay > LATE:
        warnings.append(
            ("that is late", "lower [sound] period_ms, or use the card without a sound server")
        )
    if moves > UNSTEADY:
        warnings.append(
            (
                f"it moves by {1000 * moves:.0f} ms",
                f"sound is lost: {_LOAD}",
            )
        )
    if echo.level.clipped > 0.001:
        warnings.append(("the speaker overdrives the microphone", f"turn one down: {MIXER}"))
    elif gain > TOO_LOUD:
        warnings.append(("the echo is louder than what is played", f"turn one down: {MIXER}"))
    if echo.reduction is not None and echo.reduction < LITTLE:
        warnings.append(
            ("the canceller takes little", f"turn the speaker down until it sounds clean: {MIXER}")
        )
    return warnings
