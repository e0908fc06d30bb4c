"""The command line: arguments -> configuration -> run.

Exit codes: 0 done, 1 failed (the message says why), 2 wrong arguments or configuration.
"""

# Commands load what they need when they run: `intercom token` must not wait for the media.
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import ctypes
import logging
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from intercom import __version__
from intercom import main_enroll as enrolment
from intercom.appliance import commands as appliance
from intercom.errors import ConfigError, IntercomError

if TYPE_CHECKING:
    from intercom.config import Config, Role

config_option = click.option(
    "--config", "path", type=click.Path(path_type=Path), required=True, help="TOML file."
)


@click.group()
@click.version_option(__version__)
def cli() -> None:
    """A self-hosted video intercom."""


@cli.command()
@config_option
def station(path: Path) -> None:
    """Run a door or indoor station."""
    from intercom.station.trouble import show_owners_faults, show_trouble

    try:
        config = _load(path, "station", enrolled=False)  # it waits until there is an enrolment
    except ConfigError as error:
        if not sys.stderr.isatty():
            click.echo(str(error), err=True)
            show_trouble(path, error)
        raise
    _log(config)
    show_owners_faults(config)
    _one_heap()
    from intercom.station.daemon import run

    _run(lambda: run(config))


@cli.command()
@config_option
def hub(path: Path) -> None:
    """Run a hub by itself."""
    config = _load(path, "hub")
    _log(config)
    from intercom.hub.daemon import run

    _run(lambda: run(config))


@cli.command()
@click.argument("user")
@enrolment.hub_option
@click.option("--days", default=3650.0, show_default=True, help="How long the token is valid.")
def token(user: str, path: Path, days: float) -> None:
    """Print a token (user_sig) with which USER logs in; run it where the hub's key is."""
    from intercom.hub.accounts import Accounts
    from intercom.hub.keys import Keys
    from intercom.main_load import load_hub

    config = load_hub(path)
    keys = Keys(Path(config.hub.state_dir))
    if not Accounts(config.hub, keys).exists(user):
        raise IntercomError(f'no user "{user}" at this hub: add it under [hub.users] in {path}')
    click.echo(keys.mint(user, days))


@cli.command("config")
@enrolment.hub_option
def show_config(path: Path) -> None:
    """Check a configuration and print it with all defaults, secrets masked."""
    from intercom.config import dump

    click.echo(dump(_load(path, None)), nl=False)


@cli.command()
@enrolment.station_option
@click.option("--long", is_flag=True, help="For wires over 2 m, or outdoors: by optocouplers.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False, writable=True),
              help="Draw it into this SVG file, too.")  # fmt: skip
def wiring(path: Path, long: bool, out: Path | None) -> None:
    """List what is wired to which pin of the Pi; fails if that cannot work."""
    from intercom.wiring import draw, plan, table

    planned = plan(_load(path, "station"), long)
    click.echo(table(planned), nl=False)
    if out is not None:
        try:
            out.write_text(draw(planned), encoding="utf-8")
        except OSError as error:
            raise IntercomError(f"cannot write {out}: {error.strerror}") from None
    sys.exit(1 if planned.conflicts else 0)


@cli.command()
@enrolment.station_option
@click.option("--only", default="", help="Only these checks, as camera,sound.")
@click.option("--json", "as_json", is_flag=True, help="For programs: see docs/doctor.md.")
@click.option("--quick", is_flag=True, help="Look less long: some seconds in all.")
@click.option("--no-ask", is_flag=True, help="Ask nobody to press, look or listen.")
@click.option("--screen", is_flag=True, help="Show the result on the station's screen, too.")
def doctor(path: Path, only: str, **how: bool) -> None:
    """Check a station's devices, network and machine; say what to do. Exit code 1: faults."""
    from intercom.doctor.command import run

    sys.exit(run(path, _load(path, "station"), only, **how))


