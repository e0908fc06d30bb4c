"""The commands by which devices come to a hub and go: `invite`, `enroll`, `devices`, `revoke`."""

# Commands load what they need when they run.
# ruff: noqa: PLC0415

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from intercom.errors import IntercomError

if TYPE_CHECKING:
    from intercom.config import Config
    from intercom.enroll.store import Enrolled
    from intercom.hub.devices_book import DeviceBook

HUB, STATION = Path("/etc/intercom/hub.toml"), Path("/etc/intercom/station.toml")


def hub_file() -> Path:
    """Return the file of this machine's hub: its own, or that of the station that carries it."""
    return HUB if HUB.exists() else STATION


def station_file() -> Path:
    """Return the file of this machine's station."""
    return STATION


hub_option = click.option(
    "--config", "path", type=click.Path(path_type=Path), default=hub_file,
    show_default=f"{HUB}, or {STATION} where that is not there", help="The hub's TOML file.",
)  # fmt: skip
station_option = click.option(
    "--config", "path", type=click.Path(path_type=Path), default=station_file,
    show_default=f"{STATION}", help="The station's TOML file.",
)  # fmt: skip
json_option = click.option("--json", "as_json", is_flag=True, help="As a JSON array.")


@click.command()
@click.argument("user")
@hub_option
@click.option("--minutes", default=15.0, show_default=True, type=click.FloatRange(0.1, 1440),
              help="How long the code is good.")  # fmt: skip
@click.option("--hub", "address", default="", help="How stations reach the hub, if not by name.")
def invite(user: str, path: Path, minutes: float, address: str) -> None:
    """Print a code by which one device becomes USER's; run it where the hub's state is."""
    from intercom.config import UserConfig
    from intercom.hub import enroll_invite
    from intercom.main_load import load_hub
    from intercom.protocol import is_user_id

    config = load_hub(path)
    users = config.hub.users
    if users and user not in users:
        raise IntercomError(f'no user "{user}" at this hub: add it under [hub.users] in {path}')
    if not is_user_id(user):
        raise IntercomError(f'"{user}" is no user ID: 1 to 64 letters, digits, - or _')
    with _book(config) as book:
        code = book.invite(user, minutes * 60)
    where = address or enroll_invite.address(config.hub)
    name = users.get(user, UserConfig()).name or user
    click.echo(enroll_invite.as_text(user, name, code, where, minutes))


@click.command()
@click.argument("words", nargs=-1, metavar="[HUB] [CODE]")
@station_option
def enroll(words: tuple[str, ...], path: Path) -> None:
    """Make this station a device of the HUB (hub.local), by a CODE that was printed there.

    At the hub, `intercom invite USER` prints it. Without one, it is asked for, which is better:
    the arguments of a command can be read by everybody on this machine.
    """
    from intercom.enroll.address import HUB, invitation, looks_like_code
    from intercom.enroll.client import enroll as run
    from intercom.main_load import load_file

    config = load_file(path, "station", enrolled=False)
    if config.hub.embedded:
        raise IntercomError(f"{path}: this station carries its hub: there is nothing to enroll")
    if len(words) < 2 and not looks_like_code("".join(words)):
        words = (*(words or (HUB,)), click.prompt("Code", err=True))
    hub, code = invitation(" ".join(words))
    key_file = Path(config.station.key_file)
    enrolled = asyncio.run(run(hub, code, key_file, plain=config.hub.insecure))
    click.echo(_done(enrolled, path))
    for warning in contradictions(config, enrolled):
        click.echo(f"But {path} {warning}: what is written there counts.", err=True)


@click.command()
@hub_option
@json_option
@click.option("--all", "revoked_too", is_flag=True, help="Those that were revoked, too.")
def devices(path: Path, as_json: bool, revoked_too: bool) -> None:
    """List the devices that are enrolled at the hub."""
    from intercom.hub import devices_list
    from intercom.main_load import load_hub

    config, known = load_hub(path), []
    if _is_kept(config):
        with _book(config) as book:
            known = book.devices()
    found = [device for device in known if revoked_too or device.revoked is None]
    click.echo(devices_list.as_json(found) if as_json else devices_list.as_text(found))


@click.command()
@click.argument("device")
@hub_option
def revoke(device: str, path: Path) -> None:
    """Let a DEVICE log in no more; its beginning is enough. The hub hangs up on it at once."""
    from intercom.main_load import load_hub

    config = load_hub(path)
    if not _is_kept(config):
        raise IntercomError(f'"{device}": nothing is enrolled yet: see `intercom devices`')
    with _book(config) as book:
        gone = book.revoke(device)
    click.echo(f"revoked: {gone.device} ({gone.name or 'no name'}) of {gone.user_id}")


@contextmanager
def _book(config: Config) -> Iterator[DeviceBook]:
    """Lend the hub's book of devices, made where there is none; its errors in words."""
    from intercom.hub.devices_book import DeviceBook

    book = DeviceBook(_book_path(config))
    try:
        yield book
    except (sqlite3.Error, OSError) as error:
        raise _unusable(book.path, error) from None
    finally:
        book.close()


def _is_kept(config: Config) -> bool:
    """Tell whether the hub has a book of devices; who only reads makes none."""
    path = _book_path(config)
    try:
        path.lstat()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise _unusable(path, error) from None
    return True


def _book_path(config: Config) -> Path:
    from intercom.hub.devices_schema import FILE

    return Path(config.hub.state_dir) / FILE


def _unusable(path: Path, error: Exception) -> IntercomError:
    return IntercomError(f"{path}: {error}: is there room, and was this run by root (sudo)?")


def _done(enrolled: Enrolled, path: Path) -> str:
    trusted = (
        f"Its certificate is pinned: {enrolled.pin}"
        if enrolled.pin
        else "Its certificate is checked by the system's authorities."
        if enrolled.url.startswith("wss:")
        else "It speaks no TLS."
    )
    return "\n".join(
        [
            f"Enrolled at {enrolled.url} as {enrolled.user}, device {enrolled.device}.",
            trusted,
            "A station that waits for this goes on by itself; one that runs is to be restarted:",
            "",
            "    sudo systemctl --no-block restart intercom",
            "",
            "How it goes on: systemctl status intercom",
            f"To see what is in force: sudo intercom config --config {path}",
        ]
    )


def contradictions(config: Config, enrolled: Enrolled) -> Iterator[str]:
    """Yield what the owner has written that is not what was enrolled."""
    hub, station = config.hub, config.station
    if station.token or station.token_file:
        yield "has a token, and so uses no key"
    if hub.url not in {"", enrolled.url}:
        yield f"has [hub] url = {hub.url}"
    if hub.tls_pin and hub.tls_pin.replace(":", "").lower() != enrolled.pin:
        yield "has another [hub] tls_pin"
    if station.user not in {"", enrolled.user}:
        yield f'has [station] user = "{station.user}"'
