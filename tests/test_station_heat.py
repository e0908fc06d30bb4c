"""Heat takes pictures away a step at a time and gives them back slowly, whatever the heat does."""

from __future__ import annotations

import asyncio
import itertools
import logging
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw import thermal
from hw.thermal import CAPPED, SOFT_LIMIT, THROTTLED, UNDER_VOLTAGE, Heat, read_heat
from intercom.media import UNCAPPED, Cap
from intercom.station import heat as ht
from intercom.station.cooling import PERIOD, Cooling
from intercom.station.heat import STEPS, Governor, told, words
from intercom.station.metrics import Snapshot, text
from tests.media_rig import until

HOT_FROM = 75

unhurried = settings(deadline=None, max_examples=50)

readings = st.lists(
    st.builds(
        Heat,
        st.none() | st.floats(20, 95),
        st.sampled_from([None, 0, UNDER_VOLTAGE, THROTTLED, CAPPED, SOFT_LIMIT | 0xF0000]),
    ),
    min_size=1,
    max_size=400,
)


def run(heats: list[Heat], governor: Governor, since: float = 0.0) -> list[tuple[float, int, int]]:
    """Each change as (seconds, step before, step after)."""
    changes = []
    for count, heat in enumerate(heats):
        now, before = since + count * PERIOD, governor.step
        changed = governor.judge(heat, now)
        assert changed == (governor.step != before)
        if changed:
            changes.append((now, before, governor.step))
    return changes


def steady(heat: Heat, seconds: float) -> list[Heat]:
    return [heat] * (int(seconds / PERIOD) + 1)


# -- the governor -----------------------------------------------------------------------------


def test_each_step_sends_less_than_the_one_before() -> None:
    for one, other in itertools.pairwise(STEPS):
        assert other.fps < one.fps
        assert other.height < one.height
    assert STEPS[0] == UNCAPPED


@unhurried
@given(readings)
def test_it_goes_step_by_step_and_never_swings_fast(heats: list[Heat]) -> None:
    changes = run(heats, Governor(HOT_FROM))
    for _, before, after in changes:
        assert abs(after - before) == 1
        assert 0 <= after < len(STEPS)
    for one, other in itertools.pairwise(changes):
        up = other[2] < other[1]
        assert other[0] - one[0] >= (ht.UP_AFTER if up else ht.DOWN_EVERY)


@unhurried
@given(readings, st.floats(20, 95), st.floats(0, 10))
def test_a_hotter_machine_ends_with_no_more_pictures(
    heats: list[Heat], celsius: float, more: float
) -> None:
    one, other = Governor(HOT_FROM), Governor(HOT_FROM)
    run(heats, one)
    run(heats, other)
    since = len(heats) * PERIOD
    run(steady(Heat(celsius), 6000), one, since)
    run(steady(Heat(celsius + more), 6000), other, since)
    assert other.step >= one.step


@unhurried
@given(readings, st.floats(20, 95))
def test_where_it_ends_follows_from_the_heat(heats: list[Heat], celsius: float) -> None:
    governor = Governor(HOT_FROM)
    run(heats, governor)
    before = governor.step
    run(steady(Heat(celsius, 0), 6000), governor, len(heats) * PERIOD)
    if celsius >= HOT_FROM:
        assert governor.step == len(STEPS) - 1
    elif celsius <= HOT_FROM - ht.COOLER:
        assert governor.step == 0
    else:
        assert governor.step == before


@unhurried
@given(readings)
def test_switched_off_it_does_nothing(heats: list[Heat]) -> None:
    assert run(heats, Governor(0)) == []


@unhurried
@given(
    st.floats(20, 60),
    st.floats(20, 70),
    st.floats(60, 900),
    st.lists(st.floats(0.2, 0.95), min_size=4, max_size=4),
)
def test_with_a_real_heat_sink_it_settles(
    ambient: float, rise: float, slowness: float, shares: list[float]
) -> None:
    """A body that warms to ambient + rise, by less with each step, with a lag of `slowness` s."""
    shares = [1.0, *sorted(shares, reverse=True)]
    governor, celsius, changes = Governor(HOT_FROM), ambient, []
    for count in range(int(6 * 3600 / PERIOD)):
        target = ambient + rise * shares[governor.step]
        celsius += (target - celsius) * PERIOD / slowness
        if governor.judge(Heat(celsius), count * PERIOD):
            changes.append(count * PERIOD)
    last_hour = [at for at in changes if at > 5 * 3600]
    assert len(last_hour) <= 2 * 3600 / ht.UP_AFTER_MOST + 2
    if ambient + rise * shares[-1] < HOT_FROM - 1:
        assert celsius < HOT_FROM + 8


