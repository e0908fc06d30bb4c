"""The files in `config/` are the manual: complete, true, and loadable as they are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from intercom.config import (
    AnswerConfig,
    CallConfig,
    CameraConfig,
    Config,
    GroupConfig,
    HubConfig,
    LogConfig,
    NetworkConfig,
    PanelConfig,
    PlanStep,
    Role,
    ScreenConfig,
    SoundConfig,
    StationConfig,
    UpdateConfig,
    UserConfig,
    load,
)

FOLDER = Path(__file__).parent.parent / "config"
ROLES: dict[str, Role] = {"door": "station", "indoor": "station", "kiosk": "station", "hub": "hub"}

# What a station says of the hub; all the rest is what a hub says of itself.
HUB_SEEN_FROM_A_STATION = {"url", "tls_pin", "embedded", "insecure"}
TABLES = {"users", "groups"}

OPTION = re.compile(r"^(?P<off>#?)(?P<key>[a-z_]+) = (?P<value>.*?)  +# (?P<comment>\S.*)$")
SECTION = re.compile(r"^\[(?P<name>[a-z_.]+)\]$")

STRUCTS: dict[str, type[msgspec.Struct]] = {
    "station": StationConfig,
    "hub": HubConfig,
    "call": CallConfig,
    "answer": AnswerConfig,
    "camera": CameraConfig,
    "sound": SoundConfig,
    "panel": PanelConfig,
    "screen": ScreenConfig,
    "network": NetworkConfig,
    "update": UpdateConfig,
    "log": LogConfig,
    "hub.users": UserConfig,
    "hub.groups": GroupConfig,
}


def options(name: str) -> dict[str, dict[str, re.Match[str]]]:
    """Every option line of the file, by section and key; any other kind of line is an error."""
    found: dict[str, dict[str, re.Match[str]]] = {}
    section = ""
    for line in (FOLDER / f"{name}.toml").read_text().splitlines():
        if heading := SECTION.match(line):
            section = heading["name"]
            found[section] = {}
        elif option := OPTION.match(line):
            assert option["key"] not in found[section], line
            found[section][option["key"]] = option
        else:
            assert line in {"", "#"} or line.startswith("# "), line
    return found


def struct_of(section: str) -> type[msgspec.Struct]:
    """The struct behind a section's heading; that of a user's or group's table by its kind."""
    return STRUCTS.get(section) or STRUCTS[section.rpartition(".")[0]]


def wanted_keys(section: str, role: Role) -> set[str]:
    keys = {field.name for field in msgspec.structs.fields(struct_of(section))}
    if section == "hub":
        mine = HUB_SEEN_FROM_A_STATION
        return mine if role == "station" else keys - mine - TABLES | {"insecure"}
    return keys


@pytest.mark.parametrize(("name", "role"), ROLES.items())
def test_it_loads_as_it_is(name: str, role: Role) -> None:
    text = (FOLDER / f"{name}.toml").read_text()
    assert load(text, f"{name}.toml", role) != Config()


@pytest.mark.parametrize(("name", "role"), ROLES.items())
def test_every_option_of_the_role_stands_in_it_and_no_other(name: str, role: Role) -> None:
    found = options(name)
    kinds = set(STRUCTS) - {"hub.users", "hub.groups"} if role == "station" else {"hub", "log"}
    assert kinds <= set(found)
    for section, keys in found.items():
        assert set(keys) == wanted_keys(section, role), section
    if role == "hub":
        assert {section.rpartition(".")[0] for section in found} == {"", "hub.users", "hub.groups"}


@pytest.mark.parametrize("name", ROLES)
def test_commented_out_is_the_default_and_nothing_else_is(name: str) -> None:
    for section, keys in options(name).items():
        defaults = struct_of(section)()
        for key, option in keys.items():
            value = tomllib.loads(f"value = {option['value']}")["value"]
            default = getattr(defaults, key)
            same = value == (list(default) if isinstance(default, tuple) else default)
            assert same == bool(option["off"]), f"{section}.{key}: the default is {default!r}"


@pytest.mark.parametrize(("name", "role"), ROLES.items())
def test_it_says_the_same_with_every_option_in_force(name: str, role: Role) -> None:
    text = (FOLDER / f"{name}.toml").read_text()
    everything = re.sub(r"^#(?=[a-z_]+ = )", "", text, flags=re.MULTILINE)
    assert everything != text
    assert load(everything, name, role) == load(text, name, role)


@pytest.mark.parametrize("name", ROLES)
def test_no_line_is_wider_than_a_terminal(name: str) -> None:
    lines = (FOLDER / f"{name}.toml").read_text().splitlines()
    assert [line for line in lines if len(line) > 100] == []


def test_the_files_know_one_another() -> None:
    hub = load((FOLDER / "hub.toml").read_text(), "hub.toml", "hub").hub
    for name in ("door", "indoor", "kiosk"):
        config = load((FOLDER / f"{name}.toml").read_text(), f"{name}.toml", "station")
        assert {config.call.callee, *config.answer.allow} <= {*hub.users, *hub.groups}
        user = hub.users[config.station.user]
        assert config.call.callee in user.may_call or "*" in user.may_call
        assert user.name == config.station.name


def test_the_installation_guide_makes_a_kitchen_with_the_hub_in_it() -> None:
    guide = (FOLDER.parent / "docs" / "install.md").read_text()
    (section,) = re.findall(r"^```toml\n(.*?)^```$", guide, flags=re.MULTILINE | re.DOTALL)
    text = (FOLDER / "indoor.toml").read_text()
    text = re.sub(r"^token_file.*\n", "", text, flags=re.MULTILINE)
    text = re.sub(r"^\[hub\]\n.*?\n\n", f"{section}\n", text, flags=re.MULTILINE | re.DOTALL)
    config = load(text, "station.toml", "station")
    assert config.hub.embedded
    assert config.hub.listen == "0.0.0.0"
    assert config.hub.users["indoor"].open_door
    assert config.station.token_file == ""


@pytest.mark.parametrize("name", [name for name, role in ROLES.items() if role == "station"])
def test_the_example_of_a_plan_can_be_used_as_it_is(name: str) -> None:
    text = (FOLDER / f"{name}.toml").read_text()
    example = "".join(re.findall(r"^#   (.*\n)", text, flags=re.MULTILINE))
    assert load(text.replace("\n[answer]\n", f"\n{example}[answer]\n"), name).call.plan == (
        PlanStep(ring="anna", seconds=15),
        PlanStep(ring="group:family", hours="08:00-18:00"),
        PlanStep(message=True, seconds=60),
    )
