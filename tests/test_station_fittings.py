"""The panel and the screen stay open, whatever befalls them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from gpiozero.pins.mock import MockFactory, MockPWMPin

import hw
from hw.panel import GpioPanel
from intercom.config import PanelConfig, ScreenConfig
from intercom.media import device_slot
from intercom.station import fittings

News = asyncio.Queue[tuple[str, str]]


class BreakingPin(MockPWMPin):  # type: ignore[misc]  # gpiozero has no types
    """A pin that works until it is broken."""

    broken = False

    def _set_state(self, value: float) -> None:
        if self.broken:
            raise OSError(5, "Input/output error")
        super()._set_state(value)


class Panels:
    """Opens panels on mock pins, and keeps them for the test."""

    def __init__(self) -> None:
        self.factories: list[MockFactory] = []
        self.device: hw.Panel | None = None

    def open(self, on_fault: Callable[[str], None]) -> hw.Panel:
        """Open one more; the second try fails as if the pins were in use."""
        self.factories.append(MockFactory(pin_class=BreakingPin))
        if len(self.factories) == 2:
            raise hw.DeviceError("panel", "GPIO busy")
        settings = fittings.panel_settings(PanelConfig())
        return GpioPanel(settings, lambda name, kind: None, on_fault, self.factories[-1])

    def changed(self, device: hw.Panel | None) -> None:
        self.device = device


@pytest.fixture
async def executor() -> AsyncIterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as made:
        yield made


async def test_a_panel_whose_lamp_fails_is_told_and_opened_again(
    executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device_slot, "RETRIES", (0.01,))
    panels, news = Panels(), News()
    kept = fittings.slot(
        "panel", panels.open, executor, panels.changed, lambda *what: news.put_nowait(what)
    )
    await kept.open()
    assert await news.get() == ("panel", "")
    first = panels.device
    assert first is not None
    panels.factories[0].pin(24).broken = True
    first.set_lamp([(1, 0)])  # the thread of the loop hears nothing of it
    kind, message = await asyncio.wait_for(news.get(), 5)
    assert kind == "panel"
    assert message.startswith("cannot drive the lamp on pin 24: ")
    assert await asyncio.wait_for(news.get(), 5) == ("panel", "")
    assert len(panels.factories) == 3
    assert panels.device is kept.device
    assert panels.device is not first
    await fittings.close(kept)
    assert panels.device is None
    assert news.empty()  # closed on purpose


async def test_a_device_that_does_not_close_is_left(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, executor: ThreadPoolExecutor
) -> None:
    monkeypatch.setattr(fittings, "CLOSE_WITHIN", 0.05)
    closing = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Stuck:
        def close(self) -> None:
            asyncio.run_coroutine_threadsafe(closing.wait(), loop).result(10)

    kept = fittings.slot(
        "screen", lambda fault: Stuck(), executor, lambda device: None, lambda *what: None
    )
    await kept.open()
    await fittings.close(kept)
    assert "the screen does not close" in caplog.text
    closing.set()
    await asyncio.to_thread(executor.shutdown)


def test_only_what_is_wired_is_claimed() -> None:
    settings = fittings.panel_settings(PanelConfig(accept=-1, mute=-1, lamp=-1, hold=2.0))
    assert settings.buttons == {"call": 17, "hangup": 22}
    assert settings.lamp is None
    assert settings.hold == 2.0


def test_the_screen_is_as_configured() -> None:
    config = ScreenConfig(width=1024, height=600, fullscreen=False, screenshots="/tmp/shots")
    assert fittings.screen_settings(config, "Kitchen") == hw.ScreenSettings(
        1024, 600, fullscreen=False, title="Kitchen", screenshots="/tmp/shots"
    )


@pytest.mark.parametrize(("optional", "connected"), [(True, False), (True, True), (False, False)])
async def test_a_screen_that_may_be_left_out_is_no_fault_when_it_is(
    executor: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    optional: bool,
    connected: bool,
) -> None:
    monkeypatch.setattr(device_slot, "RETRIES", (0.01,))
    monkeypatch.setattr(hw, "no_display", lambda: not connected)
    news: News = asyncio.Queue()
    tries: list[int] = []
    again = threading.Event()

    def opener(on_fault: Callable[[str], None]) -> hw.Screen:
        tries.append(1)
        if len(tries) > 2:
            again.set()
        raise hw.DeviceError("screen", "no display is connected")

    told = fittings.unless_optional(ScreenConfig(optional=optional), _teller(news))
    slot = fittings.slot("screen", opener, executor, lambda device: None, told)
    await slot.open()
    assert await asyncio.to_thread(again.wait, 5)  # one that is plugged in later is found
    await fittings.close(slot)
    faults = [] if optional and not connected else [("screen", "no display is connected")]
    assert [news.get_nowait() for _ in range(news.qsize())] == faults
    warned = [it for it in caplog.records if it.name.startswith("intercom")]
    lines = [it.getMessage() for it in warned if it.levelname == "WARNING"]
    assert lines == ["screen: no display is connected"]


def _teller(news: News) -> Callable[[str, str], None]:
    return lambda kind, message: news.put_nowait((kind, message))