def test_a_spike_changes_nothing_and_a_firmware_that_slows_does() -> None:
    cool, hot = Heat(60.0, 0), Heat(76.0, 0)
    assert run([cool, hot, cool, cool, hot, cool], Governor(HOT_FROM)) == []
    assert run(steady(Heat(60.0, SOFT_LIMIT), 600), Governor(HOT_FROM)) == []
    slowed = run(steady(Heat(60.0, THROTTLED | UNDER_VOLTAGE), 30), Governor(HOT_FROM))
    assert [(before, after) for _, before, after in slowed] == [(0, 1), (1, 2)]


def test_a_step_up_that_fails_makes_the_next_one_wait_longer() -> None:
    governor = Governor(HOT_FROM)
    waits, now = [], 0.0
    for _ in range(6):
        while governor.step == 0:
            governor.judge(Heat(80.0), now)
            now += 1
        cool_from = now
        while governor.step == 1:
            governor.judge(Heat(50.0), now)
            now += 1
        waits.append(round((now - cool_from) / ht.UP_AFTER))
    assert waits == [1, 2, 4, 8, 16, 16]


# -- what the kernel says ---------------------------------------------------------------------


def write(root: Path, files: dict[str, str]) -> Path:
    for name, value in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(value)
    return root


PI = {
    "class/thermal/thermal_zone0/type": "cpu-thermal\n",
    "class/thermal/thermal_zone0/temp": "61835\n",
    "class/thermal/thermal_zone1/type": "nvme\n",
    "class/thermal/thermal_zone1/temp": "79000\n",
    "devices/platform/soc/soc:firmware/get_throttled": "50005\n",
}


def test_a_pi_is_read(tmp_path: Path) -> None:
    heat = read_heat(write(tmp_path, PI))
    assert heat == Heat(61.835, THROTTLED | UNDER_VOLTAGE)
    assert words(heat) == "62 °C, slowed down, weak supply"
    assert told(heat) == {
        "under_voltage": True, "capped": False, "throttled": True, "soft_limit": False
    }  # fmt: skip
    assert told(Heat(50.0)) == {}


def test_without_the_firmwares_file_the_supply_is_still_known(tmp_path: Path) -> None:
    supply = {"class/hwmon/hwmon3/name": "rpi_volt\n", "class/hwmon/hwmon3/in0_lcrit_alarm": "1\n"}
    heat = read_heat(write(tmp_path, supply))
    assert heat == Heat(None, UNDER_VOLTAGE, known=UNDER_VOLTAGE)
    assert told(heat) == {"under_voltage": True}  # and not a word on slowing


@pytest.mark.parametrize(
    ("word", "alarm", "flags"),
    [
        ("10000", None, UNDER_VOLTAGE),  # for an instant, since the driver looked the last time
        ("0", "1", UNDER_VOLTAGE),
        ("e0000", None, 0),  # what slowed it in the last 2 s does not now
        ("0", "0", 0),
    ],
)
def test_a_supply_that_was_weak_a_moment_ago_is_weak(
    tmp_path: Path, word: str, alarm: str | None, flags: int
) -> None:
    files = {"devices/platform/soc/soc:firmware/get_throttled": f"{word}\n"}
    if alarm is not None:
        files |= {
            "class/hwmon/hwmon1/name": "rpi_volt",
            "class/hwmon/hwmon1/in0_lcrit_alarm": alarm,
        }
    heat = read_heat(write(tmp_path, files))
    assert (heat.flags, heat.since_boot) == (flags, None)


@pytest.mark.parametrize("value", ["", "no number", "-274000", "4294967295", "²"])
def test_nonsense_is_no_temperature(tmp_path: Path, value: str) -> None:
    files = {
        "class/thermal/thermal_zone0/type": "acpitz",
        "class/thermal/thermal_zone0/temp": value,
        "devices/platform/soc/soc:firmware/get_throttled": value or "none",
    }
    assert read_heat(write(tmp_path, files)).celsius is None


