"""The panel: push buttons and a lamp on GPIO pins, through gpiozero with real or mock pins."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gpiozero
from gpiozero.pins.mock import MockFactory, MockPWMPin

from hw.base import DeviceError, OnButton, OnFault, Pattern
from hw.buttons import Buttons
from hw.environ import environment
from hw.lamp_player import LampPlayer
from hw.pace import Pacer
from hw.settings import PanelSettings

_log = logging.getLogger(__name__)

_LOOK = 1.0  # seconds between two looks whether the chip is there

_REMEDIES = (
    ("GPIO busy", "another program uses it: stop that program or choose another pin"),
    ("can not open gpiochip", "run on a Raspberry Pi and join the group: usermod -aG gpio USER"),
    ("unable to locate Pi revision", "this machine is no Raspberry Pi: use the simulated panel"),
    ("bad GPIO read", "the GPIO chip is gone; it is opened again when it is back"),
    ("is not a valid pin name", "give BCM numbers 0 to 27"),
)


class GpioPanel:
    """Buttons and lamp on the pins of one gpiozero factory, which it owns and closes.

    Debouncing is ours (contact.py) and not the pin library's: it must hold on mock pins too, and
    lgpio's own delays each press by the whole bounce time.
    """

    def __init__(
        self, settings: PanelSettings, on_button: OnButton, on_fault: OnFault, factory: Any
    ) -> None:
        """Claim the pins; raises DeviceError and closes the factory when that fails."""
        self._settings = settings
        self._factory = factory
        self._devices: list[Any] = []
        self._inputs: dict[str, Any] = {}
        self._lamp: Any = None
        self._brightness = 0.0
        names = settings.buttons
        self._buttons = Buttons(names, settings.bounce, settings.hold, on_button, self._is_closed)
        self._player = LampPlayer(self._write_lamp, on_fault)
        self._watch: Pacer | None = None
        try:
            self._claim()
        except DeviceError:
            self.close()
            raise
        if hasattr(factory, "probe"):
            self._watch = Pacer("hw-panel-watch", _LOOK, partial(self._look, on_fault))
            self._watch.start()
        _log.info("%s: buttons %s, lamp %s", self.name, dict(names), settings.lamp)

    @property
    def name(self) -> str:
        """The panel and its kind of pins."""
        return f"Panel ({type(self._factory).__name__})"

    @property
    def lamp_value(self) -> float:
        """The lamp's brightness now, 0 to 1; 0 without a lamp."""
        return self._brightness

    def set_lamp(self, pattern: Pattern) -> None:
        """Repeat (brightness, seconds) from now on; (x, 0) alone is steady; raises ValueError.

        Returns at once; a lamp that cannot be driven is told by on_fault.
        """
        self._player.play(pattern)

    def pressed(self) -> list[str]:
        """The buttons whose contact is closed now, debounced or not; raises DeviceError."""
        return [name for name in tuple(self._inputs) if self._is_closed(name)]

    def _is_closed(self, name: str) -> bool:
        with _in_words("read", f"the button {name!r}", self._settings.buttons[name]):
            button = self._inputs.get(name)
            if button is None:
                raise gpiozero.DeviceClosed("the panel is closed")
            return bool(button.is_active)

    def close(self) -> None:
        """Lamp off, pins released, threads ended; idempotent."""
        if self._watch is not None:
            self._watch.close()
        self._player.close()
        self._inputs.clear()
        while self._devices:
            device = self._devices.pop()
            if not self._released(device.close):
                device._pin = None  # noqa: SLF001 - or gpiozero's __del__ tries again, and prints
        self._buttons.close()
        pins = self._factory.pins
        while pins:
            self._released(pins.popitem()[1].close)
        self._released(self._factory.close)

    def _released(self, close: Callable[[], object]) -> bool:
        """Close one part; what is broken must not keep the others from being released."""
        try:
            with _in_words("release", "a pin", None):
                close()
        except DeviceError as error:
            _log.debug("%s: %s", self.name, error)
            return False
        return True

    def _look(self, on_fault: OnFault, _count: int) -> None:
        """See whether the chip is still there; lgpio would never tell that it is not."""
        try:
            with _in_words("read", "the pins", None):
                self._factory.probe()
        except DeviceError as error:
            assert self._watch is not None
            self._watch.stop()
            on_fault(error.message)

    def _claim(self) -> None:
        settings = self._settings
        if settings.lamp is not None:
            with _in_words("open", "the lamp", settings.lamp):
                self._lamp = gpiozero.PWMLED(
                    settings.lamp,
                    active_high=settings.lamp_active_high,
                    pin_factory=self._factory,
                )
                self._devices.append(self._lamp)
        for name, pin in settings.buttons.items():
            with _in_words("open", f"the button {name!r}", pin):
                self._add_button(name, pin)

    def _add_button(self, name: str, pin: int) -> None:
        # Not gpiozero.Button: its thread for holding polls, and delays close() by the hold time.
        button = gpiozero.DigitalInputDevice(
            pin, pull_up=self._settings.pull_up, pin_factory=self._factory
        )
        self._devices.append(button)
        self._inputs[name] = button
        button.when_activated = partial(self._edge, name, True)
        button.when_deactivated = partial(self._edge, name, False)

    def _edge(self, name: str, closed: bool) -> None:
        self._buttons.edge(name, closed, getattr(self._factory, "edge_at", None))

    def _write_lamp(self, value: float) -> None:
        """In the lamp's own thread; raises DeviceError."""
        if self._lamp is not None:
            with _in_words("drive", "the lamp", self._settings.lamp):
                self._lamp.value = value
            self._brightness = value


