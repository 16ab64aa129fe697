"""Connections that are used for a moment, for those who set them up: tried, looked into, signed in to."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.config import ConnectionConfig
from calsync.desk.drafts import tried
from calsync.desk.filling import without_empty
from calsync.desk.invalid import Invalid, Wrong, refused
from calsync.desk.trial import findings, opened
from calsync.desk.written import Written
from calsync.http import HttpFactory
from calsync.vault import FileVault, MemoryVault, vault_folder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from calsync.desk.filling import Fields
    from calsync.errors import ConfigError
    from calsync.forms import Question
    from calsync.ports import (
        BrowserSignIn,
        Clock,
        Finding,
        NamedCalendar,
        Person,
        Provider,
        ProviderSpec,
        SignedIn,
        Vault,
    )

    Told = Callable[[str, str], Awaitable[None]]
    """Is told what was changed: a word, and the name of the connection or the account."""


class Trials(Written):
    """Opens connections beside the service, and closes them. One that is there keeps to its budget, counted."""

    def __init__(
        self, path: Path, clock: Clock, http: HttpFactory | None, signed_in: Callable[[str], object], told: Told
    ) -> None:
        """`http`: the sessions of the connections that are served."""
        super().__init__(path)
        self._clock = clock
        self._http = http or HttpFactory(clock)
        self._signed_in = signed_in
        self._told = told

    async def try_connection(self, name: str, provider: str | None, fields: Fields) -> Sequence[Finding]:
        """Sign in as a form is filled in, and tell what a check finds. Nothing is kept.

        `provider`: None for a kept connection of this name. Raises Invalid, ConfigError.
        """
        connection, spec = await self._tried(name, provider, fields)
        there = name in (await self.config()).connections
        async with self._built(connection, spec, there=there) as trial:
            return await findings(trial)

    async def check_connection(self, name: str) -> Sequence[Finding]:
        """Sign in to a connection that is there, and tell what a check finds. Raises Invalid, ConfigError."""
        async with await self._open(name) as provider:
            return await findings(provider)

    async def calendars(self, connection: str, side: Mapping[str, str]) -> Sequence[NamedCalendar]:
        """List the calendars of a mailbox to pick from. `side`: an account's side as far as it is filled in.

        Raises Invalid, LoginError, AccountError, ConfigError, Retry.
        """
        async with await self._open(connection) as provider:
            await provider.login()
            return await provider.calendars(without_empty(side))

    async def people(self, connection: str) -> Sequence[Person]:
        """List whom a connection knows, for an account to be somebody's. Raises as `calendars`."""
        async with await self._open(connection) as provider:
            await provider.login()
            return await provider.people()

    async def questions(self, connection: str) -> Sequence[Question]:
        """Ask what only a person can say of a connection's system.

        Raises Invalid, LoginError, ConfigError, Retry.
        """
        async with await self._open(connection) as provider:
            return await provider.questions()

    async def begin_sign_in(self, connection: str, redirect_uri: str) -> BrowserSignIn:
        """Begin to sign a person in to a connection. Raises Invalid, ConfigError, LoginError, Retry."""
        async with await self._open(connection) as provider:
            return await provider.begin_sign_in(redirect_uri)

    async def finish_sign_in(
        self, connection: str, flow: Mapping[str, Any], answer: Mapping[str, str]
    ) -> SignedIn:
        """Keep the sign-in of who comes back, the same person as before. Raises as `begin_sign_in`, StoreError."""
        async with await self._open(connection) as provider:
            found = await provider.finish_sign_in(flow, answer)
        self._signed_in(connection)
        await self._told("signed_in", connection)
        return found

    def tried(
        self,
        name: str,
        spec: ProviderSpec,
        settings: Mapping[str, Any],
        vault: Vault | None = None,
        *,
        there: bool = False,
    ) -> AbstractAsyncContextManager[Provider]:
        """Return what builds a connection that no file knows so. Raises Invalid for what is wrong with it.

        `there`: one of this name is, with other settings.
        """
        try:
            checked = vol.Schema(spec.connection_schema)(dict(settings))
        except vol.Invalid as error:
            raise Invalid({str(error.path[0]) if error.path else "": refused(error.error_message)}) from None
        connection = ConnectionConfig(name=name, provider=spec.name, settings=checked, line=1)
        return self._built(connection, spec, vault, there=there)

    async def _tried(
        self, name: str, provider: str | None, fields: Fields
    ) -> tuple[ConnectionConfig, ProviderSpec]:
        """Return a connection as a form makes it, without keeping it. Raises Invalid, ConfigError."""
        return await asyncio.to_thread(tried, await self._parsed.operators(), name, provider, fields)

    def _built(
        self,
        connection: ConnectionConfig,
        spec: ProviderSpec,
        vault: Vault | None = None,
        *,
        there: bool = False,
    ) -> AbstractAsyncContextManager[Provider]:
        """Return what builds a connection that is tried. Raises Invalid for what its provider refuses.

        One that is not there yet is no figure: anybody could name it as they like.
        """
        http = self._http.beside() if there else HttpFactory(self._clock)
        return opened(spec, connection, vault or MemoryVault(), self._clock, http, refused=_refused)

    async def _open(self, name: str) -> AbstractAsyncContextManager[Provider]:
        """Return what opens a connection of either file, as it is now. Raises Invalid for an unknown one."""
        config, loaded = await self._parsed.whole()
        if name not in config.connections:
            known = ", ".join(config.connections) or "none"
            said = f"there is no connection {name!r}; connections are: {known}"
            raise Invalid({"connection": Wrong("connection_unknown", name, said)})
        connection, service = config.connections[name], config.service
        vault = None if service.key is None else FileVault(vault_folder(service.store), name, service.key)
        spec = loaded.providers[connection.provider]
        return opened(spec, connection, vault, self._clock, self._http.beside())


def _refused(connection: str, error: ConfigError) -> Invalid:
    said = "; ".join(line.removeprefix(f"connection {connection}: ") for line in error.problems)
    return Invalid({"": refused(said)})
