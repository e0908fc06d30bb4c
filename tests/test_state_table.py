"""README's table of states is what the code does; `python -m tests.test_state_table` writes it."""

from __future__ import annotations

import sys
from pathlib import Path

from intercom import phases as ph
from intercom.call import feed
from intercom.errors import CallingError
from intercom.phases import State, state_of

from .call_states import STATES, commands, messages

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- state table -->", "<!-- /state table -->"
HEADING = "## How a call moves"
REMEDY = "README.md is not what the code does: python -m tests.test_state_table"


def cell(state: State, event: ph.Input) -> str:
    """What the event makes of a state: every next state and error, "-" where nothing happens."""
    results: list[str] = []
    for phase in STATES[state]:
        try:
            after, effects = feed(phase, event, now=200.0)
        except CallingError as error:
            results.append(f"error {int(error.code)}")
            continue
        if (after, effects) != (phase, []):
            results.append(state_of(after).name)
    return " or ".join(dict.fromkeys(results)) or "-"


def table() -> str:
    """The whole table, in Markdown, with what it needs to be understood."""
    rows = dict(commands())
    rows |= {f"`{type(message).__name__}`": message for message in messages()}
    lines = [
        "Rows: what happens, first to the user and the link, then the hub's messages about the"
        " present call.",
        '"-": nothing happens. Two entries: it depends (a second invitation waits, or the hub has'
        " not confirmed yet).",
        "Generated from the code, and held true by a test.",
        "",
        "| | " + " | ".join(state.name for state in State) + " |",
        "|---" * (len(State) + 1) + "|",
    ]
    for name, event in rows.items():
        cells = " | ".join(cell(state, event) for state in State)
        lines.append(f"| {name} | {cells} |")
    return "\n".join(lines)


def updated(readme: str) -> str:
    """README with the table of now: between its marks, or at the end."""
    section = f"{BEGIN}\n{table()}\n{END}"
    if BEGIN not in readme:
        return f"{readme.rstrip()}\n\n{HEADING}\n\n{section}\n"
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{section}{after}"


def test_the_readme_tells_how_a_call_moves() -> None:
    readme = README.read_text(encoding="utf-8")
    assert readme.count(BEGIN) == readme.count(END) == 1, REMEDY
    assert updated(readme) == readme, REMEDY


def test_the_table_would_notice_a_change() -> None:
    text = table()
    assert (
        "| the user accepts | error 8010 | error 8010 | RINGING or error 8010 | error 8010 |"
        in text
    )
    assert "| `Accepted` | - | CONNECTED | - | CONNECTED |" in text
    assert "| `Roster` | IDLE | CONNECTED | CONNECTED | CONNECTED |" in text
    assert "| the user hangs up | - | IDLE or RINGING | IDLE | IDLE |" in text


if __name__ == "__main__":
    README.write_text(updated(README.read_text(encoding="utf-8")), encoding="utf-8")
    sys.stdout.write(f"{README}: table written\n")
