"""NTLM, bare or inside Negotiate: the server's side of one connection's handshake."""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from hashlib import md5
from typing import TYPE_CHECKING, Literal

import spnego
from spnego.channel_bindings import GssChannelBindings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Mode = Literal["off", "allow", "require"]
_AUTHENTICATE = b"NTLMSSP\x00\x03\x00\x00\x00"
_CHANNEL_BINDINGS, _END = 0x000A, 0x0000
_PAIRS_AT = 44
"""Where the pairs begin in an NTLMv2 response: behind the proof and the client challenge's head."""


class HandshakeFailed(Exception):  # noqa: N818 - errors are named as outcomes
    """The token is malformed, the password is wrong, or the channel is another one."""


class Handshake:
    """One handshake. The credentials are a file, which is named to pyspnego only while it reads it."""

    def __init__(self, scheme: str, credentials: Path, *, mode: Mode, certificate: bytes | None) -> None:
        """Take the digest of the server's certificate; None without TLS, where there is nothing to bind to."""
        self._credentials = credentials
        self._mode: Mode = "off" if certificate is None else mode
        self._expected = binding(certificate or b"")
        with self._environment():
            self._context = spnego.server(
                protocol="ntlm" if scheme == "NTLM" else "negotiate", options=spnego.NegotiateOptions.use_ntlm
            )

    def step(self, token: bytes) -> bytes | None:
        """Take the client's token and return the answer to it, if any. Raises HandshakeFailed."""
        try:
            self._check_binding(token)
            with self._environment():
                return self._context.step(token)
        except Exception as error:  # a hostile token makes the library raise almost anything
            raise HandshakeFailed from error

    @property
    def login(self) -> str | None:
        """Return who has signed in; None as long as the handshake is not complete."""
        return str(self._context.client_principal) if self._context.complete else None

    def _check_binding(self, token: bytes) -> None:
        if self._mode == "off" or _AUTHENTICATE not in token:
            return
        given = given_binding(token)
        if given is None and self._mode == "allow":
            return
        if given != self._expected:
            raise HandshakeFailed

    @contextmanager
    def _environment(self) -> Iterator[None]:
        """Name the credentials for the time of one call, which never waits."""
        before = os.environ.get("NTLM_USER_FILE")
        os.environ["NTLM_USER_FILE"] = str(self._credentials)
        try:
            yield
        finally:
            if before is None:
                del os.environ["NTLM_USER_FILE"]
            else:
                os.environ["NTLM_USER_FILE"] = before


def binding(certificate_digest: bytes) -> bytes:
    """Return the hash that stands for a TLS channel in NTLM (RFC 5929 section 4, MS-NLMP section 3.1.5.1.2)."""
    bindings = GssChannelBindings(application_data=b"tls-server-end-point:" + certificate_digest)
    return md5(bindings.pack()).digest()  # noqa: S324 - the protocol's own hash


def given_binding(token: bytes) -> bytes | None:
    """Return the channel that an AUTHENTICATE message is bound to; None for no channel (MS-NLMP 2.2.1.3).

    The message may stand inside of a Negotiate token. Raises struct.error for a broken one.
    """
    message = token[token.index(_AUTHENTICATE) :]
    length, _, offset = struct.unpack_from("<HHI", message, 20)
    response = message[offset : offset + length]
    position = _PAIRS_AT
    while position < len(response):
        name, size = struct.unpack_from("<HH", response, position)
        value = response[position + 4 : position + 4 + size]
        if name == _CHANNEL_BINDINGS:
            return value if any(value) else None
        if name == _END:
            break
        position += 4 + size
    return None
