"""Tests of tests/vm/guest run in guests; on the host they are replayed from their reports.

There are two, side by side, since half of the time is waiting: each has a house of its own, and one
processor. With two of them a guest took half as long again, and both starved on two of the host.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.vm.replay import Recorder, Replay, in_guest
from tests.vm.uml import unavailable

DEVICES = [
    "snd_dummy.enable=0", "snd_aloop.enable=1,1,1", "snd_aloop.id=Door,Kitchen,Third",
    "snd_aloop.pcm_substreams=8,8,1",
    "vivid.n_devs=2", "vivid.node_types=0x1,0x1", "vivid.num_inputs=1,1", "vivid.input_types=0,0",
    "initcall_blacklist=vimc_init,vicodec_init",
]  # fmt: skip
"""On the kernel's command line: three sound cards and two webcams."""

PYGAME = Path("/usr/lib/python3/dist-packages/pygame")

SECOND = "test_faults.py"
"""What the second guest runs; the first one, which takes about as long, has the rest."""

REPLAYS = pytest.StashKey[dict[bool, Replay]]()


def pytest_configure(config: pytest.Config) -> None:
    if in_guest:
        config.pluginmanager.register(Recorder(config))


def is_guest_test(item: pytest.Item) -> bool:
    """Whether it belongs into a guest."""
    return Path(__file__).parent / "guest" in item.path.parents


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    guests = [item for item in items if is_guest_test(item)]
    reason = (unavailable() or _no_pygame()) if guests and not in_guest else ""
    for item in guests:
        item.add_marker(pytest.mark.slow)
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


def _no_pygame() -> str:
    """Why there is no pygame that draws on a display without a desktop, or an empty string."""
    wanted = f"*.cpython-{sys.version_info.major}{sys.version_info.minor}-*"
    if any(PYGAME.glob(wanted)):
        return ""
    return f"no python3-pygame of Debian for {sys.version.split()[0]}: pip's has no kmsdrm"


def pytest_runtest_protocol(item: pytest.Item) -> bool | None:
    if in_guest or not is_guest_test(item) or item.get_closest_marker("skip"):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    replay = _replay(item)
    reports = replay.reports(item.nodeid)
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    if not any(report.when == "teardown" for report in reports):
        item.ihook.pytest_runtest_logreport(report=_lost(item, replay))
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    for replay in session.config.stash.get(REPLAYS, {}).values():
        replay.close(0 if exitstatus == pytest.ExitCode.INTERRUPTED else 20)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which faults were played, and where logs and pictures are."""
    folders = [replay.folder for replay in terminalreporter.config.stash.get(REPLAYS, {}).values()]
    if not folders:
        return
    terminalreporter.section("faults survived")
    played, survived = _faults(folders, "played"), _faults(folders, "survived")
    for fault, times in played.items():
        terminalreporter.line(f"{survived[fault]:4} of {times:3}  {fault}")
    terminalreporter.line(f"{survived.total():4} of {played.total():3}  in all")
    terminalreporter.line(f"logs and pictures: {', '.join(str(path / 'out') for path in folders)}")


def _faults(folders: Sequence[Path], what: str) -> Counter[str]:
    """How often each fault was "played", or "survived"."""
    counted = Counter[str]()
    for path in (folder / "faults" for folder in folders):
        for line in path.read_text().splitlines() if path.exists() else ():
            happened, times, fault = line.split("\t")
            counted[fault] += int(times) * (happened == what)
    return counted


def _replay(wanted: pytest.Item) -> Replay:
    """The guest that runs this test; both are started at the first test."""
    session = wanted.session
    if REPLAYS not in session.config.stash:
        names: dict[bool, list[str]] = {}
        for item in filter(is_guest_test, session.items):
            names.setdefault(item.path.name == SECOND, []).append(item.nodeid)
        session.config.stash[REPLAYS] = {
            second: Replay(
                session.config, Path(tempfile.mkdtemp(prefix="intercom-guest-")), these, DEVICES
            )
            for second, these in names.items()
        }
    return session.config.stash[REPLAYS][wanted.path.name == SECOND]


def _lost(item: pytest.Item, replay: Replay) -> pytest.TestReport:
    """A failure: the guest did not say how the test ended."""
    text = f"the guest ended, or took too long; see {replay.folder}\n{replay.tail()}"
    return pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")
