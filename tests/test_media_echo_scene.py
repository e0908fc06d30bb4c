"""The bars of echo cancellation, on scenes that were not used for tuning."""

from __future__ import annotations

import numpy as np
import pytest

from intercom.media import VoiceSettings
from intercom.media.echo_path import EchoPath
from tests.audio_measure import Stall, erle, kept, run_path
from tests.audio_scene import Plan, Scene, available, make

pytestmark = pytest.mark.skipif(not available(), reason="espeak-ng is not installed")

ERLE_DB, KEPT = 30.0, 0.95
FAR, NEAR = ("en-us+f3", "en-gb-scotland+m4"), ("en-gb+f1", "en-us+m6")


def scene(seed: int, parts: tuple[float, float, float, float], drift_ppm: float = 0.0) -> Scene:
    return make(
        Plan(
            seed=seed, parts=parts, drift_ppm=drift_ppm, bend=0.6, far_voices=FAR, near_voices=NEAR
        )
    )


def path() -> EchoPath:
    return EchoPath(VoiceSettings(gain=False))


def test_echo_is_gone_and_both_can_talk_at_once() -> None:
    unseen = scene(1701, (12.0, 2.0, 14.0, 4.0))
    made = path()
    out, _ = run_path(made, unseen)
    assert erle(unseen, out, 2.5, 4.5) >= ERLE_DB
    assert erle(unseen, out, 2.5, 12.0) >= ERLE_DB
    assert erle(unseen, out, 28.5, 32.0) >= ERLE_DB
    assert kept(unseen, out) >= KEPT
    assert made.gaps == (0, 0)
    made.close()
    made.close()


def test_clocks_that_drift_apart_are_followed() -> None:
    unseen = scene(1601, (22.0, 0.0, 0.0, 0.0), drift_ppm=60.0)
    made = path()
    out, _ = run_path(made, unseen)
    assert erle(unseen, out, 2.5, 4.5) >= 25  # not yet followed
    assert erle(unseen, out, 15.0, 22.0) >= ERLE_DB
    assert made.lag.drift == pytest.approx(60e-6, abs=10e-6)
    made.close()


def test_a_late_echo_is_brought_into_sight() -> None:
    unseen = make(
        Plan(
            seed=1401,
            parts=(12.0, 0.0, 0.0, 0.0),
            delay=0.35,
            bend=0.6,
            far_voices=FAR,
            near_voices=NEAR,
        )
    )
    made = path()
    out, _ = run_path(made, unseen)
    assert made.lag.moves == 1
    assert erle(unseen, out, 9.0, 12.0) >= 25
    made.close()


def test_lost_sound_costs_half_a_second_of_echo() -> None:
    unseen = scene(1501, (13.0, 0.0, 0.0, 0.0))
    made = path()
    out, _ = run_path(made, unseen, stall=Stall(9.0, 0.1, "microphone"))
    assert made.gaps == (0, 1)
    assert erle(unseen, out, 9.7, 13.0) >= 25
    made.close()


def test_without_an_echo_both_can_talk_from_the_second_second_on() -> None:
    unseen = make(Plan(1301, FAR, NEAR, parts=(0.0, 0.0, 18.0, 0.0), bend=0.6, echo_db=-120.0))
    made = path()
    out, _ = run_path(made, unseen)
    assert kept(unseen, out) >= 0.9  # of all; in the first second nobody can know
    made.close()


def test_an_echo_that_begins_in_the_middle_of_a_call_is_taken() -> None:
    silent = make(Plan(1201, FAR, NEAR, parts=(0.0, 0.0, 8.0, 0.0), bend=0.6, echo_db=-120.0))
    loud = scene(1202, (12.0, 0.0, 0.0, 0.0))
    both = Scene(
        loud.plan,
        *(
            np.concatenate([getattr(part, name) for part in (silent, loud)])
            for name in ("far", "near", "echo", "microphone")
        ),
    )
    made = path()
    out, _ = run_path(made, both)
    assert erle(both, out, 9.25, 10.0) >= 20
    assert erle(both, out, 10.5, 20.0) >= ERLE_DB
    made.close()
