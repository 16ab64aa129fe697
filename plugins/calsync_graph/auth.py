"""Whose tokens a connection uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.signin import ApplicationTokens, Registration

if TYPE_CHECKING:
    from calsync.ports import Host
    from calsync.signin import Tokens
    from calsync_graph.config import Settings


def tokens_of(settings: Settings, host: Host) -> Tokens:
    """Return the tokens of a connection. Asks for none yet."""
    registration = Registration(
        connection=settings.connection,
        tenant_id=settings.tenant_id,
        client_id=settings.client_id,
        authority_url=settings.authority_url,
        # All permissions that were granted to the application at this Graph.
        scopes=(f"{settings.graph_url}/.default",),
    )
    return ApplicationTokens(registration, settings.credential, host.clock)
