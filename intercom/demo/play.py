"""The demo: a play is chosen, played and judged, and what was seen is reported."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from intercom.demo.cast import FAMILY, PAIR
from intercom.demo.family import Family
from intercom.demo.pair import Pair
from intercom.demo.stage import DemoError, Stage

LIMITS = {
    "press_to_ring_ms": 50,
    "accept_to_first_frame_ms": 100,
    "video_latency_p50_ms": 15,
    "door_cpu_percent": 40,
    "indoor_cpu_percent": 40,
    "door_rss_mb": 150,
    "indoor_rss_mb": 150,
    "start_to_ready_s": 3,
}
"""What the numbers of a call of two should stay under; told, not enforced: machines differ."""


def prepare(out: Path) -> None:
    """Make an empty folder for the results; one with anything of somebody else's in it stays."""
    known = {".png", ".wav", ".log", ".json"}
    if out.exists() and any(path.suffix not in known for path in out.iterdir()):
        raise DemoError(f"{out} holds files that are not a demo's: name another folder with --out")
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)


async def run(seconds: float, out: Path, group: bool = False) -> int:
    """Play the demo, of two or of a `group`; return 0 when all that must be seen and heard was.

    `out`: an absolute path. DemoError when it cannot be used.
    """
    console = Console()
    prepare(out)
    window = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    who = "a hub, a door and a family of three" if group else "a hub, a door and a kitchen"
    console.print(f"[bold]intercom demo[/]: {who}; results in {out}/")
    if window:
        console.print("Keys in the windows: c call, a accept, h hang up, m mute, q quit.")
    columns = SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn()
    failure = ""
    with tempfile.TemporaryDirectory(prefix="intercom-demo-") as work:
        stage = Stage(Path(work), out, window, cast=FAMILY if group else PAIR)
        stage.write()
        with Progress(*columns, console=console, transient=True) as progress:
            play = (Family if group else Pair)(stage, seconds, console, progress)
            try:
                async with AsyncExitStack() as stack:
                    await play.run(stack)
            except DemoError as error:
                failure = str(error)
    play.report["passed"] = not failure
    _report(console, out / "report.json", play.report, {} if group else LIMITS)
    if failure:
        console.print(f"[bold red]failed:[/] {failure}")
        return 1
    console.print("[bold green]They saw and heard each other.[/]")
    return 0


def _report(console: Console, path: Path, report: dict[str, Any], limits: dict[str, int]) -> None:
    path.write_text(json.dumps(report, indent=2) + "\n")
    for key, value in report.items():
        limit = next((limits[name] for name in limits if key.endswith(name)), None)
        mark = "" if limit is None else f"   (aim: at most {limit})"
        if limit is not None and value > limit:
            mark = f"[yellow]{mark}[/]"
        console.print(f"  {key:32} {value}{mark}", highlight=False)
