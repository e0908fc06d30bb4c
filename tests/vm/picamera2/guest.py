"""Runs the tests of `inside` in a guest, once, and knows how each ended."""

from __future__ import annotations

import ast
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from xml.etree import ElementTree

from tests.vm.uml import Guest, unavailable

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
INSIDE = sorted((HERE / "inside").glob("inside_*.py"))
TIMEOUT = 900.0  # seconds; it takes two and a half minutes on an idle machine
DEVICES = ("initcall_blacklist=vivid_init", "vicodec.multiplanar=1")

_RUN = """cd /repo
export PYTHONDONTWRITEBYTECODE=1 LIBCAMERA_LOG_LEVELS=*:WARN
export PYTHONPATH=/opt/site:/repo/tests/vm/picamera2/stubs:/repo
ln -s system /dev/dma_heap/linux,cma
for name in {names}; do
    python3 -m pytest -c /dev/null --rootdir /repo --noconftest -p no:cacheprovider -ra \
        --junitxml=/host/$name.xml tests/vm/picamera2/inside/$name.py
done
"""


def tree() -> Path | None:
    """The tree that build-tree has made of this recipe."""
    done = subprocess.run(
        [HERE / "build-tree", "--find"], capture_output=True, text=True, check=False
    )
    return Path(done.stdout.strip()) if done.returncode == 0 else None


def missing() -> str:
    """Why the guest cannot run, or an empty string."""
    if tree() is None:
        return "there is no tree with picamera2: `make test-picamera2`"
    return unavailable()


def names() -> list[tuple[str, str]]:
    """Module and name of each test inside, by its source alone."""
    return [
        (path.stem, node.name)
        for path in INSIDE
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]


class Outcome:
    """What a run has left: reports, figures and recordings, in `folder`."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="intercom-picamera2-"))
        modules = " ".join(path.stem for path in INSIDE)
        (self.folder / "run").write_text(_RUN.format(names=modules))
        began = time.monotonic()
        arguments = [f"repo={ROOT}", f"host={self.folder}", *DEVICES]
        with Guest(init="/init", tree=tree() or "/", arguments=arguments) as guest:
            guest.wait(TIMEOUT)
        self.seconds = time.monotonic() - began
        self._cases = {path.stem: self._read(path.stem) for path in INSIDE}

    @property
    def output(self) -> str:
        """The guest's own words, of pytest and of libcamera."""
        return (self.folder / "output").read_text(errors="replace")

    @property
    def notes(self) -> str:
        """The figures that the tests have noted."""
        return (self.folder / "notes").read_text()

    def of(self, module: str, name: str) -> list[ElementTree.Element]:
        """The runs of that test, one for each of its parameters."""
        return [
            case for case in self._cases[module] if case.get("name", "").partition("[")[0] == name
        ]

    def close(self) -> None:
        """Take the folder away."""
        shutil.rmtree(self.folder)

    def _read(self, module: str) -> list[ElementTree.Element]:
        path = self.folder / f"{module}.xml"
        return list(ElementTree.parse(path).iter("testcase")) if path.exists() else []


def in_the_stations_unit(folder: Path, without: str) -> str:
    """What a start of the camera says in that unit's sandbox, less the lines that begin so."""
    shutil.copy(HERE / "unit.sh", folder / "first")
    (folder / "without").write_text(f"^{without}")
    arguments = [f"repo={ROOT}", f"host={folder}", "initcall_blacklist=vivid_init,vicodec_init"]
    with Guest(init="/init", tree=tree() or "/", arguments=arguments) as guest:
        guest.wait(TIMEOUT)
        said = folder / "said"
        return said.read_text().strip() if said.exists() else guest.console


def faults(case: ElementTree.Element) -> str:
    """Why that run did not pass, or an empty string."""
    kinds = ("failure", "error", "skipped")
    return "\n".join(part.text or "" for kind in kinds for part in case.iter(kind))


def main() -> None:
    """Record anew what tests/hw plays: `python -m tests.vm.picamera2.guest`."""
    outcome = Outcome()
    shutil.copy(outcome.folder / "libx264.jsonl", ROOT / "tests/hw/recorded_libx264.jsonl")
    print(outcome.notes)  # noqa: T201 - it is run by hand
    outcome.close()


if __name__ == "__main__":
    main()
