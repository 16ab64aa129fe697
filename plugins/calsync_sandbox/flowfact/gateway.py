"""What stands before all services: the path's version tag, the rate limit, the session."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING

from aiohttp import web

from calsync_sandbox.flowfact.refusal import Refused

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
        self._recent: deque[float] = deque()

    @web.middleware
    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            self._check_prefix(request.path)
            self._check_rate()
            if "/public/" not in request.path:
                self._sessions.check(request)
            return await handler(request)
        except Refused as refused:
            answer = refused.answer()
            if refused.status == 429:
                answer.headers["Retry-After"] = str(self._wait())
            return answer

    def _check_prefix(self, path: str) -> None:
        wanted = self._tenant.switches.version_prefix
        parts = path.split("/")
        tag = parts[2] if len(parts) > 2 and parts[2] in ("stable", "latest") else ""
        if wanted is not None and tag != wanted:
            raise Refused(404, "there is no such path")

    def _check_rate(self) -> None:
        limit, now = self._tenant.switches.rate_limit, self._tenant.now()
        if limit is None:
            return
        while self._recent and self._recent[0] <= now - self._tenant.switches.rate_window:
            self._recent.popleft()
        if len(self._recent) >= limit:
            raise Refused(429, "too many requests")
        self._recent.append(now)

    def _wait(self) -> int:
        """Return the whole seconds until the oldest counted request is out of the window."""
        oldest = self._recent[0] if self._recent else self._tenant.now()
        return max(1, math.ceil(oldest + self._tenant.switches.rate_window - self._tenant.now()))
