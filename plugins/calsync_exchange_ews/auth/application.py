"""Access tokens of an application from Microsoft Entra ID, for servers with hybrid modern authentication."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.signin import ApplicationTokens, Registration
from calsync_exchange_ews.auth.bearer import Token

if TYPE_CHECKING:
    from calsync.ports import Clock
    from calsync_exchange_ews.config import Application


class ApplicationToken(Token):
    """The token of one connection."""

    def __init__(self, connection: str, application: Application, host: str, clock: Clock) -> None:
        """`host`: of Exchange, which is the resource that the token is for."""
        registration = Registration(
            connection=connection,
            tenant_id=application.tenant_id,
            client_id=application.client_id,
            authority_url=application.authority_url,
            scopes=(f"https://{host}/.default",),
        )
        self._tokens = ApplicationTokens(registration, application.client_secret, clock)

    async def __call__(self, *, refused: str | None) -> str:
        return await (self._tokens.get() if refused is None else self._tokens.renew(refused))

    def close(self) -> None:
        """Let a request that is under way end by itself."""
        self._tokens.close()
