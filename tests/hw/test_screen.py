"""The contract of screens: SDL's dummy driver, and a real window under Xvfb."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pygame
import pytest

import hw
from hw import DeviceError, ScreenSettings, displays, sdl
from hw.backlight import set_screen_power
from tests.hw.helpers import wait_for
from tests.hw.servers import missing

SETTINGS = ScreenSettings(width=320, height=240, title="test screen")


def no_fault(message: str) -> None:
    """A fault that a test did not ask for."""
    raise AssertionError(message)


@pytest.fixture(params=hw.SCREEN_DRIVERS)
def driver(request: pytest.FixtureRequest) -> str:
    """Each driver that has a screen here."""
    if request.param == "kmsdrm" and not list(Path("/dev").glob("dri/card*")):
        pytest.skip("no screen for kmsdrm on this machine: there is no /dev/dri/card*")
    if request.param == "window":
        request.getfixturevalue("display")
    return str(request.param)


@pytest.fixture
def screen(driver: str) -> Iterator[hw.Screen]:
    """An open screen."""
    opened = hw.open_screen(driver, SETTINGS, lambda x, y: None, lambda name: None, no_fault)
    yield opened
    opened.close()


def show(screen: hw.Screen, colour: tuple[int, int, int]) -> None:
    """Show one colour and wait until it has been flipped."""
    shown = threading.Event()
    screen.show(lambda surface: surface.fill(colour), shown.set)
    assert shown.wait(10)


def corner(path: Path) -> tuple[int, int, int]:
    """The colour in the corner of a saved picture."""
    red, green, blue, _ = pygame.image.load(str(path)).get_at((0, 0))
    return red, green, blue


def test_paints_in_its_own_thread_and_at_its_size(screen: hw.Screen) -> None:
    seen: list[tuple[tuple[int, int], int]] = []
    screen.show(lambda surface: seen.append((surface.get_size(), threading.get_ident())))
    wait_for(lambda: seen)
    assert seen[0][0] == screen.size == (320, 240)
    assert seen[0][1] != threading.get_ident()


def test_shows_within_a_few_milliseconds(screen: hw.Screen) -> None:
    delays: list[float] = []
    for _ in range(20):
        asked = time.monotonic()
        show(screen, (10, 20, 30))
        delays.append(time.monotonic() - asked)
    # Well below the 16 ms between two looks at the events: showing wakes the thread.
    assert sorted(delays)[10] < 0.010


def _append(numbers: list[int], number: int, surface: pygame.Surface) -> None:
    numbers.append(number)


def test_newest_picture_wins(screen: hw.Screen) -> None:
    painted: list[int] = []
    busy, go_on = threading.Event(), threading.Event()

    def slow(surface: pygame.Surface) -> None:
        busy.set()
        go_on.wait(10)

    screen.show(slow)
    assert busy.wait(10)
    for number in range(5):
        screen.show(partial(_append, painted, number))
    go_on.set()
    wait_for(lambda: painted)
    time.sleep(0.05)
    assert painted == [4]


def test_screenshot_saves_what_is_shown(screen: hw.Screen, tmp_path: Path) -> None:
    show(screen, (200, 100, 50))
    screen.screenshot(tmp_path / "shown.png")
    assert corner(tmp_path / "shown.png") == (200, 100, 50)


def test_screenshot_works_within_paint(screen: hw.Screen, tmp_path: Path) -> None:
    done = threading.Event()

    def paint(surface: pygame.Surface) -> None:
        surface.fill((1, 2, 3))
        screen.screenshot(tmp_path / "within.png")
        done.set()

    screen.show(paint)
    assert done.wait(10)
    assert corner(tmp_path / "within.png") == (1, 2, 3)


def test_screenshot_that_cannot_be_written_is_an_oserror(screen: hw.Screen, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"shown\.png"):
        screen.screenshot(tmp_path / "none" / "shown.png")


def test_power_off_is_black_and_power_on_shows_the_newest(
    screen: hw.Screen, tmp_path: Path
) -> None:
    show(screen, (200, 100, 50))
    screen.set_power(False)
    screen.screenshot(tmp_path / "off.png")
    painted = threading.Event()
    screen.show(lambda surface: surface.fill((9, 9, 9)), painted.set)
    assert not painted.wait(0.1)
    screen.set_power(True)
    assert painted.wait(10)
    screen.screenshot(tmp_path / "on.png")
    assert corner(tmp_path / "off.png") == (0, 0, 0)
    assert corner(tmp_path / "on.png") == (9, 9, 9)


def test_an_exception_in_paint_does_not_end_the_screen(screen: hw.Screen) -> None:
    def paint(surface: pygame.Surface) -> None:
        raise IndexError("a bug of the owner")

    screen.show(paint)
    show(screen, (1, 1, 1))


def test_close_can_be_repeated_and_ends_its_thread(screen: hw.Screen, tmp_path: Path) -> None:
    screen.close()
    screen.close()
    assert "hw-screen" not in {thread.name for thread in threading.enumerate()}
    with pytest.raises(DeviceError, match="closed"):
        screen.screenshot(tmp_path / "closed.png")


def test_a_second_screen_in_the_process_is_busy(screen: hw.Screen, driver: str) -> None:
    with pytest.raises(DeviceError, match="busy"):
        hw.open_screen(driver, SETTINGS, lambda x, y: None, lambda name: None, no_fault)


def test_the_mixer_stays_closed(screen: hw.Screen) -> None:
    show(screen, (0, 0, 0))
    assert pygame.mixer.get_init() is None


def test_touches_and_keys_arrive(driver: str) -> None:
    touches: list[tuple[int, int]] = []
    keys: list[str] = []
    screen = hw.open_screen(
        driver, SETTINGS, lambda x, y: touches.append((x, y)), keys.append, no_fault
    )
    post = pygame.event.post
    post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(30, 40), touch=False))
    post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=1, pos=(1, 1), touch=True))
    post(pygame.event.Event(pygame.MOUSEBUTTONDOWN, button=3, pos=(2, 2), touch=False))
    post(pygame.event.Event(pygame.FINGERDOWN, x=0.5, y=1.0))
    post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_c))
    post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_RETURN))
    post(pygame.event.Event(pygame.KEYDOWN, key=pygame.K_ESCAPE))
    post(pygame.event.Event(pygame.QUIT))
    wait_for(lambda: len(keys) == 4)
    screen.close()
    assert touches == [(30, 40), (159, 239)]
    assert keys == ["c", "return", "escape", "quit"]


def test_a_display_that_fails_is_reported_once(
    driver: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[str] = []
    screen = hw.open_screen(driver, SETTINGS, lambda x, y: None, lambda name: None, faults.append)

    def broken() -> None:
        raise pygame.error("the display is gone")

    monkeypatch.setattr(pygame.display, "flip", broken)
    screen.show(lambda surface: None)
    wait_for(lambda: faults)
    screen.show(lambda surface: None)
    screen.close()
    assert len(faults) == 1
    assert "the display is gone" in faults[0]


def xdotool(*words: str) -> str:
    """Move the X server's mouse and press its keys."""
    done = subprocess.run(
        ["xdotool", *words], check=True, capture_output=True, text=True, timeout=10
    )
    return done.stdout


