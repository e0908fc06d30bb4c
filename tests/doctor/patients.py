"""Patients for the doctor: configurations, people who answer, and a short way to results."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from intercom.config import Config, load
from intercom.doctor.patient import Patient
from intercom.doctor.results import Result

STATION = """\
[station]
name = "Front door"
user = "door"
token = "none"
[hub]
url = "ws://127.0.0.1:1"
state_dir = "{folder}"
[camera]
driver = "simulated"
quality = "240p"
[sound]
driver = "simulated"
[panel]
driver = "simulated"
[screen]
driver = "dummy"
fullscreen = false
"""


def config(folder: Path, **changes: str) -> Config:
    """A station with simulated devices; changes are section__key="value as TOML"."""
    return load(toml(folder, **changes), "test", "station")


def toml(folder: Path, **changes: str) -> str:
    """The same as a text."""
    lines = STATION.format(folder=folder).splitlines()
    for name, value in changes.items():
        section, _, key = name.partition("__")
        if f"[{section}]" not in lines:
            lines.append(f"[{section}]")
        at = lines.index(f"[{section}]") + 1
        end = next((n for n in range(at, len(lines)) if lines[n].startswith("[")), len(lines))
        kept = [line for line in lines[at:end] if not line.startswith(f"{key} ")]
        lines[at:end] = [*kept, f"{key} = {value}"]
    return "\n".join(lines) + "\n"


def patient(folder: Path, **options: Any) -> Patient:
    """A patient who is looked at quickly; `changes` are those of the configuration."""
    changes = options.pop("changes", {})
    options.setdefault("quick", True)
    return Patient(config(folder, **changes), folder / "station.toml", **options)


def only(results: Iterable[Result], check: str = "") -> Result:
    """The one result (of that check)."""
    found = [it for it in results if not check or it.check == check]
    assert len(found) == 1, found
    return found[0]


class Person:
    """Somebody at the terminal: says `answer` to each question, and does `hears` what is told."""

    present = True

    def __init__(
        self, answer: bool | None = True, hears: Callable[[str], object] | None = None
    ) -> None:
        self.told: list[str] = []
        self.levels: list[float] = []
        self._answer, self._hears = answer, hears

    def tell(self, text: str) -> None:
        self.told.append(text)
        if self._hears is not None:
            self._hears(text)

    def yes(self, question: str, seconds: float = 20.0) -> bool | None:
        self.told.append(question)
        return self._answer

    def meter(self, level: float) -> None:
        self.levels.append(level)

    def done(self) -> None:
        pass
