"""A hub with a certificate of the owner's: it is pinned only if no authority vouches for it."""

from __future__ import annotations

import asyncio
import datetime as dt
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from intercom.enroll import store
from intercom.enroll.errors import NotReachable

from .enroll_rig import house
from .hub_rig import proxy

NOW = dt.datetime.now(dt.UTC)
DAY = dt.timedelta(days=1)


class Authority:
    """One that the system trusts."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        usage = x509.KeyUsage(
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            key_cert_sign=True,
            crl_sign=True,
            encipher_only=False,
            decipher_only=False,
        )
        made = (
            self._certificate("authority", self._key.public_key(), NOW - 9999 * DAY, 20_000)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(self._identifier(), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def vouch(self, name: str, start: dt.datetime) -> dict[str, str]:
        """Make a certificate of 90 days for localhost; return the hub's settings for it."""
        key = ec.generate_private_key(ec.SECP256R1())
        made = (
            self._certificate("localhost", key.public_key(), start, 90)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
            .sign(self._key, hashes.SHA256())
        )
        cert, private = self._folder / f"{name}.pem", self._folder / f"{name}.key"
        cert.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        private.write_bytes(key.private_bytes(serialization.Encoding.PEM, *form))
        return {"tls_cert": str(cert), "tls_key": str(private)}

    def _identifier(self) -> x509.SubjectKeyIdentifier:
        return x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())

    def _certificate(
        self, name: str, key: ec.EllipticCurvePublicKey, start: dt.datetime, days: int
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "authority")]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + days * DAY)
        )


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority among those of the system."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.file))
    return made


@pytest.mark.parametrize(
    "start", [NOW - DAY, NOW + 30 * DAY, NOW - 300 * DAY], ids=["right", "behind", "ahead"]
)
async def test_the_stations_clock_does_not_matter(
    tmp_path: Path, authority: Authority, start: dt.datetime
) -> None:
    """A Pi has no clock of its own: what it pinned for that would lock it out at a renewal."""
    async with house(tmp_path, **authority.vouch("hub", start)) as home:
        enrolled = await home.enroll(home.invite(), hub=f"localhost:{home.hub.port}")
        assert enrolled.pin == ""


async def test_a_certificate_for_another_name_is_pinned(
    tmp_path: Path, authority: Authority
) -> None:
    async with house(tmp_path, **authority.vouch("hub", NOW - DAY)) as home:
        assert (await home.enroll(home.invite())).pin == home.hub.pin  # it is for localhost


async def test_what_cannot_be_asked_is_asked_again_and_not_pinned(
    tmp_path: Path, authority: Authority
) -> None:
    async with (
        house(tmp_path, **authority.vouch("hub", NOW - DAY)) as home,
        proxy(home.hub.port) as wire,
    ):
        code, port = home.invite(), wire.url.rpartition(":")[2]
        trying = asyncio.create_task(home.enroll(code, hub=f"127.0.0.1:{port}"))
        await wire.tried(4)  # for the certificate, the nonce, the proof, and the authorities
        wire.cut()
        with pytest.raises(NotReachable, match="no hub at"):
            await trying
        assert store.read(home.key_file().with_name(store.FILE)) is None
        assert (await home.enroll(code, hub=f"localhost:{home.hub.port}")).pin == ""
