"""What an application signs in with: a secret, or a certificate's key in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from calsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Where the key lies that the app signs in with. Paths of PEM files; the key must not be encrypted."""

    private_key: str
    public_certificate: str | None = None
    thumbprint: str | None = None
    """Of the certificate, SHA-1 in hexadecimal digits; needed without `public_certificate`."""

    def read(self, connection: str) -> dict[str, str]:
        """Return the certificate as msal takes it. Raises ConfigError with the file's name; msal's have none."""
        signed_by = {"private_key": _pem(connection, self.private_key, _check_key)}
        if self.public_certificate is not None:
            signed_by["public_certificate"] = _pem(connection, self.public_certificate, load_pem_x509_certificate)
        if self.thumbprint is not None:
            signed_by["thumbprint"] = self.thumbprint
        return signed_by


def _pem(connection: str, path: str, check: Callable[[bytes], object]) -> str:
    try:
        content = Path(path).read_bytes()
        check(content)
    except OSError as error:
        raise ConfigError([f"connection {connection}: {path} cannot be read ({error.strerror})"]) from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        problem = f"connection {connection}: {path} does not hold what it should, in PEM form and unencrypted"
        raise ConfigError([problem]) from error
    return content.decode("utf-8", "replace")  # notes around the PEM blocks may be in any form


def _check_key(content: bytes) -> None:
    """Raise ValueError or TypeError (it is encrypted) for what is no private key."""
    load_pem_private_key(content, password=None)
