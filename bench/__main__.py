"""Measure the product beside its peers: `python -m bench [--quick]`; see bench/README.md."""

from __future__ import annotations

import argparse
import asyncio
import datetime
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console

from bench import machine, plan, report
from bench.call import Call, clip_of
from bench.peers import make_side
from bench.spec import Outcome, Spec

CALL_WITHIN = 50.0  # seconds
PAUSE = 0.5  # seconds between two calls


async def run(specs: Sequence[Spec], seconds: float, out: Path, stem: str) -> list[Outcome]:
    """Measure one call after the other, write after each; what has no time left says so."""
    console, began = Console(highlight=False), time.monotonic()
    facts = await asyncio.to_thread(_facts)
    outcomes: list[Outcome] = []
    with tempfile.TemporaryDirectory(prefix="intercom-bench-") as work:
        for number, spec in enumerate(specs):
            left = seconds - (time.monotonic() - began)
            console.print(f"{seconds - left:5.0f} s  {number + 1:2}/{len(specs)}  {spec.title}")
            outcome = await _measure(spec, Path(work), left)
            left = seconds - (time.monotonic() - began)
            if outcome.error and left > 2 * CALL_WITHIN:
                console.print(f"{'':13}once more, for {outcome.error}", style="dim")
                outcome = await _measure(spec, Path(work), left)
            outcomes.append(outcome)
            console.print(f"{'':13}{_in_short(outcomes[-1])}", style="dim", soft_wrap=True)
            report.write(out, stem, report.document(outcomes, facts, len(outcomes) == len(specs)))
    return outcomes


async def _measure(spec: Spec, work: Path, left: float) -> Outcome:
    if left < spec.warm_up + spec.seconds + 8:
        outcome = Outcome.of(spec)
        outcome.error = "the time for the whole measurement was over"
        return outcome
    path = await asyncio.to_thread(clip_of, spec, work)
    outcome = await Call(spec, work, path, make_side).run(min(CALL_WITHIN, left))
    await asyncio.sleep(PAUSE)
    return outcome


def _facts() -> dict[str, Any]:
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    found = {"machine": machine.machine(), "versions": machine.versions()}
    return {"date": now.isoformat(), **found}


def _in_short(outcome: Outcome) -> str:
    if outcome.error:
        return outcome.error
    shown = {
        "p50": (outcome.p50_ms, " ms"),
        "p95": (outcome.p95_ms, " ms"),
        "shown": (outcome.fps, "/s"),
        "longest gap": (outcome.longest_gap_ms, " ms"),
        "sender": (outcome.sender_cpu, " %"),
        "receiver": (outcome.receiver_cpu, " %"),
        "SSIM": (outcome.ssim, ""),
    }
    known = shown.items()
    return ", ".join(f"{k} {report.number(v)}{unit}" for k, (v, unit) in known if v is not None)


def _draw(out: Path, outcomes: Sequence[Outcome]) -> None:
    try:
        from bench import plots  # noqa: PLC0415 - matplotlib only when there is something to draw

        plots.draw(out, outcomes)
    except ImportError:
        Console().print("No plots: matplotlib is not installed (pip install '.[bench]').")


def main() -> None:
    """Parse the arguments, measure, print the tables."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the core only, in a minute or two")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "results")
    parser.add_argument("--only", default="", help="calls whose title has this word")
    parser.add_argument("--minutes", type=float, help="when to stop")
    options = parser.parse_args()
    specs = plan.quick() if options.quick else plan.full()
    specs = [spec for spec in specs if options.only in spec.title]
    limit = plan.QUICK_SECONDS if options.quick else plan.FULL_SECONDS
    seconds = options.minutes * 60 if options.minutes else limit
    stem = "latest" if not (options.quick or options.only) else "quick"
    outcomes = uvloop.run(run(specs, seconds, options.out, stem))
    if stem == "latest":
        _draw(options.out, outcomes)
    Console().print((options.out / f"{stem}.md").read_text(), markup=False, soft_wrap=True)


if __name__ == "__main__":
    main()
