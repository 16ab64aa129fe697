"""Signing in: the API token is exchanged for a session that lasts about half an hour.

`GET admin-token-service/public/adminUser/authenticate` with the header `token` answers a JWT as text, in quotes or
not; later calls carry it as `cognitoToken`. The end of a session is reckoned from its length (`exp` - `iat`) and
this machine's clock at the time of the exchange, so the two machines need not agree about the hour.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from calsync.errors import LoginError, Retry
from calsync.http import UNNAMED_PAUSE

if TYPE_CHECKING:
    from datetime import datetime

    from calsync.http import Answer, Http
    from calsync.ports import Clock

MARGIN = timedelta(seconds=60)
"""A session is renewed so long before its end, or after half its life where that is later."""
ASSUMED_LIFE = timedelta(minutes=25)
YOUNG = timedelta(seconds=60)
"""A session of less than this, and of half its life, has not ended: what is forbidden is a matter of rights."""
_JWT = re.compile(r"[\w+/=-]+\.[\w+/=-]+\.[\w+/=-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Session:
    token: str
    begun: datetime
    renew_at: datetime
    life: timedelta


class Sessions:
    """The present session of a connection. However many ask at once, one exchange is made."""

    def __init__(self, http: Http, clock: Clock, path: str, api_token: str) -> None:
        self._http = http
        self._clock = clock
        self._path = path
        self._api_token = api_token
        self._session: _Session | None = None
        self._exchanging = asyncio.Lock()

    async def token(self) -> str:
        """Return a session token that is not about to end. Raises LoginError, Retry."""
        async with self._exchanging:
            if self._session is None or self._clock.now() >= self._session.renew_at:
                self._session = await self._exchange()
            return self._session.token

    async def life(self) -> timedelta:
        """Return how long the present session lasts from its beginning. Raises LoginError, Retry."""
        await self.token()
        return ASSUMED_LIFE if self._session is None else self._session.life

    async def renew(self, refused: str) -> str:
        """Return another session token than the one that a service refused. Raises LoginError, Retry."""
        async with self._exchanging:
            if self._session is None or self._session.token == refused:
                self._session = await self._exchange()
            return self._session.token

    def young(self, token: str) -> bool:
        """Tell whether a token is the present session's, and that cannot have ended yet."""
        session = self._session
        if session is None or session.token != token:
            return False
        return self._clock.now() - session.begun < min(YOUNG, session.life / 2)

    async def _exchange(self) -> _Session:
        asked = self._clock.now()
        answer = await self._http.request("GET", self._path, headers={"token": self._api_token})
        token = answer.text.strip().removeprefix('"').removesuffix('"')
        if not answer.ok:
            raise self._refusal(answer)
        if not _JWT.fullmatch(token):
            raise Retry(f"{self._http.name}: FLOWFACT's sign-in answered something that is no session")
        life = _life(token, asked)
        return _Session(token, asked, asked + max(life - MARGIN, life / 2), life)

    def _refusal(self, answer: Answer) -> LoginError | Retry:
        name = self._http.name
        if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.BAD_REQUEST):
            return LoginError(
                f"connection {name}: FLOWFACT refused the API token; create a new one in Einstellungen > "
                "Tools & Integration > API-Zugänge and set it as api_token"
            )
        if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.GONE):
            return LoginError(
                f"connection {name}: FLOWFACT's sign-in was not found; check base_url and path_prefix"
            )
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            after = self._http.retry_after(answer, UNNAMED_PAUSE)
            return Retry(f"{name}: FLOWFACT asks to wait before signing in", after=after)
        return Retry(f"{name}: FLOWFACT's sign-in is not available (HTTP {answer.status})")


def _life(token: str, asked: datetime) -> timedelta:
    """Return how long a session lasts from `asked` on, ASSUMED_LIFE where its claims do not tell."""
    claims = _claims(token)
    end, start = claims.get("exp"), claims.get("iat", asked.timestamp())
    if not isinstance(end, int | float) or not isinstance(start, int | float) or not 0 < end - start < 10**9:
        return ASSUMED_LIFE
    return timedelta(seconds=end - start)


def _claims(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
