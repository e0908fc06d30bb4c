"""The wire: what goes out comes in again, and nothing else comes in."""

from __future__ import annotations

import json
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import inspect

from intercom import protocol as p
from intercom.errors import ProtocolError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=10,
)


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:  # noqa: PLR0911 (one line a type)
    """Everything that a type of msgspec allows."""
    match kind:
        case inspect.StrType(pattern=str(pattern)):
            return st.from_regex(pattern)
        case inspect.StrType(min_length=low, max_length=high):
            return st.text(min_size=low or 0, max_size=min(high or 100, 100))
        case inspect.IntType(ge=low, le=high):
            return st.integers(low, high)
        case inspect.FloatType(ge=low, le=high):
            return st.floats(low, high, allow_infinity=False)  # JSON has none
        case inspect.BoolType():
            return st.booleans()
        case inspect.EnumType(cls=cls):
            return st.sampled_from(list(cls))
        case inspect.ListType(item_type=item, min_length=low):
            return st.lists(values(item), min_size=low or 0, max_size=3)
        case inspect.TupleType(item_types=items):
            return st.tuples(*map(values, items))
        case inspect.DictType(key_type=key, value_type=value):
            return st.dictionaries(values(key), values(value), max_size=3)
        case inspect.UnionType(types=types):
            return st.one_of(*map(values, types))
        case inspect.RawType():
            return JSON.map(lambda value: msgspec.Raw(msgspec.json.encode(value)))
        case inspect.StructType(cls=cls, fields=fields):
            return st.builds(cls, **{field.name: values(field.type) for field in fields})
    raise AssertionError(f"no strategy for {kind}")


def messages(union: Any) -> st.SearchStrategy[Any]:
    return values(inspect.type_info(union))


@given(messages(p.ClientMessage))
def test_what_a_client_says_arrives(message: p.ClientMessage) -> None:
    assert p.decode_client(p.encode(message)) == message


@given(messages(p.HubMessage))
def test_what_the_hub_says_arrives(message: p.HubMessage) -> None:
    assert p.decode_hub(p.encode(message).encode()) == message


@given(messages(p.ClientMessage | p.HubMessage), st.text(min_size=1, max_size=9), JSON)
def test_unknown_fields_are_ignored(message: p.Message, name: str, value: Any) -> None:
    known = p.encode(message)
    decode = p.decode_client if type(message) in get_args(p.ClientMessage) else p.decode_hub
    assert decode(f"{{{json.dumps(f'new {name}')}:{json.dumps(value)},{known[1:]}") == message


def test_every_message_has_its_own_tag() -> None:
    kinds = [*get_args(p.ClientMessage), *get_args(p.HubMessage)]
    tags = [kind.__struct_config__.tag for kind in kinds]
    assert len(set(tags)) == len(tags)
    assert set(kinds) == {k for k in vars(p).values() if _is_message(k)}


def _is_message(thing: object) -> bool:
    if not isinstance(thing, type) or not issubclass(thing, p.Message):
        return False
    return thing not in {p.Message, p.Request}


ID = '"call_id":"call-0001"'
INVITE = f'"t":"invite","req":1,{ID}'
SIGNAL = f'"t":"signal",{ID},"user_id":"a","epoch":0'
TEXT = f'"t":"sendtext","req":1,{ID}'
DEEP = "[" * 20_000 + "]" * 20_000
BAD: dict[str, str | bytes] = {
    "nothing": "",
    "not JSON": "hello",
    "no object": "[]",
    "null": "null",
    "a number": "1",
    "no tag": "{}",
    "unknown tag": '{"t":"dance"}',
    "a tag of another type": '{"t":7}',
    "the hub's message": '{"t":"pong"}',
    "tag in capitals": '{"t":"Ping"}',
    "two objects": '{"t":"ping"}{"t":"ping"}',
    "a byte order mark": '\ufeff{"t":"ping"}',
    "a field is missing": '{"t":"ringing"}',
    "a field is null": '{"t":"ringing","call_id":null}',
    "text for a number": f'{{"t":"accept","req":"1",{ID}}}',
    "a fraction for a number": f'{{"t":"accept","req":1.5,{ID}}}',
    "a negative request": f'{{"t":"accept","req":-1,{ID}}}',
    "a request beyond what JavaScript can count": f'{{"t":"accept","req":{2**53},{ID}}}',
    "a huge number": f'{{"t":"accept","req":1{"0" * 5000},{ID}}}',
    "a number for a truth": f'{{"t":"reject",{ID},"busy":1}}',
    "text for a truth": f'{{"t":"reject",{ID},"busy":"true"}}',
    "unknown call type": f'{{"t":"switchtype","req":1,{ID},"type":3}}',
    "unknown reason": f'{{"t":"hangup",{ID},"reason":"bored"}}',
    "call ID too short": '{"t":"ringing","call_id":"1234567"}',
    "call ID too long": f'{{"t":"ringing","call_id":"{"x" * 65}"}}',
    "call ID with a newline at its end": '{"t":"ringing","call_id":"call-0001\\n"}',
    "call ID with an umlaut": '{"t":"ringing","call_id":"c\u00e4ll-0001"}',
    "user ID with a newline": f'{{{INVITE},"user_ids":["a\\n"],"type":1}}',
    "user ID empty": f'{{{INVITE},"user_ids":[""],"type":1}}',
    "one user ID for several": f'{{{INVITE},"user_ids":"a","type":1}}',
    "too many users": f'{{{INVITE},"user_ids":{json.dumps(["a"] * 65)},"type":1}}',
    "group ID with a blank": f'{{{INVITE},"group":true,"group_id":"a b","type":1}}',
    "rings no time": f'{{{INVITE},"user_ids":["a"],"type":1,"timeout":0}}',
    "rings too long": f'{{{INVITE},"user_ids":["a"],"type":1,"timeout":301}}',
    "too much data": f'{{{INVITE},"user_ids":["a"],"type":1,"data":"{"x" * 2001}"}}',
    "joins a call ID too short": '{"t":"join","req":1,"call_id":"1234567"}',
    "too many were seen": f'{{"t":"seen","call_ids":{json.dumps(["call-0001"] * 65)}}}',
    "empty text": f'{{{TEXT},"text":""}}',
    "long text": f'{{{TEXT},"text":"{"x" * 501}"}}',
    "half a surrogate, escaped": f'{{{TEXT},"text":"\\ud800"}}',
    "half a surrogate": f'{{{TEXT},"text":"\ud800"}}',
    "not UTF-8": b'{"t":"sendtext","req":1,"call_id":"call-0001","text":"\xff"}',
    "a bare control character": f'{{{TEXT},"text":"\x01"}}',
    "NaN": f'{{{SIGNAL},"body":NaN}}',
    "no body": f"{{{SIGNAL}}}",
    "a broken body": f'{{{SIGNAL},"body":{{]}}',
    "deep": f'{{"t":"ping","x":{DEEP}}}',
    "deep body": f'{{{SIGNAL},"body":{DEEP}}}',
    "one version": '{"t":"hello","versions":[1],"user_id":"a","user_sig":"x"}',
    "a version beyond counting": '{"t":"hello","versions":[1,1e400],"user_id":"a","user_sig":"x"}',
}


