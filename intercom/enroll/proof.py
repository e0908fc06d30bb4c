"""How station and hub prove to each other that they know the same code. PURE.

The law: the secret of a code is never sent. Either side sends an HMAC, keyed by the secret, over
everything that the two must agree on, first of all the TLS certificate that each of them sees:
somebody in between has another one, so that no proof fits, and none can be passed on. The station
proves first, and a guess costs a scrypt, so that 60 bits are far out of reach while a code lives.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from intercom.enroll.code import EnrollCode

LABEL = b"intercom enroll v1"
NONCE_BYTES = 16
PROOF_BYTES = 32
_COST = 2**14
"""scrypt's N (RFC 7914); with r = 8 it takes 16 MiB, and 0.3 s on the slowest Pi."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What both sides must see alike. `certificate`: its SHA-256 in hex, "" without TLS."""

    code_id: str
    certificate: str
    public: bytes
    name: str
    hub_nonce: bytes
    station_nonce: bytes


@dataclass(frozen=True, slots=True)
class Promise:
    """What the hub says of the enrolled station; `own`: the hub made its certificate itself."""

    user: str
    user_name: str
    own: bool


def derive(code: EnrollCode, hub_nonce: bytes) -> bytes:
    """Return the key of one attempt; takes some 50 ms, and as long for each guess at the code."""
    salt = _joined(LABEL, code.id.encode(), hub_nonce)
    return hashlib.scrypt(code.secret.encode(), salt=salt, n=_COST, r=8, p=1, dklen=32)


def station_proof(key: bytes, exchange: Exchange) -> bytes:
    """Return what the station sends."""
    return _proof(key, b"station", exchange)


def hub_proof(key: bytes, exchange: Exchange, promise: Promise) -> bytes:
    """Return what the hub answers with: it covers what it promises as well."""
    own = b"own" if promise.own else b"authorities"
    return _proof(key, b"hub", exchange, promise.user.encode(), promise.user_name.encode(), own)


def to_sign(exchange: Exchange) -> bytes:
    """Return what the device signs with its key: nobody can enroll the key of another."""
    return _message(b"device", exchange)


def same(proof: bytes, wanted: bytes) -> bool:
    """Tell whether two proofs are equal, in a time that tells nothing else."""
    return hmac.compare_digest(proof, wanted)


def _proof(key: bytes, role: bytes, exchange: Exchange, *more: bytes) -> bytes:
    return hmac.digest(key, _message(role, exchange, *more), "sha256")


def _message(role: bytes, exchange: Exchange, *more: bytes) -> bytes:
    return _joined(
        LABEL,
        role,
        exchange.code_id.encode(),
        exchange.certificate.encode(),
        exchange.public,
        exchange.name.encode(),
        exchange.hub_nonce,
        exchange.station_nonce,
        *more,
    )


def _joined(*parts: bytes) -> bytes:
    """The parts each behind its length, so that no two lists of parts give the same bytes."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
