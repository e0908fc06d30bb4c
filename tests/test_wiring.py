"""The drawing of a station's wires: it says what the settings say, and nothing crosses."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import gpiozero.pins.data
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.config import Config, PanelConfig, load
from intercom.wiring import Plan, draw, plan, route, table
from intercom.wiring import electrical as el
from intercom.wiring.header import BY_GPIO, PINS, of_kind
from intercom.wiring.parts import ROLES

ROOT = Path(__file__).parent.parent
SVG = "{http://www.w3.org/2000/svg}"

Points = list[tuple[float, float]]

unhurried = settings(deadline=None, max_examples=50)

panels = st.builds(
    lambda gpios, wired, up, high: msgspec.convert(
        {role: gpio if on else -1 for role, gpio, on in zip(ROLES, gpios, wired, strict=True)}
        | {"pull_up": up, "lamp_active_high": high},
        PanelConfig,
    ),
    st.permutations(range(28)).map(lambda order: order[: len(ROLES)]),
    st.tuples(*[st.booleans()] * len(ROLES)),
    st.booleans(),
    st.booleans(),
)


def planned(panel: PanelConfig, long: bool = False) -> Plan:
    return plan(Config(panel=panel), long)


def lines(svg: str, cls: str) -> list[Points]:
    """The wires of that class, as points."""
    found = ElementTree.fromstring(svg).iter(f"{SVG}polyline")
    return [
        [(float(x), float(y)) for x, y in (pair.split(",") for pair in it.attrib["points"].split())]
        for it in found
        if it.attrib["class"] == f"w {cls}"
    ]


def name_of(svg: str, point: tuple[float, float]) -> str:
    """The pin's name at whose edge a wire begins."""
    tree = ElementTree.fromstring(svg)
    names = [it for it in tree.iter(f"{SVG}text") if it.attrib.get("class", "").startswith("pill")]
    x, y = point
    (name,) = [
        it.text
        for it in names
        if abs(float(it.attrib["x"]) - x) == 38 and abs(float(it.attrib["y"]) - y) < 6
    ]
    assert name is not None
    return name


# -- the header, as everybody publishes it ----------------------------------------------------


def test_the_header_has_each_pin_and_each_gpio_once() -> None:
    assert [pin.number for pin in PINS] == list(range(1, 41))
    assert sorted(BY_GPIO) == list(range(28))
    assert [pin.number for pin in of_kind("GND")] == [6, 9, 14, 20, 25, 30, 34, 39]
    assert [pin.number for pin in of_kind("3V3")] == [1, 17]
    assert [pin.number for pin in of_kind("5V")] == [2, 4]


@pytest.mark.parametrize("model", ["PLUS_J8", "PI4_J8", "PI5_J8"])
def test_each_pin_is_what_gpiozero_says_it_is(model: str) -> None:
    rows, columns, theirs = getattr(gpiozero.pins.data, model)
    assert (rows, columns, len(theirs)) == (20, 2, len(PINS))
    for pin in PINS:
        interfaces = theirs[pin.number]
        expected = f"GPIO{pin.gpio}" if pin.kind == "GPIO" else pin.kind
        assert (interfaces.get("gpio") or interfaces[""]) == expected
        if model == "PLUS_J8" and pin.bus not in ("", "HAT"):  # the others tell the last of many
            bus = interfaces["pcm" if pin.bus == "I2S" else pin.bus.lower()]
            assert bus.endswith(f" {pin.signal}")


# -- the plan ---------------------------------------------------------------------------------


@unhurried
@given(panels, st.booleans())
def test_every_wired_pin_is_a_part_and_no_other(panel: PanelConfig, long: bool) -> None:
    made = planned(panel, long)
    wired = {role: getattr(panel, role) for role in ROLES if getattr(panel, role) >= 0}
    assert {part.role: part.pin.gpio for part in made.parts} == wired
    assert set(made.missing) == {name for role, name in ROLES.items() if role not in wired}


@unhurried
@given(panels, st.booleans())
def test_a_part_goes_back_to_where_its_current_must_go(panel: PanelConfig, long: bool) -> None:
    for part in planned(panel, long).parts:
        grounded = panel.lamp_active_high or long if part.role == "lamp" else panel.pull_up
        assert part.back.kind == ("GND" if grounded else "3V3")


