"""Whose tokens a connection uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.signin import ApplicationTokens, DelegatedTokens, Registration

if TYPE_CHECKING:
    from calsync.ports import Host
    from calsync.signin import Tokens
    from calsync_graph.config import Settings


def tokens_of(settings: Settings, host: Host) -> Tokens:
    """Return the tokens of a connection. Asks for none yet. Raises ConfigError."""
    # An application gets all permissions that were granted to it at this Graph; a person is asked for this one.
    permission = ".default" if settings.credential is not None else "Calendars.ReadWrite"
    registration = Registration(
        connection=settings.connection,
        tenant_id=settings.tenant_id,
        client_id=settings.client_id,
        authority_url=settings.authority_url,
        scopes=(f"{settings.graph_url}/{permission}",),
        takes_challenges=True,
    )
    if settings.credential is None:
        return DelegatedTokens(registration, host.vault, host.clock)
    return ApplicationTokens(registration, settings.credential, host.clock)
