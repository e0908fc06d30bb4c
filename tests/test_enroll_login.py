"""The login of a device: good once, for one hub, one user, and whatever the clocks say."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from intercom.enroll.key import DeviceKey
from intercom.enroll.login import TYPE, device_id, has_signed, verify
from intercom.errors import Code, LoginError

KEY, OTHER = (DeviceKey(Ed25519PrivateKey.from_private_bytes(bytes([n]) * 32)) for n in (1, 2))
HUB, NONCE = "ab" * 32, "n" * 32


def refusal(token: str, **seen: str) -> Code:
    """Why that login is refused."""
    given_ = {"user_id": "door", "nonce": NONCE, "certificate": HUB} | seen
    with pytest.raises(LoginError) as error:
        verify(KEY.public, token, **given_)
    return error.value.code


def test_a_device_logs_in() -> None:
    token = KEY.sign_login("door", NONCE, HUB)
    verify(KEY.public, token, "door", NONCE, HUB)
    head = jwt.get_unverified_header(token)
    assert (head["kid"], head["typ"], head["alg"]) == (KEY.device, TYPE, "EdDSA")
    verify(KEY.public, KEY.sign_login("door", NONCE, ""), "door", NONCE, "")  # without TLS


def test_it_is_for_one_hub_one_user_and_one_time() -> None:
    token = KEY.sign_login("door", NONCE, HUB)
    assert refusal(token, certificate="cd" * 32) is Code.TOKEN_BAD_SIGNATURE
    assert refusal(token, certificate="") is Code.TOKEN_BAD_SIGNATURE
    assert refusal(token, nonce="m" * 32) is Code.TOKEN_EXPIRED
    assert refusal(token, user_id="indoor") is Code.TOKEN_OTHER_USER
    assert refusal(OTHER.sign_login("door", NONCE, HUB)) is Code.TOKEN_BAD_SIGNATURE


@pytest.mark.parametrize("stamp", [0, 10**10])
def test_no_clock_is_asked(stamp: int) -> None:
    claims: dict[str, str | int] = {"sub": "door", "nonce": NONCE, "aud": f"intercom-hub:{HUB}"}
    claims |= {"iat": stamp, "nbf": stamp, "exp": stamp}
    token = jwt.encode(claims, KEY.private, "EdDSA", {"typ": TYPE})
    verify(KEY.public, token, "door", NONCE, HUB)


def forged(head: dict[str, Any], claims: dict[str, Any]) -> str:
    """A token that nobody signed."""
    parts = (json.dumps(part).encode() for part in (head, claims))
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts) + "."


@pytest.mark.parametrize("missing", ["aud", "sub", "nonce"])
def test_what_must_be_in_it(missing: str) -> None:
    claims = {"aud": f"intercom-hub:{HUB}", "sub": "door", "nonce": NONCE}
    del claims[missing]
    assert refusal(jwt.encode(claims, KEY.private, "EdDSA", {"typ": TYPE})) is Code.TOKEN_MALFORMED


def test_what_is_no_login() -> None:
    claims = {"aud": f"intercom-hub:{HUB}", "sub": "door", "nonce": NONCE}
    for algorithm in ("none", "HS256", ["EdDSA"], None, 7):
        assert refusal(forged({"alg": algorithm, "typ": TYPE}, claims)) is Code.TOKEN_MALFORMED
    token = jwt.encode(claims, KEY.private, "EdDSA")  # a JWT of another kind
    assert refusal(token) is Code.TOKEN_MALFORMED
    by_public = jwt.encode(claims, "x" * 32, "HS256", {"typ": TYPE})
    assert refusal(by_public) is Code.TOKEN_MALFORMED


@given(st.text(max_size=200))
def test_any_text_is_refused(text: str) -> None:
    assert refusal(text) is Code.TOKEN_MALFORMED


def test_a_device_is_named_after_its_key() -> None:
    assert KEY.device == device_id(KEY.public) != OTHER.device
    assert re.fullmatch("[a-z2-7]{16}", KEY.device)
    assert "PRIVATE" not in repr(KEY)


def test_who_has_signed() -> None:
    signature = KEY.private.sign(b"said")
    assert has_signed(KEY.public, signature, b"said")
    assert not has_signed(KEY.public, signature, b"not said")
    assert not has_signed(OTHER.public, signature, b"said")
    assert not has_signed(b"\xff" * 32, signature, b"said")
    assert not has_signed(KEY.public, b"", b"said")