def test_a_machine_without_sensors_says_nothing(tmp_path: Path) -> None:
    assert read_heat(tmp_path) == Heat()


# -- the station ------------------------------------------------------------------------------


def _not_told(cap: Cap) -> None:
    pytest.fail(f"there is no cause for {cap}")


async def test_a_machine_without_sensors_is_left_alone() -> None:
    async with asyncio.timeout(5):
        await Cooling(_not_told, HOT_FROM, Heat).run()


def test_the_camera_is_told_and_so_is_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    limits: list[Cap] = []
    cooling = Cooling(limits.append, HOT_FROM, Heat)
    for now in range(0, 12, int(PERIOD)):
        cooling.take(Heat(78.2, UNDER_VOLTAGE), now)
    assert limits == [STEPS[1]]
    weak = (("Processor", "78 °C"), ("Supply", "too weak"), ("Held down to", "20 /s"))
    assert cooling.rows() == weak
    cooling.heat = Heat(81.0, THROTTLED)
    assert cooling.rows()[1] == ("Slowed down by", "heat")
    cooling.heat = Heat(50.0, THROTTLED | UNDER_VOLTAGE)
    assert cooling.rows()[1] == ("Slowed down by", "weak supply")
    for now in range(20, 100, int(PERIOD)):
        cooling.take(Heat(50.0, 0), now)
    assert limits == [STEPS[1], UNCAPPED]
    assert cooling.rows() == (("Processor", "50 °C"),)
    assert [record.getMessage() for record in caplog.records] == [
        "the supply is too weak: a better one, or a shorter or thicker cable",
        "78 °C, weak supply: at most 20 pictures a second, 1080 lines",
        "50 °C: as many pictures as the camera gives",
    ]


async def test_it_reads_again_and_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("intercom.station.cooling.PERIOD", 0.0)
    root = write(tmp_path, PI)
    cooling = Cooling(_not_told, HOT_FROM, lambda: read_heat(root))
    task = asyncio.create_task(cooling.run())
    await until(lambda: cooling.heat.celsius == 61.835)
    write(root, {"class/thermal/thermal_zone0/temp": "90000\n"})
    await until(lambda: cooling.heat.celsius == 90.0)
    task.cancel()
    await asyncio.wait([task])


def test_what_ever_was_since_the_start_is_kept_here(caplog: pytest.LogCaptureFixture) -> None:
    """The kernel forgets it after 2 s; and a supply that is weak each time is told once."""
    cooling = Cooling(_not_told, HOT_FROM, Heat)
    for count in range(20):
        cooling.take(Heat(50.0, UNDER_VOLTAGE if count % 2 else 0), count * PERIOD)
    cooling.take(Heat(50.0, 0), 60)
    assert told(cooling.heat)["under_voltage"] is False
    assert told(cooling.since_start) == {
        "under_voltage": True, "capped": False, "throttled": False, "soft_limit": False
    }  # fmt: skip
    assert len(caplog.records) == 1


def test_the_metrics_tell_it() -> None:
    now, ever = Heat(61.8, CAPPED), Heat(flags=CAPPED | SOFT_LIMIT)
    read = Snapshot("idle", True, heat=now, heat_ever=ever, heat_step=2)
    shown = text(lambda: read).decode()
    for line in (
        "intercom_station_temperature_celsius 61.8",
        'intercom_station_throttled{cause="capped"} 1.0',
        'intercom_station_throttled{cause="throttled"} 0.0',
        'intercom_station_throttled_since_start{cause="soft_limit"} 1.0',
        'intercom_station_throttled_since_start{cause="under_voltage"} 0.0',
        "intercom_station_heat_step 2.0",
    ):
        assert f"\n{line}\n" in shown
    assert "throttled" not in text(lambda: Snapshot("idle", True, heat=Heat(50.0))).decode()
    assert "celsius" not in text(lambda: Snapshot("idle", True)).decode()


def test_the_path_is_the_kernels() -> None:
    assert Path("/sys") == thermal.SYSFS
