"""Levels, the way of a sound, and both with real streams on a sound server of our own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from intercom.doctor import judge_sound, sound
from intercom.doctor.asking import METER_WIDTH, bar
from intercom.doctor.judge_sound import Echo, Stream
from intercom.doctor.listening import RATE, Heard, Level, Pcm, find, level, murmur, sweep
from intercom.doctor.results import Result
from tests.audio_rig import acoustic_path
from tests.doctor.patients import Person, only, patient
from tests.hw.helpers import tone
from tests.hw.servers import Pulse

PYAUDIO = {
    "sound__driver": '"pyaudio"',
    "sound__microphone": '"house_microphone"',
    "sound__speaker": '"house_speaker"',
}
RUNS = Stream("a card", 3 * RATE, 3.0)
ROOM = Level(-50.0, -40.0, 0.0, 0.0)


def echo_of(played: Pcm, delay: float, gain_db: float, noise_db: float = -70) -> Pcm:
    """What a microphone hears from 0.1 s before `played` on, for 2 s."""
    heard = np.random.default_rng(3).standard_normal(2 * RATE) * 32768 * 10 ** (noise_db / 20)
    at = round((0.1 + delay) * RATE)
    heard[at : at + len(played)] += played * 10 ** (gain_db / 20)
    return np.clip(np.rint(heard), -32768, 32767).astype(np.int16)


@pytest.mark.parametrize("delay", [-0.05, 0.0, 0.012, 0.5])
@pytest.mark.parametrize("gain", [-40.0, -12.0, 6.0])
def test_a_sweep_is_found_again(delay: float, gain: float) -> None:
    once = sweep()
    found = find(once, echo_of(once, delay, gain), -RATE // 10, RATE)
    assert found.clear > judge_sound.CLEAR
    assert found.delay == pytest.approx(delay, abs=0.0005)
    assert found.gain == pytest.approx(gain, abs=1.0)


@pytest.mark.parametrize("noise", [-70.0, -30.0])
def test_nothing_is_found_in_noise_or_speech(noise: float) -> None:
    once = sweep()
    silence = np.zeros(len(once), np.int16)
    assert find(once, echo_of(silence, 0, 0, noise), -RATE // 10, RATE).clear < judge_sound.CLEAR
    assert find(once, murmur(2.0), -RATE // 10, RATE).clear < judge_sound.CLEAR


def test_levels() -> None:
    sine = np.frombuffer(tone(1000, 1.0), np.int16)
    found = level(sine)
    assert found.rms == pytest.approx(-9.2, abs=0.1)
    assert found.peak == pytest.approx(-6.2, abs=0.1)
    assert level(np.zeros(RATE, np.int16)).is_dead
    assert level(np.full(RATE, 3000, np.int16)).dc == pytest.approx(0.092, abs=0.001)
    assert level(np.clip(sine.astype(np.int32) * 4, -32768, 32767).astype(np.int16)).clipped > 0.5
    assert level(np.zeros(0, np.int16)).is_dead
    assert -22 < level(murmur(3.0)).rms < -20


@pytest.mark.parametrize(
    ("stream", "heard", "verdict", "words"),
    [
        (RUNS, ROOM, "ok", "-50 dBFS"),
        (RUNS, Level(-120.0, -120.0, 0.0, 0.0), "fault", "nothing at all"),
        (RUNS, Level(-75.0, -60.0, 0.0, 0.0), "warning", "very quiet"),
        (RUNS, Level(-4.0, -0.1, 0.0, 0.0), "warning", "very loud"),
        (RUNS, Level(-10.0, 0.0, 0.0, 0.03), "warning", "3.0 % is clipped"),
        (RUNS, Level(-50.0, -40.0, -0.08, 0.0), "warning", "its zero is off by -8 %"),
        (Stream("a card", 0, 3.0), ROOM, "fault", "stands still"),
        (
            Stream("a card", 3 * 44100, 3.0),
            ROOM,
            "warning",
            "44100 samples/s came instead of 48000",
        ),
        (Stream("a card", 3 * RATE, 3.0, xruns=9), ROOM, "warning", "lost 9 times"),
        (Stream("a card", 100, 0.1, faults=("unplugged",)), ROOM, "fault", "unplugged"),
    ],
)
def test_microphone(stream: Stream, heard: Level, verdict: str, words: str) -> None:
    result = judge_sound.microphone(stream, heard)
    assert (result.verdict, words in result.text) == (verdict, True), result
    assert bool(result.remedy) == (verdict != "ok")


def test_a_microphone_that_is_shut_while_it_is_quiet_is_well() -> None:
    assert judge_sound.microphone(RUNS, Level(-120.0, -120.0, 0, 0), hears=True).verdict == "ok"


def way(delay: float, gain: float = -20.0, **more: float) -> Heard:
    return Heard(delay, gain, more.get("clear", 40.0))


@pytest.mark.parametrize(
    ("found", "loud", "reduction", "verdict", "words"),
    [
        ((way(0.03), way(0.031)), ROOM, 30.0, "ok", "takes 30 dB off"),
        ((way(0.03, clear=4.0),), ROOM, None, "warning", "does not hear the speaker"),
        ((way(0.6),), ROOM, None, "fault", "reaches 520 ms"),
        ((way(0.3),), ROOM, None, "warning", "late"),
        ((way(0.03), way(0.05)), ROOM, 30.0, "warning", "moves by 20 ms"),
        ((way(0.03, gain=12.0),), ROOM, None, "warning", "louder than"),
        ((way(0.03),), Level(-6.0, 0.0, 0.0, 0.05), None, "warning", "overdrives"),
        ((way(0.03),), ROOM, 4.0, "warning", "takes little"),
    ],
)
def test_echo(
    found: tuple[Heard, ...], loud: Level, reduction: float | None, verdict: str, words: str
) -> None:
    result = judge_sound.echo(Echo(found, loud, "aec3", reduction))
    assert (result.verdict, words in result.text) == (verdict, True), result


def test_the_range_is_the_echo_cancellers() -> None:
    found = [judge_sound.EARLIEST, judge_sound.LATEST]
    assert found == pytest.approx([-0.08, 0.52])


@pytest.mark.parametrize(("db", "filled"), [(-200.0, 0), (-60.0, 0), (-30.0, 20), (0.0, 40)])
def test_the_meter(db: float, filled: int) -> None:
    text = bar(db)
    assert text.count("#") == filled
    assert text.count("#") + text.count(".") - 1 == METER_WIDTH
    assert f"{db:.1f} dBFS" in text


# -- real streams ------------------------------------------------------------------------------


def test_simulated_sound(tmp_path: Path) -> None:
    results = [*sound.check(patient(tmp_path))]
    assert [(it.check, it.verdict) for it in results] == [
        ("microphone", "ok"), ("speaker", "ok"), ("echo", "skipped"),
    ]  # fmt: skip
    assert "simulated" in results[2].text


def test_people_are_asked_and_see_the_meter(tmp_path: Path) -> None:
    person = Person(answer=False)
    results = [*sound.check(patient(tmp_path, asker=person))]
    assert only(results, "speaker").verdict == "fault"
    assert "nobody heard it" in only(results, "speaker").text
    assert max(person.levels) > -60
    assert "Did you hear it?" in person.told


def test_a_silent_microphone_and_a_speaker_that_it_does_not_hear(
    tmp_path: Path, pulse: Pulse
) -> None:
    results = [*sound.check(patient(tmp_path, changes=PYAUDIO))]
    microphone = only(results, "microphone")
    assert microphone.verdict == "fault"
    assert "nothing at all" in microphone.text
    assert "alsamixer" in microphone.remedy
    assert only(results, "echo").values["heard"] is False


def test_the_way_from_speaker_to_microphone_is_measured(tmp_path: Path, pulse: Pulse) -> None:
    with acoustic_path(40):
        result = echo_line(sound.check(patient(tmp_path, changes=PYAUDIO)))
    assert 20 < float(str(result.values["delay_ms"])) < 400  # a busy machine plays late
    assert abs(float(str(result.values["gain_db"]))) < 3


def test_an_echo_beyond_the_cancellers_reach_is_a_fault(tmp_path: Path, pulse: Pulse) -> None:
    with acoustic_path(600):
        result = echo_line(sound.check(patient(tmp_path, changes=PYAUDIO)))
    assert result.verdict == "fault"
    assert "520 ms" in result.text


def echo_line(results: object) -> Result:
    """The line of the echo, which was heard."""
    result = only(results, "echo")  # type: ignore[arg-type]  # any iterable of results
    assert result.values["heard"] is True, result
    return result


def test_a_microphone_that_is_not_there(tmp_path: Path, pulse: Pulse) -> None:
    changes = {**PYAUDIO, "sound__microphone": '"no such card"'}
    results = [*sound.check(patient(tmp_path, changes=changes))]
    assert only(results, "microphone").verdict == "fault"
    assert "no such card" in only(results, "microphone").text
    assert only(results, "speaker").verdict in {"ok", "warning"}
    assert only(results, "echo").verdict == "skipped"


def test_the_canceller_works_on_what_was_recorded(tmp_path: Path) -> None:
    """A recording with an echo of 30 ms and -12 dB, as two perfect devices would make it."""
    whole, starts = sound.score(quick=False)
    played, heard = sound.Tape(), sound.Tape()
    late = np.concatenate([np.zeros(round(0.03 * RATE), np.int16), whole // 4])
    for at in range(0, len(whole) - 480, 480):
        played.blocks.append((100 + at / RATE, whole[at : at + 480].tobytes()))
        heard.blocks.append((100 + at / RATE, late[at : at + 480].tobytes()))
    config = patient(tmp_path, changes=PYAUDIO).config.sound
    echo = sound.measure(played, heard, starts, config, quick=False)
    assert [it.delay for it in echo.found] == [pytest.approx(0.03, abs=0.001)] * 2
    assert echo.found[0].gain == pytest.approx(-12, abs=1)
    assert echo.reduction is not None
    assert echo.reduction > judge_sound.LITTLE
    assert judge_sound.echo(echo).verdict == "ok"
