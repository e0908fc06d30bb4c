"""The hub's key on the disk, and the tokens that are made with it."""

from __future__ import annotations

import base64
import json
import multiprocessing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from intercom.config import HubConfig
from intercom.errors import Code, LoginError
from intercom.hub.keys import KEY_FILE, SKEW, Keys, KeyStoreError
from intercom.hub.server import Hub


def test_the_key_is_the_hubs_alone_and_stays(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "state"
    token = Keys(folder).mint("door", 1)
    [key] = folder.iterdir()
    assert key.name == KEY_FILE
    assert key.stat().st_mode & 0o777 == 0o600
    Keys(folder).check("door", token)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """A file in its place: permissions would not stop root."""
    (tmp_path / "state").write_text("")
    with pytest.raises(KeyStoreError, match="state_dir"):
        Hub(HubConfig(state_dir=str(tmp_path / "state")))


@pytest.mark.parametrize("content", ["", "garbage", "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_a_broken_key_is_not_replaced(tmp_path: Path, content: str) -> None:
    (tmp_path / KEY_FILE).write_text(content)
    with pytest.raises(KeyStoreError, match="backup"):
        Keys(tmp_path)
    assert (tmp_path / KEY_FILE).read_text() == content


def test_a_key_of_another_kind(tmp_path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    (tmp_path / KEY_FILE).write_bytes(pem)
    with pytest.raises(KeyStoreError, match="Ed25519"):
        Keys(tmp_path)


def _mint(folder: str, ready: multiprocessing.synchronize.Barrier, tokens: list[str]) -> None:
    ready.wait(30)
    tokens.append(Keys(Path(folder)).mint("door", 1))


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager:
        tokens, ready = manager.list(), manager.Barrier(3)
        processes = [
            spawn.Process(target=_mint, args=(str(tmp_path), ready, tokens)) for _ in range(3)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(30)
        keys = Keys(tmp_path)
        assert len(tokens) == 3
        for token in tokens:
            keys.check("door", token)
    assert [path.name for path in tmp_path.iterdir()] == [KEY_FILE]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("hub"))


def refusal(keys: Keys, user: str, token: str) -> Code:
    with pytest.raises(LoginError) as error:
        keys.check(user, token)
    return error.value.code


def test_two_clocks_may_differ(keys: Keys) -> None:
    day = 86400
    keys.check("door", keys.mint("door", -(SKEW - 60) / day))
    assert refusal(keys, "door", keys.mint("door", -(SKEW + 60) / day)) is Code.TOKEN_EXPIRED


def test_tokens_are_for_one_user(keys: Keys) -> None:
    assert refusal(keys, "desk", keys.mint("door", 1)) is Code.TOKEN_OTHER_USER
    with pytest.raises(KeyStoreError, match="no user ID"):
        keys.mint("front door", 1)


def test_a_token_tells_whose_it_is_if_it_is_good(keys: Keys, tmp_path: Path) -> None:
    assert keys.owner(keys.mint("desk", 1)) == "desk"
    for token, code in (
        (keys.mint("desk", -1), Code.TOKEN_EXPIRED),
        (Keys(tmp_path / "other").mint("desk", 1), Code.TOKEN_BAD_SIGNATURE),
        ("desk", Code.TOKEN_MALFORMED),
        ("", Code.TOKEN_MALFORMED),
    ):
        with pytest.raises(LoginError) as error:
            keys.owner(token)
        assert error.value.code is code


def part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_nobody_makes_tokens_himself(keys: Keys, tmp_path: Path) -> None:
    good = keys.mint("door", 1)
    head, _, signature = good.split(".")
    claims = {"iss": "intercom", "aud": "intercom-hub", "sub": "desk", "exp": 2**33}
    assert refusal(keys, "door", Keys(tmp_path).mint("door", 1)) is Code.TOKEN_BAD_SIGNATURE
    assert refusal(keys, "desk", f"{head}.{part(claims)}.{signature}") is Code.TOKEN_BAD_SIGNATURE
    for algorithm in ("none", "HS256", ["EdDSA"], None, 7):
        forged = f"{part({'alg': algorithm})}.{part(claims)}."
        assert refusal(keys, "desk", forged) is Code.TOKEN_MALFORMED


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "\u00e4.\u00e4.\u00e4", "x" * 8000])
def test_what_is_no_token(keys: Keys, token: str) -> None:
    assert refusal(keys, "door", token) is Code.TOKEN_MALFORMED


@pytest.mark.parametrize("head", ["[" * 5000, '{"alg":"EdDSA","x":' + "[" * 5000, "7", "null"])
def test_a_token_with_a_mad_head(keys: Keys, head: str) -> None:
    raw = base64.urlsafe_b64encode(head.encode()).rstrip(b"=").decode()
    assert refusal(keys, "door", f"{raw}.e30.AAAA") is Code.TOKEN_MALFORMED
