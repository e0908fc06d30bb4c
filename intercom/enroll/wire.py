"""What is said at `POST /enroll`: first `Ask`, answered by `Nonce`, then `Prove`. PURE.

JSON; bytes are in base 64 (RFC 4648, 4). Unknown fields are ignored, as on the WebSocket.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from intercom.enroll.code import ID_PATTERN
from intercom.enroll.proof import NONCE_BYTES, PROOF_BYTES
from intercom.protocol import UserId

MAX_BYTES = 4096
NAME_MAX = 64

CodeId = Annotated[str, Meta(pattern=ID_PATTERN)]
NonceBytes = Annotated[bytes, Meta(min_length=NONCE_BYTES, max_length=NONCE_BYTES)]
ProofBytes = Annotated[bytes, Meta(min_length=PROOF_BYTES, max_length=PROOF_BYTES)]
PublicKey = Annotated[bytes, Meta(min_length=32, max_length=32)]
Name = Annotated[str, Meta(max_length=NAME_MAX)]


class Ask(Struct, frozen=True, tag_field="t", tag="ask"):
    """I have the code of this ID: give me a nonce."""

    v: Literal[1]
    id: CodeId


class Prove(Struct, frozen=True, tag_field="t", tag="prove"):
    """I know the secret; this is my device's public key (Ed25519, raw), and what I am called.

    `signature`: by that key, over `proof.to_sign`.
    """

    v: Literal[1]
    id: CodeId
    hub_nonce: NonceBytes
    station_nonce: NonceBytes
    public: PublicKey
    proof: ProofBytes
    signature: Annotated[bytes, Meta(min_length=64, max_length=64)]
    name: Name = ""


class Nonce(Struct, frozen=True):
    """The hub's nonce for one proof; it is good for a minute."""

    hub_nonce: NonceBytes


class Welcome(Struct, frozen=True):
    """The device is in the hub's book, as one of `user`; the proof covers the rest."""

    proof: ProofBytes
    user: UserId
    user_name: Annotated[str, Meta(max_length=200)]
    own: bool


class Refusal(Struct, frozen=True):
    """The hub says no, in words."""

    code: int
    msg: Annotated[str, Meta(max_length=1000)]


_request: msgspec.json.Decoder[Ask | Prove] = msgspec.json.Decoder(Ask | Prove)


def decode(body: bytes) -> Ask | Prove:
    """Read what a station asks; raises ValueError with the fault."""
    try:
        return _request.decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as fault:
        raise ValueError(printable(str(fault), 200)) from None


def printable(text: str, most: int) -> str:
    """Return what of a stranger's words may be logged or shown: one line of signs."""
    return "".join(letter if letter.isprintable() else " " for letter in text[:most])
