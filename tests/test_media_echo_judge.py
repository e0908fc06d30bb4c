"""When the linear path is heard."""

from __future__ import annotations

import numpy as np

from intercom.media.echo_judge import PIECE, Judge, Samples

LOUD, QUIET = 3000.0, 0.0


def noise(rms: float, seed: int) -> Samples:
    return (np.random.default_rng(seed).standard_normal(480) * rms).astype(np.int16)


def hear(
    judge: Judge, pieces: int, left: tuple[float, float], voice: float = QUIET, **more: float
) -> list[bool]:
    """The verdicts while the paths take so many dB of the echo; a `wrong` filter predicts noise."""
    verdicts = []
    for n in range(pieces * PIECE):
        echo, own = noise(1000.0, n).astype(float), noise(voice, 10_000 + n)
        near = echo + own
        predicted = noise(1000.0, 20_000 + n) if more.get("wrong") else 0.9 * echo
        linear, aec3 = (own + echo * 10 ** (-db / 20) for db in left)
        signals = (noise(more.get("far", LOUD), n), near, near - predicted, linear, aec3)
        judge.hear(*(signal.astype(np.int16) for signal in signals))
        verdicts.append(judge.linear_is_good)
    return verdicts


def good() -> Judge:
    judge = Judge()
    hear(judge, 50, (40, 40))
    assert judge.linear_is_good
    return judge


def test_a_filter_has_to_learn_first() -> None:
    judge = Judge()
    assert not any(hear(judge, 60, (15, 40)))
    assert not any(hear(judge, 20, (40, 40)))
    assert hear(judge, 30, (40, 40))[-1]


def test_a_voice_beside_the_echo_changes_nothing() -> None:
    assert all(hear(good(), 150, (40, 40), voice=3000.0))
    assert not any(hear(Judge(), 60, (40, 40), voice=3000.0))


def test_a_filter_shows_in_the_pauses_of_a_voice_that_it_is_good() -> None:
    judge = Judge()
    for _ in range(12):
        hear(judge, 6, (40, 10), voice=3000.0)
        hear(judge, 1, (40, 40))
    assert judge.linear_is_good


def test_an_echo_that_a_wrong_filter_leaves_changes_to_aec3() -> None:
    verdicts = hear(good(), 20, (3, 40), wrong=True)
    assert verdicts.index(False) < 9 * PIECE
    assert all(hear(good(), 50, (3, 40)))  # the filter is right: AEC3 took a voice


def test_a_filter_that_predicts_nonsense_is_found_out_while_somebody_talks() -> None:
    assert not hear(good(), 60, (0, 40), voice=3000.0, wrong=True)[-1]


def test_silence_says_nothing() -> None:
    assert all(hear(good(), 60, (0, 40), far=QUIET))


def test_the_quieter_path_is_heard_while_only_the_far_end_talks() -> None:
    judge = good()
    hear(judge, 5, (25, 35))
    assert not judge.linear_is_heard
    hear(judge, 5, (35, 25))
    assert judge.linear_is_heard
    hear(judge, 1, (25, 10), voice=1000.0)
    assert judge.linear_is_heard


def test_doubt_ends_it_at_once() -> None:
    judge = good()
    judge.doubt()
    assert not judge.linear_is_good
    assert hear(judge, 50, (40, 40))[-1]


def test_where_no_echo_is_the_linear_path_is_heard_without_having_learnt() -> None:
    judge = Judge()
    hear(judge, 5, (0, 20), voice=3000.0)
    assert not judge.linear_is_heard
    judge.echo_is_hidden = True
    hear(judge, 1, (0, 20), voice=3000.0)
    assert judge.linear_is_heard
    hear(judge, 5, (10, 40))  # it has come back, and nobody talks here
    assert not judge.linear_is_heard
