"""A check that hangs or crashes is told, and the others go on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import hw
from intercom.doctor.checks import CHECKS
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result, ok
from intercom.doctor.run import Check, Round
from tests.doctor.patients import Person, patient


def good(_: Patient) -> Iterator[Result]:
    yield ok("good", "fine")


def test_a_check_that_hangs_is_told_with_what_it_had_found(tmp_path: Path) -> None:
    release = threading.Event()

    def hangs(_: Patient) -> Iterator[Result]:
        yield ok("first", "found before")
        release.wait(30)

    turn = Round(patient(tmp_path))
    results = [*turn.results([Check("slow", hangs, 0.2), Check("good", good, 5)])]
    release.set()
    assert [(it.check, it.verdict) for it in results] == [
        ("first", "ok"), ("slow", "fault"), ("good", "ok"),
    ]  # fmt: skip
    assert "0 s" in results[1].text
    assert "unplug" in results[1].remedy
    assert turn.stuck == ["slow"]


def test_a_check_without_a_device_that_is_late_names_none(tmp_path: Path) -> None:
    release = threading.Event()

    def waits(_: Patient) -> Iterator[Result]:
        release.wait(30)
        yield ok("hub", "late")

    (late,) = Round(patient(tmp_path)).results([Check("hub", waits, 0.2, device=False)])
    release.set()
    assert (late.verdict, "too slow" in late.text) == ("fault", True)
    assert "unplug" not in late.remedy
    assert {it.name for it in CHECKS if it.device} >= {"camera", "sound", "buttons", "screen"}
    assert not {it.name for it in CHECKS if it.device} & {"hub", "relay", "clock", "network"}


@pytest.mark.parametrize("error", [KeyError("x"), RuntimeError("no"), SystemError("odd")])
def test_a_check_that_crashes_is_told(
    tmp_path: Path, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def crashes(_: Patient) -> Iterator[Result]:
        yield ok("first", "found before")
        raise error

    with caplog.at_level(logging.ERROR):
        results = [
            *Round(patient(tmp_path)).results([Check("bad", crashes, 5), Check("g", good, 5)])
        ]
    assert [it.verdict for it in results] == ["ok", "fault", "ok"]
    assert type(error).__name__ in results[1].text
    assert caplog.records[0].exc_info


def test_a_device_that_cannot_be_opened_is_told_in_its_own_words(tmp_path: Path) -> None:
    def refuses(_: Patient) -> Iterator[Result]:
        raise hw.DeviceError("camera", "no camera found: plug one in")
        yield  # makes it a generator

    (result,) = Round(patient(tmp_path)).results([Check("camera", refuses, 5)])
    assert (result.text, result.remedy) == ("no camera found", "plug one in")


def test_people_have_more_time(tmp_path: Path) -> None:
    def asks(it: Patient) -> Iterator[Result]:
        threading.Event().wait(0.3)
        yield ok("asked", str(it.asker.yes("?")))

    check = Check("asked", asks, 0.05, asking=10)
    assert [it.verdict for it in Round(patient(tmp_path)).results([check])] == ["fault"]
    assert [it.text for it in Round(patient(tmp_path, asker=Person())).results([check])] == ["True"]
