"""Signing in: an API token is exchanged for a session, a JWT that lasts about half an hour."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from typing import TYPE_CHECKING, Any

from aiohttp import web

from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.flowfact.tenant import Tenant

SESSION_HEADER = "cognitoToken"


class AdminTokenService:
    """Gives out sessions, and knows whose they are. Its token and key are made up anew for each server."""

    def __init__(self, tenant: Tenant) -> None:
        self.api_token = secrets.token_hex(16)
        self._tenant = tenant
        self._key = secrets.token_bytes(32)
        self._expires: dict[str, float] = {}

    def routes(self, prefix: str) -> Iterable[web.AbstractRouteDef]:
        path = f"/admin-token-service{prefix}/public/adminUser/authenticate"
        return [web.get(path, self._authenticate)]

    def check(self, request: web.Request) -> None:
        """Let a request pass that carries a session. Raises Refused (401 or 403)."""
        if self.api_token in (request.headers.get(SESSION_HEADER), request.headers.get("token")):
            raise Refused(403, "Credentials invalid")
        expires = self._expires.get(request.headers.get(SESSION_HEADER, ""), 0.0)
        if expires <= self._tenant.now():
            raise Refused(self._tenant.switches.unauthorized_status, "Credentials invalid")

    async def _authenticate(self, request: web.Request) -> web.Response:
        if request.headers.get("token") != self.api_token:
            raise Refused(403, "Credentials invalid")
        now = self._tenant.now()
        expires = now + self._tenant.switches.token_seconds
        session = self._jwt({"sub": self._tenant.api_user["id"], "iat": int(now), "exp": int(expires)})
        self._expires[session] = expires
        return web.Response(text=session)

    def _jwt(self, claims: dict[str, Any]) -> str:
        """Return a signed token. Its `jti` keeps two of one second apart."""
        claims["jti"] = secrets.token_hex(8)
        signed = ".".join(_base64(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return signed + "." + _base64(hmac.digest(self._key, signed.encode(), hashlib.sha256))


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
