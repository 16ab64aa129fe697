"""NTLM, alone or inside of Negotiate, with channel binding.

It authenticates a TCP connection, not a request: whoever uses the connection later is that user. So each channel
has a connection of its own, of one credential, and signs in again only where the server has forgotten it. Channel
binding (RFC 5929, tls-server-end-point) ties the sign-in to the server's certificate; Exchange demands it by
default since 2019 CU14.
"""

from __future__ import annotations

import base64
import binascii
import logging
from typing import TYPE_CHECKING

import spnego
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from spnego.channel_bindings import GssChannelBindings
from spnego.exceptions import SpnegoError

from calsync.errors import LoginError, Retry
from calsync.values import replace
from calsync_exchange_ews.auth.login import UNAUTHORIZED, Login, challenge, offered

if TYPE_CHECKING:
    from calsync.http import Answer, Http
    from calsync_exchange_ews.auth.credential import Credential
    from calsync_exchange_ews.auth.login import Post

BINDING_ADVICE = (
    "; where they are right, something between calsync and Exchange may end TLS with another certificate, which "
    "Extended Protection does not allow"
)


logging.getLogger("spnego").setLevel(logging.WARNING)  # below that it logs the messages of the sign-in


class Spnego(Login):
    """Signs in once per TCP connection; see docs/how-to/exchange.md."""

    def __init__(self, credential: Credential, scheme: str) -> None:
        """`scheme`: NTLM or Negotiate, as it stands in the header."""
        self._credential = credential
        self._scheme = scheme

    async def send(self, http: Http, post: Post) -> Answer:
        """Send without a header, which is all that a known connection needs; after a 401 sign in, once."""
        self._credential.check()
        answer = await post.send(http)
        if answer.status != UNAUTHORIZED:
            return answer
        async with self._credential.trial():
            return await self._sign_in(http, post, answer)

    async def _sign_in(self, http: Http, post: Post, refused: Answer) -> Answer:
        """Exchange the three messages; the request goes with the last one.

        The first one has an empty body: its answer is a 401 in any case.
        """
        if self._scheme.lower() not in offered(refused):
            raise self._not_offered(refused)
        context = self._context(http)
        first = await self._step(http, context, None, replace(post, body=b"", changes=False, silence=None))
        if first.status != UNAUTHORIZED:
            return first
        opened, token = http.connections, challenge(first, self._scheme)
        if token is None:
            raise self._not_offered(first)
        answer = await self._step(http, context, token, post)
        if answer.status == UNAUTHORIZED:
            if http.connections != opened:  # the password was not looked at: it came without its first message
                raise Retry(f"{http.name}: the server closed the connection in the middle of the sign-in")
            raise self._credential.refused(answer, BINDING_ADVICE)
        return answer

    async def _step(self, http: Http, context: spnego.ContextProxy, token: str | None, post: Post) -> Answer:
        """Send a request with the next message of the sign-in."""
        try:
            message = context.step(None if token is None else base64.b64decode(token)) or b""
        except (SpnegoError, ValueError, binascii.Error) as error:
            kind = type(error).__name__
            problem = (
                f"connection {self._credential.connection}: the server's part of the sign-in is broken ({kind})"
            )
            raise LoginError(problem) from error
        return await post.send(http, f"{self._scheme} {base64.b64encode(message).decode('ascii')}")

    def _context(self, http: Http) -> spnego.ContextProxy:
        return spnego.client(
            self._credential.username,
            self._credential.password,
            hostname=http.base.host or "",
            service="http",
            channel_bindings=None if http.certificate is None else bindings(http.certificate),
            protocol=self._scheme.lower(),
            # Kerberos would block the event loop, and ask the machine for tickets of whoever runs calsync.
            options=spnego.NegotiateOptions.use_ntlm,
        )

    def _not_offered(self, answer: Answer) -> LoginError:
        names = ", ".join(sorted(set(offered(answer)))) or "none"
        return LoginError(
            f"connection {self._credential.connection}: the server does not sign in by {self._scheme} (it offers: "
            f"{names}): set `auth` to what its administrator allows"
        )


def bindings(certificate: bytes) -> GssChannelBindings:
    """Return the binding to a server's certificate (DER), by RFC 5929, section 4.1."""
    try:
        signed_with = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        signed_with = None
    weak = signed_with is None or isinstance(signed_with, hashes.MD5 | hashes.SHA1)
    digest = hashes.Hash(hashes.SHA256() if weak or signed_with is None else signed_with)
    digest.update(certificate)
    return GssChannelBindings(application_data=b"tls-server-end-point:" + digest.finalize())
