"""The contract of panels, on each driver that opens here."""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import gpiozero
import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

import hw
from hw import DeviceError, PanelSettings
from hw.contact import SETTLE
from hw.panel import GpioPanel, MockPanel
from tests.hw.helpers import wait_for

Events = list[tuple[str, str]]


def open_panel(settings: PanelSettings, events: Events) -> MockPanel:
    """A simulated panel whose events go into a list."""
    panel = hw.open_panel(
        "simulated", settings, lambda name, kind: events.append((name, kind)), pytest.fail
    )
    assert isinstance(panel, MockPanel)
    return panel


def press_for(panel: MockPanel, name: str, seconds: float) -> None:
    """A finger on a button."""
    panel.press(name)
    time.sleep(seconds)
    panel.release(name)


@pytest.mark.parametrize("pull_up", [True, False])
def test_a_press_of_100_ms_is_pressed_and_released(pull_up: bool) -> None:
    events: Events = []
    panel = open_panel(PanelSettings(pull_up=pull_up), events)
    press_for(panel, "call", 0.1)
    wait_for(lambda: len(events) == 2)
    panel.close()
    assert events == [("call", "pressed"), ("call", "released")]


def test_a_press_arrives_at_once_and_from_another_thread() -> None:
    arrivals: list[tuple[float, int]] = []
    panel = hw.open_panel(
        "simulated",
        PanelSettings(),
        lambda name, kind: arrivals.append((time.monotonic(), threading.get_ident())),
        pytest.fail,
    )
    assert isinstance(panel, MockPanel)
    pressed = time.monotonic()
    panel.press("call")
    wait_for(lambda: arrivals)
    panel.close()
    assert arrivals[0][0] - pressed < 0.045  # below the bounce time: nothing waits for that
    assert arrivals[0][1] != threading.get_ident()


def test_a_bouncing_contact_is_one_press() -> None:
    events: Events = []
    panel = open_panel(PanelSettings(bounce=0.3), events)  # a busy machine stretches it
    for _ in range(5):
        press_for(panel, "accept", 0.001)
        time.sleep(0.001)
    panel.press("accept")
    time.sleep(0.5)
    for _ in range(5):
        panel.release("accept")
        time.sleep(0.001)
        panel.press("accept")
        time.sleep(0.001)
    panel.release("accept")
    time.sleep(0.5)
    panel.close()
    assert events == [("accept", "pressed"), ("accept", "released")]


def test_a_spike_on_the_wire_is_no_press() -> None:
    for _ in range(50):
        events: Events = []
        panel = open_panel(PanelSettings(), events)
        began = time.monotonic()
        press_for(panel, "call", 0)
        took = time.monotonic() - began
        time.sleep(0.1)
        panel.close()
        if took < SETTLE:  # else a busy machine has stretched it
            assert events == []
            return
    pytest.fail("this machine makes no spike")


def test_a_long_press_is_held_once() -> None:
    events: Events = []
    panel = open_panel(PanelSettings(hold=0.1), events)
    press_for(panel, "hangup", 0.3)
    wait_for(lambda: len(events) == 3)
    panel.close()
    assert events == [("hangup", "pressed"), ("hangup", "held"), ("hangup", "released")]


def test_buttons_are_told_apart() -> None:
    events: Events = []
    panel = open_panel(PanelSettings(buttons={"a": 5, "b": 6}), events)
    panel.press("a")
    panel.press("b")
    wait_for(lambda: len(events) == 2)
    panel.close()
    assert set(events) == {("a", "pressed"), ("b", "pressed")}
    with pytest.raises(KeyError):
        panel.press("c")


@pytest.mark.parametrize("active_high", [True, False])
def test_lamp_shows_brightness_and_drives_its_pin(active_high: bool) -> None:
    factory = MockFactory(pin_class=MockPWMPin)
    settings = PanelSettings(lamp_active_high=active_high)
    panel = GpioPanel(settings, lambda name, kind: None, pytest.fail, factory)
    assert panel.lamp_value == 0
    pin = factory.pin(24)
    for brightness in (0.5, 1.0, 0.25):
        panel.set_lamp([(brightness, 0)])
        wait_for(lambda: panel.lamp_value == brightness)  # noqa: B023 - called in this round only
        assert pin.state == (brightness if active_high else 1 - brightness)
    panel.set_lamp([])
    wait_for(lambda: panel.lamp_value == 0)
    assert pin.state == (0 if active_high else 1)
    panel.close()


def test_lamp_blinks_and_a_new_pattern_is_immediate() -> None:
    panel = open_panel(PanelSettings(), [])
    panel.set_lamp([(1, 0.03), (0, 0.03)])
    wait_for(lambda: panel.lamp_value == 1)
    wait_for(lambda: panel.lamp_value == 0)
    wait_for(lambda: panel.lamp_value == 1)
    panel.set_lamp([(0.25, 60), (1, 60)])
    wait_for(lambda: panel.lamp_value == 0.25)
    panel.set_lamp([(0.75, 0)])
    wait_for(lambda: panel.lamp_value == 0.75)
    panel.close()
    assert panel.lamp_value == 0


def test_a_panel_without_lamp_takes_patterns() -> None:
    panel = open_panel(PanelSettings(lamp=None), [])
    panel.set_lamp([(1, 0)])
    assert panel.lamp_value == 0
    panel.close()


