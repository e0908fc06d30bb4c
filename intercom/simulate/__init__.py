"""`intercom simulate`: many real clients, a real hub, and everything that can go wrong.

The clients (`intercom.Calling`, without media) talk over real sockets to a hub in a process of its
own. What they do, and what is done to them, is drawn from one seed: the same seed gives the same
decisions in the same order. How they interleave is up to the machine, so a run is never repeated
exactly. What the clients hear is checked while it runs, and at the end.
"""

import sys

import click

from intercom.simulate.options import Options
from intercom.simulate.play import run

__all__ = ["Options", "main", "run"]


async def main(options: Options) -> None:
    """Run a simulation, tell how it went, and exit with 1 when a rule was broken."""
    report = await run(options, lambda text: click.echo(text, err=True))
    if story := report.story():
        click.echo(story)
    click.echo(report.table())
    sys.exit(report.exit_code)
