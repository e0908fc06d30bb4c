"""The base system: the packages of a flavour as a tarball in the cache, made by mmdebstrap."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from .command import run
from .flavour import IMAGE, Flavour, RecipeError, cache, digest, load, locked, machine

HOOKS = IMAGE / "hooks"
SYSTEM = '"$PYTHON" -m config.image.recipe.system'

# Not on the card: manuals and translations. Licences stay.
EXCLUDED = (
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/locale/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/lintian/*",
)


def command(flavour: Flavour, sources: Path, tarball: Path) -> list[str]:
    """The call of mmdebstrap."""
    return [
        "mmdebstrap",
        "--mode=root",
        "--variant=minbase",
        f"--architectures={flavour.arch}",
        f"--include={','.join(flavour.packages)}",
        '--aptopt=APT::Install-Recommends "false"',
        *(f"--dpkgopt={line}" for line in EXCLUDED),
        f'--essential-hook={HOOKS / "essential"} "$1"',
        f'--customize-hook={HOOKS / "customize"} "$1" {flavour.name}',
        f'--customize-hook={SYSTEM} {flavour.name} {flavour.arch} "$1"',
        flavour.suite,
        str(tarball),
        str(sources),
    ]


def key(flavour: Flavour) -> str:
    """Names the tarball: the same inputs, the same name, wherever the recipe lies."""
    here = Path(__file__).parent
    asked = [part.replace(str(IMAGE), "") for part in command(flavour, Path(), Path())]
    parts = (HOOKS, IMAGE / "boot" / flavour.name, here / "system.py", here / "tidy.py")
    return digest(*asked, flavour.sources, str(flavour.epoch), *parts)


def base(flavour: Flavour, *, fresh: bool = False) -> Path:
    """The tarball, made if it is not there, or anew from today's archives if `fresh`.

    RecipeError if mmdebstrap fails."""
    tarball = cache() / f"base-{flavour.title}-{key(flavour)}.tar"
    with locked(tarball):
        if fresh or not tarball.exists():
            partial = tarball.with_suffix(".partial.tar")
            _make(flavour, partial, tarball.with_suffix(".log"))
            partial.rename(tarball)
    return tarball


def borrowed() -> Path:
    """Debian's base system for this machine, as a folder in the cache: its programs run here."""
    tarball = base(load("debian", machine()))
    place = cache() / f"tools-{tarball.stem}"
    with locked(place):
        if not place.is_dir():
            partial = place.with_suffix(".partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            run("tar", "--extract", f"--file={tarball}", f"--directory={partial}",
                "./usr/bin", "./usr/sbin", "./usr/lib", "./usr/lib64", "./lib", "./lib64",
                "./etc/mke2fs.conf")  # fmt: skip
            partial.rename(place)
    return place


def check_keyrings(flavour: Flavour) -> None:
    """RecipeError if a keyring is not there, or is not the one that is meant."""
    for keyring, fingerprint in flavour.keyrings:
        if not keyring.is_file():
            raise RecipeError(f"{keyring} is not there; docs/image.md says where it comes from")
        shown = subprocess.run(["gpg", "--show-keys", "--with-colons", keyring], text=True,
                               capture_output=True, check=False).stdout  # fmt: skip
        found = {line.split(":")[9] for line in shown.splitlines() if line.startswith("fpr:")}
        if fingerprint and fingerprint not in found:
            raise RecipeError(f"{keyring} lacks the key {fingerprint}: do not trust it")


def located(sources: str) -> str:
    """The sources with the addresses in them that this machine's apt uses; RecipeError if it has
    none of an archive."""
    for archive in ("debian-security", "debian", "raspberrypi"):
        if (place := f"@{archive.upper()}@") in sources:
            done = subprocess.run([IMAGE / "mirror", archive], capture_output=True, text=True,
                                  check=False)  # fmt: skip
            if done.returncode != 0:
                raise RecipeError(done.stderr.strip())
            sources = sources.replace(place, done.stdout.strip())
    return sources


def _make(flavour: Flavour, tarball: Path, log: Path) -> None:
    """Runs mmdebstrap; what it says goes to `log`."""
    check_keyrings(flavour)
    tarball.unlink(missing_ok=True)
    sources = tarball.with_suffix(".sources")
    sources.write_text(located(flavour.sources))
    foreign = flavour.arch != machine()
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": str(flavour.epoch),
        "TMPDIR": str(cache()),
        "PYTHON": sys.executable,
        "PYTHONPATH": str(IMAGE.parents[1]),
        "INTERCOM_TOOLS": str(borrowed()) if foreign else "",
    }
    with log.open("w") as output:
        done = subprocess.run(command(flavour, sources, tarball), env=environment, stdout=output,
                              stderr=subprocess.STDOUT, check=False)  # fmt: skip
    sources.unlink()
    if done.returncode != 0:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise RecipeError(f"mmdebstrap failed; {log} says\n{tail}")
