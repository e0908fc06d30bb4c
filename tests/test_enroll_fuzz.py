"""Anything may be posted at /enroll: it is refused in words, and nobody is enrolled by it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from intercom.enroll import wire
from intercom.enroll.key import DeviceKey
from intercom.hub import enroll_http

from .enroll_rig import House, Raw, house
from .test_protocol import JSON

BOUNDED = settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
FIELDS = ("t", "v", "id", "hub_nonce", "station_nonce", "public", "proof", "signature", "name")


class Target:
    """A hub in a loop of its own, with an open invitation."""

    def __init__(self, folder: Path) -> None:
        self.runner = asyncio.Runner(debug=True)
        self.faults: list[str] = []
        self.stack = AsyncExitStack()
        self.home: House = self.runner.run(self.stack.enter_async_context(house(folder)))
        self.code = self.home.invite()
        self.raw = Raw(self.home, DeviceKey.load_or_make(self.home.key_file()))
        self.good = self.runner.run(self.raw.proof(self.code))

    def close(self) -> None:
        """Stop it."""
        self.runner.run(self.stack.aclose())
        self.runner.close()

    def post(self, body: bytes) -> tuple[int, bytes]:
        """Post that."""
        return self.runner.run(self.raw.post(body))


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A hub that does not mind how often it is asked."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("RATE", "BURST", "ADDRESS_RATE", "ADDRESS_BURST"):
            patch.setattr(enroll_http, name, 1e9)
        made = Target(tmp_path_factory.mktemp("fuzz"))
        yield made
        made.close()
    assert made.home.devices() == []


@pytest.fixture(autouse=True)
def no_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """The hub may warn, and must not fail."""
    yield
    assert [r.getMessage() for r in caplog.records if r.levelno >= logging.ERROR] == []


def refused(status: int, body: bytes) -> bool:
    """Whether that is a refusal in words, of a status that a station understands."""
    return bool(
        status in {400, 403, 409, 410, 413} and msgspec.json.decode(body, type=wire.Refusal).msg
    )


@BOUNDED
@given(st.binary(max_size=wire.MAX_BYTES + 100))
def test_any_bytes(target: Target, body: bytes) -> None:
    assert refused(*target.post(body))


@BOUNDED
@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=5), JSON, max_size=9))
def test_any_object(target: Target, body: dict[str, Any]) -> None:
    status, said = target.post(msgspec.json.encode(body))
    assert refused(status, said)


@BOUNDED
@given(st.sampled_from(FIELDS), JSON)
def test_a_proof_with_something_else_in_it(target: Target, field: str, value: Any) -> None:
    body = msgspec.to_builtins(target.good) | {field: value}
    status, said = target.post(msgspec.json.encode(body))
    assert refused(status, said)


@BOUNDED
@given(st.integers(0, 2**16), st.integers(1, 255))
def test_a_proof_with_a_byte_turned(target: Target, at: int, turn: int) -> None:
    body = bytearray(msgspec.json.encode(target.good))
    body[at % len(body)] ^= turn
    with contextlib.suppress(ValueError):
        if wire.decode(bytes(body)) == target.good:  # base 64 has bits that mean nothing
            return
    assert refused(*target.post(bytes(body)))
