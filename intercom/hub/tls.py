"""TLS for the hub: the owner's certificate, or one of its own that stations pin."""

from __future__ import annotations

import datetime
import hashlib
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from intercom.errors import IntercomError
from intercom.files import write_once

OWN_CERT = "hub.pem"
"""In the state directory: the hub's own key and certificate."""


class TlsError(IntercomError):
    """The certificate cannot be used."""


def server_context(cert: str, key: str, state_dir: Path) -> tuple[ssl.SSLContext, str]:
    """Return the hub's TLS context and its certificate's SHA-256 (hex), for stations to pin.

    Without `cert` and `key`, one of our own is made in `state_dir` and used from then on.
    """
    if not cert:
        own = state_dir / OWN_CERT
        try:
            if not own.exists():
                state_dir.mkdir(parents=True, exist_ok=True)
                write_once(own, _self_signed(), 0o600)
        except OSError as error:
            raise TlsError(f"{own}: {error.strerror}: make the folder writable") from None
        cert = key = str(own)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(cert, key)
        leaf = x509.load_pem_x509_certificate(Path(cert).read_bytes())
    except (OSError, ssl.SSLError, ValueError) as error:
        raise TlsError(f"{cert}: {error}: see tls_cert and tls_key of [hub]") from None
    der = leaf.public_bytes(serialization.Encoding.DER)
    return context, hashlib.sha256(der).hexdigest()


def _self_signed() -> bytes:
    """Make a key and a certificate, PEM. Valid from 1970 on: a hub may start with no clock."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "intercom hub")])
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC))
        .not_valid_after(datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + cert.public_bytes(serialization.Encoding.PEM)
