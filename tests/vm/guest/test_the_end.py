"""After all that was played: who lives still, and what was logged."""

from __future__ import annotations

from tests.vm.guest.house import House


def test_nobody_has_died_or_cried(whole_house: House) -> None:
    for name, program in whole_house.programs.items():
        assert program.process.returncode is None, f"{name} has ended"
    for path in whole_house.stage.out.glob("*.log"):
        assert "Traceback" not in path.read_text(), f"see {path.name}"
