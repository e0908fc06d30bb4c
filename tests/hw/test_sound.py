"""The contract of microphones and speakers, on each driver that opens here."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

import hw
from hw import DeviceError, SoundSettings
from hw.wav import WavWriter, read_samples
from tests.hw.helpers import RATE, loudest_frequency, tone, wait_for
from tests.hw.servers import Pulse

PERIOD = 960


@pytest.fixture(params=hw.SOUND_DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    """Each driver; PyAudio on a private PulseAudio."""
    if request.param == "pyaudio":
        request.getfixturevalue("pulse")
    return str(request.param)


def no_fault(message: str) -> None:
    """A fault that a test did not ask for."""
    raise AssertionError(message)


def test_microphone_gives_10_ms_of_mono_s16_at_real_pace(driver: str) -> None:
    heard: list[tuple[float, bytes]] = []
    microphone = hw.open_microphone(
        driver, SoundSettings(), lambda block: heard.append((time.monotonic(), block)), no_fault
    )
    wait_for(lambda: len(heard) >= 100)
    microphone.close()
    assert {len(block) for _, block in heard} == {PERIOD}
    took = heard[99][0] - heard[0][0]
    assert 0.8 < took < 1.5


def test_microphone_calls_back_from_a_thread_of_its_own(driver: str) -> None:
    threads: list[int] = []
    microphone = hw.open_microphone(
        driver, SoundSettings(), lambda _: threads.append(threading.get_ident()), no_fault
    )
    wait_for(lambda: threads)
    microphone.close()
    assert threading.get_ident() not in threads


def test_speaker_pulls_10_ms_at_real_pace(driver: str) -> None:
    pulls: list[tuple[float, int]] = []

    def fill(count: int) -> bytes:
        pulls.append((time.monotonic(), count))
        return bytes(2 * count)

    speaker = hw.open_speaker(driver, SoundSettings(), fill, no_fault)
    wait_for(lambda: len(pulls) >= 120)
    speaker.close()
    assert {count for _, count in pulls} == {PERIOD // 2}
    # The first pulls fill the device's own buffer at once.
    assert 0.7 < pulls[119][0] - pulls[19][0] < 1.5


def test_an_exception_in_a_callback_does_not_end_the_stream(
    driver: str, caplog: pytest.LogCaptureFixture
) -> None:
    calls: list[int] = []

    def fill(count: int) -> bytes:
        calls.append(count)
        raise ValueError("a bug of the owner")

    speaker = hw.open_speaker(driver, SoundSettings(), fill, no_fault)
    wait_for(lambda: len(calls) >= 20)
    speaker.close()
    assert "a bug of the owner" in caplog.text


@pytest.mark.parametrize("answer", [b"", b"\1\2\3", bytes(5000)])
def test_a_fill_of_the_wrong_size_does_not_end_the_stream(driver: str, answer: bytes) -> None:
    calls: list[int] = []

    def fill(count: int) -> bytes:
        calls.append(count)
        return answer

    speaker = hw.open_speaker(driver, SoundSettings(), fill, no_fault)
    wait_for(lambda: len(calls) >= 20)
    speaker.close()


def test_close_ends_the_callbacks_and_can_be_repeated(driver: str) -> None:
    heard: list[bytes] = []
    microphone = hw.open_microphone(driver, SoundSettings(), heard.append, no_fault)
    wait_for(lambda: heard)
    microphone.close()
    count = len(heard)
    time.sleep(0.05)
    assert len(heard) == count
    microphone.close()


def test_a_device_can_be_opened_again(driver: str) -> None:
    for _ in range(3):
        heard: list[bytes] = []
        microphone = hw.open_microphone(driver, SoundSettings(), heard.append, no_fault)
        wait_for(lambda heard=heard: heard)  # type: ignore[misc]  # the default binds the loop's list
        microphone.close()


def test_the_error_for_an_unknown_microphone_names_those_there_are(driver: str) -> None:
    known = hw.list_microphones(driver)
    assert known
    with pytest.raises(DeviceError) as caught:
        hw.open_microphone(driver, SoundSettings(device="no such thing"), lambda _: None, no_fault)
    assert caught.value.kind == "microphone"
    assert "no such thing" in str(caught.value)
    assert known[0].id in str(caught.value)


def test_each_listed_microphone_opens_by_its_id(driver: str) -> None:
    for info in hw.list_microphones(driver):
        heard: list[bytes] = []
        microphone = hw.open_microphone(
            driver, SoundSettings(device=info.id), heard.append, no_fault
        )
        wait_for(lambda heard=heard: heard)  # type: ignore[misc]  # as above
        microphone.close()


def test_pyaudio_hears_a_tone(pulse: Pulse) -> None:
    heard: list[bytes] = []
    microphone = hw.open_microphone(
        "pyaudio", SoundSettings(device="house_microphone"), heard.append, no_fault
    )
    with pulse.playing(tone(1000, 10)):
        wait_for(lambda: 990 < loudest_frequency(b"".join(heard[-30:])) < 1010)
    microphone.close()


def test_pyaudio_plays_a_tone(pulse: Pulse) -> None:
    period = tone(1000, 0.01)
    speaker = hw.open_speaker(
        "pyaudio", SoundSettings(device="HOUSE_SPEAKER"), lambda _: period, no_fault
    )
    assert speaker.name == "house_speaker"
    recorded = pulse.record(2 * RATE)
    speaker.close()
    assert 990 < loudest_frequency(recorded[RATE:]) < 1010


def test_pyaudio_runs_both_ways_at_once(pulse: Pulse) -> None:
    heard: list[bytes] = []
    pulls: list[int] = []

    def fill(count: int) -> bytes:
        pulls.append(count)
        return bytes(2 * count)

    microphone = hw.open_microphone("pyaudio", SoundSettings(), heard.append, no_fault)
    speaker = hw.open_speaker("pyaudio", SoundSettings(), fill, no_fault)
    wait_for(lambda: len(heard) > 50 and len(pulls) > 50)
    microphone.close()
    before = len(pulls)
    wait_for(lambda: len(pulls) > before + 20)
    speaker.close()


def test_pyaudio_reports_a_stream_that_has_died(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hw.sound_pyaudio._SILENCE", 0.4)
    faults: list[str] = []
    stuck = threading.Event()
    heard: list[bytes] = []

    def on_samples(block: bytes) -> None:
        heard.append(block)
        if len(heard) == 10:
            stuck.wait(5)

    microphone = hw.open_microphone("pyaudio", SoundSettings(), on_samples, faults.append)
    wait_for(lambda: faults)
    stuck.set()
    microphone.close()
    assert len(faults) == 1
    assert "plugged in" in faults[0]


@pytest.mark.parametrize("kind", ["microphone", "speaker"])
def test_pyaudio_gives_back_a_device_that_does_not_start(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    pyaudio = pytest.importorskip("pyaudio")
    terminated: list[object] = []
    terminate = pyaudio.PyAudio.terminate

    def watch(audio: object) -> None:
        terminated.append(audio)
        terminate(audio)

    def refuse(stream: object) -> None:
        raise OSError(-9985, "Device unavailable")

    def start() -> None:
        if kind == "microphone":
            hw.open_microphone("pyaudio", SoundSettings(), bytes, no_fault).close()
        else:
            hw.open_speaker("pyaudio", SoundSettings(), bytes, no_fault).close()

    monkeypatch.setattr(pyaudio.PyAudio, "terminate", watch)
    with monkeypatch.context() as broken:
        broken.setattr(pyaudio.PyAudio.Stream, "start_stream", refuse)
        with pytest.raises(DeviceError, match=r"in use by") as caught:
            start()
    assert caught.value.kind == kind
    assert len(terminated) == 1
    assert f"hw-{kind}-watch" not in {thread.name for thread in threading.enumerate()}
    start()


def test_pyaudio_opens_at_the_second_try_what_was_closed_just_now(
    pulse: Pulse, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = pytest.importorskip("pyaudio").PyAudio.Stream
    start = stream.start_stream
    refused: list[object] = []

    def refuse_once(opened: object) -> None:
        if not refused:
            refused.append(opened)
            raise OSError(-9998, "Invalid number of channels")
        start(opened)

    monkeypatch.setattr(stream, "start_stream", refuse_once)
    heard: list[bytes] = []
    microphone = hw.open_microphone("pyaudio", SoundSettings(), heard.append, no_fault)
    wait_for(lambda: heard)
    microphone.close()
    assert refused


def test_simulated_microphone_is_busy_while_it_is_open() -> None:
    microphone = hw.open_microphone("simulated", SoundSettings(), lambda _: None, no_fault)
    with pytest.raises(DeviceError, match="busy"):
        hw.open_microphone("simulated", SoundSettings(), lambda _: None, no_fault)
    microphone.close()
    hw.open_microphone("simulated", SoundSettings(), lambda _: None, no_fault).close()


@pytest.mark.parametrize("settings", [SoundSettings(rate=12_345), SoundSettings(period_ms=0)])
def test_simulated_sound_refuses_what_a_card_refuses(settings: SoundSettings) -> None:
    with pytest.raises(DeviceError, match="give"):
        hw.open_microphone("simulated", settings, lambda _: None, no_fault)
    with pytest.raises(DeviceError, match="give"):
        hw.open_speaker("simulated", settings, bytes, no_fault)


def test_simulated_microphone_repeats_its_speech_after_a_pause(tmp_path: Path) -> None:
    speech = tmp_path / "beep.wav"
    writer = WavWriter(speech, RATE)
    writer.write(tone(1000, 0.1))
    writer.close()
    heard: list[bytes] = []
    settings = SoundSettings(speech=str(speech))
    microphone = hw.open_microphone("simulated", settings, heard.append, no_fault)
    wait_for(lambda: len(heard) >= 121)
    microphone.close()
    loud = [any(block) for block in heard[:121]]
    assert all(loud[:10])
    assert not any(loud[10:110])
    assert all(loud[110:120])


def test_simulated_speaker_records_what_it_is_given(tmp_path: Path) -> None:
    record = tmp_path / "speaker.wav"
    period = tone(1000, 0.01)
    pulls: list[int] = []

    def fill(count: int) -> bytes:
        pulls.append(count)
        return period

    settings = SoundSettings(record=str(record))
    speaker = hw.open_speaker("simulated", settings, fill, no_fault)
    wait_for(lambda: len(pulls) >= 20)
    speaker.close()
    speaker.close()
    assert read_samples(record, RATE) == period * len(pulls)


def test_simulated_speaker_names_a_path_it_cannot_record_to(tmp_path: Path) -> None:
    settings = SoundSettings(record=str(tmp_path / "none" / "speaker.wav"))
    with pytest.raises(DeviceError, match=r"speaker\.wav"):
        hw.open_speaker("simulated", settings, bytes, no_fault)


def test_simulated_microphone_names_a_missing_or_broken_speech(tmp_path: Path) -> None:
    broken = tmp_path / "speech.wav"
    with pytest.raises(DeviceError, match=r"speech\.wav"):
        hw.open_microphone("simulated", SoundSettings(speech=str(broken)), print, no_fault)
    broken.write_bytes(b"no sound at all" * 99)
    with pytest.raises(DeviceError, match="sound file"):
        hw.open_microphone("simulated", SoundSettings(speech=str(broken)), print, no_fault)
