"""Another camera or microphone in the place of the one in use, while calls go on."""

from __future__ import annotations

import asyncio

from intercom.errors import CallingError, Code

from .device_slot import DeviceSlot
from .devices import Camera, Closable, Devices

NONE_OF_IT = {"camera": Code.NO_CAMERA, "microphone": Code.NO_MICROPHONE}


class Switch:
    """Switches one device after the other; of the loop's thread."""

    def __init__(
        self, devices: Devices, camera: DeviceSlot[Camera], microphone: DeviceSlot[Closable]
    ) -> None:
        self._devices = devices
        self._camera, self._microphone = camera, microphone
        self._lock = asyncio.Lock()

    async def to(self, kind: str, device_id: str) -> None:
        """Use that "camera" or "microphone", at once if one is open.

        Raises CallingError: NO_CAMERA or NO_MICROPHONE when there is none of that ID,
        DEVICE_REFUSED when it cannot be opened. In both cases the old one goes on.
        """
        slot = self._camera if kind == "camera" else self._microphone
        async with self._lock:
            await self._check(kind, device_id)
            before = self._devices.select(kind, device_id)
            if before == device_id and slot.device is not None:
                return
            failure = await slot.swap(lambda: self._devices.select(kind, before))
        if failure:
            raise CallingError(Code.DEVICE_REFUSED, f"the {kind} stays the same: {failure}")

    async def _check(self, kind: str, device_id: str) -> None:
        there = self._devices.cameras if kind == "camera" else self._devices.microphones
        try:
            known = await asyncio.to_thread(there)
        except (OSError, RuntimeError) as error:
            raise CallingError(NONE_OF_IT[kind], str(error)) from error
        if device_id not in {known_id for known_id, _ in known}:
            names = ", ".join(f"{name!r} ({known_id})" for known_id, name in known) or "none"
            raise CallingError(
                NONE_OF_IT[kind], f"no {kind} {device_id!r}: plug it in, or take one of: {names}"
            )
