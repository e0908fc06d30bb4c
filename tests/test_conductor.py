"""The media follow the plan at once, whatever else is under way."""

from __future__ import annotations

import asyncio
from functools import partial
from operator import eq

from intercom.conductor import Conductor
from intercom.plan import PLAYING, RECORDING
from tests.media_rig import until
from tests.transport_rig import Rig, Studio


async def test_gates_shut_at_once_and_stay_shut_behind_a_slow_start(rig: Rig) -> None:
    rig.studio.slow = asyncio.Event()
    await rig.call(offerer=True)
    made = rig.studio.made[0]
    assert made.gates == (True, True)
    rig.conductor.apply(None)
    assert made.gates == (False, False)
    rig.studio.slow.set()
    await until(lambda: made.told[-1] == "close")
    assert made.gates == (False, False)


async def test_a_muted_call_is_not_unmuted_by_its_end(rig: Rig) -> None:
    await rig.call(offerer=True, muted=True)
    rig.conductor.apply(None)
    assert not any(not muted and gates[0] for muted, gates in rig.studio.mutes)


class Devices(Studio):
    """Media that notes what is opened and closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: set[str] = set()

    async def open_camera(self) -> None:
        self.open.add("camera")

    async def close_camera(self) -> None:
        self.open.discard("camera")

    async def open_speaker(self) -> None:
        self.open.add("speaker")

    async def open_sound(self) -> None:
        self.open.update({"speaker", "microphone"})

    async def close_microphone(self) -> None:
        self.open.discard("microphone")

    async def close_sound(self) -> None:
        self.open.difference_update({"speaker", "microphone"})


async def test_between_calls_what_is_wanted_is_open_and_nothing_else() -> None:
    studio = Devices()
    conductor = Conductor(studio, lambda call, user, epoch, body: None, tail=0.02)
    conductor.start()
    for plan, wanted in (
        (RECORDING, {"camera", "microphone", "speaker"}),
        (PLAYING, {"speaker"}),
        (None, set[str]()),
        (PLAYING, {"speaker"}),
        (RECORDING, {"camera", "microphone", "speaker"}),
        (None, set[str]()),
    ):
        conductor.apply(plan)
        await until(partial(eq, studio.open, wanted))
        assert studio.mutes[-1][0]
    await conductor.close()
