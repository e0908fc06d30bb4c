"""The hub's signing key, and the tokens (user_sig) made with it: EdDSA JWTs, RFC 7519 and 8037."""

from __future__ import annotations

import secrets
import time
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from intercom.errors import Code, IntercomError, LoginError
from intercom.files import write_once
from intercom.protocol import is_user_id

ISSUER = "intercom"
AUDIENCE = "intercom-hub"
SKEW = 300.0
"""Seconds by which two clocks may differ."""
KEY_FILE = "hub.key"


class KeyStoreError(IntercomError):
    """The state directory cannot hold, or does not hold, a usable key."""


class Keys:
    """Mints and checks tokens. `directory` holds the private key, made at first use."""

    def __init__(self, directory: Path) -> None:
        self._key = _load_or_make(directory / KEY_FILE)
        self._public = self._key.public_key()

    def mint(self, user_id: str, days: float) -> str:
        """Return a token with which `user_id` logs in for `days` days."""
        if not is_user_id(user_id):
            raise KeyStoreError(f'"{user_id}" is no user ID: 1 to 64 letters, digits, - or _')
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": user_id,
            "iat": now,
            "exp": now + int(days * 86400),
            "jti": secrets.token_urlsafe(12),
        }
        return jwt.encode(claims, self._key, algorithm="EdDSA")

    def check(self, user_id: str, user_sig: str) -> None:
        """Raise LoginError unless `user_sig` is a valid token of `user_id`."""
        owner = self._verified(user_sig, user_id)
        if owner != user_id:
            raise LoginError(
                Code.TOKEN_OTHER_USER,
                f'the token belongs to "{owner}", not to "{user_id}": {_mint(user_id)}',
            )

    def owner(self, user_sig: str) -> str:
        """Return whose token it is; raise LoginError unless it is a valid one."""
        return self._verified(user_sig, "USER")

    def _verified(self, user_sig: str, user_id: str) -> str:
        """Return whose token it is; `user_id` is for the words of an error.

        `iat` is not looked at: a hub without a clock would refuse tokens of tomorrow.
        """
        try:
            claims = jwt.decode(
                user_sig,
                self._public,
                algorithms=["EdDSA"],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=SKEW,
                options={"require": ["sub", "exp"], "verify_iat": False, "verify_nbf": False},
            )
        except jwt.ExpiredSignatureError:
            raise LoginError(Code.TOKEN_EXPIRED, f"the token expired: {_mint(user_id)}") from None
        except jwt.InvalidSignatureError:
            raise LoginError(
                Code.TOKEN_BAD_SIGNATURE,
                f"the token is of another hub: {_mint(user_id)}",
            ) from None
        except (jwt.InvalidTokenError, RecursionError, ValueError) as error:
            raise LoginError(
                Code.TOKEN_MALFORMED,
                f"the token is malformed ({error}): {_mint(user_id)}",
            ) from None
        return str(claims["sub"])


def _mint(user_id: str) -> str:
    return f"mint one at this hub with `sudo intercom token {user_id}`"


def _load_or_make(path: Path) -> Ed25519PrivateKey:
    try:
        if not path.exists():
            _write(path)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise KeyStoreError(
            f"{path}: {error.strerror}: make the folder writable, or set [hub] state_dir"
        ) from None
    except ValueError:
        raise KeyStoreError(
            f"{path}: no private key in it: restore it from a backup, or delete it"
            " (all tokens then have to be minted anew)"
        ) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyStoreError(f"{path}: not an Ed25519 key: restore it from a backup, or delete it")
    return key


def _write(path: Path) -> None:
    """Write a new key whole or not at all: power may go at any time. First writer wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_once(path, pem, 0o600)
