"""Whom TLS trusts: the machine's certificate authorities, or those of one file. Nothing turns that off."""

from __future__ import annotations

import ssl
from functools import cache


def trusted(ca_file: str | None) -> ssl.SSLContext:
    """Return how a server is to prove itself: TLS 1.2 or later, a certificate that is trusted, its own name.

    `ca_file`: certificates (PEM) to trust instead of the machine's; read anew each time. Raises OSError for a file
    that holds none.
    """
    return _machine() if ca_file is None else _strict(ca_file)


@cache
def _machine() -> ssl.SSLContext:
    return _strict(None)


def _strict(ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    return context
