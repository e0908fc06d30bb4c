"""PortAudio by PyAudio: opening it quietly, and finding devices by name."""

from __future__ import annotations

import contextlib
import ctypes
import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any, Literal

from hw.alsa_cards import is_id, nodes, present_name
from hw.base import DeviceError, DeviceInfo
from hw.choose import choose
from hw.environ import environment
from hw.holders import busy, holders

_log = logging.getLogger(__name__)

Direction = Literal["microphone", "speaker"]

# PortAudio's initialisation and its device list belong to the process.
_lock = threading.RLock()
_entered: list[float] = []  # when the one who has the lock came in, once for each time it did
_users: set[Any] = set()  # each keeps PortAudio, and with it its device list, as it is

_PATIENCE = 15.0  # seconds that another process may take to list devices, or PortAudio to answer

_QUIET = {
    # hw: devices through ALSA's converting plug layer, or a mono stream may be refused.
    "PA_ALSA_PLUGHW": "1",
    "JACK_NO_START_SERVER": "1",
}
_AlsaHandler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)
_JackHandler = ctypes.CFUNCTYPE(None, ctypes.c_char_p)


@contextlib.contextmanager
def locked(kind: Direction) -> Iterator[None]:
    """Be the only one who uses PortAudio; raises DeviceError when somebody hangs in it."""
    if not _lock.acquire(timeout=2 * _PATIENCE):
        raise DeviceError(kind, "the sound library does not answer: restart the station")
    _entered.append(time.monotonic())
    try:
        yield
    finally:
        _entered.pop()
        _lock.release()


def hangs() -> bool:
    """Tell whether a call of PortAudio has not come back: nothing in this process can mend that.

    Pa_StartStream waits for a thread of its own. When the card goes just then, that thread ends
    with the lock that the other one needs to stop waiting (pa_linux_alsa.c, CallbackThreadFunc).
    """
    since = _entered[:1]
    return bool(since) and time.monotonic() - since[0] > _PATIENCE


def module(kind: Direction) -> ModuleType:
    """PyAudio's module; raises DeviceError without it."""
    try:
        import pyaudio  # noqa: PLC0415 - needs PortAudio
    except ImportError as error:
        raise DeviceError(
            kind, f"no PyAudio library ({error}): apt install python3-pyaudio, or pip install it"
        ) from error
    found: ModuleType = pyaudio
    return found


def start(kind: Direction) -> Any:
    """A new pyaudio.PyAudio, for `stop`; the device list is fresh when it is the only one."""
    pyaudio = module(kind)
    with locked(kind), environment(**_QUIET):
        _silence()
        audio = pyaudio.PyAudio()
        _users.add(audio)
        return audio


def stop(audio: Any, kind: Direction) -> None:
    """Give up what `start` returned."""
    with locked(kind):
        _users.discard(audio)
        audio.terminate()


def devices(audio: Any, kind: Direction) -> list[tuple[int, str]]:
    """Index and name of what can record or play."""
    channels = "maxInputChannels" if kind == "microphone" else "maxOutputChannels"
    infos = (audio.get_device_info_by_index(i) for i in range(audio.get_device_count()))
    return [(int(info["index"]), str(info["name"])) for info in infos if info[channels] > 0]


def list_devices(kind: Direction) -> list[DeviceInfo]:
    """What can record or play now; the name is the id, since numbers move."""
    with locked(kind):
        in_use = bool(_users)
    names = _from_outside(kind) if in_use else None
    return [DeviceInfo(name, name) for name in (_known(kind) if names is None else names)]


def is_news(kind: Direction, wanted: str) -> bool:
    """Whether `wanted` ("" is any) is there, and was not when PortAudio's first user started."""
    if is_id(wanted):  # the kernel knows, which is quicker than another process
        files = nodes(kind, wanted)
        return bool(files) and not holders(*files)
    names = _from_outside(kind)
    if not names or set(names) <= set(_known(kind)):
        return False
    return any(wanted.casefold() in name.casefold() for name in names)


def _known(kind: Direction) -> list[str]:
    audio = start(kind)
    try:
        return list(dict.fromkeys(name for _, name in devices(audio, kind)))
    finally:
        stop(audio, kind)


def _from_outside(kind: Direction) -> list[str] | None:
    """What another process sees, whose list is fresh; None when it cannot say."""
    command = [sys.executable, "-m", "hw.portaudio", kind]
    try:
        run = subprocess.run(command, capture_output=True, check=True, timeout=_PATIENCE)
        return [str(name) for name in json.loads(run.stdout)]
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        _log.warning("devices that were plugged in lately are not listed: %s", error)
        return None


def find(audio: Any, kind: Direction, wanted: str) -> tuple[int, str]:
    """Index and name of the device meant; "" is the default one; raises DeviceError.

    `wanted` is a part of its name, or its card's id as "CARD=id" or "CARD=id,DEV=n".
    """
    there = devices(audio, kind)
    if not there:
        raise DeviceError(
            kind, f"no {kind} found: plug one in (arecord -l, aplay -l; is the user in audio?)"
        )
    if not wanted:
        return _default(audio, kind, there)
    try:
        return choose(kind, present_name(kind, wanted), there, lambda device: (device[1],))
    except DeviceError as error:
        files = nodes(kind, wanted)
        if files and holders(*files):  # PortAudio leaves out what is in use
            words = f"{kind} {wanted!r} is {busy(*files)}: stop that program"
            raise DeviceError(kind, words) from error
        raise


def _default(audio: Any, kind: Direction, there: list[tuple[int, str]]) -> tuple[int, str]:
    try:
        if kind == "microphone":
            info = audio.get_default_input_device_info()
        else:
            info = audio.get_default_output_device_info()
    except OSError as error:
        names = ", ".join(repr(name) for name in dict.fromkeys(name for _, name in there))
        raise DeviceError(kind, f"no default {kind}: name one of {names}") from error
    return int(info["index"]), str(info["name"])


def _alsa_says(
    file: bytes | None, line: int, function: bytes | None, code: int, text: bytes | None
) -> None:
    _log.debug("< ALSA %s: %s", (function or b"").decode(), (text or b"").decode(errors="replace"))


def _jack_says(text: bytes | None) -> None:
    _log.debug("< JACK %s", (text or b"").decode(errors="replace"))


# ctypes does not keep them alive for the libraries.
_alsa_handler = _AlsaHandler(_alsa_says)
_jack_handler = _JackHandler(_jack_says)


def _silence() -> None:
    """Send what ALSA and JACK print on the terminal to the log; each device costs them a page."""
    for library, function, handler in _handlers():
        with contextlib.suppress(OSError, AttributeError):
            getattr(ctypes.CDLL(library), function)(handler)


def _handlers() -> Iterator[tuple[str, str, Any]]:
    yield "libasound.so.2", "snd_lib_error_set_handler", _alsa_handler
    yield "libjack.so.0", "jack_set_error_function", _jack_handler
    yield "libjack.so.0", "jack_set_info_function", _jack_handler


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_known("speaker" if "speaker" in sys.argv else "microphone")))
