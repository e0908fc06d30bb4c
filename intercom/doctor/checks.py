"""All checks, in the order in which they are run: what others build on comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module

from intercom.doctor.patient import Patient
from intercom.doctor.results import Result
from intercom.doctor.run import Check
from intercom.errors import ConfigError


def _of(module: str, function: str = "check") -> Callable[[Patient], Iterable[Result]]:
    """What loads a check when it is run: versions must be told where the media cannot be loaded."""

    def run(patient: Patient) -> Iterable[Result]:
        results: Iterable[Result] = getattr(import_module(f"intercom.doctor.{module}"), function)(
            patient
        )
        return results

    return run


CHECKS = (
    Check("versions", _of("versions"), 20, device=False),
    Check("station", _of("service", "check_station"), 10, device=False),
    Check("service", _of("service", "check_service"), 10, device=False),
    Check("rights", _of("service", "check_rights"), 10, device=False),
    Check("network", _of("network"), 10, device=False),
    Check("hub", _of("hub"), 40, device=False),
    Check("relay", _of("relay"), 20, device=False),
    Check("clock", _of("machine", "check_clock"), 40, device=False),
    Check("power", _of("machine", "check_power"), 10),
    Check("heat", _of("machine", "check_heat"), 10),
    Check("card", _of("card"), 10),
    Check("camera", _of("camera"), 45),
    Check("sound", _of("sound"), 60, asking=25),
    Check("buttons", _of("panel", "check_buttons"), 30, asking=65),
    Check("lamp", _of("panel", "check_lamp"), 30, asking=25),
    Check("screen", _of("screen"), 40, asking=35),
)
"""Limits in seconds: far more than a check takes when all is well."""

NAMES = tuple(check.name for check in CHECKS)


def chosen(only: str) -> list[Check]:
    """The checks named in "camera,sound"; all for nothing. Raises ConfigError for others."""
    wanted = {name.strip() for name in only.split(",")} - {""}
    unknown = wanted - {*NAMES}
    if unknown:
        raise ConfigError(
            f"--only: no check {', '.join(sorted(unknown))}: there are {', '.join(NAMES)}"
        )
    return [check for check in CHECKS if not wanted or check.name in wanted]