@pytest.mark.parametrize(
    ("panel", "long", "words"),
    [
        (PanelConfig(call=0), False, "EEPROM"),
        (PanelConfig(lamp=1), False, "EEPROM"),
        (PanelConfig(call=17, hangup=17), False, "both Call button and Hang-up button"),
        (PanelConfig(call=2, pull_up=False), False, "reads pressed for ever"),
        (PanelConfig(lamp_active_high=False), True, "lamp_active_high = true"),
    ],
)
def test_what_cannot_work_is_a_conflict(panel: PanelConfig, long: bool, words: str) -> None:
    conflicts = planned(panel, long).conflicts
    assert [words in str(conflict) for conflict in conflicts] == [True]
    assert "CONFLICT" in table(planned(panel, long))
    assert "warn" in draw(planned(panel, long)).partition("</style>")[2]


@pytest.mark.parametrize(
    ("gpio", "words"), [(2, "I2C"), (14, "console"), (8, "SPI"), (18, "sound HAT")]
)
def test_a_pin_that_a_bus_may_take_is_told(gpio: int, words: str) -> None:
    made = planned(PanelConfig(call=gpio))
    assert made.conflicts == []
    assert [words in str(remark) for remark in made.remarks] == [True]


def test_the_pins_of_the_defaults_are_nobody_elses() -> None:
    for long in (False, True):
        assert planned(PanelConfig(), long).remarks == ()


def test_a_lamp_that_is_lit_before_the_program_runs_is_told() -> None:
    assert "glows" in str(planned(PanelConfig(lamp=5), long=True).remarks)
    assert planned(PanelConfig(lamp=5)).remarks == ()  # 50 kΩ: nobody sees that


# -- the drawing ------------------------------------------------------------------------------


@unhurried
@given(panels, st.booleans())
def test_every_wire_begins_at_its_own_pin(panel: PanelConfig, long: bool) -> None:
    made = planned(panel, long)
    svg = draw(made)
    for part in made.parts:
        first = lines(svg, f"w-{part.role}")[0]
        assert name_of(svg, first[0]) == part.pin.label
    grounds = [name_of(svg, wire[0]) for wire in lines(svg, "w-gnd") if len(wire) == 4]
    sides = {part.pin.left for part in made.parts if part.back.kind == "GND"}
    assert grounds == ["ground"] * len(sides)


@unhurried
@given(st.lists(st.integers(0, 19), unique=True, min_size=1), st.data())
def test_no_wire_crosses_another(rows: list[int], data: st.DataObject) -> None:
    rooms = data.draw(st.tuples(*[st.tuples(st.integers(8, 60), st.integers(8, 90))] * len(rows)))
    starts = [row * 28.0 for row in sorted(rows)]
    items = [route.Item(y, *room) for y, room in zip(starts, rooms, strict=True)]
    ends = route.spread(items, -20)
    assert ends[0] - items[0].above >= -20 - route.STRAIGHT
    for (one, y), (other, below) in itertools.pairwise(zip(items, ends, strict=True)):
        assert below - y >= one.below + other.above - 2 * route.STRAIGHT
    for one_wire, other_wire in itertools.combinations(route.wires(starts, ends), 2):
        for first, second in itertools.product(segments(one_wire), segments(other_wire)):
            assert not touch(first, second)


def segments(wire: route.Wire) -> list[Points]:
    """The three pieces of a wire, tracks being 1 apart and the parts at 100."""
    x = 1.0 + wire.track
    points = [(0.0, wire.start), (x, wire.start), (x, wire.end), (100.0, wire.end)]
    return [list(pair) for pair in itertools.pairwise(points)]


def touch(one: Points, other: Points) -> bool:
    """Whether two upright or level pieces have a point in common."""
    return all(
        min(a[axis] for a in one) <= max(b[axis] for b in other)
        and min(b[axis] for b in other) <= max(a[axis] for a in one)
        for axis in (0, 1)
    )


@unhurried
@given(panels, st.booleans())
def test_everything_is_on_the_page(panel: PanelConfig, long: bool) -> None:
    root = ElementTree.fromstring(draw(planned(panel, long)))
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    points = [
        tuple(map(float, pair.split(",")))
        for shape in root.iter()
        for pair in shape.attrib.get("points", "").split()
    ]
    points += [(float(it.attrib["x"]), float(it.attrib["y"])) for it in root.iter(f"{SVG}text")]
    assert all(0 <= x <= width and 0 <= y <= height for x, y in points)


