"""The command line of the recipe."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

from . import image, lock, manifest, tree
from .command import run
from .flavour import ARCHITECTURES, RecipeError, load


def parser() -> argparse.ArgumentParser:
    """What can be asked."""
    made = argparse.ArgumentParser(prog="config/image/build", description=__doc__)
    made.add_argument("--flavour", default="debian", help="debian or rpios (default: debian)")
    made.add_argument("--arch", default="arm64", choices=ARCHITECTURES)
    made.add_argument(
        "--snapshot", default="", metavar="TIME", help="archives as at 20261101T000000Z"
    )
    made.add_argument("--fresh", action="store_true", help="packages anew, not from the cache")
    what = made.add_mutually_exclusive_group()
    what.add_argument(
        "--tree", metavar="DIR", help="a copy of the root's tree, which may be changed"
    )
    what.add_argument(
        "--hash", action="store_true", help="the hash of all files of the root's tree"
    )
    what.add_argument("--image", action="store_true", help="the card's image")
    what.add_argument("--lock", action="store_true", help="the lock of Python's packages anew")
    made.add_argument("--imager", metavar="URL", help="the image, and a list for Imager with it")
    return made


def main() -> int:
    """Builds; prints where it lies, by default the root's tree in the cache."""
    asked = parser().parse_args()
    try:
        if asked.lock:
            lock.write()
            return 0
        if os.geteuid() != 0:
            raise RecipeError("only root can give files their owners: sudo config/image/build")
        for line in build(asked):
            sys.stdout.write(f"{line}\n")
    except RecipeError as error:
        sys.stderr.write(f"build: {error}\n")
        return 1
    return 0


def build(asked: argparse.Namespace) -> Iterator[str]:
    """What was asked for; yields what is to be printed."""
    flavour = load(asked.flavour, asked.arch, asked.snapshot)
    if asked.image or asked.imager:
        card = image.image(flavour, fresh=asked.fresh)
        yield str(card.image)
        yield card.sums.read_text().rstrip()
        if asked.imager:
            yield str(image.offer(card, flavour, asked.imager))
        return
    root = tree.tree(flavour, fresh=asked.fresh)
    if asked.tree:
        run("cp", "-a", root, asked.tree)
    if asked.hash:
        yield manifest.hash_of(list(manifest.lines(root)))
    else:
        yield str(asked.tree or root)


if __name__ == "__main__":
    sys.exit(main())
