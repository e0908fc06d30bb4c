"""Results, their lines and their JSON."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercom.doctor import report
from intercom.doctor.page import LINES, lines_of, pages
from intercom.doctor.results import (
    VERDICTS,
    Result,
    broken,
    exit_code,
    fault,
    judged,
    ok,
    skipped,
    warning,
    worst,
)

WELL, POOR, BAD = ok("a", "fine"), warning("b", "so so", "do"), fault("c", "bad", "mend")
TEXT = st.text("abc def-/:é中", max_size=60)
RESULTS = st.lists(
    st.builds(
        Result, st.sampled_from(["camera", "microphone"]), st.sampled_from(VERDICTS), TEXT, TEXT
    ),
    max_size=40,
)


def test_the_exit_code_is_of_faults_alone() -> None:
    assert exit_code([]) == 0
    assert exit_code([WELL, POOR, skipped("d", "no")]) == 0
    assert exit_code([WELL, BAD]) == 1
    assert [worst(it) for it in ([], [WELL, POOR], [POOR, BAD])] == ["ok", "warning", "fault"]


def test_what_is_wrong_is_said_first_and_each_remedy_once() -> None:
    result = judged("x", "measured", [("broken", "mend it")], [("slow", "mend it")], n=3)
    assert result == Result("x", "fault", "broken; slow; measured", "mend it", {"n": 3})
    assert judged("x", "measured").verdict == "ok"
    assert judged("x", "", [], [("slow", "hurry")]).text == "slow"


@pytest.mark.parametrize(
    ("message", "text", "remedy"),
    [
        ("no camera found: plug a USB camera in", "no camera found", "plug a USB camera in"),
        ("the camera /dev/video0 is in use by x (7): stop that program",
         "the camera /dev/video0 is in use by x (7)", "stop that program"),
        ("cannot open the lamp on pin 24: GPIO busy; another program uses it: stop it",
         "cannot open the lamp on pin 24: GPIO busy", "another program uses it: stop it"),
        ("the token expired: mint one at this hub", "the token expired", "mint one at this hub"),
        ("it broke", "it broke", "otherwise"),
    ],
)  # fmt: skip
def test_a_message_is_split_into_cause_and_remedy(message: str, text: str, remedy: str) -> None:
    result = broken("x", message, "otherwise")
    assert (result.verdict, result.text, result.remedy) == ("fault", text, remedy)


def test_a_line_has_verdict_check_text_and_remedy() -> None:
    assert report.line(WELL) == "ok       a            fine"
    assert report.line(BAD) == "fault    c            bad → mend"
    assert report.line(fault("c", "two\nlines", "x")) == "fault    c            two lines → x"


def test_words_of_strangers_reach_no_terminal_as_commands() -> None:
    strange = fault("c", "a\x1b]0;b\x07\x9b2J\u202ec", "d\x1b[2J")
    assert report.line(strange) == "fault    c            a ]0;b 2J c → d [2J"
    assert "\x1b" not in report.line(strange, 60)


def test_a_long_line_is_wrapped_below_its_text() -> None:
    lines = report.line(fault("c", "one two three four five six", "seven eight"), 52).split("\n")
    assert [line[22:] for line in lines] == ["one two three four five six →", "seven eight"]
    assert {line[:22].strip() for line in lines[1:]} == {""}


@given(RESULTS, st.integers(60, 200))
def test_a_wrapped_line_fits_the_terminal(results: list[Result], width: int) -> None:
    for result in results:
        for line in report.line(result, width).split("\n"):
            assert len(line) <= max(width, 22 + max(map(len, line.split()), default=0))


def test_the_summary_counts() -> None:
    assert report.summary([WELL, POOR, POOR, BAD], 3.4) == "1 fault, 2 warnings, 1 ok, in 3 s"
    assert report.summary([], 0) == "nothing was checked, in 0 s"


def test_the_json_has_every_key() -> None:
    text = report.as_json([WELL, BAD], program="1", host="h", started="t", seconds=1.26)
    whole = json.loads(text)
    assert (whole["schema"], whole["verdict"], whole["seconds"]) == (1, "fault", 1.3)
    assert whole["checks"][1] == {
        "check": "c", "verdict": "fault", "text": "bad", "remedy": "mend", "seconds": 0.0,
        "values": {},
    }  # fmt: skip


@given(RESULTS)
def test_every_result_is_on_one_page_and_every_page_has_room(results: list[Result]) -> None:
    sheets = pages(results)
    shown = [it for sheet in sheets for it in sheet.results]
    assert sorted(map(repr, shown)) == sorted(map(repr, results))
    assert all(sum(map(lines_of, sheet.results)) <= LINES for sheet in sheets)
    assert [sheet.number for sheet in sheets] == [*range(1, sheets[-1].of + 1)]
    verdicts = [VERDICTS.index(it.verdict) for it in shown]
    assert verdicts == sorted(verdicts, reverse=True)