@cli.command()
@enrolment.hub_option
@click.option("--user", default="", help="Only calls of this user.")
@click.option("--with", "other", default="", help="Only calls with this user, too.")
@click.option("--since", default="", help="Only from a day on (2026-11-01), or an age (7d, 12h).")
@click.option("--missed", is_flag=True, help="Only calls that were missed (by --user).")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most.")
@click.option("--json", "as_json", is_flag=True, help="As a JSON array, one call a line.")
def calls(
    *, path: Path, user: str, other: str, since: str, missed: bool, limit: int, as_json: bool
) -> None:
    """List the calls that the hub has recorded, newest first."""
    from intercom.hub import calls_list
    from intercom.main_load import load_hub

    config = load_hub(path)
    try:
        after = calls_list.since(since)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--since") from None
    wanted = calls_list.Wanted(user, other, after, missed, limit)
    found = calls_list.find(Path(config.hub.state_dir), wanted)
    click.echo(calls_list.as_json(found) if as_json else calls_list.as_text(found))


@cli.command()
@click.option("--seconds", default=10.0, show_default=True, help="How long they talk.")
@click.option("--out", default="demo", show_default=True, type=click.Path(path_type=Path))
@click.option("--group", is_flag=True, help="A door rings a family: four in the call.")
def demo(seconds: float, out: Path, group: bool) -> None:
    """Let a door station call an indoor station, with simulated devices; see what happens."""
    from intercom.demo import run

    sys.exit(asyncio.run(run(seconds, out.absolute(), group)))


@cli.command()
@click.option("--users", type=click.IntRange(4, 1000), default=50, show_default=True)
@click.option("--minutes", type=click.FloatRange(min=0), default=10.0, show_default=True)
@click.option("--seed", type=int, help="What is drawn from; without it, a new one is taken.")
@click.option("--rate", type=click.FloatRange(0.1, 500), help="Decisions a second in total.")
@click.option("--faults", type=click.FloatRange(0, 1), default=0.06, show_default=True,
              help="The share of decisions that is a fault.")  # fmt: skip
@click.option("--restarts", type=click.IntRange(0), default=2, show_default=True,
              help="How often the hub goes down, by SIGTERM or SIGKILL in turn.")  # fmt: skip
@click.option("--keep", type=click.Path(path_type=Path), help="Folder for logs and records.")
def simulate(seed: int | None, rate: float | None, users: int, **more: Any) -> None:
    """Let many users do anything at all with a hub, break things, and check what they hear."""
    from intercom.simulate import Options, main

    _run(lambda: main(Options.given(users, seed, rate, **more)))


for command in (enrolment.invite, enrolment.enroll, enrolment.devices, enrolment.revoke):
    cli.add_command(command)
for command in (appliance.firstboot, appliance.update, appliance.bundle):
    cli.add_command(command)


def main() -> None:
    """Run the command line; errors of ours are one message, not a traceback."""
    try:
        cli(standalone_mode=False)
    except ConfigError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
    except IntercomError as error:
        click.echo(f"intercom: {error}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.Abort:
        sys.exit(130)


def _load(path: Path, role: Role | None, enrolled: bool = True) -> Config:
    """Return the configuration; what is broken of the enrolment is told, and left out."""
    from intercom.enroll.key import KeyFileError
    from intercom.main_load import load_file

    try:
        return load_file(path, role, enrolled)
    except KeyFileError as error:
        click.echo(f"intercom: {error}", err=True)
        return load_file(path, role, enrolled=False)


def _log(config: Config) -> None:
    """Log to stderr without times, which journald keeps; libraries from WARNING on."""
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    for name in ("intercom", "hw"):
        logging.getLogger(name).setLevel(config.log.level.upper())


def _one_heap() -> None:
    """Have glibc keep one heap, not several for each core: a station has twenty threads."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:  # other C libraries have none
        mallopt(-8, 1)  # M_ARENA_MAX of malloc.h


def _run(main_: Callable[[], Coroutine[Any, Any, None]]) -> None:
    import uvloop

    try:
        uvloop.run(main_())
    except* IntercomError as group:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        raise error from None


if __name__ == "__main__":
    main()
