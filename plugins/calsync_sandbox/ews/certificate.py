"""A certificate that the server makes for itself, for names of this machine only."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from calsync_sandbox.server import HOST

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class OwnCertificate:
    """The certificate and key of one server, in files."""

    authority: Path
    """The certificate in PEM, for clients to trust."""
    context: ssl.SSLContext
    digest: bytes
    """SHA-256 over the DER form, which channel binding hashes; the signature uses SHA-256, too (RFC 5929)."""


def make_certificate(folder: Path, *, address: str = HOST, days: int = 30) -> OwnCertificate:
    """Make a key and a certificate for an address and localhost, write them into a folder and load them.

    `days`: how long it is valid from now on; one that has expired since is valid for fewer than none.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _signed(key, address, timedelta(days=days))
    authority, key_file = folder / "ews-ca.pem", folder / "ews-key.pem"
    authority.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.touch(mode=0o600)
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority, key_file)
    return OwnCertificate(authority, context, certificate.fingerprint(hashes.SHA256()))


def _signed(key: ec.EllipticCurvePrivateKey, address: str, valid: timedelta) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "calsync sandbox")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(address))])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + valid)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