def test_lamp_refuses_a_brightness_that_is_none() -> None:
    panel = open_panel(PanelSettings(), [])
    with pytest.raises(ValueError, match="brightness"):
        panel.set_lamp([(2, 1)])
    panel.close()


class BreakingPin(MockPWMPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin that works until `error` is set, as one whose chip was taken away does."""

    error: Exception | None = None

    def _set_state(self, value: float) -> None:
        if self.error is not None:
            raise self.error
        super()._set_state(value)

    def close(self) -> None:
        if self.error is not None:
            raise self.error
        super().close()


def breaks() -> list[Exception]:
    """What a pin raises that cannot be written to, by the libraries that are here."""
    errors: list[Exception] = [OSError(5, "Input/output error"), gpiozero.PinUnsupported("gone")]
    with contextlib.suppress(ImportError):
        errors.append(importlib.import_module("lgpio").error("bad handle"))
    return errors


@pytest.mark.parametrize("error", breaks(), ids=lambda error: type(error).__name__)
def test_a_lamp_that_cannot_be_driven_is_a_fault_and_no_exception(error: Exception) -> None:
    faults: list[str] = []
    events: Events = []
    factory = MockFactory(pin_class=BreakingPin)
    panel = GpioPanel(
        PanelSettings(), lambda name, kind: events.append((name, kind)), faults.append, factory
    )
    panel.set_lamp([(1, 0.02), (0, 0.02)])
    wait_for(lambda: panel.lamp_value == 1)
    factory.pin(24).error = error
    wait_for(lambda: faults)
    assert faults[0].startswith("cannot drive the lamp on pin 24: ")
    panel.set_lamp([(0.5, 0)])
    panel.close()
    panel.close()
    assert len(faults) == 1
    assert not {t.name for t in threading.enumerate()} & {"hw-buttons", "hw-lamp"}


def test_close_can_be_repeated_and_ends_its_threads_and_events() -> None:
    events: Events = []
    panel = open_panel(PanelSettings(), events)
    panel.close()
    panel.close()
    assert not {t.name for t in threading.enumerate()} & {"hw-buttons", "hw-lamp"}


def test_an_exception_in_on_button_does_not_end_the_panel() -> None:
    events: Events = []

    def on_button(name: str, kind: str) -> None:
        events.append((name, kind))
        raise RuntimeError("a bug of the owner")

    panel = hw.open_panel("simulated", PanelSettings(), on_button, pytest.fail)
    assert isinstance(panel, MockPanel)
    press_for(panel, "call", 0.1)
    wait_for(lambda: len(events) == 2)
    panel.close()


def test_process_wide_defaults_of_gpiozero_stay_as_they_are() -> None:
    before = gpiozero.Device.pin_factory
    open_panel(PanelSettings(), []).close()
    assert gpiozero.Device.pin_factory is before


@pytest.mark.parametrize("driver", hw.PANEL_DRIVERS)
def test_one_pin_for_two_things_is_refused(driver: str) -> None:
    for settings in (
        PanelSettings(buttons={"call": 5, "mute": 5}),
        PanelSettings(buttons={"call": 24}, lamp=24),
    ):
        with pytest.raises(DeviceError, match="own pin") as caught:
            hw.open_panel(driver, settings, lambda name, kind: None, pytest.fail)
        assert caught.value.kind == "panel"


def test_a_pin_that_does_not_exist_is_refused_and_the_rest_given_back() -> None:
    settings = PanelSettings(buttons={"call": 17, "mute": 99})
    with pytest.raises(DeviceError, match=r"'mute' on pin 99.*BCM"):
        open_panel(settings, [])
    assert not {t.name for t in threading.enumerate()} & {"hw-buttons", "hw-lamp"}


def test_gpiozero_away_from_a_pi_says_so_in_words() -> None:
    if list(Path("/dev").glob("gpiochip*")):
        pytest.skip("there is a GPIO chip")
    with pytest.raises(DeviceError, match=r"Raspberry Pi|lgpio") as caught:
        hw.open_panel("gpiozero", PanelSettings(), lambda name, kind: None, pytest.fail)
    assert caught.value.kind == "panel"


def test_a_folder_where_the_library_cannot_work_is_told() -> None:
    pytest.importorskip("lgpio")
    code = (
        "import hw\n"
        "try: hw.open_panel('gpiozero', hw.PanelSettings(), print, print)\n"
        "except hw.DeviceError as error: print(error)"
    )
    environment = {**os.environ, "LG_WD": "/proc"}  # where nobody makes files, root neither
    said = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        timeout=30,
        capture_output=True,
        text=True,
        env=environment,
    ).stdout
    assert "cannot make its pipe in /proc" in said
    assert "LG_WD" in said


def test_the_library_does_not_take_the_process_elsewhere() -> None:
    """Liblgpio changes the working directory when it is loaded; relative paths must still hold."""
    code = (
        "import os, hw; before = os.getcwd()\n"
        "try: hw.open_panel('gpiozero', hw.PanelSettings(), print, print).close()\n"
        "except hw.DeviceError: pass\n"
        "assert os.getcwd() == before, os.getcwd()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
