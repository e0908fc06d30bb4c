"""`make bundle`: for which system it is."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from config.image.recipe import bundle, lock, wheels
from intercom.appliance.owner import kind_of

VERSION = wheels.version()


@pytest.mark.parametrize(
    ("words", "name", "python"),
    [
        ([], f"intercom-{VERSION}-arm64.bundle", "3.13"),
        (["--python", "3.13"], f"intercom-{VERSION}-arm64.bundle", "3.13"),
        (["--python", "3.11"], f"intercom-{VERSION}-arm64-python3.11.bundle", "3.11"),
        (["--python", "3.11", "--out", "x.bundle"], "x.bundle", "3.11"),
    ],
)
def test_it_is_made_for_the_python_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, words: list[str], name: str, python: str
) -> None:
    made: list[tuple[Path, Path, str, str]] = []
    monkeypatch.setattr(bundle, "make", lambda *about: made.append(about))
    monkeypatch.setattr(sys, "argv", ["bundle", "--key", "key", *words])
    assert bundle.main() == 0
    assert made == [(Path(name), Path("key"), "arm64", python)]
    assert words[2:] or kind_of(name) == "update", "a card takes it by its name"


def test_there_is_one_for_each_python_that_is_locked_and_for_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert bundle.PYTHON in lock.PYTHONS
    monkeypatch.setattr(sys, "argv", ["bundle", "--key", "key", "--python", "3.9"])
    with pytest.raises(SystemExit):
        bundle.main()
    assert "'3.11', '3.13'" in capsys.readouterr().err
