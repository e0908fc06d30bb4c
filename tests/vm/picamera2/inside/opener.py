"""Opens the camera in a process of its own, as somebody else, and says what came of it.

python -m tests.vm.picamera2.inside.opener [width height [seconds to hold it]]
"""

from __future__ import annotations

import logging
import sys
import time

import hw
from hw import CameraSettings, DeviceError


def main() -> None:
    """Print the driver's error, or "open" when it has a picture."""
    logging.disable()
    width, height, hold = map(float, [*sys.argv[1:], *["320", "240", "0"][len(sys.argv) - 1 :]])
    settings = CameraSettings(width=int(width), height=int(height), fps=15)
    faults: list[str] = []
    frames: list[object] = []
    try:
        import picamera2.platform  # noqa: PLC0415 - where it is not, the driver says so

        platform = picamera2.platform
        platform._platform = platform.Platform.PISP  # noqa: SLF001 - what shims.as_pi5 does
    except ImportError:
        pass
    try:
        camera = hw.open_camera("picamera2", settings, frames.append, print, faults.append)
    except DeviceError as error:
        print(error, flush=True)  # noqa: T201 - its output is what it is for
        return
    while not frames and not faults:
        time.sleep(0.05)
    print("open", *faults, flush=True)  # noqa: T201 - the same
    time.sleep(hold)
    camera.close()


if __name__ == "__main__":
    main()
