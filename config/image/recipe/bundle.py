"""The release as a bundle, for `intercom update`; nothing of it runs here.

`python -m config.image.recipe.bundle --key FILE [--arch arm64] [--python 3.13]`; or by
`make bundle`. A key that is not there is made, and its public part beside it (.pub): that belongs
to /etc/intercom/update.pub of the stations."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from intercom.appliance import orders
from intercom.appliance.manifest import Here
from intercom.errors import IntercomError

from .flavour import ARCHITECTURES, MACHINES, RecipeError, cache
from .lock import PYTHONS
from .release import PROGRAM, Target, fill
from .wheels import version

PYTHON = "3.13"
"""Of Debian 13, and of Raspberry Pi OS made of it."""


def make(out: Path, key: Path, arch: str, python: str = PYTHON) -> str:
    """Write the bundle; what it is, in words. Raises RecipeError, IntercomError or OSError."""
    if not key.exists():
        key.with_suffix(".pub").write_text(orders.new_key(key))
    place = "/" / PROGRAM / "releases" / version()
    with tempfile.TemporaryDirectory(prefix="intercom-bundle-") as folder:
        release = Path(folder) / "release"
        release.mkdir()
        fill(release, place, cache(), Target(arch, python))
        return orders.make_bundle(release, out, key, Here(version(), MACHINES[arch], python))


def main() -> int:
    """Write it into this folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arch", default="arm64", choices=ARCHITECTURES)
    parser.add_argument("--key", required=True, type=Path, help="private key; made if missing")
    parser.add_argument("--python", default=PYTHON, choices=PYTHONS,
                        help="of the stations: 3.11 is Debian 12's, 3.13 that of 13")  # fmt: skip
    parser.add_argument(
        "--out", type=Path, help="the bundle; default: intercom-VERSION-ARCH[-PYTHON].bundle"
    )
    asked = parser.parse_args()
    suffix = "" if asked.python == PYTHON else f"-python{asked.python}"
    out = asked.out or Path(f"intercom-{version()}-{asked.arch}{suffix}.bundle")
    try:
        sys.stdout.write(f"{make(out, asked.key, asked.arch, asked.python)}\n")
    except (RecipeError, IntercomError, OSError) as error:
        sys.stderr.write(f"bundle: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
