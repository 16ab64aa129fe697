"""Who sends a request. NTLM and Negotiate sign in the TCP connection, Basic and Bearer the single request."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from calsync_sandbox.ews.ntlm import Handshake, HandshakeFailed
from calsync_sandbox.ews.users import User

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path

    from aiohttp import web

    from calsync_sandbox.authority import Tokens
    from calsync_sandbox.ews.switches import EwsSwitches
    from calsync_sandbox.ews.users import Users

Headers = list[tuple[str, str]]
_CHALLENGE = "WWW-Authenticate"
APPLICATION = User("application", "", impersonates=True)
"""An app-only token with full_access_as_app: no mailbox of its own."""


@dataclass(slots=True)
class _Connection:
    """How far a connection's handshake has come."""

    handshake: Handshake | None = None
    user: User | None = None


class Unauthorized(Exception):  # noqa: N818 - errors are named as outcomes
    """Answer 401 with these headers."""

    def __init__(self, headers: Headers) -> None:
        super().__init__()
        self.headers = headers


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who has sent a request, and what goes back to a client that awaits a last token."""

    user: User
    headers: Headers


class Authentication:
    """Signs in the requests of one server."""

    def __init__(self, users: Users, tokens: Tokens, switches: EwsSwitches) -> None:
        self._users = users
        self._tokens = tokens
        self._switches = switches
        self._connections: WeakKeyDictionary[asyncio.Transport, _Connection] = WeakKeyDictionary()
        self.credentials: Path | None = None
        """The file with all names and passwords, while the server runs."""
        self.certificate: bytes | None = None
        """The digest of the server's certificate, which TLS connections are bound to."""

    def forget(self) -> None:
        """Forget who has signed in: the next request of every connection needs a handshake."""
        self._connections.clear()

    def sign_in(self, request: web.Request) -> SignedIn:
        """Return who sends a request. Raises Unauthorized, in the middle of a handshake with its next token."""
        scheme, _, value = request.headers.get("Authorization", "").partition(" ")
        if not scheme:
            return SignedIn(self._known(self._connection(request).user), [])
        kind = next((one for one in self._switches.schemes if one.lower() == scheme.lower()), None)
        if kind == "Basic":
            return SignedIn(self._known(self._basic(value)), [])
        if kind == "Bearer":
            granted = self._tokens.find(value) is not None
            return SignedIn(self._known(APPLICATION if granted else None), [])
        if kind is None:
            raise self._challenge()
        return self._shake_hands(request, kind, value)

    def _basic(self, value: str) -> User | None:
        try:
            name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
        except (binascii.Error, ValueError):
            return None
        user = self._users.find(name)
        return user if user is not None and user.password == password else None

    def _shake_hands(self, request: web.Request, scheme: str, value: str) -> SignedIn:
        connection = self._connection(request)
        if connection.user is not None:  # a new handshake on a connection that has had one
            connection.handshake, connection.user = None, None
        if connection.handshake is None:
            connection.handshake = self._handshake(request, scheme)
        try:
            answer = connection.handshake.step(base64.b64decode(value, validate=True))
        except (HandshakeFailed, binascii.Error) as error:
            connection.handshake = None
            raise self._challenge() from error
        token = [(_CHALLENGE, f"{scheme} {base64.b64encode(answer).decode()}")] if answer else []
        if connection.handshake.login is None:
            raise Unauthorized(token)
        connection.user = self._known(self._users.find(connection.handshake.login))
        connection.handshake = None
        return SignedIn(connection.user, token)

    def _handshake(self, request: web.Request, scheme: str) -> Handshake:
        if self.credentials is None:
            raise self._challenge()
        self.credentials.touch(mode=0o600)
        self.credentials.write_text(self._users.credentials(), "utf-8")
        certificate = self.certificate if request.secure else None
        return Handshake(scheme, self.credentials, mode=self._switches.channel_binding, certificate=certificate)

    def _connection(self, request: web.Request) -> _Connection:
        if request.transport is None:
            return _Connection()
        return self._connections.setdefault(request.transport, _Connection())

    def _known(self, user: User | None) -> User:
        if user is None:
            raise self._challenge()
        return user

    def _challenge(self) -> Unauthorized:
        schemes = [_offer(scheme) for scheme in self._switches.schemes]
        headers = [", ".join(schemes)] if self._switches.joined_challenges else schemes
        return Unauthorized([(_CHALLENGE, value) for value in headers])


def _offer(scheme: str) -> str:
    return {
        "Basic": 'Basic realm="127.0.0.1"',
        "Bearer": 'Bearer client_id="00000002-0000-0ff1-ce00-000000000000", trusted_issuers="", '
        'token_types="app_asserted_user_v1 service_asserted_app_v1"',
    }.get(scheme, scheme)
