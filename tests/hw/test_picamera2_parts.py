"""The parts of the picamera2 driver: finding the library, reading buffers, giving back."""

from __future__ import annotations

import sys
import sysconfig
import venv
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from hw import DeviceError, picamera2_library
from hw.picamera2_buffer import picture, readable
from hw.picture import planes


def test_without_the_package_the_remedy_is_apt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picamera2_library, "_DEBIAN", Path("/nowhere"))
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(DeviceError, match="apt install python3-picamera2"):
        picamera2_library.load()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that Python imports from first."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(picamera2_library, "_DEBIAN", Path("/nowhere"))
    for name in [name for name in sys.modules if name.startswith(("picamera2", "libcamera"))]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def package(site: Path, name: str, source: str) -> None:
    """A package of one file."""
    (site / name).mkdir()
    (site / name / "__init__.py").write_text(source)


def test_picamera2_of_pypi_lacks_libcamera(site: Path) -> None:
    package(site, "picamera2", "import libcamera\n")
    with pytest.raises(DeviceError, match="libcamera comes from the system, not from PyPI"):
        picamera2_library.load()


def test_bindings_for_another_python(site: Path) -> None:
    package(site, "picamera2", "import libcamera\n")
    package(site, "libcamera", "from ._libcamera import *\n")
    (site / "libcamera" / "_libcamera.cpython-399-aarch64-linux-gnu.so").touch()
    with pytest.raises(DeviceError, match="use /usr/bin/python3"):
        picamera2_library.load()


def test_another_numpy_than_the_system_was_built_for(site: Path) -> None:
    # What simplejpeg of Debian 12 says to numpy 2.
    package(
        site,
        "picamera2",
        "raise ValueError('numpy.dtype size changed, may indicate binary incompatibility."
        " Expected 96 from C header, got 88 from PyObject')\n",
    )
    with pytest.raises(DeviceError, match=r"uninstall numpy, apt install python3-numpy"):
        picamera2_library.load()


@pytest.mark.parametrize("sees", [True, False])
def test_an_isolated_environment_is_told_from_one_that_sees_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sees: bool
) -> None:
    venv.EnvBuilder(system_site_packages=sees).create(tmp_path / "venv")
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    assert picamera2_library.isolated() is not sees


def test_the_system_itself_is_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", sysconfig.get_config_var("installed_base"))
    assert not picamera2_library.isolated()


def test_an_environment_that_would_only_have_to_look(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian = site / "debian"
    package(site, "debian", "")
    package(debian, "picamera2", "")
    monkeypatch.setattr(picamera2_library, "_DEBIAN", debian)
    monkeypatch.setattr(picamera2_library, "isolated", lambda: True)
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(DeviceError, match="write `include-system-site-packages = true` into"):
        picamera2_library.load()


def padded(rows: NDArray[np.uint8], stride: int) -> NDArray[np.uint8]:
    """Rows as they lie in a buffer: with padding, and something behind them."""
    out = np.full((rows.shape[0], stride), 77, np.uint8)
    out[:, : rows.shape[1]] = rows
    return np.concatenate([out.reshape(-1), np.zeros(100, np.uint8)])


@pytest.mark.parametrize(
    ("pixels", "red"),
    [
        ("RGB888", [0, 0, 255]),  # DRM names from the highest byte: blue lies first in memory
        ("BGR888", [255, 0, 0]),
        ("XRGB8888", [0, 0, 255, 9]),
        ("XBGR8888", [255, 0, 0, 9]),
        ("YUYV", [81, 90, 81, 240]),
    ],
)
def test_each_format_of_a_red_picture_is_red(pixels: str, red: list[int]) -> None:
    width, height, stride = 20, 8, 128
    pixel = {"YUYV": 2}.get(pixels, len(red))
    row = np.tile(np.array(red, np.uint8), width * pixel // len(red))
    buffer = padded(np.tile(row, (height, 1)), stride)
    stream = {"format": pixels, "size": (width, height), "stride": stride}
    assert readable(pixels)
    frame = picture(buffer, stream)
    assert (frame.width, frame.height, frame.format.name) == (width, height, "yuv420p")
    for plane, value in zip(planes(frame), (81, 90, 240), strict=True):  # BT.601
        assert np.all(abs(plane.astype(int) - value) <= 2)


def test_yuv420_is_copied_without_its_padding() -> None:
    frame = av.VideoFrame.from_ndarray(np.arange(12 * 8, dtype=np.uint8).reshape(12, 8), "yuv420p")
    luma, u, v = planes(frame)
    buffer = np.concatenate([padded(luma, 32)[:-100], padded(u, 16)[:-100], padded(v, 16)])
    copy = picture(buffer, {"format": "YUV420", "size": (8, 8), "stride": 32})
    for plane, before in zip(planes(copy), (luma, u, v), strict=True):
        assert np.array_equal(plane, before)


def test_what_a_camera_codes_itself_is_not_read() -> None:
    assert not readable("MJPEG")
