"""A connection that is used for a moment, beside the service: to try it, to pick a calendar, to sign in."""

from __future__ import annotations

from contextlib import asynccontextmanager
from random import SystemRandom
from typing import TYPE_CHECKING

from calsync.errors import CalsyncError, ConfigError, PluginError, reason
from calsync.ports import Finding, Host

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from calsync.config import ConnectionConfig
    from calsync.http import HttpFactory
    from calsync.ports import Clock, Provider, ProviderSpec, Vault


@asynccontextmanager
async def opened(
    spec: ProviderSpec,
    connection: ConnectionConfig,
    vault: Vault | None,
    clock: Clock,
    http: HttpFactory,
    refused: Callable[[str, ConfigError], Exception] | None = None,
) -> AsyncIterator[Provider]:
    """Build a connection, not signed in, and close it in the end.

    Raises ConfigError where its provider refuses it, or what `refused` makes of that; PluginError.
    """
    host = Host(connection=connection.name, clock=clock, random=SystemRandom(), http=http, vault=vault)
    try:
        provider = spec.open(connection.settings, host)
    except ConfigError as error:
        raise error if refused is None else refused(connection.name, error) from error
    try:
        yield provider
    except CalsyncError:
        raise
    except Exception as error:
        # Another library's error may quote what was refused, so its text is not told.
        problem = f"connection {connection.name}: its provider failed ({reason(error)})"
        raise PluginError(problem) from error
    finally:
        await provider.close()


async def findings(provider: Provider) -> Sequence[Finding]:
    """Sign in, and return what a check finds; what is in its way is an error among it."""
    try:
        await provider.login()
        return await provider.check()
    except CalsyncError as error:
        return [Finding("error", line) for line in str(error).splitlines()]
