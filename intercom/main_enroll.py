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

STATION = "/etc/intercom/station.toml"

hub_option = click.option(
    "--config", "path", type=click.Path(path_type=Path), required=True, help="The hub's TOML file."
)
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
    from intercom.main_load import load_file
    from intercom.protocol import is_user_id

    config = load_file(path, None)
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
@click.option("--config", "path", default=STATION, show_default=True,
              type=click.Path(path_type=Path), help="The station's TOML file.")  # fmt: skip
def enroll(words: tuple[str, ...], path: Path) -> None:
    """Make this station a device of the HUB (hub.local), by a CODE that was printed there.

    At the hub, `intercom invite USER` prints it. Without one, it is asked for.
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
    from intercom.main_load import load_file

    with _book(load_file(path, None)) as book:
        found = [device for device in book.devices() if revoked_too or device.revoked is None]
    click.echo(devices_list.as_json(found) if as_json else devices_list.as_text(found))


@click.command()
@click.argument("device")
@hub_option
def revoke(device: str, path: Path) -> None:
    """Let a DEVICE log in no more; its beginning is enough. The hub hangs up on it at once."""
    from intercom.main_load import load_file

    with _book(load_file(path, None)) as book:
        gone = book.revoke(device)
    click.echo(f"revoked: {gone.device} ({gone.name or 'no name'}) of {gone.user_id}")


@contextmanager
def _book(config: Config) -> Iterator[DeviceBook]:
    """Lend the hub's book of devices; its errors in words."""
    from intercom.hub.devices_book import DeviceBook
    from intercom.hub.devices_schema import FILE

    book = DeviceBook(Path(config.hub.state_dir) / FILE)
    try:
        yield book
    except (sqlite3.Error, OSError) as error:
        raise IntercomError(
            f"{book.path}: {error}: is there room, and is this the hub's user? (sudo -u intercom)"
        ) from None
    finally:
        book.close()


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
            "    sudo systemctl restart intercom",
            "",
            f"To see what is in force: intercom config --config {path}",
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