def test_a_real_click_and_a_real_key_reach_the_window(display: str) -> None:
    if reason := missing("xdotool"):
        pytest.skip(reason)
    touches: list[tuple[int, int]] = []
    keys: list[str] = []
    screen = hw.open_screen(
        "window", SETTINGS, lambda x, y: touches.append((x, y)), keys.append, no_fault
    )
    with closing(screen):
        show(screen, (0, 0, 90))
        window = xdotool("search", "--sync", "--pid", str(os.getpid())).split()[0]
        # Without a window manager nobody gives the focus, which keys go to.
        xdotool("windowfocus", "--sync", window)
        xdotool("mousemove", "--window", window, "60", "70", "click", "1")
        xdotool("key", "m")
        wait_for(lambda: touches and keys)
    assert touches == [(60, 70)]
    assert keys == ["m"]


def test_a_window_without_a_desktop_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("DISPLAY", "WAYLAND_DISPLAY", "XDG_RUNTIME_DIR", "SDL_VIDEODRIVER"):
        monkeypatch.delenv(variable, raising=False)
    with pytest.raises(DeviceError, match="desktop") as caught:
        hw.open_screen("window", SETTINGS, lambda x, y: None, lambda name: None, no_fault)
    assert caught.value.kind == "screen"
    # What failed is not busy afterwards.
    hw.open_screen("dummy", SETTINGS, lambda x, y: None, lambda name: None, no_fault).close()


