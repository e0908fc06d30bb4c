"""Opus through libopus itself: PyAV can neither conceal a lost packet nor use FEC.

Reference: RFC 6716, RFC 7587 and libopus' opus_defines.h for the numbers of the controls.
"""

from __future__ import annotations

import ctypes
import functools

import numpy as np
import numpy.typing as npt

from intercom.errors import IntercomError

from .native import Handle, load

RATE = 48_000
PACKET = 960  # samples, 20 ms
BITRATE = 32_000
LONGEST = 5760  # samples in the longest packet, 120 ms

Samples = npt.NDArray[np.int16]

_VOIP = 2048
_SET_BITRATE, _SET_COMPLEXITY, _SET_FEC, _SET_LOSS = 4002, 4010, 4012, 4014
_MAX_BYTES = 1275
_I32, _INT, _PTR, _BYTES = ctypes.c_int32, ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p
_PCM = ctypes.POINTER(ctypes.c_int16)


class OpusError(IntercomError):
    """libopus is missing or refused what it was given."""


@functools.cache
def _library() -> ctypes.CDLL:
    library = load("libopus.so.0", "libopus0", OpusError)
    library.opus_strerror.restype = _BYTES
    library.opus_encoder_create.restype = library.opus_decoder_create.restype = _PTR
    library.opus_encoder_create.argtypes = [_I32, _INT, _INT, ctypes.POINTER(_INT)]
    library.opus_decoder_create.argtypes = [_I32, _INT, ctypes.POINTER(_INT)]
    library.opus_encode.argtypes = [_PTR, _PCM, _INT, _BYTES, _I32]
    library.opus_decode.argtypes = [_PTR, _BYTES, _I32, _PCM, _INT, _INT]
    library.opus_encoder_destroy.argtypes = library.opus_decoder_destroy.argtypes = [_PTR]
    library.opus_packet_get_nb_samples.argtypes = [_BYTES, _I32, _I32]
    return library


def check_library() -> None:
    """Load libopus. Raises OpusError with the remedy when it is not installed."""
    _library()


def _checked(result: int) -> int:
    if result < 0:
        raise OpusError(f"libopus: {_library().opus_strerror(result).decode()}")
    return result


def packet_samples(packet: bytes) -> int:
    """How many samples at 48 kHz `packet` holds. Raises OpusError when it is not Opus."""
    return _checked(_library().opus_packet_get_nb_samples(packet, len(packet), RATE))


class OpusEncoder(Handle):
    """Mono speech, 48 kHz, 20 ms a packet, in-band FEC on."""

    def __init__(self, bitrate: int = BITRATE, loss: int = 5, complexity: int = 5) -> None:
        error = _INT()
        state = _library().opus_encoder_create(RATE, 1, _VOIP, ctypes.byref(error))
        _checked(error.value)
        super().__init__(state, _library().opus_encoder_destroy, OpusError)
        self._out = ctypes.create_string_buffer(_MAX_BYTES)
        self._control(_SET_BITRATE, bitrate)
        self._control(_SET_COMPLEXITY, complexity)
        self._control(_SET_FEC, 1)
        self.set_loss(loss)

    def set_loss(self, percent: int) -> None:
        """How much loss to expect, 0-100 %: decides what is spent on FEC."""
        self._control(_SET_LOSS, max(0, min(100, percent)))

    def encode(self, pcm: bytes) -> bytes:
        """One packet of 20 ms (1920 bytes s16le). Raises OpusError."""
        if len(pcm) != PACKET * 2:
            raise OpusError(f"20 ms are {PACKET * 2} bytes, not {len(pcm)}")
        samples = ctypes.cast(ctypes.c_char_p(pcm), _PCM)
        size = _library().opus_encode(self.state, samples, PACKET, self._out, _MAX_BYTES)
        return self._out.raw[: _checked(size)]

    def _control(self, request: int, value: int) -> None:
        # variadic: the state needs its type spelled out, or it is cut to 32 bits
        _checked(_library().opus_encoder_ctl(_PTR(self.state), request, _I32(value)))


class OpusDecoder(Handle):
    """Mono at 48 kHz; knows how to conceal."""

    def __init__(self) -> None:
        error = _INT()
        state = _library().opus_decoder_create(RATE, 1, ctypes.byref(error))
        _checked(error.value)
        super().__init__(state, _library().opus_decoder_destroy, OpusError)
        self._out = (ctypes.c_int16 * LONGEST)()
        self._view = memoryview(self._out).cast("B")

    def decode(self, packet: bytes) -> Samples:
        """The samples of `packet`. Raises OpusError."""
        return self._run(packet, LONGEST, fec=False)

    def recover(self, following: bytes, samples: int) -> Samples:
        """The lost packet of `samples` before `following`, from its FEC if it has any."""
        return self._run(following, samples, fec=True)

    def conceal(self, samples: int) -> Samples:
        """`samples` that continue what was heard last, fading out."""
        return self._run(None, samples, fec=False)

    def _run(self, packet: bytes | None, samples: int, *, fec: bool) -> Samples:
        size = len(packet) if packet is not None else 0
        count = _library().opus_decode(self.state, packet, size, self._out, samples, int(fec))
        return np.frombuffer(self._view, np.int16, _checked(count)).copy()
