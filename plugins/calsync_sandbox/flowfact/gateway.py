"""What stands before all services: the path's version tag, the rate limit, the session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from calsync_sandbox.flowfact.refusal import Refused
from calsync_sandbox.rate import Rate

if TYPE_CHECKING:
    from aiohttp.typedefs import Handler

    from calsync_sandbox.flowfact.auth import AdminTokenService
    from calsync_sandbox.flowfact.tenant import Tenant

PREFIXES = ("", "/stable", "/latest")
"""The tags that older clients put behind a service's name; newer ones put none."""


class Gateway:
    """Turns requests away before a service sees them, and refusals into answers."""

    def __init__(self, tenant: Tenant, sessions: AdminTokenService) -> None:
        self._tenant = tenant
        self._sessions = sessions
        self._rate = Rate(tenant.now, counts_refused=False)

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._check_prefix(request.path)
            self._check_rate()
            if "/public/" not in request.path:
                self._sessions.check(request)
            return await handler(request)
        except Refused as refused:
            return refused.answer()

    def _check_prefix(self, path: str) -> None:
        wanted = self._tenant.switches.version_prefix
        parts = path.split("/")
        tag = parts[2] if len(parts) > 2 and parts[2] in ("stable", "latest") else ""
        if wanted is not None and tag != wanted:
            raise Refused(404, "there is no such path")

    def _check_rate(self) -> None:
        wait = self._rate.wait(self._tenant.switches.rate_limit, self._tenant.switches.rate_window)
        if wait is not None:
            raise Refused(429, "too many requests", {"Retry-After": str(wait)})