class MockPanel(GpioPanel):
    """A panel on gpiozero's mock pins: press() and release() drive the pin's voltage."""

    def __init__(self, settings: PanelSettings, on_button: OnButton, on_fault: OnFault) -> None:
        super().__init__(settings, on_button, on_fault, MockFactory(pin_class=MockPWMPin))

    def press(self, name: str) -> None:
        """Close the contact of that button; a KeyError names a button that is not wired."""
        self._drive(name, not self._settings.pull_up)

    def release(self, name: str) -> None:
        """Open the contact of that button; a KeyError names a button that is not wired."""
        self._drive(name, self._settings.pull_up)

    def _drive(self, name: str, high: bool) -> None:
        pin = self._factory.pin(self._settings.buttons[name])
        if high:
            pin.drive_high()
        else:
            pin.drive_low()


def open_simulated(settings: PanelSettings, on_button: OnButton, on_fault: OnFault) -> MockPanel:
    """A panel on mock pins; raises DeviceError for pins that do not exist or are used twice."""
    _check(settings)
    return MockPanel(settings, on_button, on_fault)


def open_gpio(settings: PanelSettings, on_button: OnButton, on_fault: OnFault) -> GpioPanel:
    """A panel on the Pi's pins through lgpio; raises DeviceError."""
    _check(settings)
    return GpioPanel(settings, on_button, on_fault, _lgpio_factory())


def _check(settings: PanelSettings) -> None:
    pins = [*settings.buttons.values()]
    if settings.lamp is not None:
        pins.append(settings.lamp)
    for pin, count in Counter(pins).items():
        if count > 1:
            raise DeviceError("panel", f"pin {pin} is used {count} times: give each its own pin")


def _lgpio_factory() -> Any:
    try:
        # liblgpio goes to that folder for good when it is loaded: come back, for the whole process.
        with contextlib.chdir("."), environment(LG_WD=_work_folder()):
            from hw import lgpio_pins  # noqa: PLC0415 - only a Pi has lgpio
    except ImportError as error:
        raise DeviceError(
            "panel", f"no lgpio library ({error}): apt install python3-lgpio or pip install lgpio"
        ) from error
    except OSError as error:  # another user's pipe of the same name, or no right to make one
        raise DeviceError(
            "panel",
            f"lgpio cannot make its pipe in {_work_folder()}: {error.strerror}; let LG_WD name a"
            " folder of its own",
        ) from error
    with _in_words("open", "the GPIO chip", None):
        return lgpio_pins.Factory()


def _work_folder() -> str:
    """Where liblgpio may make its FIFO; else that is the working directory, maybe read-only."""
    folders = (os.environ.get(v) for v in ("LG_WD", "RUNTIME_DIRECTORY", "XDG_RUNTIME_DIR"))
    return next(filter(None, folders), tempfile.gettempdir())


@contextlib.contextmanager
def _in_words(verb: str, what: str, pin: int | None) -> Iterator[None]:
    """Turn what gpiozero and lgpio raise into a DeviceError; lgpio.error is a plain Exception."""
    where = what if pin is None else f"{what} on pin {pin}"
    try:
        yield
    except (gpiozero.GPIOZeroError, OSError, ValueError, *_lgpio_errors()) as error:
        text = str(error).strip("'")
        remedy = next((r for cause, r in _REMEDIES if cause in text), "see the wiring and pins")
        raise DeviceError("panel", f"cannot {verb} {where}: {text}; {remedy}") from error


def _lgpio_errors() -> tuple[type[Exception], ...]:
    module = sys.modules.get("lgpio")
    return () if module is None else (module.error,)
