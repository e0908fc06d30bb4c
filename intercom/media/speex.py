"""Echo canceller, residual suppressor and resampler of libspeexdsp, which may be missing.

Reference: speex_echo.h, speex_preprocess.h and speex_resampler.h of speexdsp 1.2.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from intercom.errors import IntercomError

from .native import Handle, load

Samples = npt.NDArray[np.int16]

_INT, _U32, _PTR = ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p
_ECHO_SET_SAMPLING_RATE = 24
_SET_DENOISE, _SET_NOISE, _SET_ECHO, _SET_ECHO_ACTIVE, _SET_ECHO_STATE = 0, 18, 20, 22, 24
_ALONE, _IN_DOUBLE_TALK = -40, -15  # dB, the most that is taken from the residual echo


class SpeexError(IntercomError):
    """libspeexdsp is missing or refused what it was given."""


@functools.cache
def _library() -> ctypes.CDLL:
    library = load("libspeexdsp.so.1", "libspeexdsp1", SpeexError)
    library.speex_echo_state_init.restype = library.speex_resampler_init.restype = _PTR
    library.speex_echo_state_init.argtypes = [_INT, _INT]
    library.speex_echo_ctl.argtypes = [_PTR, _INT, _PTR]
    library.speex_echo_cancellation.argtypes = [_PTR] * 4
    library.speex_echo_cancellation.restype = None
    library.speex_resampler_init.argtypes = [_U32, _U32, _U32, _INT, _PTR]
    library.speex_resampler_process_int.argtypes = [_PTR, _U32, _PTR, _PTR, _PTR, _PTR]
    library.speex_preprocess_state_init.restype = _PTR
    library.speex_preprocess_state_init.argtypes = [_INT, _INT]
    library.speex_preprocess_ctl.argtypes = [_PTR, _INT, _PTR]
    library.speex_preprocess_run.argtypes = [_PTR, _PTR]
    for part in ("echo_state", "preprocess_state", "resampler"):
        destroy = getattr(library, f"speex_{part}_destroy")
        destroy.argtypes, destroy.restype = [_PTR], None
    return library


def check_library() -> None:
    """Load libspeexdsp. Raises SpeexError with the remedy when it is not installed."""
    _library()


class LinearCanceller(Handle):
    """Subtracts what an adaptive filter of `tail` samples predicts of the echo; adds no delay."""

    def __init__(self, rate: int, frame: int, tail: int) -> None:
        state = _library().speex_echo_state_init(frame, tail)
        super().__init__(state, _library().speex_echo_state_destroy, SpeexError)
        self._frame = frame
        self._out = np.zeros(frame, np.int16)
        _library().speex_echo_ctl(
            self.state, _ECHO_SET_SAMPLING_RATE, ctypes.byref(ctypes.c_int32(rate))
        )

    def process(self, near: Samples, far: Samples) -> Samples:
        """One frame of the microphone without the echo of `far`."""
        _library().speex_echo_cancellation(
            self.state,
            _address(near, self._frame),
            _address(far, self._frame),
            self._out.ctypes.data,
        )
        return self._out.copy()


class ResidualSuppressor(Handle):
    """Takes what the filter of `canceller` leaves, by what it knows of its own error; and noise.

    `noise_db` (<= 0) is the most that is taken from steady noise. Delays by one frame. Has to be
    closed before `canceller`.
    """

    def __init__(self, rate: int, frame: int, canceller: LinearCanceller, noise_db: int) -> None:
        state = _library().speex_preprocess_state_init(frame, rate)
        super().__init__(state, _library().speex_preprocess_state_destroy, SpeexError)
        self._frame = frame
        _library().speex_preprocess_ctl(self.state, _SET_ECHO_STATE, canceller.state)
        for request, value in (
            (_SET_DENOISE, 1),
            (_SET_NOISE, noise_db),
            (_SET_ECHO, _ALONE),
            (_SET_ECHO_ACTIVE, _IN_DOUBLE_TALK),
        ):
            pointer = ctypes.byref(ctypes.c_int32(value))
            _library().speex_preprocess_ctl(self.state, request, pointer)

    def process(self, samples: Samples) -> Samples:
        """The frame that `canceller` has just given, cleaned."""
        out = samples.copy()
        _library().speex_preprocess_run(self.state, _address(out, self._frame))
        return out


class Resampler(Handle):
    """One channel from `rate` to `to`, block by block."""

    def __init__(self, rate: int, to: int, quality: int = 4) -> None:
        error = _INT()
        state = _library().speex_resampler_init(1, rate, to, quality, ctypes.byref(error))
        super().__init__(state, _library().speex_resampler_destroy, SpeexError)
        self._rate, self._to = rate, to

    def process(self, samples: Samples) -> Samples:
        """What comes out for `samples`, a whole number of milliseconds of them."""
        wanted = len(samples) * self._to // self._rate
        out = np.zeros(wanted, np.int16)
        taken, given = _U32(len(samples)), _U32(wanted)
        _library().speex_resampler_process_int(
            self.state,
            0,
            _address(samples, len(samples)),
            ctypes.byref(taken),
            out.ctypes.data,
            ctypes.byref(given),
        )
        return out


def _address(samples: Samples, length: int) -> Any:
    if samples.dtype != np.int16 or len(samples) != length or not samples.flags.c_contiguous:
        raise SpeexError(
            f"{length} samples of 16 bits are wanted, not {samples.dtype} {len(samples)}"
        )
    return samples.ctypes.data
