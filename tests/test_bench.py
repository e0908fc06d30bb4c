"""The bench's arithmetic, its pictures and the shape of what it writes; it measures nothing."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import clip, code, goals, plan, procfs, report, rows, stats
from bench.clip import ClipFile
from bench.goals import Goal
from bench.meter import Meter
from bench.relay import Network, Relay
from bench.side import ProcessSide, SideError
from bench.spec import Outcome, Spec
from bench.ssim import ssim
from hw import cells

RESULTS = Path(__file__).parent.parent / "bench" / "results"
CANDIDATE = "a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host"


# statistics


def test_percentiles_are_values_that_were_measured() -> None:
    assert stats.percentile([5.0, 1.0, 4.0, 2.0, 3.0], 0.5) == 3.0
    assert stats.percentile([float(n) for n in range(1, 101)], 0.95) == 95.0
    assert stats.percentile([7.0], 0.0) == stats.percentile([7.0], 1.0) == 7.0
    assert stats.percentile([], 0.5) is None


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_quantiles_rise_from_the_least_to_the_greatest(values: list[float]) -> None:
    found = stats.quantiles(values)
    assert found == sorted(found)
    assert (found[0], found[-1], len(found)) == (min(values), max(values), 101)


def test_a_gap_at_either_end_of_the_window_counts() -> None:
    assert stats.gaps_ms([0.5, 2.0, 2.5, 9.0], 1.0, 3.0) == pytest.approx([1000, 500, 500])
    assert stats.gaps_ms([], 1.0, 3.0) == pytest.approx([2000])


def test_slope_and_ratio() -> None:
    assert stats.slope([(1, 26.0), (2, 28.0), (3, 30.0)]) == pytest.approx(2.0)
    assert stats.slope([(1, 26.0)]) is None
    assert stats.slope([]) is None
    assert stats.ratio(1.0, 4.0) == 0.25
    assert stats.ratio(1.0, 0.0) is None
    assert stats.ratio(None, 1.0) is None


# pictures


def test_ssim_of_known_pictures() -> None:
    rng = np.random.default_rng(1)
    picture = np.kron(rng.integers(30, 220, (12, 16)), np.ones((8, 8))).astype(np.uint8)
    noisy = np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)
    blurred = ((picture + np.roll(picture, 4, 1).astype(float)) / 2).astype(np.uint8)
    assert ssim(picture, picture) == pytest.approx(1.0)
    assert ssim(picture, noisy) == pytest.approx(ssim(noisy, picture))
    assert 0.2 < ssim(picture, noisy) < 0.95
    assert 0.2 < ssim(picture, blurred) < 0.95
    assert ssim(picture, 255 - picture) < 0.1
    # two flat planes: only the means differ, and the formula can be done by hand
    dark, bright = np.full((16, 16), 100, np.uint8), np.full((16, 16), 120, np.uint8)
    by_hand = (2 * 100 * 120 + 6.5025) / (100**2 + 120**2 + 6.5025)
    assert ssim(dark, bright) == pytest.approx(by_hand)
    with pytest.raises(ValueError, match="cannot be compared"):
        ssim(dark, bright[:8])


@given(st.integers(0, cells.MASK), st.integers(0, cells.MASK), st.sampled_from([320, 640, 1280]))
def test_codes_survive_noise_and_tell_when_they_are_damaged(
    sent: int, index: int, width: int
) -> None:
    luma = np.full((width // 2, width), 90, np.uint8)
    assert code.read(luma) is None
    code.burn(luma, sent)
    code.burn(luma, index, row=1)
    noisy = np.clip(luma + np.random.default_rng(sent).normal(0, 15, luma.shape), 0, 255)
    assert code.read(noisy.astype(np.uint8)) == sent
    assert code.read(noisy.astype(np.uint8), row=1) == index
    luma[: code.height(width), : cells.cell_size(width)[0]] ^= 0xFF
    assert code.read(luma) != sent


def test_an_age_across_the_wrap_of_the_clock() -> None:
    assert code.elapsed_ms(5, cells.MASK - 4) == pytest.approx(1.0)


def test_the_clip_has_its_index_in_every_picture_and_can_be_read_in_any_order(
    tmp_path: Path,
) -> None:
    path = tmp_path / "clip.y4m"
    clip.make(path, 320, 240, 10)
    source = ClipFile(str(path))
    assert (source.width, source.height, source.fps) == (320, 240, 10)
    assert source.count == 2 * int(clip.SECONDS * 10) - 2
    for index in (3, 0, source.count - 1, source.count + 2):
        assert code.read(source.luma(index), row=1) == index % source.count
    picture = source.luma(5)[code.height(320) :]
    assert picture.std() > 5
    source.close()


def test_a_meter_knows_ages_sizes_and_damage(tmp_path: Path) -> None:
    meter, luma = Meter("0"), np.zeros((240, 320), np.uint8)
    meter.see(luma)
    code.burn(luma, code.now_ticks() - 500)
    code.burn(luma, 7, row=1)
    meter.sample(str(tmp_path), 1)
    for _ in range(8):
        meter.see(luma)
    log = meter.report()["log"]
    assert log[0][1:] == (None, 320, 240)
    assert all(50 <= entry[1] < 5000 for entry in log[1:])
    assert [path.name for path in tmp_path.iterdir()] == ["0-5-7.npy"]


# results


def outcomes() -> list[Outcome]:
    """Of a small measurement in which one peer could not run."""
    found = []
    for spec, scale in ((Spec("ours"), 1.0), (Spec("stock"), 6.0), (Spec("chromium"), 3.0)):
        outcome = Outcome.of(spec)
        outcome.p50_ms, outcome.p95_ms, outcome.fps = 9.0 * scale, 13.0 * scale, 30.0
        outcome.sender_cpu, outcome.receiver_cpu = 24.0 * scale, 9.0 * scale
        outcome.sender_pss = outcome.receiver_pss = 80.0 * scale
        outcome.ssim, outcome.ages_ms = 0.99, stats.quantiles([8.0, 9.0, 10.0])
        found.append(outcome)
    broken = Outcome.of(Spec("gstreamer"))
    broken.error = "gstreamer-send: ended: No module named 'gi'"
    lossy = Outcome.of(Spec("ours", loss=0.05, rtt_ms=50))
    lossy.fps, lossy.longest_gap_ms = 29.5, 350.0
    several = [Outcome.of(Spec("ours", receivers=count)) for count in (2, 3)]
    for each in several:
        each.sender_cpu, each.fps = 24.0 + 2 * (each.receivers - 1), 30.0
    several[1].fps = 20.0  # too slow to count
    return [*found, broken, lossy, *several]


def check(whole: dict[str, object]) -> None:
    """The shape that readers of latest.json count on."""
    assert {"machine", "versions", "date", "complete", "rows", "calls"} <= whole.keys()
    assert isinstance(whole["machine"], dict)
    assert isinstance(whole["rows"], list)
    assert whole["rows"]
    number = (int, float, type(None))
    for row in whole["rows"]:
        assert row.keys() == rows.Row.__annotations__.keys()
        assert isinstance(row["name"], str)
        assert all(isinstance(row[key], number) for key in ("ours", "peer", "ratio"))
        assert all(isinstance(row[key], str) for key in ("unit", "peer_name", "goal", "note"))
        assert row["met"] in (True, False, None)


def test_rows_have_ratios_goals_and_reasons() -> None:
    found = {(row["name"], row["peer_name"]): row for row in rows.rows(outcomes())}
    p50 = found["720p30: latency p50", "aiortc"]
    assert (p50["ours"], p50["peer"], p50["ratio"], p50["met"]) == (9.0, 54.0, 0.1667, True)
    sender = found["720p30: sender's CPU", "aiortc"]
    assert (sender["goal"], sender["met"]) == ("<= 1/4 of aiortc and <= 25", True)
    gap = found["5 % loss, 50 ms: longest gap between pictures", ""]
    assert (gap["ours"], gap["peer"], gap["met"]) == (350.0, None, False)
    assert found["5 % loss, 50 ms: pictures shown", ""]["met"] is True
    broken = found["720p30: latency p50", "GStreamer"]
    assert broken["peer"] is None
    assert "No module named 'gi'" in broken["note"]
    section = "720p30, several receivers"
    each = found[f"{section}: sender's CPU for each further receiver", "aiortc"]
    assert (each["ours"], each["peer"], each["met"]) == (2.0, None, True)
    assert found[f"{section}: receivers with 25 pictures a second or more", "aiortc"]["ours"] == 2


@pytest.mark.parametrize(
    ("goal", "ours", "peer", "met"),
    [
        (Goal(share=8, at_most=10, either=True), 9.0, 20.0, True),
        (Goal(share=8, at_most=10, either=True), 11.0, 100.0, True),
        (Goal(share=8, at_most=10, either=True), 11.0, 50.0, False),
        (Goal(share=8, at_most=10, either=True), 11.0, None, None),
        (Goal(share=4, at_most=25), 24.0, 50.0, False),
        (Goal(share=4, at_most=25), 26.0, None, False),
        (Goal(at_least=27), None, 30.0, None),
        (Goal(below_peer=0.01), 0.985, 0.99, True),
        (Goal(below_peer=0.01), 0.97, 0.99, False),
    ],
)
def test_goals(goal: Goal, ours: float | None, peer: float | None, met: bool | None) -> None:
    assert goal.met(ours, peer) is met
    assert goal.text("aiortc")


def test_goals_are_for_numbers_that_are_measured() -> None:
    names = [metric for _, metric in goals.AGAINST] + [*goals.LOSSY, *goals.ON_SCREEN]
    assert set(names) <= rows.METRICS.keys()
    assert all(hasattr(Outcome.of(Spec("ours")), metric) for metric in rows.METRICS)


def test_what_is_written_can_be_read_again(tmp_path: Path) -> None:
    facts = {"date": "today", "machine": {"model": "a machine"}, "versions": {"aiortc": "1"}}
    report.write(tmp_path, "latest", report.document(outcomes(), facts, complete=False))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest.json", "latest.md"]
    whole = json.loads((tmp_path / "latest.json").read_text())
    check(whole)
    text = (tmp_path / "latest.md").read_text()
    assert "| 720p30: latency p50 | ms | 9 | 54.0 | aiortc | 0.167 |" in text
    assert "not complete" in text
    assert "GStreamer could not run" in text


@pytest.mark.skipif(not (RESULTS / "latest.json").exists(), reason="nothing measured here yet")
def test_the_results_that_are_kept_have_the_same_shape() -> None:
    check(json.loads((RESULTS / "latest.json").read_text()))


def test_plans_fit_their_time_and_begin_with_the_core() -> None:
    for specs, limit in ((plan.full(), plan.FULL_SECONDS), (plan.quick(), plan.QUICK_SECONDS)):
        assert [spec.peer for spec in specs[:3]] == ["ours", "stock", "chromium"]
        spent = sum(spec.warm_up + spec.seconds + spec.samples / 6 + 5 for spec in specs)
        assert spent < limit
    assert plan.FULL_SECONDS <= 12 * 60
    assert plan.QUICK_SECONDS < 3 * 60


# processes and the network


def test_the_cpu_and_memory_of_a_process_and_its_children() -> None:
    burn = "import time\nwhile time.process_time() < 0.4: pass\ntime.sleep(60)"
    spawn = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', sys.argv[1]]);"
        "print(p.pid, flush=True); p.wait()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", spawn, burn], stdout=subprocess.PIPE, start_new_session=True
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    try:
        assert set(procfs.tree(parent.pid)) == {parent.pid, child}
        deadline = time.monotonic() + 20
        while procfs.cpu_seconds(parent.pid).get(child, 0.0) < 0.3:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        memory = procfs.memory(parent.pid)
        assert 1 < memory.pss <= memory.rss < 500
    finally:
        os.kill(child, 9)
        parent.wait()
        parent.stdout.close()
    assert procfs.tree(parent.pid) == []
    assert procfs.cpu_percent({1: 1.0}, {1: 1.5, 2: 0.5}, 2.0) == pytest.approx(50.0)


async def joined(network: Network, count: int) -> tuple[list[int], list[bytes], Relay]:
    """`count` datagrams through a relay; which arrive, and an answer to the last."""
    relay = Relay(network)
    sides = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    told = []
    for number, each in enumerate(sides):
        each.bind(("127.0.0.1", 0))
        each.setblocking(False)
        line = CANDIDATE.format(port=each.getsockname()[1])
        body = relay.rewrite(number, {"kind": "offer", "sdp": f"v=0\r\n{line}\r\n"})
        assert body is not None
        told.append(("127.0.0.1", int(body["sdp"].split("\r\n")[1].split()[5])))
    for number in range(count):
        sides[0].sendto(bytes([number]), told[1])
        await asyncio.sleep(0.001)
    await asyncio.sleep(0.05 + network.delay)
    arrived = []
    try:
        while True:
            data, source = sides[1].recvfrom(100)
            assert source == told[0]  # the other side is where its candidate said
            arrived.append(data[0])
    except BlockingIOError:
        pass
    network.lossy = False
    sides[1].sendto(b"back", told[0])
    await asyncio.sleep(0.05 + network.delay)
    answer = [sides[0].recv(100)]
    for each in sides:
        each.close()
    return arrived, answer, relay


async def test_a_relay_stands_for_both_sides_and_loses_by_its_seed() -> None:
    runs = []
    for seed in (1, 1, 2):
        network = Network(loss=0.3, delay=0.005, seed=seed, lossy=True)
        arrived, answer, relay = await joined(network, 60)
        passed, dropped = relay.received
        relay.close()
        relay.close()
        assert answer == [b"back"]
        assert passed == len(arrived)
        assert dropped == 60 - passed
        assert 5 < dropped < 40
        runs.append(arrived)
    assert runs[0] == runs[1] != runs[2]


async def test_a_relay_passes_one_path_only() -> None:
    relay = Relay(Network())
    first = {"candidate": CANDIDATE.format(port=4000)[2:], "sdpMLineIndex": 0}
    other = {"candidate": CANDIDATE.format(port=4001)[2:], "sdpMLineIndex": 0}
    tcp = {"candidate": first["candidate"].replace("udp", "tcp"), "sdpMLineIndex": 0}  # type: ignore[attr-defined]
    passed = relay.rewrite(0, {"kind": "candidate", "candidate": first})
    assert passed is not None
    assert " 4000 " not in passed["candidate"]["candidate"]
    assert relay.rewrite(0, {"kind": "candidate", "candidate": other}) is None
    assert relay.rewrite(0, {"kind": "candidate", "candidate": tcp}) is None
    end = {"kind": "candidate", "candidate": None}
    assert relay.rewrite(0, end) == end
    relay.close()


async def test_a_side_that_cannot_run_says_why(tmp_path: Path) -> None:
    missing = ProcessSide(tmp_path, "missing", ["/nowhere/python"], {})
    with pytest.raises(SideError, match=r"missing: .*No such file"):
        await missing.open()
    await missing.close()
    command = [sys.executable, "-c", "raise SystemExit('this peer is not installed')"]
    broken = ProcessSide(tmp_path, "broken", command, {})
    await broken.open()
    with pytest.raises(SideError, match="broken: ended: this peer is not installed"):
        await broken.answer("ready")
    await broken.close()
    await broken.close()
