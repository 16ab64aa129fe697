"""Adding, changing and removing connections and accounts, for an administrator who does not write YAML.

What stands in the operator's file can be tried and used here like what the pages keep, but not changed. Everything
is checked as it will be read: the new content of the second file, by the same functions.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import voluptuous as vol

from calsync.config import ConnectionConfig, parse_text
from calsync.desk.export import exported
from calsync.desk.filling import connection_of, connections_in, filled, merged, not_kept, without_empty
from calsync.desk.invalid import Invalid, Wrong, left_out, refused
from calsync.desk.trial import findings, opened
from calsync.errors import ConfigError, PluginError
from calsync.forms import Kind
from calsync.loading import load, load_operators
from calsync.second import Kept
from calsync.vault import FileVault, MemoryVault, vault_folder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from calsync.config import Config, Document
    from calsync.desk.filling import Fields
    from calsync.forms import Option, Question
    from calsync.loader import Loaded
    from calsync.loading import Operators
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
    from calsync.second import Draft

    Change = Callable[[Draft, Operators], None]
    Told = Callable[[str, str], Awaitable[None]]
    """Is told what was changed: a word, and the name of the connection or the account."""


def _nothing(*_: object) -> None:
    """Tell nobody."""


async def _untold(_what: str, _name: str) -> None:
    """Tell nobody."""


class Setup:
    """The setting up of one configuration. Its files are read and written in a thread, and always as they are."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        changed: Callable[[], object] = _nothing,
        signed_in: Callable[[str], object] = _nothing,
        told: Told = _untold,
    ) -> None:
        """`path`: the operator's file.

        `changed` is called when the second file is another one, for the service to read it; `signed_in` with the
        connection that somebody has signed in to; `told` of every change, once it is made.
        """
        self._path = path
        self._clock = clock
        self._changed = changed
        self._signed_in = signed_in
        self._told = told

    def noted(self, told: Told) -> Setup:
        """Return the same setting up with somebody else told of its changes."""
        return Setup(self._path, self._clock, self._changed, self._signed_in, told)

    async def providers(self) -> Mapping[str, str]:
        """Return all that are installed, each with what it connects to, in English. Raises ConfigError."""
        plugins = (await asyncio.to_thread(load_operators, self._path)).plugins.found
        found = {name: one.manifest.name for one in plugins for name in one.provides("providers")}
        return dict(sorted(found.items()))

    async def provider(self, name: str) -> ProviderSpec:
        """Return a provider, with its forms. Its plugin is imported by that. Raises Invalid, ConfigError."""
        return await asyncio.to_thread(lambda: _spec(load_operators(self._path), name))

    async def filled_in(self, connection: str) -> Mapping[str, str]:
        """Return what stands in the form of a kept connection, but for secrets. Raises Invalid, ConfigError."""

        def read() -> Mapping[str, str]:
            operators = load_operators(self._path)
            entry = connection_of(operators.second.draft(), connection)
            form = _spec(operators, entry["provider"]).form
            flags = {
                field.key: str(entry.get(field.key, False)).lower() for field in form if field.kind is Kind.FLAG
            }
            keys = [field.key for field in form if field.kind is not Kind.SECRET]
            return {key: str(entry[key]) for key in keys if key in entry} | flags

        return await asyncio.to_thread(read)

    async def provider_of(self, connection: str) -> str:
        """Return the name of a kept connection's provider. Raises Invalid, ConfigError."""

        def read() -> str:
            draft = load_operators(self._path).second.draft()
            return str(connection_of(draft, connection)["provider"])

        return await asyncio.to_thread(read)

    async def account_entry(self, name: str) -> Mapping[str, Any]:
        """Return a kept account as `change_account` takes it. Raises Invalid, ConfigError."""

        def read() -> Mapping[str, Any]:
            accounts = load_operators(self._path).second.draft().accounts
            if name not in accounts:
                raise Invalid({"": not_kept(name)})
            return accounts[name]

        return await asyncio.to_thread(read)

    async def add_connection(self, name: str, provider: str, fields: Fields) -> None:
        """Add a connection, as the provider's form is filled in.

        Raises Invalid, by the keys of the form and `name`; ConfigError, StoreError, Retry where it cannot be kept.
        """
        await self._put_connection(name, provider, fields)
        await self._told("connection_added", name)

    async def change_connection(self, name: str, fields: Fields) -> None:
        """Fill the form of a kept connection in anew. Raises as `add_connection`."""
        await self._put_connection(name, None, fields)
        await self._told("connection_changed", name)

    async def remove_connection(self, name: str) -> None:
        """Remove a kept connection that no account uses, with all that it keeps.

        Raises Invalid, ConfigError, StoreError, Retry.
        """

        def remove(draft: Draft, operators: Operators) -> None:
            connection_of(draft, name)
            theirs = name in operators.config.connections
            users = [account for account, entry in draft.accounts.items() if name in connections_in(entry)]
            if users and not theirs:
                raise Invalid({"": Wrong("in_use", ", ".join(users))})
            del draft.connections[name]

        def forget(operators: Operators) -> None:
            if name not in operators.config.connections:
                operators.second.forget(name)

        await self._change(remove, forget)
        await self._told("connection_removed", name)

    async def add_account(self, name: str, entry: Mapping[str, Any]) -> None:
        """Add an account. `entry`: as in YAML; texts that are empty are left out.

        Raises Invalid, by `name` and keys like `left.mailbox`; ConfigError, StoreError, Retry.
        """

        def add(draft: Draft, operators: Operators) -> None:
            _add_account(draft, operators, name, entry)

        await self._change(add, about=("accounts", name))
        await self._told("account_added", name)

    async def considered(self, name: str, entry: Mapping[str, Any]) -> tuple[Config, Loaded]:
        """Return the configuration as it would be with another account; nothing is kept.

        Raises as `add_account`.
        """

        def read() -> tuple[Config, Loaded]:
            operators = load_operators(self._path)
            draft = operators.second.draft()
            _add_account(draft, operators, name, entry)
            config, loaded = operators.with_second(_document(operators, draft))
            for one in config.ignored:
                if (one.section, one.name) == ("accounts", name):
                    raise left_out(one)
            return config, loaded

        return await asyncio.to_thread(read)

    async def change_account(self, name: str, entry: Mapping[str, Any]) -> None:
        """Change a kept account. Raises as `add_account`."""

        def change(draft: Draft, _: Operators) -> None:
            if name not in draft.accounts:
                raise Invalid({"": not_kept(name)})
            draft.accounts[name] = without_empty(entry)

        await self._change(change, about=("accounts", name))
        await self._told("account_changed", name)

    async def remove_account(self, name: str) -> None:
        """Remove a kept account. Its events stay on both sides. Raises Invalid, ConfigError, StoreError, Retry."""

        def remove(draft: Draft, _: Operators) -> None:
            if name not in draft.accounts:
                raise Invalid({"": not_kept(name)})
            del draft.accounts[name]

        await self._change(remove)
        await self._told("account_removed", name)

    async def try_connection(self, name: str, provider: str | None, fields: Fields) -> Sequence[Finding]:
        """Sign in as a form is filled in, and tell what a check finds. Nothing is kept.

        `provider`: None for a kept connection of this name. Raises Invalid, ConfigError.
        """
        connection, spec = await asyncio.to_thread(self._tried, name, provider, fields)
        async with self._built(connection, spec) as trial:
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

    async def answer(self, connection: str, options: Sequence[Option]) -> None:
        """Keep what a person has said of a connection's system. Raises as `change_connection`."""

        def put(draft: Draft, _: Operators) -> None:
            entry = connection_of(draft, connection)
            for option in options:
                entry = merged(entry, option.settings)
            draft.connections[connection] = entry

        await self._change(put, about=("connections", connection))
        await self._told("connection_changed", connection)

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

    async def export(self) -> str:
        """Return the second file as YAML that an operator may take over. Raises ConfigError."""
        return await asyncio.to_thread(lambda: exported(load_operators(self._path).second.draft()))

    async def config(self) -> Config:
        """Return the configuration as it stands in both files. Raises ConfigError."""
        return (await asyncio.to_thread(load, self._path))[0]

    def tried(
        self, name: str, spec: ProviderSpec, settings: Mapping[str, Any], vault: Vault | None = None
    ) -> AbstractAsyncContextManager[Provider]:
        """Return what builds a connection that no file knows. Raises Invalid for what is wrong with it."""
        try:
            checked = vol.Schema(spec.connection_schema)(dict(settings))
        except vol.Invalid as error:
            raise Invalid({str(error.path[0]) if error.path else "": refused(error.error_message)}) from None
        connection = ConnectionConfig(name=name, provider=spec.name, settings=checked, line=1)
        return opened(spec, connection, vault or MemoryVault(), self._clock, refused=_refused)

    async def add_own(
        self,
        account: str,
        entry: Mapping[str, Any],
        connection: str,
        spec: ProviderSpec,
        settings: Mapping[str, Any],
        kept: Mapping[str, str],
    ) -> None:
        """Add an account with its own connection, and what that has kept by itself. Raises as `add_account`."""
        secret = {field.key for field in spec.form if field.kind is Kind.SECRET}

        def add(draft: Draft, operators: Operators) -> None:
            second = operators.second
            if account in draft.accounts or account in operators.config.accounts:
                raise Invalid({"": Wrong("account_there")})
            draft.connections[connection] = {"provider": spec.name} | {
                key: second.keep(connection, key, value) if key in secret else value
                for key, value in settings.items()
            }
            draft.accounts[account] = dict(entry)
            second.take_over(connection, kept)

        await self._change(add, about=("accounts", account))
        await self._told("account_added", account)

    async def _put_connection(self, name: str, provider: str | None, fields: Fields) -> None:
        connection, spec = await asyncio.to_thread(self._tried, name, provider, fields)
        async with self._built(connection, spec):
            pass  # what the provider itself refuses is told

        def put(draft: Draft, operators: Operators) -> None:
            second = operators.second
            entry = _entry(draft, operators, name, provider, fields)
            if provider is not None:
                second.forget(name)  # what a removed one of this name has left, as somebody's sign-in
            secret = {field.key for field in spec.form if field.kind is Kind.SECRET}
            draft.connections[name] = {
                key: second.keep(name, key, value) if key in secret and isinstance(value, str) else value
                for key, value in entry.items()
            }

        await self._change(put, about=("connections", name))

    async def _change(
        self,
        change: Change,
        after: Callable[[Operators], None] = _nothing,
        about: tuple[str, str] | None = None,
    ) -> None:
        """Change the second file, unless an entry comes to nothing by that which held, or that it is `about`."""

        def work() -> None:
            operators = load_operators(self._path)
            with operators.second.changing() as draft:
                before = {(one.section, one.name) for one in _read(operators, draft).ignored}
                change(draft, operators)
                for one in _read(operators, draft).ignored:
                    if (one.section, one.name) == about:
                        raise left_out(one)
                    if (one.section, one.name) not in before:
                        raise Invalid({"": refused("; ".join(one.problems))})
            after(operators)

        await asyncio.to_thread(work)
        self._changed()

    def _tried(self, name: str, provider: str | None, fields: Fields) -> tuple[ConnectionConfig, ProviderSpec]:
        """Return a connection as a form makes it, without keeping it. Raises Invalid, ConfigError."""
        operators = load_operators(self._path)
        draft = replace(operators.second.draft(), accounts={})
        entry = {
            key: operators.second.secret(name, value) if isinstance(value, Kept) else value
            for key, value in _entry(draft, operators, name, provider, fields).items()
        }
        draft.connections[name] = entry
        spec = _spec(operators, entry["provider"])
        secrets = [entry[field.key] for field in spec.form if field.kind is Kind.SECRET and field.key in entry]
        config = _read(operators, draft, secrets)
        for one in config.ignored:
            if (one.section, one.name) == ("connections", name):
                raise left_out(one)
        return config.connections[name], spec

    def _built(self, connection: ConnectionConfig, spec: ProviderSpec) -> AbstractAsyncContextManager[Provider]:
        """Return what builds a connection that is tried. Raises Invalid for what its provider refuses."""
        return opened(spec, connection, MemoryVault(), self._clock, refused=_refused)

    async def _open(self, name: str) -> AbstractAsyncContextManager[Provider]:
        """Return what opens a connection of either file, as it is now. Raises Invalid for an unknown one."""
        config, loaded = await asyncio.to_thread(load, self._path)
        if name not in config.connections:
            known = ", ".join(config.connections) or "none"
            said = f"there is no connection {name!r}; connections are: {known}"
            raise Invalid({"connection": Wrong("connection_unknown", name, said)})
        connection, service = config.connections[name], config.service
        vault = None if service.key is None else FileVault(vault_folder(service.store), name, service.key)
        return opened(loaded.providers[connection.provider], connection, vault, self._clock)


