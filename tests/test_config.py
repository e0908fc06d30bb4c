"""The settings: what loads, what is refused and in which words, and that secrets stay secret."""

from __future__ import annotations

from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.config import (
    AnswerConfig,
    CallConfig,
    CameraConfig,
    Config,
    InvalidConfig,
    PlanStep,
    Secret,
    StationConfig,
    dump,
    load,
)
from intercom.config_types import Language
from intercom.errors import ConfigError
from intercom.station.words import languages

STATION = """
[station]
user = "door"
token_file = "/etc/intercom/token"
[hub]
url = "wss://hub.local:8443"
"""


def faults(text: str) -> list[str]:
    """The lines of the refusal; none when the text is accepted."""
    try:
        load(text, "door.toml", "hub")
    except InvalidConfig as error:
        return str(error).splitlines()
    return []


def only_fault(text: str) -> str:
    """The one line of the refusal, without the file's name."""
    (line,) = faults(text)
    return line.removeprefix("door.toml: ")


def test_an_empty_file_is_a_hub_with_every_default() -> None:
    assert load("", "hub.toml") == Config()


def test_a_station_loads_with_what_is_written_and_defaults_for_the_rest() -> None:
    config = load(STATION + '[call]\ncallee = "indoor"\n[camera]\nquality = "720p"', "x")
    assert config.station == StationConfig(user="door", token_file="/etc/intercom/token")
    assert config.call == CallConfig(callee="indoor")
    assert config.camera == CameraConfig(quality="720p")


def test_all_faults_are_told_at_once_one_a_line_in_the_order_of_the_sections() -> None:
    text = STATION + '[camera]\nqality = "480p"\nfps = "30"\n[call]\ntimeout = 301\n[camra]\n'
    assert faults(text) == [
        'door.toml: camra: unknown section, did you mean "camera"?',
        "door.toml: call.timeout: must be 1 to 300, is 301",
        'door.toml: camera.qality: unknown key, did you mean "quality"?',
        "door.toml: camera.fps: must be a whole number, not text",
    ]


