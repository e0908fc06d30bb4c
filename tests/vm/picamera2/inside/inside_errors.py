"""Each error of a start, caused for real where it can be, and what the driver says of it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.vm.picamera2.inside.rig import held, note, unplugged

OPENER = ("-m", "tests.vm.picamera2.inside.opener")
HEAP = Path("/dev/dma_heap/linux,cma")
IPA = "/usr/lib/x86_64-linux-gnu/libcamera"
DEBIAN = "/usr/lib/python3/dist-packages"
VIDEO = "44"  # Debian's group `video`


def opened(
    *arguments: str, who: Sequence[str] = (), python: str = sys.executable, path: str = ""
) -> str:
    """What a process says that opens the camera, as `who`."""
    environment = {**os.environ, "PYTHONPATH": path or os.environ["PYTHONPATH"]}
    command = [*who, python, *OPENER, *arguments]
    done = subprocess.run(
        command, env=environment, cwd="/repo", capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line]
    assert len(lines) == 1, done.stdout + done.stderr
    note(f"said: {lines[0]}")
    return lines[0]


def as_user(*groups: str) -> list[str]:
    """Nobody, in those groups."""
    rights = f"--groups={','.join(groups)}" if groups else "--clear-groups"
    return ["setpriv", "--reuid=65534", "--regid=65534", rights]


@contextlib.contextmanager
def mounted(kind: str, source: str, target: str) -> Iterator[None]:
    """Something else in the place of `target`."""
    subprocess.run(["mount", *kind.split(), source, target], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", target], check=True)


@contextlib.contextmanager
def without_heap() -> Iterator[None]:
    """A kernel without memory for cameras."""
    HEAP.unlink()
    try:
        yield
    finally:
        HEAP.symlink_to("system")


def test_nothing_wrong() -> None:
    assert opened() == "open"


def test_no_camera() -> None:
    with unplugged():
        said = opened()
    assert "no camera found: see that its cable is seated at both ends" in said


@contextlib.contextmanager
def holding(code: str) -> Iterator[int]:
    """Another process that runs `code`, which prints when it holds the camera, and waits."""
    command = [sys.executable, "-c", code + "; print('held', flush=True); input()"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/repo"
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder.pid
        holder.kill()


@pytest.mark.parametrize(
    "code",
    [
        "from picamera2 import Picamera2; c = Picamera2(0)",
        # vimc, unlike a Pi, is not even listed while another streams.
        "from picamera2 import Picamera2; c = Picamera2(0); c.start()",
    ],
    ids=["opened", "streaming"],
)
def test_busy_names_the_program_also_to_another_user(code: str) -> None:
    with holding(code) as holder:
        said = opened(), opened(who=as_user(VIDEO))
    for words in said:
        assert f"it is in use by python3 ({holder}): stop that" in words
    assert opened() == "open"  # the lock went with its holder


def test_busy_by_this_very_program_leaves_nothing_behind() -> None:
    code = """if True:
        import gc, os
        from hw.picamera2_device import close_device, open_device
        from hw.libcamera_errors import explain
        first = open_device(0)
        def held():
            gc.collect()
            return len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))
        before = held()
        for _ in range(5):
            try:
                open_device(0)
            except RuntimeError as error:
                words = explain(error)
        assert held() == before, (held(), before)
        close_device(first)
        print(words)
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          cwd="/repo", check=True)  # fmt: skip
    assert "it is in use by this program itself" in done.stdout


def test_no_permission_at_all() -> None:
    said = opened(who=as_user())
    assert "for want of permission for /dev/media0: usermod -aG video" in said


def test_no_permission_for_the_memory() -> None:
    said = opened(who=as_user(VIDEO))
    assert "no permission for /dev/dma_heap: usermod -aG video" in said


def test_the_group_video_is_enough_where_the_memory_is_its_too() -> None:
    heap = HEAP.resolve()
    os.chown(heap, 0, int(VIDEO))
    heap.chmod(0o660)
    try:
        assert opened(who=as_user(VIDEO)) == "open"
    finally:
        os.chown(heap, 0, 0)
        heap.chmod(0o600)


def test_no_memory_for_cameras_and_again_when_it_is_there() -> None:
    from hw import libcamera_errors, picamera2_device  # noqa: PLC0415 - picamera2 is slow

    with without_heap():
        assert "the kernel has no memory for cameras (/dev/dma_heap/linux,cma)" in opened()
        with pytest.raises(RuntimeError) as first:
            picamera2_device.open_device(0)
        before = held()
        for _ in range(5):
            with pytest.raises(RuntimeError, match="dmaHeap"):
                picamera2_device.open_device(0)
        assert held() == before
    assert "dtoverlay=vc4-kms-v3d" in libcamera_errors.explain(first.value)
    # What has failed has let go of the camera, although its exception is still here.
    picamera2_device.close_device(picamera2_device.open_device(0))


def test_a_size_that_no_camera_has() -> None:
    assert opened("2", "2") == "open"  # libcamera takes the nearest, and the picture is fitted


def test_libcameras_own_part_is_missing() -> None:
    with mounted("-t tmpfs", "tmpfs", IPA):
        said = opened()
    assert "libcamera does not take it: apt install libcamera-ipa" in said


def test_the_driver_goes_under_a_running_camera() -> None:
    command = [sys.executable, *OPENER, "320", "240", "6"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/repo"
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with unplugged():
            _, errors = holder.communicate(timeout=60)
    # libcamera 0.4 ends its process by an assertion; the station's unit starts it again.
    assert holder.returncode in (0, -6), errors
    note(f"the driver went under a running camera: exit code {holder.returncode}")
    assert opened() == "open"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """What the environment has from PyPI, without picamera2."""
    for part in Path("/opt/site").iterdir():
        if not part.name.startswith("picamera2"):
            (tmp_path / part.name).symlink_to(part)
    return tmp_path


def test_no_package(site: Path) -> None:
    said = opened(path=f"/repo:{site}")
    assert "no picamera2 library (No module named 'picamera2'): apt install python3-pic" in said


def test_an_environment_that_does_not_see_the_systems_packages(
    site: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python, config = str(folder / "bin/python"), folder / "pyvenv.cfg"
    path = f"/repo:{site}:/repo/tests/vm/picamera2/stubs"
    said = opened(python=python, path=f"{path}:/opt/site")
    assert "libcamera comes from the system, not from PyPI: apt install python3-pic" in said
    with debian_has_picamera2(tmp_path_factory.mktemp("debian")):
        said = opened(python=python, path=path)
        assert f"write `include-system-site-packages = true` into {config}" in said
        config.write_text(config.read_text().replace("packages = false", "packages = true"))
        assert opened(python=python, path=path) == "open"


@contextlib.contextmanager
def debian_has_picamera2(folder: Path) -> Iterator[None]:
    """As where Debian's package is installed: it lies beside the bindings of libcamera."""
    shutil.copytree(DEBIAN, folder, dirs_exist_ok=True)
    (folder / "picamera2").symlink_to("/opt/site/picamera2")
    with mounted("--bind", str(folder), DEBIAN):
        yield
