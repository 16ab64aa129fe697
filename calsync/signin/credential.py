"""What an application signs in with: a secret, or a certificate's key in files."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate

from calsync.errors import ConfigError
from calsync.exposed import advice, credentials, exposed

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """Where the key lies that the app signs in with. Paths of PEM files; the key must not be encrypted.

    Nobody but its owner may be able to read the key's file, unless it is a credential of systemd.
    """

    private_key: str
    public_certificate: str | None = None
    thumbprint: str | None = None
    """Of the certificate, SHA-1 in hexadecimal digits; needed without `public_certificate`."""

    def read(self, connection: str) -> dict[str, str]:
        """Return the certificate as msal takes it. Raises ConfigError with the file's name; msal's have none."""
        signed_by = {"private_key": _pem(connection, self.private_key, _check_key, closed=True)}
        if self.public_certificate is not None:
            signed_by["public_certificate"] = _pem(connection, self.public_certificate, load_pem_x509_certificate)
        if self.thumbprint is not None:
            signed_by["thumbprint"] = self.thumbprint
        return signed_by


def _pem(connection: str, name: str, check: Callable[[bytes], object], *, closed: bool = False) -> str:
    """Return a file's text. `closed`: others must not be able to read it. Raises ConfigError."""
    path, folder = Path(name), credentials(os.environ)
    try:
        if closed and exposed(path) and not (folder and path.is_relative_to(folder)):
            raise ConfigError([f"connection {connection}: {advice(path)}"])
        content = path.read_bytes()
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
