"""OAuth tokens, as hybrid modern authentication gives them out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from calsync.errors import LoginError
from calsync_exchange_ews.auth.login import UNAUTHORIZED, Login

if TYPE_CHECKING:
    from calsync.http import Answer, Http
    from calsync_exchange_ews.auth.login import Post


class Token(Protocol):
    """Gives an access token."""

    async def __call__(self, *, refused: str | None) -> str:
        """Return a valid token, another one than `refused`. Raises LoginError, Retry."""


class Bearer(Login):
    """Sends a token with every request, and once more with a new one: a refused token locks no account."""

    def __init__(self, connection: str, token: Token) -> None:
        self._connection = connection
        self._token = token

    async def send(self, http: Http, post: Post) -> Answer:
        token = await self._token(refused=None)
        answer = await post.send(http, f"Bearer {token}")
        if answer.status == UNAUTHORIZED:
            answer = await post.send(http, f"Bearer {await self._token(refused=token)}")
        if answer.status == UNAUTHORIZED:
            raise LoginError(
                f"connection {self._connection}: Exchange accepts no token of this application (401): check its "
                "permissions, and that hybrid modern authentication is on"
            )
        return answer
