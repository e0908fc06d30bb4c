"""Echo cancellers side by side on scenes of 90 s: `python -m bench.audio_echo`.

The scenes (tests/audio_scene.py) were not used for tuning.
Written to bench/results/audio_echo.json.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
from rich.console import Console
from rich.table import Table

from bench import machine
from intercom.media import VoiceSettings
from intercom.media.echo import EchoMode
from intercom.media.echo_full import BAND, FRAME, TAIL
from intercom.media.echo_path import EchoPath
from intercom.media.speex import LinearCanceller, Resampler
from tests.audio_measure import Samples, erle, kept, run, run_path
from tests.audio_scene import Plan, Scene, make

OUT = Path(__file__).parent / "results" / "audio_echo.json"
FAR, NEAR = ("en-us+f3", "en-gb-scotland+m4"), ("en-gb+f1", "en-us+m6")
SCENES = {
    "the bars' scene": Plan(2001, FAR, NEAR, bend=0.6),
    "another": Plan(2101, ("en-gb+m2", "en-us+f5"), ("en-us+m1", "en-gb+f4"), bend=0.6),
    "drift 60 ppm": Plan(2201, FAR, NEAR, bend=0.6, drift_ppm=60.0),
    "a bad speaker": Plan(2301, FAR, NEAR, bend=1.5),
    "echo as loud as the far end": Plan(2401, FAR, NEAR, bend=0.6, echo_db=0.0),
    "a headset, first 18 s": Plan(2501, FAR, NEAR, parts=(0.0, 0.0, 18.0, 0.0), echo_db=-120.0),
}


class SpeexAlone:
    """libspeexdsp's canceller and nothing else, as our linear path runs it."""

    def __init__(self) -> None:
        self._near, self._far = Resampler(48_000, BAND), Resampler(48_000, BAND)
        self._back = Resampler(BAND, 48_000)
        self._filter = LinearCanceller(BAND, FRAME, TAIL)

    def process(self, near: Samples, far: Samples) -> Samples:
        """`near` less what the filter predicts."""
        found = self._filter.process(self._near.process(near), self._far.process(far))
        return self._back.process(found)


@dataclass(frozen=True)
class Row:
    """One canceller on one scene; dB, shares of double-talk frames, ms of CPU for a second."""

    scene: str
    canceller: str
    erle_early: float | None  # None: nobody is alone
    erle: float | None
    erle_again: float | None
    kept: float
    cpu_ms: float


def measure(name: str, canceller: str, scene: Scene) -> Row:
    """Run `canceller` on `scene`; ours with the whole path, alignment and all."""
    if canceller == "speex alone":
        out, cpu = run(SpeexAlone(), scene)
    else:
        path = EchoPath(VoiceSettings(cast(EchoMode, canceller), gain=False))
        out, cpu = run_path(path, scene)
        path.close()
    alone, end = scene.plan.parts[0], sum(scene.plan.parts)
    return Row(
        name,
        canceller,
        erle(scene, out, 2.5, 4.5) if alone else None,
        erle(scene, out, 2.5, alone) if alone else None,
        erle(scene, out, end - scene.plan.parts[3] + 0.5, end) if alone else None,
        kept(scene, out),
        cpu,
    )


def main() -> None:
    """Measure, show and write."""
    modes = ("full_duplex", "aec3", "speex alone", "off")
    rows = []
    for name, plan in SCENES.items():
        scene = make(plan)
        rows += [measure(name, mode, scene) for mode in modes]
    table = Table("scene", "canceller", "2.5-4.5 s", "2.5-30 s", "at the end", "kept", "CPU ms/s")
    for row in rows:
        numbers = (row.erle_early, row.erle, row.erle_again)
        values = [
            *("-" if value is None else f"{value:.1f}" for value in numbers),
            f"{row.kept:.1%}",
            f"{row.cpu_ms:.0f}",
        ]
        table.add_row(row.scene, row.canceller, *values)
    Console(width=100).print(table)
    OUT.parent.mkdir(exist_ok=True)
    document = {"machine": machine.machine(), "rows": [asdict(row) for row in rows]}
    OUT.write_text(json.dumps(document, indent=1, default=np.float64.__float__) + "\n")


if __name__ == "__main__":
    main()
