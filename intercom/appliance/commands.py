"""The appliance's commands: `firstboot`, `update` and `bundle`."""

# Each command loads what it needs when it runs.
# ruff: noqa: PLC0415

from __future__ import annotations

import logging
from pathlib import Path

import click

CONFIGS = (Path("/etc/intercom/station.toml"), Path("/etc/intercom/hub.toml"))


def _log() -> None:
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.INFO)


@click.command()
def firstboot() -> None:
    """Do what a card does at its first boot, and take the owner's files (for systemd, as root)."""
    from intercom.appliance import orders
    from intercom.appliance.firstboot import first_boot

    _log()
    orders.at_boot(first_boot)


@click.command()
@click.argument("bundle", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--system", "debian", is_flag=True, help="Take Debian's security updates instead.")
@click.option("--nightly", is_flag=True, help="With --system: not if [update] system is false.")
@click.option("--status", is_flag=True, help="Say how it stands with updates.")
@click.option("--rollback", is_flag=True, help="Go back to what ran before.")
@click.option("--prove", is_flag=True, help="Watch an update on trial; keep it, or go back.")
@click.option("--force", is_flag=True, help="Also a bundle that is not newer.")
@click.option("--no-restart", is_flag=True, help="Let the next boot, or start, bring it.")
@click.option(
    "--config",
    "paths",
    multiple=True,
    default=CONFIGS,
    show_default=True,
    type=click.Path(path_type=Path),
    help="Whose [update] counts: of each that is there.",
)
def update(
    bundle: Path | None, no_restart: bool, force: bool, paths: tuple[Path, ...], **what: bool
) -> None:
    """Install BUNDLE, a signed file with a newer version; on trial, with a way back."""
    from intercom.appliance import orders

    _log()
    chosen = [name for name in ("debian", "status", "rollback", "prove") if what[name]]
    if len(chosen) + (bundle is not None) != 1:
        raise click.UsageError("one of BUNDLE, --system, --status, --rollback, --prove")
    if bundle is not None:
        orders.install(bundle, force, not no_restart)
    elif what["debian"]:
        orders.debian(paths if what["nightly"] else (), not no_restart)
    elif what["prove"]:
        orders.prove()
    elif what["rollback"]:
        orders.rollback(not no_restart)
    else:
        orders.status()


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False))
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The bundle.")
@click.option("--key", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="File of the private key.")  # fmt: skip
@click.option("--new-key", is_flag=True, help="Make that key, and print its public part.")
@click.option("--version", "version", help="Of the release in FOLDER; default: of this program.")
@click.option("--arch", default="aarch64", show_default=True, help="Processor, as uname -m.")
@click.option("--python", default="3.13", show_default=True, help="Of the target.")
def bundle(folder: Path | None, out: Path | None, key: Path, new_key: bool, **about: str) -> None:
    """Make a bundle of a release's FOLDER (venv, systemd, ...), signed; or a key to sign with."""
    from intercom import __version__
    from intercom.appliance import orders
    from intercom.appliance.manifest import Here

    if new_key:
        click.echo(orders.new_key(key), nl=False)
    elif folder is None or out is None:
        raise click.UsageError("FOLDER and --out are wanted, or --new-key")
    else:
        machine = Here(about["version"] or __version__, about["arch"], about["python"])
        click.echo(orders.make_bundle(folder, out, key, machine))
