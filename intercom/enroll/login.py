"""The login of a device: a JWT that its own key signs, once, for one hub. PURE.

RFC 7519 and 8037. `kid` is the device, `sub` the user, `aud` the hub by the certificate that the
device sees on this very connection, `nonce` what the hub has just asked with. So it is of no use
at another hub or a second time, and depends on no clock.
"""

from __future__ import annotations

import base64
import hashlib

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from intercom.errors import Code, LoginError

TYPE = "intercom-login+jwt"


def device_id(public: bytes) -> str:
    """Return a device's name: 80 bits of the SHA-256 of its public key (raw), in base 32."""
    return base64.b32encode(hashlib.sha256(public).digest()[:10]).decode().lower()


def sign(key: Ed25519PrivateKey, user_id: str, nonce: str, certificate: str) -> str:
    """Return the answer to a hub's challenge. `certificate`: its SHA-256 in hex, "" without TLS."""
    claims = {"aud": _audience(certificate), "sub": user_id, "nonce": nonce}
    headers = {"typ": TYPE, "kid": device_id(key.public_key().public_bytes_raw())}
    return jwt.encode(claims, key, algorithm="EdDSA", headers=headers)


def verify(public: bytes, token: str, user_id: str, nonce: str, certificate: str) -> None:
    """Raise LoginError unless `token` is the answer of that device and user to that challenge."""
    try:
        if jwt.get_unverified_header(token).get("typ") != TYPE:
            raise LoginError(Code.TOKEN_MALFORMED, "this is no login of a device: update it")
        claims = jwt.decode(
            token,
            Ed25519PublicKey.from_public_bytes(public),
            algorithms=["EdDSA"],
            audience=_audience(certificate),
            options={
                "require": ["aud", "sub", "nonce"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except jwt.InvalidSignatureError:
        raise LoginError(
            Code.TOKEN_BAD_SIGNATURE, "the device's key is not the enrolled one"
        ) from None
    except jwt.InvalidAudienceError:
        raise LoginError(
            Code.TOKEN_BAD_SIGNATURE,
            "the device sees another certificate than this hub's: is something in between?",
        ) from None
    except (jwt.InvalidTokenError, RecursionError, ValueError) as error:
        raise LoginError(
            Code.TOKEN_MALFORMED, f"the device's login is malformed ({error})"
        ) from None
    if claims["nonce"] != nonce:
        raise LoginError(Code.TOKEN_EXPIRED, "the device's login is of another connection")
    if claims["sub"] != user_id:
        raise LoginError(Code.TOKEN_OTHER_USER, f'the device\'s login is not of "{user_id}"')


def has_signed(public: bytes, signature: bytes, message: bytes) -> bool:
    """Tell whether the device of that public key (raw) has signed the message."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _audience(certificate: str) -> str:
    return f"intercom-hub:{certificate}"
