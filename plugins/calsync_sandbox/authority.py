"""The sandbox's sign-in authority: what msal needs of login.microsoftonline.com for app-only tokens."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiohttp import web

from calsync_sandbox.assertion import check_assertion
from calsync_sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_HOST = "https://login.microsoftonline.com"
_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Grant:
    """Whom a token was issued to."""

    tenant: str
    client_id: str
    expires: float
    """Seconds since the epoch."""


class Tokens:
    """The access tokens that were issued. They are random, live in memory and open nothing but the sandbox."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._grants: dict[str, Grant] = {}

    def issue(self, tenant: str, client_id: str, seconds: float = 3599) -> str:
        """Return a new token of a client."""
        token = secrets.token_urlsafe(48)
        self._grants[token] = Grant(tenant, client_id, self._now() + seconds)
        return token

    def find(self, token: str) -> Grant | None:
        """Return whom a token was issued to; None for an unknown, revoked or expired one."""
        grant = self._grants.get(token)
        return grant if grant is not None and grant.expires > self._now() else None

    def revoke(self) -> None:
        """Make all tokens issued so far invalid."""
        self._grants.clear()


@dataclass(frozen=True, slots=True)
class Client:
    """A registered application. With a certificate (PEM), its assertions' signatures are verified."""

    tenant: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)


class SignInError(Exception):
    """The authority refuses: an OAuth error (RFC 6749 section 5.2) with a status."""

    def __init__(self, status: int, error: str, number: int, text: str) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.number = number
        self.text = text


class AuthorityServer(Server):
    """Issues tokens to registered clients.

    Its documents name the real host, as a client needs that only swaps scheme and host of its requests.
    """

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        super().__init__("authority")
        self.tokens = Tokens(now)
        self.token_seconds = 3599
        """The life of tokens issued from now on."""
        self._now = now
        self._clients: dict[tuple[str, str], Client] = {}
        self._tenants: set[str] = set()

    def register(
        self, tenant: str, client_id: str, *, secret: str | None = None, certificate: str | None = None
    ) -> None:
        """Register an application. `certificate`: PEM of the certificate whose key signs its assertions."""
        self._clients[tenant, client_id] = Client(tenant, client_id, secret, certificate)
        self._tenants.add(tenant)

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.get("/common/discovery/instance", self._discover_instance),
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._describe),
            web.post("/{tenant}/oauth2/v2.0/token", self._issue),
        ]

    async def _discover_instance(self, request: web.Request) -> web.Response:
        asked = request.query.get("authorization_endpoint", "")
        tenant = asked.removeprefix(_HOST + "/").partition("/")[0]
        host = _HOST.removeprefix("https://")
        names = {"preferred_network": host, "preferred_cache": "login.windows.net", "aliases": [host]}
        return web.json_response(
            {
                "tenant_discovery_endpoint": f"{_HOST}/{tenant}/v2.0/.well-known/openid-configuration",
                "api-version": "1.1",
                "metadata": [names],
            }
        )

    async def _describe(self, request: web.Request) -> web.Response:
        tenant = request.match_info["tenant"]
        if tenant not in self._tenants:
            return self._refused(SignInError(400, "invalid_tenant", 90002, "Tenant not found."))
        base = f"{_HOST}/{tenant}"
        return web.json_response(
            {
                "issuer": f"{base}/v2.0",
                "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                "token_endpoint": f"{base}/oauth2/v2.0/token",
                "jwks_uri": f"{base}/discovery/v2.0/keys",
                "response_types_supported": ["code"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            }
        )

    async def _issue(self, request: web.Request) -> web.Response:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        tenant = request.match_info["tenant"]
        try:
            client = self._sign_in(tenant, form)
        except SignInError as error:
            return self._refused(error)
        token = self.tokens.issue(tenant, client.client_id, self.token_seconds)
        life = {"expires_in": self.token_seconds, "ext_expires_in": self.token_seconds}
        return web.json_response({"token_type": "Bearer", **life, "access_token": token})

    def _sign_in(self, tenant: str, form: Mapping[str, str]) -> Client:
        """Return the client that a token request proves to be. Raises SignInError."""
        if form.get("grant_type") != "client_credentials":
            raise SignInError(400, "unsupported_grant_type", 70003, "The grant type is not supported.")
        client = self._clients.get((tenant, form.get("client_id", "")))
        if client is None:
            raise SignInError(
                400, "unauthorized_client", 700016, "The application was not found in the directory."
            )
        if not form.get("scope", "").endswith("/.default"):
            raise SignInError(400, "invalid_scope", 1002012, "The scope must end with /.default.")
        if not self._proves(client, form):
            raise SignInError(401, "invalid_client", 7000215, "Invalid client secret or assertion provided.")
        return client

    def _proves(self, client: Client, form: Mapping[str, str]) -> bool:
        if form.get("client_assertion_type") == _BEARER and client.certificate is not None:
            audience = f"{_HOST}/{client.tenant}/oauth2/v2.0/token"
            assertion = form.get("client_assertion", "")
            return check_assertion(assertion, client.certificate, client.client_id, audience, self._now())
        secret = form.get("client_secret")
        return client.secret is not None and secret is not None and secrets.compare_digest(secret, client.secret)

    @staticmethod
    def _refused(error: SignInError) -> web.Response:
        body: dict[str, Any] = {
            "error": error.error,
            "error_description": f"AADSTS{error.number}: {error.text}",
            "error_codes": [error.number],
        }
        return web.json_response(body, status=error.status)
