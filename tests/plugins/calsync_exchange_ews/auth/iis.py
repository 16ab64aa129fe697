"""The part of an Exchange Server that signs people in: schemes per connection, as IIS does it. Holds no mail."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING

import spnego
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from spnego.exceptions import SpnegoError

from calsync_exchange_ews.auth.spnego import bindings

if TYPE_CHECKING:
    from asyncio import BaseTransport
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Certificate:
    pem: Path
    der: bytes

    @property
    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem)
        return context


def certificate(path: Path) -> Certificate:
    """Make a certificate for 127.0.0.1 that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return Certificate(path, made.public_bytes(serialization.Encoding.DER))


@dataclass
class Iis:
    """Signs in users of NTLM_USER_FILE and answers them with their name and the length of what they sent."""

    certificate: Certificate | None = None
    schemes: Sequence[str] = ("Negotiate", "NTLM")
    joined: bool = False
    """All schemes in one header."""
    demands_binding: bool = True
    closes_after: int | None = None
    """The number of the request behind whose answer the connection is closed."""
    challenge: str | None = None
    """What is answered to a first message instead of a challenge."""
    busy_at: int | None = None
    """The number of the request that is answered 503."""
    requests: list[tuple[str, int]] = field(default_factory=list)
    """Scheme and body's length of each request."""
    _contexts: dict[BaseTransport, spnego.ContextProxy] = field(default_factory=dict)
    _users: dict[BaseTransport, str] = field(default_factory=dict)
    _server: TestServer | None = None

    async def start(self) -> str:
        app = web.Application()
        app.router.add_post("/EWS/Exchange.asmx", self._answer)
        tls = self.certificate is not None
        self._server = TestServer(app, scheme="https" if tls else "http")
        await self._server.start_server(ssl=self.certificate.context if self.certificate else None)
        return str(self._server.make_url("/EWS/Exchange.asmx"))

    async def stop(self) -> None:
        if self._server is not None:
            await self._server.close()

    def forget(self) -> None:
        """Forget who is signed in, as a server does that was restarted behind a proxy."""
        self._users.clear()

    async def _answer(self, request: web.Request) -> web.Response:
        body, transport = await request.read(), request.transport
        assert transport is not None
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        self.requests.append((scheme, len(body)))
        if len(self.requests) == self.busy_at:
            return web.Response(status=503)
        if scheme and self.challenge is not None:
            return web.Response(status=401, headers={"WWW-Authenticate": f"{scheme} {self.challenge}"})
        answer = self._signed_in(transport, scheme, token, len(body))
        if len(self.requests) == self.closes_after:
            answer.force_close()
        return answer

    def _signed_in(self, transport: BaseTransport, scheme: str, token: str, length: int) -> web.Response:
        if not scheme:
            user = self._users.get(transport)
            return self._refusal() if user is None else web.Response(text=f"{user} {length}")
        context = self._contexts.get(transport) or self._context(scheme)
        try:
            message = context.step(base64.b64decode(token)) or b""
        except (SpnegoError, ValueError):
            self._contexts.pop(transport, None)
            return self._refusal()
        said = f"{scheme} {base64.b64encode(message).decode()}"
        if not context.complete:
            self._contexts[transport] = context
            return web.Response(status=401, headers={"WWW-Authenticate": said}, text="x" * 60_000)
        del self._contexts[transport]
        self._users[transport] = str(context.client_principal)
        return web.Response(text=f"{context.client_principal} {length}", headers={"WWW-Authenticate": said})

    def _context(self, scheme: str) -> spnego.ContextProxy:
        bound = bindings(self.certificate.der) if self.certificate and self.demands_binding else None
        use_ntlm = spnego.NegotiateOptions.use_ntlm
        return spnego.server(protocol=scheme.lower(), options=use_ntlm, channel_bindings=bound)

    def _refusal(self) -> web.Response:
        answer = web.Response(status=401, text="x" * 60_000)
        for line in [", ".join(self.schemes)] if self.joined else self.schemes:
            answer.headers.add("WWW-Authenticate", line)
        return answer
