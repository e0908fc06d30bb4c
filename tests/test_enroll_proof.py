"""The proofs of an enrolment: they fit only where both sides see the very same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intercom.enroll.code import from_bits
from intercom.enroll.proof import (
    Exchange,
    Promise,
    derive,
    hub_proof,
    same,
    station_proof,
    to_sign,
)

CODE = from_bits(0x5EED5EED5EED5EED)
EXCHANGE = Exchange(CODE.id, "ab" * 32, b"P" * 32, "door", b"H" * 16, b"S" * 16)
PROMISE = Promise("door", "Front door", own=True)
KEY = derive(CODE, EXCHANGE.hub_nonce)


def test_a_vector_that_never_changes() -> None:
    """Stations and hubs of different versions must agree."""
    assert (CODE.id, CODE.secret) == ("DQQ", "TEFNXYAVX500")
    assert KEY.hex() == "966d1de48f705f59f5073dcce9db7215272abafde410eb2b59bbdfc0a8d1d101"
    assert (
        station_proof(KEY, EXCHANGE).hex()
        == "5bf71201e9825e17d39cf4d505a5bfbe22c038f9833df7613c4dbf65cffccadb"
    )
    assert (
        hub_proof(KEY, EXCHANGE, PROMISE).hex()
        == "aa6401737020cea4ae36edd4549b4fb6eb340dea8f43bbe8500c990265cf6233"
    )


def test_both_roles_prove_something_of_their_own() -> None:
    """Nobody can send the other's proof back to it."""
    said = {
        station_proof(KEY, EXCHANGE),
        hub_proof(KEY, EXCHANGE, PROMISE),
        hub_proof(KEY, EXCHANGE, Promise("", "", own=False)),
        to_sign(EXCHANGE),
    }
    assert len(said) == 4


@pytest.mark.parametrize(
    "other",
    [
        {"code_id": "000"},
        {"certificate": "ac" * 32},
        {"certificate": ""},
        {"public": b"Q" * 32},
        {"name": "gate"},
        {"hub_nonce": b"h" * 16},
        {"station_nonce": b"s" * 16},
    ],
)
def test_whatever_differs_is_seen(other: dict[str, Any]) -> None:
    changed = replace(EXCHANGE, **other)
    assert not same(station_proof(KEY, changed), station_proof(KEY, EXCHANGE))
    assert not same(hub_proof(KEY, changed, PROMISE), hub_proof(KEY, EXCHANGE, PROMISE))
    assert to_sign(changed) != to_sign(EXCHANGE)


@pytest.mark.parametrize(
    "other", [Promise("anna", "Front door", True), Promise("door", "Anna", True),
              Promise("door", "Front door", False)]
)  # fmt: skip
def test_what_the_hub_promises_is_proven_too(other: Promise) -> None:
    assert not same(hub_proof(KEY, EXCHANGE, other), hub_proof(KEY, EXCHANGE, PROMISE))


def test_another_secret_or_nonce_is_another_key() -> None:
    assert derive(replace(CODE, secret="0" * 12), EXCHANGE.hub_nonce) != KEY
    assert derive(CODE, b"h" * 16) != KEY


TEXTS = st.text(st.characters(codec="utf-8"), max_size=6)
EXCHANGES = st.builds(
    Exchange,
    TEXTS,
    TEXTS,
    st.binary(max_size=4),
    TEXTS,
    st.binary(max_size=4),
    st.binary(max_size=4),
)


@settings(max_examples=300)
@given(EXCHANGES, EXCHANGES)
def test_no_two_exchanges_look_alike(one: Exchange, other: Exchange) -> None:
    """However the fields are cut: "ab", "c" is not "a", "bc"."""
    assert (to_sign(one) == to_sign(other)) == (one == other)
    assert (station_proof(KEY, one) == station_proof(KEY, other)) == (one == other)
