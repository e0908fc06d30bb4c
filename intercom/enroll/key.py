"""The key of a device: made once by the device itself, and never told to anybody."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from intercom import files
from intercom.enroll import login
from intercom.errors import IntercomError


class KeyFileError(IntercomError):
    """The file of the device's key cannot be used; the message says why."""


@dataclass(frozen=True)
class DeviceKey:
    """An Ed25519 key (RFC 8032)."""

    private: Ed25519PrivateKey = field(repr=False)

    @property
    def public(self) -> bytes:
        """The public key, raw: 32 bytes."""
        return self.private.public_key().public_bytes_raw()

    @property
    def device(self) -> str:
        """What the device is called at a hub."""
        return login.device_id(self.public)

    def sign_login(self, user_id: str, nonce: str, certificate: str) -> str:
        """Return the answer to a hub's challenge, see `login.sign`."""
        return login.sign(self.private, user_id, nonce, certificate)

    @classmethod
    def load(cls, path: Path) -> DeviceKey:
        """Read the key; KeyFileError when there is none that can be used."""
        try:
            private = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except OSError as error:
            raise KeyFileError(f"{path}: {error.strerror}: see [station] key_file") from None
        except ValueError:
            private = None
        if not isinstance(private, Ed25519PrivateKey):
            raise KeyFileError(f"{path}: no Ed25519 key in it: delete it, and enroll anew")
        return cls(private)

    @classmethod
    def load_or_make(cls, path: Path) -> DeviceKey:
        """Read the key, or make one: whole or not at all, readable by its owner only.

        Of several that make one at once, the first wins, and all have that one.
        """
        if path.exists():
            return cls.load(path)
        made = Ed25519PrivateKey.generate()
        pem = made.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        try:
            files.make_folder(path.parent)
            files.write_once(path, pem, 0o600)
        except OSError as error:
            raise KeyFileError(
                f"{path}: {error.strerror}: make the folder writable, or set [station] key_file"
            ) from None
        return cls.load(path)
