"""One release of the program at /opt/intercom: the same on a card and on a running system.

`python -m config.image.recipe.release` puts it on this system, for this Python; install.sh runs
it. Units start /opt/intercom/venv/bin/intercom: `venv` and `current` point to the release. With
`--cached` it changes nothing: exit code 0 tells that all it takes is in the cache."""

from __future__ import annotations

import compileall
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .flavour import RecipeError, cache, digest, machine
from .wheels import (
    LOCK,
    REPOSITORY,
    own_folder,
    own_wheel,
    site_folder,
    site_packages,
    sources,
    version,
)

PROGRAM = Path("opt/intercom")
STAMP = ".inputs"


@dataclass(frozen=True)
class Target:
    """The system that a release is for: Debian's architecture, Python as `3.13`, time of files."""

    arch: str
    python: str
    epoch: int = 0

    def inputs(self) -> str:
        """Names what a release is made of."""
        pages = sorted((REPOSITORY / "docs").glob("*.md"))
        return digest(LOCK, REPOSITORY / "systemd", *pages, *sources(), self.arch, self.python)


def install(root: Path, folder: Path, target: Target) -> Path:
    """Puts the release of this version below `root`, whole, or leaves it as it is if it is there.

    `folder` is the cache of wheels. Returns where it lies."""
    releases = root / PROGRAM / "releases"
    place = releases / version()
    if not _is(place, target):
        aside, old = releases / f".new-{version()}", releases / f".old-{version()}"
        for rest in (aside, old):
            shutil.rmtree(rest, ignore_errors=True)
        aside.mkdir(parents=True)
        fill(aside, "/" / place.relative_to(root), folder, target)
        if place.exists():
            place.rename(old)
        aside.rename(place)
        shutil.rmtree(old, ignore_errors=True)
    for name, points_to in (("current", f"releases/{version()}"), ("venv", "current/venv")):
        swapped = root / PROGRAM / f".new-{name}"
        swapped.unlink(missing_ok=True)
        swapped.symlink_to(points_to)
        swapped.replace(root / PROGRAM / name)
    return place


def fill(release: Path, place: Path, folder: Path, target: Target) -> None:
    """Fills the folder `release`, which will lie at `place`: environment, units, documents."""
    site = release / "venv" / "lib" / f"python{target.python}" / "site-packages"
    site.parent.mkdir(parents=True)
    shutil.copytree(site_packages(folder, target.arch, target.python), site, symlinks=True)
    with zipfile.ZipFile(own_wheel(folder, target.epoch)) as wheel:
        wheel.extractall(site)
    _environment(release / "venv", place / "venv", target.python)
    shutil.copytree(REPOSITORY / "systemd", release / "systemd")
    (release / "docs").mkdir()
    for page in sorted((REPOSITORY / "docs").glob("*.md")):
        shutil.copy(page, release / "docs")
    (release / STAMP).write_text(f"{target.inputs()}\n")


def _is(place: Path, target: Target) -> bool:
    stamp = place / STAMP
    return stamp.is_file() and stamp.read_text().strip() == target.inputs()


def _environment(venv: Path, place: Path, python: str) -> None:
    """What makes a folder a venv with the system's packages; `place` is where it will lie."""
    binaries = venv / "bin"
    binaries.mkdir()
    (venv / "pyvenv.cfg").write_text(
        f"home = /usr/bin\ninclude-system-site-packages = true\nversion = {python}\n"
    )
    for name, target in (("python3", f"/usr/bin/python{python}"), ("python", "python3")):
        (binaries / name).symlink_to(target)
    start = binaries / "intercom"
    start.write_text(
        f"#!{place}/bin/python\nimport sys\n\nfrom intercom.__main__ import main\n\n"
        'if __name__ == "__main__":\n    sys.exit(main())\n'
    )
    start.chmod(0o755)


def is_cached(folder: Path, target: Target) -> bool:
    """Whether the cache has all that a release needs, so that pip is not called."""
    kept = (
        own_folder(folder, target.epoch),
        site_folder(folder, target.arch, target.python),
    )
    return all(one.is_dir() for one in kept)


def main() -> int:
    """Puts the release on this system."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        target = Target(machine(), python)
        if sys.argv[1:] == ["--cached"]:
            return 0 if is_cached(cache(), target) else 1
        place = install(Path("/"), cache(), target)
    except RecipeError as error:
        sys.stderr.write(f"install: {error}\n")
        return 1
    compileall.compile_dir(place / "venv/lib", quiet=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
