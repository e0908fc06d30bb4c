"""Law 1: imports point one way. Law 2: what is PURE has no clock, no await, no log, no socket."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

# Every module has its place; a new one that fits nowhere must be given one here.
LAYERS = {
    "core": r"intercom\.(call|config(_\w+)?|errors|events|files|news|parties|phases|plan|protocol"
    r"|steps|tasks|zone|enroll(\.(?!client)\w+)?)",
    "link": r"intercom\.(link(_\w+)?|enroll\.client)",
    "media": r"intercom\.media(\..+)?",
    "calling": r"intercom\.(calling(_media|_messages)?|conductor|emitter|mesh|session|transport)",
    "api": r"intercom",
    "health": r"intercom\.health",
    "hub": r"intercom\.hub(\..+)?",
    "station": r"intercom\.station(\..+)?",
    "demo": r"intercom\.demo(_\w+|\..+)?",
    "simulate": r"intercom\.simulate(\..+)?",
    "doctor": r"intercom\.doctor(\..+)?",
    "wiring": r"intercom\.wiring(\..+)?",
    "appliance": r"intercom\.appliance(\..+)?",
    "main": r"intercom\.(__main__|main_\w+)",
    "hw": r"hw(\..+)?",
}

# Who may import whom, besides its own kind. A station may carry the hub inside itself.
MAY = {
    "core": set(),
    "link": {"core"},
    "media": {"core"},
    "calling": {"link", "media", "core"},
    "api": {"calling", "core"},
    "health": set(),
    "hub": {"core", "health"},
    "station": {"api", "calling", "link", "media", "core", "health", "hub", "hw"},
    "demo": {"api", "calling", "link", "media", "core", "hub", "hw", "station"},
    "simulate": {"api", "calling", "link", "core", "hub"},
    "doctor": {"api", "link", "media", "core", "hub", "hw", "station"},
    "wiring": {"core"},
    "appliance": {"api", "core"},
    "main": {"api", "core", "link", "health", "hub", "station", "demo", "simulate", "doctor"}
    | {"wiring", "appliance"},
    "hw": set[str](),
}

PURE_BY_LAW = re.compile(
    r"intercom\.(call|config(_\w+)?|errors|events|news|parties|phases|plan|protocol|steps"
    r"|hub\.(exchange|calls))"
)
SAYS_PURE = re.compile(r"\bPURE\b")
WORLD = {"asyncio", "time", "datetime", "logging", "socket", "ssl", "aiohttp", "threading",
         "subprocess", "random", "secrets", "uvloop"}  # fmt: skip
DRIVERS = ["gpiozero", "lgpio", "pyaudio", "picamera2", "libcamera", "pygame"]


def name_of(path: Path) -> str:
    """The dotted name of a module's file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    name_of(path): path for folder in ("intercom", "hw") for path in (ROOT / folder).rglob("*.py")
}


def layer(name: str) -> str | None:
    """The layer of a module of ours; None for anybody else's."""
    for title, pattern in LAYERS.items():
        if re.fullmatch(pattern, name):
            return title
    return None


def imported(name: str, tree: ast.AST, is_package: bool) -> Iterator[str]:
    """Every module that is imported anywhere under `tree`, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parts = name.split(".")
            package = parts[: len(parts) - node.level + is_package] if node.level else []
            module = ".".join([*package, *([node.module] if node.module else [])])
            for alias in node.names:
                inner = f"{module}.{alias.name}"
                yield inner if inner in MODULES else module


def breaches(name: str, source: str, is_package: bool = False) -> list[str]:
    """The imports of a module that law 1 forbids."""
    mine = layer(name)
    assert mine is not None, f"{name} has no place in LAYERS"
    found = {other: layer(other) for other in imported(name, ast.parse(source), is_package)}
    allowed = MAY[mine] | {mine, None}
    return sorted(f"{name} -> {other}" for other, its in found.items() if its not in allowed)


def impurities(name: str, source: str, is_package: bool = False) -> list[str]:
    """What in a module is not pure: imports of the world, and coroutines."""
    tree = ast.parse(source)
    roots = {other.partition(".")[0] for other in imported(name, tree, is_package)}
    awaiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    lines = [f"line {node.lineno}" for node in ast.walk(tree) if isinstance(node, awaiting)]
    return sorted(roots & WORLD) + lines


def on_import(tree: ast.Module) -> ast.Module:
    """Only what runs when the module is imported: no functions, nothing for the type checker."""

    class Pruner(ast.NodeTransformer):
        def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
            return None

        def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
            return None

        def visit_If(self, node: ast.If) -> ast.AST | None:
            return None if "TYPE_CHECKING" in ast.dump(node.test) else self.generic_visit(node)

    pruned = Pruner().visit(tree)
    assert isinstance(pruned, ast.Module)
    return pruned


@pytest.mark.parametrize("name", sorted(MODULES))
def test_imports_point_one_way(name: str) -> None:
    path = MODULES[name]
    assert breaches(name, path.read_text(), path.name == "__init__.py") == []


def is_pure(name: str) -> bool:
    """Whether a module is pure by the law, or says so at its top."""
    docstring = ast.get_docstring(ast.parse(MODULES[name].read_text())) or ""
    return bool(PURE_BY_LAW.fullmatch(name) or SAYS_PURE.search(docstring))


@pytest.mark.parametrize("name", sorted(filter(is_pure, MODULES)))
def test_what_is_pure_does_not_touch_the_world(name: str) -> None:
    assert impurities(name, MODULES[name].read_text()) == []


def test_no_module_needs_itself_to_be_imported() -> None:
    graph = {
        name: {
            other
            for other in imported(
                name, on_import(ast.parse(path.read_text())), path.name == "__init__.py"
            )
            if other in MODULES
        }
        for name, path in MODULES.items()
    }
    list(TopologicalSorter(graph).static_order())  # raises CycleError, which names the cycle


def test_the_hardware_is_not_loaded_before_it_is_opened() -> None:
    code = f"import sys, hw; print([name for name in {DRIVERS} if name in sys.modules])"
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert output.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("hw.camera", "import intercom"),
        ("hw.camera", "def f():\n    from intercom.config import load"),
        ("intercom.hub.server", "from intercom.calling import Calling"),
        ("intercom.hub.server", "from intercom import calling"),
        ("intercom.hub.server", "from intercom.station import lamp"),
        ("intercom.hub.server", "from .. import link"),
        ("intercom.call", "from intercom.link import Link"),
        ("intercom.link", "from intercom.media import Media"),
        ("intercom.media.peer", "import hw.base"),
        ("intercom.calling", "from hw import open_camera"),
        ("intercom.__main__", "import hw"),
    ],
)
def test_a_breach_would_be_found(name: str, source: str) -> None:
    assert len(breaches(name, source)) == 1


@pytest.mark.parametrize(
    "source", ["import time", "from asyncio import sleep", "async def f(): ..."]
)
def test_an_impurity_would_be_found(source: str) -> None:
    assert len(impurities("intercom.call", source)) == 1
