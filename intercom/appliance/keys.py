"""The keys that bundles are signed with (Ed25519, RFC 8032), in PEM files."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from intercom.appliance.disk import Disk
from intercom.appliance.manifest import PURPOSE, BundleError

_PEM = re.compile(rb"-----BEGIN PUBLIC KEY-----.*?-----END PUBLIC KEY-----\s", re.DOTALL)


def new_key(path: Path, disk: Disk) -> bytes:
    """Make a private key that only its owner reads; the public key's PEM text.

    Raises FileExistsError rather than replace one.
    """
    if path.exists():
        raise FileExistsError(17, "is there already: a key is not replaced", str(path))
    made = Ed25519PrivateKey.generate()
    none = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    disk.write(path, made.private_bytes(serialization.Encoding.PEM, form, none), 0o600)
    return made.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def sign(path: Path, manifest: bytes) -> bytes:
    """The signature, 64 bytes. Raises BundleError for what is no key, OSError."""
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise BundleError(f"{path}: no Ed25519 key without a password in it")
    return key.sign(PURPOSE + manifest)


def trusted(paths: Iterable[Path]) -> list[Ed25519PublicKey]:
    """All public keys in these files, those that are there. Raises BundleError."""
    found = []
    for path in paths:
        if not path.is_file():
            continue
        for block in _PEM.findall(path.read_bytes() + b"\n"):
            try:
                key = serialization.load_pem_public_key(block)
            except ValueError:
                key = None
            if not isinstance(key, Ed25519PublicKey):
                raise BundleError(f"{path}: there is something in it that is no Ed25519 key")
            found.append(key)
    return found


def verify(keys: Iterable[Ed25519PublicKey], signature: bytes, manifest: bytes) -> None:
    """Raises BundleError unless one of the keys made that signature."""
    for key in keys:
        try:
            key.verify(signature, PURPOSE + manifest)
        except InvalidSignature:
            continue
        return
    raise BundleError("the bundle is not signed by anybody that this machine trusts")
