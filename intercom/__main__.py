"""The command line: arguments -> configuration -> run.

Exit codes: 0 done, 1 failed (the message says why), 2 wrong arguments or configuration.
"""

# Commands load what they need when they run: `intercom token` must not wait for the media.
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import ctypes
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from intercom import __version__
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
    from intercom.station.trouble import show_trouble

    try:
        config = _load(path, "station")
    except ConfigError as error:
        if not sys.stderr.isatty():
            click.echo(str(error), err=True)
            show_trouble(path, error)
        raise
    _log(config)
    _one_heap()
    from intercom.station.daemon import run

    _run(lambda: run(config))


@cli.command()
@config_option
def hub(path: Path) -> None:
    """Run a hub by itself."""
    config = _load(path, "hub")
    _log(config)
    _run(lambda: _serve(config))


@cli.command()
@click.argument("user")
@config_option
@click.option("--days", default=3650.0, show_default=True, help="How long the token is valid.")
def token(user: str, path: Path, days: float) -> None:
    """Print a token (user_sig) with which USER logs in; run it where the hub's key is."""
    from intercom.hub.accounts import Accounts
    from intercom.hub.keys import Keys

    config = _load(path, None)
    keys = Keys(Path(config.hub.state_dir))
    if not Accounts(config.hub, keys).exists(user):
        raise IntercomError(f'no user "{user}" at this hub: add it under [hub.users] in {path}')
    click.echo(keys.mint(user, days))


@cli.command("config")
@config_option
def show_config(path: Path) -> None:
    """Check a configuration and print it with all defaults, secrets masked."""
    from intercom.config import dump

    click.echo(dump(_load(path, None)), nl=False)


@cli.command()
@click.option("--seconds", default=10.0, show_default=True, help="How long they talk.")
@click.option("--out", default="demo", show_default=True, type=click.Path(path_type=Path))
def demo(seconds: float, out: Path) -> None:
    """Let a door station call an indoor station, with simulated devices; see what happens."""
    from intercom.demo import run

    sys.exit(asyncio.run(run(seconds, out.absolute())))


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


def _load(path: Path, role: Role | None) -> Config:
    from intercom.config import load

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}: give the file with --config") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text ({error.reason})") from None
    return load(text, str(path), role)


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


async def _serve(config: Config) -> None:
    from intercom.hub.server import Hub

    server = Hub(config.hub, config.call.door_seconds)
    await server.start()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    from intercom.health import Health

    health = Health(lambda: True)
    health.ready()
    feeding = asyncio.create_task(health.run())
    await stop.wait()
    health.stopping()
    feeding.cancel()
    health.close()
    await server.stop()


if __name__ == "__main__":
    main()