def test_a_name_with_signs_of_xml_in_it_is_drawn() -> None:
    made = plan(load('[station]\nname = "<Tom & Ann>"\n', "x", "hub"))
    assert ElementTree.fromstring(draw(made)).findtext(f"{SVG}title") == "Wiring: <Tom & Ann>"


@pytest.mark.parametrize("name", ["door", "indoor", "kiosk"])
@pytest.mark.parametrize("long", [False, True])
def test_the_pictures_of_the_docs_are_those_of_the_settings(name: str, long: bool) -> None:
    config = load((ROOT / "config" / f"{name}.toml").read_text(), name, "station")
    kept = (ROOT / "docs" / "wiring" / f"{name}{'-long' if long else ''}.svg").read_text()
    assert kept == draw(plan(config, long)), "`make wiring` draws them anew"


# -- the parts' values ------------------------------------------------------------------------


def test_no_part_asks_more_of_a_pin_than_it_gives() -> None:
    base = el.current(el.PIN_HIGH, el.BASE_EMITTER, el.BASE_RESISTOR)
    for milliamps in (el.led_current(), base):
        assert milliamps < el.PIN_DEFAULT
    assert el.current(el.PIN_HIGH, 1.7, el.LED_RESISTOR) < el.PIN_MOST  # the reddest LED


@pytest.mark.parametrize("supply", el.SUPPLIES)
def test_an_optocoupler_pulls_its_pin_surely(supply: el.Supply) -> None:
    assert 4 < supply.milliamps < 10
    assert el.opto_margin(supply) > 10
    assert supply.milliwatts < 125  # half of what the smallest resistor with wires takes


# -- the page ---------------------------------------------------------------------------------


def test_the_page_says_what_is_calculated_here() -> None:
    page = (ROOT / "docs" / "hardware.md").read_text()
    for part in planned(PanelConfig()).parts:
        row = f"| {part.name.lower()} | `{part.role}` | {part.pin.gpio} | {part.pin.number} |"
        assert row in page
    for supply in el.SUPPLIES:
        row = f"| {supply.volts} V | {el.ohms(supply.resistor)} | {supply.milliamps:.1f} mA |"
        assert f"{row} {supply.milliwatts:.0f} mW | {int(el.opto_margin(supply))} |" in page
    for drop, amps in ((0.35, 1.0), (2.0, 0.6)):
        metres = (f"{el.reach(drop, amps, area):.1f} m" for area in (0.2, 0.5, 0.75, 1.5))
        assert f"| {' | '.join(metres)} |" in page
    assert f"= {el.led_current():.1f} mA" in page


def test_without_a_panel_nothing_is_wired() -> None:
    """The pins that the settings name, or that two parts share, do not count then."""
    made = planned(PanelConfig(driver="none", call=1, hangup=2, mute=2))
    assert (made.parts, made.remarks, made.missing) == ((), (), tuple(ROLES.values()))
    assert "Not wired: Call button" in draw(made)
    assert "Not wired: Call button" in table(made)


# -- the command ------------------------------------------------------------------------------


def test_the_command_lists_draws_and_fails_on_a_conflict(tmp_path: Path) -> None:
    text = (ROOT / "config" / "door.toml").read_text()
    good, bad, drawn = tmp_path / "good.toml", tmp_path / "bad.toml", tmp_path / "out.svg"
    good.write_text(text)
    bad.write_text(text.replace("#call = 17 ", "call = 1 "))
    done = wiring("--config", str(good), "--long", "--out", str(drawn))
    assert (done.returncode, done.stderr) == (0, "")
    assert "| Call button    | 17   | 11  |" in done.stdout
    assert ElementTree.parse(drawn).getroot().tag == f"{SVG}svg"
    done = wiring("--config", str(bad))
    assert done.returncode == 1
    assert "CONFLICT: GPIO 1 (pin 28)" in done.stdout


def test_a_drawing_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    config = ROOT / "config" / "door.toml"
    done = wiring("--config", str(config), "--out", str(tmp_path / "no" / "such.svg"))
    assert done.returncode == 1
    assert "such.svg: No such file" in done.stderr
    assert "Traceback" not in done.stderr


def wiring(*words: str) -> subprocess.CompletedProcess[str]:
    """Run `intercom wiring words`."""
    return subprocess.run(
        [sys.executable, "-m", "intercom", "wiring", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
