"""Verifies the signed assertion by which an application proves that it holds its certificate's key (RFC 7523)."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import Certificate, load_pem_x509_certificate

_LEEWAY_SECONDS = 300
_PADDINGS: dict[str, padding.AsymmetricPadding] = {
    "RS256": padding.PKCS1v15(),
    "PS256": padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH),
}
_THUMBPRINTS: dict[str, HashAlgorithm] = {
    "x5t": SHA1(),  # noqa: S303 - a certificate's name in RFC 7515 section 4.1.7, not a protection
    "x5t#S256": SHA256(),
}


def check_assertion(assertion: str, certificate: str, client_id: str, audience: str, now: float) -> bool:
    """Tell whether an assertion is signed by this certificate's key, for this audience, and valid at `now`."""
    try:
        head, claims, signature = assertion.split(".")
        header, content = json.loads(_decoded(head)), json.loads(_decoded(claims))
        registered = load_pem_x509_certificate(certificate.encode())
        _verify(registered, header["alg"], f"{head}.{claims}".encode(), _decoded(signature))
        return _names(header, registered) and _claims(content, client_id, audience, now)
    except (ValueError, KeyError, TypeError, AttributeError, InvalidSignature):
        return False


def _verify(certificate: Certificate, algorithm: str, signed: bytes, signature: bytes) -> None:
    """Raise InvalidSignature, or KeyError for an unknown algorithm."""
    key = certificate.public_key()
    if not isinstance(key, RSAPublicKey):
        raise InvalidSignature
    key.verify(signature, signed, _PADDINGS[algorithm], SHA256())


def _names(header: dict[str, Any], certificate: Certificate) -> bool:
    """Tell whether the header names this certificate and no other: by a thumbprint, or as a chain."""
    given = [
        (
            header[name].rstrip("="),
            base64.urlsafe_b64encode(certificate.fingerprint(algorithm)).rstrip(b"=").decode(),
        )
        for name, algorithm in _THUMBPRINTS.items()
        if name in header
    ]
    return all(thumbprint == known for thumbprint, known in given) and bool(given or header.get("x5c"))


def _claims(content: dict[str, Any], client_id: str, audience: str, now: float) -> bool:
    named = content["iss"] == content["sub"] == client_id and content["aud"] == audience
    return bool(named and content["exp"] > now and content.get("nbf", 0) < now + _LEEWAY_SECONDS)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
