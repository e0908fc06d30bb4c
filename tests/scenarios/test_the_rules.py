"""Each rule has its scenarios, and `docs/rules.md` leads to them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
LINES = (DOCS / "rules.md").read_text().splitlines()
RULES = range(1, 18)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_one_file_which_is_named_and_documented_after_it(rule: int) -> None:
    [path] = Path(__file__).parent.glob(f"test_rule_{rule:02d}_*.py")
    text = path.read_text()
    assert text.startswith(f'"""Rule {rule}: ')
    assert "def test_" in text
    [line] = [line for line in LINES if line.startswith(f"{rule}. ")]
    assert f"](../tests/scenarios/{path.name})" in line


def test_there_are_no_other_rules() -> None:
    numbers = [int(line.partition(".")[0]) for line in LINES if re.match(r"\d+\. ", line)]
    assert numbers == list(RULES)
    assert len(list(Path(__file__).parent.glob("test_rule_*.py"))) == len(RULES)


def test_every_link_leads_somewhere() -> None:
    links = [link for line in LINES for link in re.findall(r"\]\(([^)]+)\)", line)]
    assert len(links) > len(RULES)
    for link in links:
        assert (DOCS / link).resolve().is_file(), link


def test_the_api_leads_here() -> None:
    assert "(rules.md)" in (DOCS / "api.md").read_text()
