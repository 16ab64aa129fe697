"""Ids that open something: 256 random bits, of which only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets

BYTES = 32


def fresh() -> str:
    return secrets.token_urlsafe(BYTES)


def hashed(secret: str) -> str:
    """Return what is kept of one. It is random, so nothing slower is needed."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