def test_the_refusal_is_a_config_error_that_carries_its_faults() -> None:
    with pytest.raises(ConfigError) as caught:
        load("[call]\ntimeout = 0", "door.toml")
    assert isinstance(caught.value, InvalidConfig)
    (fault,) = caught.value.faults
    assert fault == ("door.toml", "call.timeout", "must be 1 to 300, is 0")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("colour = 1", "colour: unknown key"),
        ("call = 1", "call: must be a table, not a whole number"),
        ("[call]\ntimeout = 30.0", "call.timeout: must be a whole number, not a number"),
        ("[call]\ntimeout = true", "call.timeout: must be a whole number, not true or false"),
        ("[call]\nended_seconds = nan", "call.ended_seconds: must be 0 to 60, is nan"),
        ("[call]\nearly_media = 1", "call.early_media: must be true or false, not a whole number"),
        ("[answer]\nallow = 'a'", "answer.allow: must be a list, not text"),
        ("[answer]\nquiet_from = 22:30:00", "answer.quiet_from: must be text, not a date or time"),
        (
            "[answer]\nquiet_from = '24:00'",
            'answer.quiet_from: must be a time of day like "22:30", is "24:00"',
        ),
        (
            "[call]\ntype = 'vidoe'",
            'call.type: must be one of "audio", "video", is "vidoe", did you mean "video"?',
        ),
        (
            "[call]\ncallee = 'the flat'",
            'call.callee: must be a user id, or a group\'s like "group:family" '
            '(letters, digits, - and _, at most 64), is "the flat"',
        ),
        (
            "[answer]\nallow = ['a', 'b c', 'd']",
            'answer.allow[1]: must be letters, digits, - and _, at most 64, is "b c"',
        ),
        (
            "[hub]\nurl = 'https://hub'",
            'hub.url: must be like "wss://hub.local:8443", is "https://hub"',
        ),
        (
            "[hub.users.'a b']",
            'hub.users.a b: must be letters, digits, - and _, at most 64, is "a b"',
        ),
        (
            "[hub.users.a]\nopen_dor = true",
            'hub.users.a.open_dor: unknown key, did you mean "open_door"?',
        ),
        ("[hub]\nice_servers = [{}]", "hub.ice_servers[0].urls: is missing"),
        ("[call]\nplan = [1]", "call.plan[0]: must be a table, not a whole number"),
        (
            "[[call.plan]]\nring = 'a'\nsecond = 5",
            'call.plan[0].second: unknown key, did you mean "seconds"?',
        ),
        ("[[call.plan]]\nring = 'a'\nseconds = 0", "call.plan[0].seconds: must be 1 to 300, is 0"),
        (
            "[[call.plan]]\nring = 'a'\nhours = '8-18'",
            'call.plan[0].hours: must be hours of the day like "08:00-18:00", is "8-18"',
        ),
        (
            "[call]\nplan = [" + "{ ring = 'a' }, " * 9 + "]",
            "call.plan: must have at most 8 entries, has 9",
        ),
        ("[hub]\ngroup_max = 5", "hub.group_max: must be 2 to 4, is 5"),
        ("[hub]\nrecords_days = 0", "hub.records_days: must be 1 to 3650, is 0"),
        ("[hub]\ndoor_seconds = 31.0", "hub.door_seconds: must be 0.1 to 30, is 31.0"),
        (
            "[call]\npress_in_call = 'hang'",
            'call.press_in_call: must be one of "hangup", "mute", "nothing", is "hang"',
        ),
        ("[panel]\nlamp = 28", "panel.lamp: must be -1 to 27, is 28"),
        ("[station]\nname = '" + "x" * 201 + "'", "station.name: must be at most 200"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(text: str, fault: str) -> None:
    assert only_fault(text).startswith(fault)


def test_a_syntax_error_names_its_line() -> None:
    assert only_fault("[call]\ntimeout 3").startswith("is not TOML: ")
    assert "line 2" in only_fault("[call]\ntimeout 3")


def test_a_whole_number_will_do_where_a_number_is_wanted() -> None:
    seconds = load("[call]\nended_seconds = 2", "x").call.ended_seconds
    assert (seconds, type(seconds)) == (2.0, float)


def test_the_languages_to_choose_from_are_those_with_words() -> None:
    assert get_args(Language) == languages()


def test_a_language_without_words_is_refused_with_those_there_are() -> None:
    assert only_fault("[station]\nlanguage = 'de'") == (
        'station.language: must be one of "en", "zh", is "de"'
    )


def test_a_secret_shows_nowhere_but_by_reveal() -> None:
    text = STATION.replace("token_file = ", "#").replace("user =", "token = 'hush'\nuser =")
    text += "ice_servers = [{ urls = ['turn:t'], credential = 'hush' }]"
    config = load(text, "x")
    assert config.station.token.reveal() == "hush"
    assert config.hub.ice_servers[0].credential.reveal() == "hush"
    shown = f"{config} {config.station.token} {config.station.token!r} {dump(config)}"
    shown += "%s %r %s" % (config.station.token, config.station.token, [config.station.token])  # noqa: UP031 - the way of logging
    assert "hush" not in shown
    assert 'token = "***"' in dump(config)
    assert str(Secret("")) == ""


def test_a_secret_that_is_not_text_is_not_quoted() -> None:
    assert "4711" not in only_fault("[station]\ntoken = 4711")


def test_nothing_can_be_changed_later() -> None:
    with pytest.raises(AttributeError):
        setattr(load("", "x").call, "timeout", 1)  # noqa: B010 - mypy refuses the plain way


def test_the_dump_of_all_defaults_is_toml_with_every_key() -> None:
    text = dump(Config())
    assert load(text, "x", "hub") == Config()
    for section in msgspec.structs.fields(Config):
        for field in msgspec.structs.fields(section.type):
            assert field.name in {"users", "groups"} or f"\n{field.name} = " in text


USERS = st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z")
STEPS = st.builds(
    PlanStep,
    ring=USERS | USERS.map("group:{}".format),
    seconds=st.integers(1, 300),
    hours=st.sampled_from(["", "08:00-18:00", "22:00-06:00"]),
)


@settings(deadline=None)
@given(
    name=st.text(st.characters(codec="utf-8"), max_size=200),
    callee=USERS,
    allow=st.lists(USERS, min_size=1),
    seconds=st.floats(0, 60),
    plan=st.lists(STEPS, max_size=8),
    users=st.dictionaries(USERS, st.tuples(st.text("\x00\x7f\"\\'é\n"), st.booleans())),
)
def test_a_dump_loads_as_what_was_dumped(
    *,
    name: str,
    callee: str,
    allow: list[str],
    seconds: float,
    plan: list[PlanStep],
    users: dict[str, tuple[str, bool]],
) -> None:
    base = load("".join(f"[hub.users.{user}]\n" for user in users), "x")
    named = {
        user: msgspec.structs.replace(base.hub.users[user], name=text[:200], open_door=may)
        for user, (text, may) in users.items()
    }
    config = Config(
        station=StationConfig(name=name),
        call=CallConfig(callee=callee, plan=tuple(plan)),
        answer=AnswerConfig(kind="consult", allow=tuple(allow), seconds=seconds),
        hub=msgspec.structs.replace(base.hub, users=named),
    )
    assert load(dump(config), "x", "hub") == config


TOML = st.recursive(
    st.booleans() | st.integers(-5, 400) | st.floats() | st.sampled_from(["video", "480p", "a b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(USERS, inner, max_size=2),
    max_leaves=5,
)
KEYS = [
    (section.name, field.name)
    for section in msgspec.structs.fields(Config)
    for field in msgspec.structs.fields(section.type)
]


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(KEYS), TOML, max_size=4))
def test_any_value_anywhere_is_taken_or_refused_in_words(
    values: dict[tuple[str, str], object],
) -> None:
    lines = [f"{section}.{key} = {_toml(value)}" for (section, key), value in values.items()]
    for line in faults("\n".join(lines)):
        source, key, message = line.split(": ", 2)
        assert source == "door.toml"
        assert key
        assert message


@settings(deadline=None)
@given(st.text())
def test_any_text_is_taken_or_refused_in_words(text: str) -> None:
    assert all(line.startswith("door.toml: ") for line in faults(text))


def _toml(value: object) -> str:
    """A value of the strategy above in TOML's notation."""
    match value:
        case dict():
            return "{" + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(_toml, value)) + "]"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
    return repr(value)