def _read(operators: Operators, draft: Draft, secrets: Collection[str] = ()) -> Config:
    """Return the configuration as it will be with this content of the second file."""
    document = _document(operators, draft)
    return operators.with_second(replace(document, hidden=document.hidden | set(secrets)))[0]


def _document(operators: Operators, draft: Draft) -> Document:
    second = operators.second
    return parse_text(second.path, draft.as_yaml(), second.hidden)


def _add_account(draft: Draft, operators: Operators, name: str, entry: Mapping[str, Any]) -> None:
    if name in draft.accounts or name in operators.config.accounts:
        raise Invalid({"name": Wrong("account_there")})
    draft.accounts[name] = without_empty(entry)


def _spec(operators: Operators, provider: str) -> ProviderSpec:
    """Return a provider. Raises Invalid for one that is not there or cannot be used."""
    try:
        found = operators.plugins.load([provider], []).providers
    except PluginError as error:
        raise Invalid({"provider": refused(str(error))}) from error
    if provider not in found:
        raise Invalid({"provider": Wrong("provider_unknown", provider)})
    return found[provider]


def _entry(draft: Draft, operators: Operators, name: str, provider: str | None, fields: Fields) -> dict[str, Any]:
    """Return a connection's entry, new ones' with `provider`. Raises Invalid."""
    if provider is None:
        former = connection_of(draft, name)
        return filled(_spec(operators, former["provider"]), fields, former)
    if name in draft.connections or name in operators.config.connections:
        raise Invalid({"name": Wrong("connection_there")})
    return filled(_spec(operators, provider), fields, {})


def _refused(connection: str, error: ConfigError) -> Invalid:
    said = "; ".join(line.removeprefix(f"connection {connection}: ") for line in error.problems)
    return Invalid({"": refused(said)})
