"""Looks at the lines of the buttons, asks for each press, and blinks the lamp."""

from __future__ import annotations

import queue
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import hw
from intercom.doctor import judge_camera, judge_panel
from intercom.doctor.judge_panel import Buttons
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result, broken, skipped
from intercom.doctor.running import borrowed, how
from intercom.station.fittings import panel_settings

REST = 1.0
"""Seconds in which nobody should press."""
PRESS_WITHIN = 15.0
BLINKS, BLINK = 5, 0.25
WIRING = "see the wiring, and [panel]; as the service's user, in the group gpio"

Events = queue.Queue[tuple[str, str]]


def check_buttons(patient: Patient) -> Iterator[Result]:
    """The buttons at rest, and each one pressed where somebody can be asked."""
    settings = panel_settings(patient.config.panel)
    if patient.config.panel.driver != "none" and not settings.buttons:
        yield skipped("buttons", "none is wired ([panel] call, accept, hangup and mute are -1)")
    else:
        yield _with_panel("buttons", patient, lambda: _buttons(patient, settings))


def check_lamp(patient: Patient) -> Iterator[Result]:
    """The lamp blinks; who is there is asked whether it does."""
    settings = panel_settings(patient.config.panel)
    pin = settings.lamp
    if patient.config.panel.driver != "none" and pin is None:
        yield skipped("lamp", "none is wired ([panel] lamp is -1)")
    else:
        yield _with_panel("lamp", patient, lambda: _lamp(patient, settings, pin or 0))


def _with_panel(check: str, patient: Patient, look: Callable[[], Result]) -> Result:
    """Look, where there is a panel that can be had."""
    if patient.config.panel.driver == "none":
        return judge_camera.none(check, "panel")
    with borrowed(patient.station, "panel") as held:
        return skipped(check, held, how(held)) if held else look()


def _buttons(patient: Patient, settings: hw.PanelSettings) -> Result:
    events: Events = queue.Queue(256)

    def on_button(name: str, kind: str) -> None:
        if not events.full():
            events.put_nowait((name, kind))

    faults: list[str] = []
    try:
        panel = hw.open_panel(
            patient.config.panel.driver, replace(settings, lamp=None), on_button, faults.append
        )
    except hw.DeviceError as error:
        return broken("buttons", error.message, WIRING)
    try:
        time.sleep(0.1)  # the pulls charge the wires
        closed = set(panel.pressed())
        time.sleep(REST / 2 if patient.quick else REST)
        closed &= set(panel.pressed())  # who leans on a button lets go of it some time
        moved = Counter(name for name, kind in _drained(events) if kind in {"pressed", "released"})
        came, crossed = _asked(patient, settings, events)
    finally:
        panel.close()
    seen = Buttons(
        panel.name, settings.buttons, sorted(closed), dict(sorted(moved.items())), came, crossed
    )
    return judge_panel.buttons(seen, settings.pull_up)


def _asked(
    patient: Patient, settings: hw.PanelSettings, events: Events
) -> tuple[dict[str, bool] | None, dict[str, str]]:
    if not patient.asker.present:
        return None, {}
    came: dict[str, bool] = {}
    crossed: dict[str, str] = {}
    for name, pin in settings.buttons.items():
        _drained(events)
        patient.asker.tell(f'Press the button "{name}" (GPIO {pin}), {PRESS_WITHIN:.0f} s.')
        pressed = _pressed(events)
        came[name] = pressed == name
        if pressed not in {"", name}:
            crossed[name] = pressed
    return came, crossed


def _pressed(events: Events) -> str:
    end = time.monotonic() + PRESS_WITHIN
    while (left := end - time.monotonic()) > 0:
        try:
            name, kind = events.get(timeout=left)
        except queue.Empty:
            break
        if kind == "pressed":
            return name
    return ""


def _drained(events: Events) -> list[tuple[str, str]]:
    found = []
    while not events.empty():
        found.append(events.get_nowait())
    return found


def _lamp(patient: Patient, settings: hw.PanelSettings, pin: int) -> Result:
    faults: list[str] = []
    levels: set[float] = set()
    ignore = lambda *_: None  # noqa: E731 - nobody presses here
    try:
        panel = hw.open_panel(
            patient.config.panel.driver, replace(settings, buttons={}), ignore, faults.append
        )
    except hw.DeviceError as error:
        return broken("lamp", error.message, WIRING)
    try:
        panel.set_lamp([(1.0, BLINK), (0.0, BLINK)])
        end = time.monotonic() + 2 * BLINK * (2 if patient.quick else BLINKS)
        while time.monotonic() < end:
            levels.add(panel.lamp_value)
            time.sleep(BLINK / 5)
        asker = patient.asker
        answer = asker.yes("Does the lamp blink?") if asker.present else None
    finally:
        panel.close()
    why = faults[0] if faults else ""
    return judge_panel.lamp(pin, levels >= {0.0, 1.0} and not faults, why, answer)