@pytest.mark.parametrize("data", BAD.values(), ids=BAD.keys())
def test_bad_messages_are_refused(data: str | bytes) -> None:
    with pytest.raises(ProtocolError, match="not understood"):
        p.decode_client(data)


@pytest.mark.parametrize(
    "data",
    [
        '{"t":"ping"}',
        ' {"t" : "ping"}\n',
        '{"x":{"y":[1e400,-0,"\\ud83d\\ude00"]},"t":"ping"}',
    ],
)
def test_unusual_but_good_messages_are_read(data: str) -> None:
    assert p.decode_client(data) == p.Ping()


def test_64_kib_are_read_and_not_one_byte_more() -> None:
    def ping(size: int) -> str:
        return f'{{"t":"ping","x":"{"x" * (size - 19)}"}}'

    assert len(ping(p.MAX_MESSAGE)) == p.MAX_MESSAGE
    assert p.decode_client(ping(p.MAX_MESSAGE)) == p.Ping()
    with pytest.raises(ProtocolError, match="65537 bytes"):
        p.decode_client(ping(p.MAX_MESSAGE + 1))


def test_bytes_count_not_letters() -> None:
    euros = "\u20ac" * (p.MAX_MESSAGE // 2)
    with pytest.raises(ProtocolError, match="bytes"):
        p.decode_client(f'{{"t":"ping","x":"{euros}"}}')


def test_what_is_too_big_is_not_sent() -> None:
    body = msgspec.Raw(b'"%s"' % (b"x" * p.MAX_MESSAGE))
    with pytest.raises(ProtocolError, match="at most 65536"):
        p.encode(p.Signal("call-0001", "a", 0, body))


def test_the_complaint_is_small_enough_to_be_sent_back() -> None:
    """A fault quotes what is at fault: of a message of 64 KiB, that would be too much."""
    with pytest.raises(ProtocolError) as fault:
        p.decode_client(f'{{"t":"{"x" * 65_000}"}}')
    assert len(p.encode(p.Error(0, fault.value.code, fault.value.message))) < 1000


@pytest.mark.parametrize("text", ["a", "A-z_09", "x" * 64])
def test_user_ids(text: str) -> None:
    assert p.is_user_id(text)


@pytest.mark.parametrize("text", ["", "a b", "a\n", "\u00e4", "x" * 65, "a.b", "a/b"])
def test_no_user_ids(text: str) -> None:
    assert not p.is_user_id(text)


def test_silence_is_noticed_and_a_call_given_up_within_ten_seconds() -> None:
    """The calling spec's rules 13 and 14 hang on these three."""
    assert p.PING_CALL * 3 < p.DEAD_CALL
    assert p.PING_IDLE * 2 < p.DEAD_IDLE
    assert p.DEAD_CALL + p.LOST_GRACE < 10


def test_the_biggest_roster_and_the_biggest_invitation_fit_on_the_wire() -> None:
    users = [f"{number:064d}" for number in range(p.MEMBERS_MAX)]
    most = 2**53 - 1
    others = [p.Present(user, most, joined=False, rang=True) for user in users]
    call, group = "x" * 64, "g" * 64
    roster = p.Roster(call, users[0], p.CallType.VIDEO, most, others, True, True, group, 86400.0)
    invited = p.Invited(
        call, users[0], users, p.CallType.VIDEO, 300.0, most, most,
        group_id=group, data="\0" * 2000, name="\0" * 200,
    )  # fmt: skip
    for message in (roster, invited):
        assert p.decode_hub(p.encode(message)) == message
