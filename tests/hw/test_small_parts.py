"""The small parts that drivers share: guard, claims, pacer, watchdog, environment, backlight."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

import hw
from hw import portaudio
from hw.backlight import set_backlight, set_screen_power
from hw.base import DeviceError
from hw.claims import Claim
from hw.dpms import set_dpms
from hw.environ import environment
from hw.guard import Guard
from hw.lamp_player import LampPlayer
from hw.pace import Pacer
from hw.watchdog import Watchdog
from tests.hw.helpers import wait_for


def test_guard_gives_arguments_and_result_on() -> None:
    assert Guard("add", lambda a, b: a + b)(2, 3) == 5


def test_guard_logs_1_10_and_100_and_counts_all(caplog: pytest.LogCaptureFixture) -> None:
    def fail() -> None:
        raise ValueError("no")

    guarded = Guard("fail", fail)
    for _ in range(123):
        guarded()
    assert guarded.faults == 123
    assert [record.args for record in caplog.records] == [("fail", 1), ("fail", 10), ("fail", 100)]


def test_guard_lets_interrupts_through() -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Guard("interrupt", interrupt)()


def test_claim_is_exclusive_until_released() -> None:
    first = Claim("camera", "claimed")
    other = Claim("microphone", "claimed")
    with pytest.raises(DeviceError, match="busy") as caught:
        Claim("camera", "claimed")
    assert caught.value.kind == "camera"
    first.release()
    first.release()
    Claim("camera", "claimed").release()
    other.release()


def test_pacer_keeps_its_schedule_though_ticks_take_time() -> None:
    times: list[float] = []

    def tick(n: int) -> None:
        times.append(time.monotonic())
        time.sleep(0.008)

    pacer = Pacer("test-pacer", 0.01, tick)
    pacer.start()
    wait_for(lambda: len(times) > 100)
    pacer.close()
    # A schedule of pauses would take 1.8 s.
    assert 0.9 < times[100] - times[0] < 1.5


def test_pacer_leaves_out_what_was_missed_in_a_long_gap(caplog: pytest.LogCaptureFixture) -> None:
    numbers: list[int] = []

    def tick(n: int) -> None:
        numbers.append(n)
        if n == 3:
            time.sleep(0.8)

    pacer = Pacer("test-pacer", 0.01, tick)
    pacer.start()
    wait_for(lambda: len(numbers) > 20)
    pacer.close()
    assert pacer.dropped >= 70
    assert numbers == list(range(len(numbers)))
    assert "held up" in caplog.text


def test_pacer_can_be_closed_from_its_tick_and_before_it_starts() -> None:
    Pacer("test-pacer", 1, lambda n: None).close()
    done = threading.Event()

    def tick(n: int) -> None:
        pacer.close()
        done.set()

    pacer = Pacer("test-pacer", 0.001, tick)
    pacer.start()
    assert done.wait(10)
    pacer.close()


def test_watchdog_barks_once_when_it_is_not_fed() -> None:
    barks: list[float] = []
    watchdog = Watchdog("test-watch", 0.1, lambda: barks.append(time.monotonic()))
    fed = time.monotonic()
    for _ in range(20):
        time.sleep(0.01)
        fed = time.monotonic()
        watchdog.feed()
    wait_for(lambda: barks)
    time.sleep(0.15)
    assert len(barks) == 1
    assert barks[0] >= fed + 0.1
    watchdog.close()


def test_watchdog_is_silent_once_closed_and_may_be_closed_by_its_bark() -> None:
    barks: list[str] = []
    quiet = Watchdog("test-watch", 0.05, lambda: barks.append("quiet"))
    quiet.close()
    quiet.close()

    def bark() -> None:
        barks.append("loud")
        watchdog.close()

    watchdog = Watchdog("test-watch", 0.05, bark)
    wait_for(lambda: barks)
    time.sleep(0.1)
    assert barks == ["loud"]


def test_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HW_TEST_A", "before")
    with environment(HW_TEST_A="within", HW_TEST_B="new"):
        assert (os.environ["HW_TEST_A"], os.environ["HW_TEST_B"]) == ("within", "new")
    assert os.environ["HW_TEST_A"] == "before"
    assert "HW_TEST_B" not in os.environ


def test_backlight_switches_all_there_are(tmp_path: Path) -> None:
    for name in ("rpi_backlight", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "bl_power").write_text("0")
    assert set_backlight(False, tmp_path) == 2
    assert (tmp_path / "other" / "bl_power").read_text() == "4"
    assert set_backlight(True, tmp_path) == 2
    assert (tmp_path / "rpi_backlight" / "bl_power").read_text() == "0"


def test_backlight_that_refuses_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "odd" / "bl_power").mkdir(parents=True)
    assert set_backlight(True, tmp_path) == 0
    assert "group video" in caplog.text
    assert set_backlight(True, tmp_path / "none") == 0


def test_lamp_player_repeats_its_steps_in_order() -> None:
    written: list[float] = []
    player = LampPlayer(written.append, pytest.fail)
    player.play([(0.1, 0.01), (0.2, 0.01), (0.3, 0.01)])
    wait_for(lambda: len(written) >= 7)
    player.close()
    assert written[:7] == [0.1, 0.2, 0.3, 0.1, 0.2, 0.3, 0.1]
    assert written[-1] == 0


def test_lamp_player_takes_the_same_pattern_twice_without_a_restart() -> None:
    written: list[float] = []
    player = LampPlayer(written.append, pytest.fail)
    player.play([(1, 60), (0, 60)])
    wait_for(lambda: written)
    player.play([(1, 60), (0, 60)])
    player.play([(0.5, 60), (0, 60)])
    wait_for(lambda: len(written) == 2)
    player.close()
    player.close()
    player.play([(1, 0)])
    assert written == [1, 0.5, 0]


def test_lamp_player_is_the_only_thread_that_writes() -> None:
    writers: set[int] = set()
    player = LampPlayer(lambda value: writers.add(threading.get_ident()), pytest.fail)
    player.play([(1, 0)])
    wait_for(lambda: writers)
    player.close()
    assert len(writers) == 1
    assert threading.get_ident() not in writers


def test_lamp_player_does_not_keep_the_owner_waiting_for_a_slow_lamp() -> None:
    slow, written = threading.Event(), threading.Event()

    def write(value: float) -> None:
        written.set()
        slow.wait(10)

    player = LampPlayer(write, pytest.fail)
    player.play([(1, 0)])
    assert written.wait(10)
    player.play([(0.5, 0)])  # would hang if it waited for the first
    slow.set()
    player.close()


def test_lamp_player_tells_a_fault_once_and_writes_no_more() -> None:
    written: list[float] = []
    faults: list[str] = []

    def write(value: float) -> None:
        written.append(value)
        raise DeviceError("panel", "wire cut")

    player = LampPlayer(write, faults.append)
    player.play([(1, 0.01), (0, 0.01)])
    wait_for(lambda: faults)
    player.play([(0.5, 0)])
    player.close()
    assert (written, faults) == ([1], ["wire cut"])


def test_without_a_display_of_its_own_a_process_has_no_screen_to_switch(tmp_path: Path) -> None:
    assert set_dpms(False) == 0
    (tmp_path / "panel").mkdir()
    (tmp_path / "panel" / "bl_power").write_text("0")
    set_screen_power(False, tmp_path)
    assert (tmp_path / "panel" / "bl_power").read_text() == "4"
    set_screen_power(True, tmp_path)
    assert (tmp_path / "panel" / "bl_power").read_text() == "0"


def test_a_sound_library_that_hangs_is_known_until_it_answers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The station then no longer feeds systemd's watchdog: only a new process has sound."""
    monkeypatch.setattr(portaudio, "_PATIENCE", 0.01)
    inside, leave = threading.Event(), threading.Event()

    def hang() -> None:
        with portaudio.locked("speaker"):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=hang)
    thread.start()
    try:
        assert inside.wait(10)
        with pytest.raises(DeviceError, match="does not answer"), portaudio.locked("microphone"):
            pass
        assert hw.sound_hangs()
    finally:
        leave.set()
        thread.join()
    monkeypatch.undo()
    with portaudio.locked("microphone"), portaudio.locked("speaker"):
        assert not hw.sound_hangs()
    assert not hw.sound_hangs()