def test_kmsdrm_without_a_screen_is_refused_in_words() -> None:
    if list(Path("/dev").glob("dri/card*")):
        pytest.skip("there is a graphics card")
    with pytest.raises(DeviceError, match="groups video"):
        hw.open_screen("kmsdrm", SETTINGS, lambda x, y: None, lambda name: None, no_fault)


def test_kmsdrm_without_a_display_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    if list(Path("/dev").glob("dri/card*")):
        pytest.skip("there is a graphics card")
    monkeypatch.setattr(displays, "none_connected", lambda: True)
    with pytest.raises(DeviceError, match=r'no display is connected: .* driver = "none"'):
        hw.open_screen("kmsdrm", SETTINGS, lambda x, y: None, lambda name: None, no_fault)


@pytest.mark.parametrize(
    ("states", "none"),
    [
        ({}, False),
        ({"card1-HDMI-A-1": "disconnected", "card1-HDMI-A-2": "disconnected"}, True),
        ({"card1-HDMI-A-1": "disconnected", "card1-Writeback-1": "unknown"}, True),
        ({"card1-HDMI-A-1": "disconnected", "card0-DSI-1": "connected"}, False),
        ({"card1-Composite-1": "unknown", "card1-HDMI-A-1": "disconnected"}, False),
        ({"card1-Writeback-1": "unknown"}, False),
    ],
)
def test_whether_a_display_is_connected(tmp_path: Path, states: dict[str, str], none: bool) -> None:
    for name, state in states.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "status").write_text(f"{state}\n")
    assert displays.none_connected(tmp_path) is none


@pytest.fixture
def backlight(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The switch of a panel's backlight, and SDL's dummy driver in place of kmsdrm."""
    switch = tmp_path / "panel" / "bl_power"
    switch.parent.mkdir()
    switch.write_text("0")
    open_display = sdl.open_display
    monkeypatch.setattr(sdl, "open_display", lambda _, settings: open_display("dummy", settings))
    monkeypatch.setattr(
        "hw.screen.set_screen_power", lambda on: set_screen_power(on, root=tmp_path)
    )
    return switch


def lit(switch: Path) -> bool:
    """Whether the backlight is on."""
    return {"0": True, "4": False}[switch.read_text()]


def kmsdrm() -> hw.Screen:
    """A screen of its own."""
    return hw.open_screen("kmsdrm", SETTINGS, lambda x, y: None, lambda name: None, no_fault)


def test_a_screen_that_is_closed_in_the_dark_leaves_its_backlight_on(backlight: Path) -> None:
    with closing(kmsdrm()) as screen:
        screen.set_power(False)
        wait_for(lambda: not lit(backlight))
    assert lit(backlight)


def test_a_screen_is_lit_when_it_is_opened(backlight: Path) -> None:
    """Whoever had it before may have been killed in the dark."""
    backlight.write_text("4")
    with closing(kmsdrm()):
        assert lit(backlight)
