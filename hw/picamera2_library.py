"""Finding picamera2, or saying why it cannot be imported."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

from hw.base import DeviceError

_DEBIAN = Path("/usr/lib/python3/dist-packages")
_APT = "apt install python3-picamera2 --no-install-recommends"


def load() -> ModuleType:
    """The module `picamera2`; raises DeviceError with the remedy when it cannot be imported."""
    try:
        import picamera2  # noqa: PLC0415 - a Pi only
    except ImportError as error:
        raise DeviceError("camera", f"no picamera2 library ({error}): {_remedy(error)}") from error
    except ValueError as error:
        # Parts in C of the system were built for another numpy than that of this environment.
        raise DeviceError("camera", f"picamera2 cannot be loaded ({error}): {_numpy()}") from error
    module: ModuleType = picamera2
    return module


def has_encoder() -> bool:
    """Whether this is a Pi 3, 4 or Zero 2, which encode H.264 (a Pi 5 does not)."""
    from picamera2.platform import Platform, get_platform  # noqa: PLC0415 - a Pi only

    return bool(get_platform() == Platform.VC4)


def _remedy(error: ImportError) -> str:
    if isolated() and (_DEBIAN / "picamera2").exists():
        return (
            "the virtual environment does not see the system's packages: write"
            f" `include-system-site-packages = true` into {Path(sys.prefix, 'pyvenv.cfg')}"
        )
    missing = error.name or ""
    if missing.startswith("libcamera._"):
        return f"the system's libcamera is not for {sys.executable}: use /usr/bin/python3"
    if missing == "libcamera":
        return f"libcamera comes from the system, not from PyPI: {_APT}, {_seen()}"
    if "numpy" in str(error):
        return _numpy()
    return f"{_APT}, {_seen()}"


def isolated() -> bool:
    """Whether this is a virtual environment that does not see the system's packages."""
    try:
        lines = Path(sys.prefix, "pyvenv.cfg").read_text().lower().splitlines()
    except OSError:
        return False
    settings = {key.strip(): value.strip() for key, _, value in (x.partition("=") for x in lines)}
    return settings.get("include-system-site-packages") != "true"


def _seen() -> str:
    return "and make the virtual environment with --system-site-packages"


def _numpy() -> str:
    return (
        "the environment's numpy is not the one that the system's libraries were built for:"
        f" {Path(sys.prefix, 'bin/pip')} uninstall numpy, apt install python3-numpy"
    )
