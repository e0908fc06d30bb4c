"""Devices of a station, real and simulated; knows nothing of calls.

Each `open_*` chooses a driver by name, imports it only then, and raises DeviceError (never
ImportError) with the cause and the remedy when the device or its library is missing.
"""

from __future__ import annotations

from hw import displays, stuck
from hw.base import (
    Camera,
    DeviceError,
    DeviceInfo,
    Fill,
    Kind,
    Microphone,
    OnButton,
    OnFault,
    OnFrame,
    OnKey,
    OnPacket,
    OnSamples,
    OnTouch,
    Panel,
    Screen,
    SimulatedPanel,
    Speaker,
)
from hw.settings import CameraSettings, PanelSettings, ScreenSettings, SoundSettings

__all__ = [
    "CAMERA_DRIVERS",
    "PANEL_DRIVERS",
    "SCREEN_DRIVERS",
    "SOUND_DRIVERS",
    "Camera",
    "CameraSettings",
    "DeviceError",
    "DeviceInfo",
    "Microphone",
    "Panel",
    "PanelSettings",
    "Screen",
    "ScreenSettings",
    "SimulatedPanel",
    "SoundSettings",
    "Speaker",
    "camera_hangs",
    "list_cameras",
    "list_microphones",
    "load_pygame",
    "no_display",
    "open_camera",
    "open_microphone",
    "open_panel",
    "open_screen",
    "open_speaker",
    "sound_hangs",
]

# ruff: noqa: PLC0415 - drivers are imported when they are opened, so that a laptop needs none of them
CAMERA_DRIVERS = ("picamera2", "v4l2", "simulated")
SOUND_DRIVERS = ("pyaudio", "simulated")
PANEL_DRIVERS = ("gpiozero", "simulated")
SCREEN_DRIVERS = ("kmsdrm", "window", "dummy")


@stuck.expected_back()
def open_camera(
    driver: str,
    settings: CameraSettings,
    on_frame: OnFrame,
    on_packet: OnPacket,
    on_fault: OnFault,
) -> Camera:
    """Start a camera: pictures in yuv420p of the settings' size, or packets of H.264 as well."""
    match driver:
        case "picamera2":
            from hw.camera_picamera2 import Picamera2Camera

            return Picamera2Camera(settings, on_frame, on_packet, on_fault)
        case "v4l2":
            from hw.camera_v4l2 import V4l2Camera

            return V4l2Camera(settings, on_frame, on_fault)
        case "simulated":
            from hw.camera_simulated import SimulatedCamera

            return SimulatedCamera(settings, on_frame, on_fault)
    raise _unknown("camera", driver, CAMERA_DRIVERS)


def open_microphone(
    driver: str, settings: SoundSettings, on_samples: OnSamples, on_fault: OnFault
) -> Microphone:
    """Start a microphone: a period of mono s16le a call."""
    match driver:
        case "pyaudio":
            from hw.sound_pyaudio import PyAudioMicrophone

            return PyAudioMicrophone(settings, on_samples, on_fault)
        case "simulated":
            from hw.sound_simulated import SimulatedMicrophone

            return SimulatedMicrophone(settings, on_samples, on_fault)
    raise _unknown("microphone", driver, SOUND_DRIVERS)


def open_speaker(driver: str, settings: SoundSettings, fill: Fill, on_fault: OnFault) -> Speaker:
    """Start a speaker: `fill(n)` returns n samples of mono s16le, a period a call."""
    match driver:
        case "pyaudio":
            from hw.sound_pyaudio import PyAudioSpeaker

            return PyAudioSpeaker(settings, fill, on_fault)
        case "simulated":
            from hw.sound_simulated import SimulatedSpeaker

            return SimulatedSpeaker(settings, fill, on_fault)
    raise _unknown("speaker", driver, SOUND_DRIVERS)


def open_panel(
    driver: str, settings: PanelSettings, on_button: OnButton, on_fault: OnFault
) -> Panel:
    """Claim the buttons and the lamp; "simulated" returns a SimulatedPanel."""
    if driver not in PANEL_DRIVERS:
        raise _unknown("panel", driver, PANEL_DRIVERS)
    try:
        from hw import panel
    except ImportError as error:
        raise DeviceError("panel", f"no gpiozero ({error}): pip install gpiozero") from error
    if driver == "gpiozero":
        return panel.open_gpio(settings, on_button, on_fault)
    return panel.open_simulated(settings, on_button, on_fault)


def open_screen(
    driver: str, settings: ScreenSettings, on_touch: OnTouch, on_key: OnKey, on_fault: OnFault
) -> Screen:
    """Open the screen; its thread paints what show() is given."""
    if driver not in SCREEN_DRIVERS:
        raise _unknown("screen", driver, SCREEN_DRIVERS)
    from hw.screen import SdlScreen

    return SdlScreen(driver, settings, on_touch, on_key, on_fault)


def camera_hangs() -> bool:
    """Tell whether a camera's driver does not answer, so that only a new process frees it."""
    return stuck.hangs()


def sound_hangs() -> bool:
    """Tell whether the sound library does not answer, so that only a new process has sound."""
    from hw import portaudio

    return portaudio.hangs()


def no_display() -> bool:
    """Tell whether it is known that no display is connected to this machine."""
    return displays.none_connected()


def load_pygame() -> None:
    """Import pygame quietly, for who paints; raises DeviceError when it is not installed."""
    from hw import sdl

    sdl.load_pygame()


def list_cameras(driver: str) -> list[DeviceInfo]:
    """The cameras that the driver sees now."""
    match driver:
        case "picamera2":
            from hw import camera_picamera2

            return camera_picamera2.list_cameras()
        case "v4l2":
            from hw import camera_v4l2

            return camera_v4l2.list_cameras()
        case "simulated":
            from hw import camera_simulated

            return camera_simulated.list_cameras()
    raise _unknown("camera", driver, CAMERA_DRIVERS)


def list_microphones(driver: str) -> list[DeviceInfo]:
    """The microphones that the driver sees now."""
    match driver:
        case "pyaudio":
            from hw import sound_pyaudio

            return sound_pyaudio.list_microphones()
        case "simulated":
            from hw import sound_simulated

            return sound_simulated.list_microphones()
    raise _unknown("microphone", driver, SOUND_DRIVERS)


def _unknown(kind: Kind, driver: str, known: tuple[str, ...]) -> DeviceError:
    return DeviceError(kind, f"no {kind} driver {driver!r}: use one of {', '.join(known)}")
