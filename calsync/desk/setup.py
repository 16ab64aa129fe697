"""Adding, changing and removing connections and accounts, for an administrator who does not write YAML.

What stands in the operator's file can be tried and used here like what the pages keep, but not changed. Everything
is checked as it will be read: the new content of the second file, by the same functions.
"""

from __future__ import annotations

import asyncio
from copy import copy
from typing import TYPE_CHECKING, Any

from calsync.desk.drafts import add_account, entry_of, read
from calsync.desk.filling import connection_of, merged, not_kept, without_empty
from calsync.desk.invalid import Invalid, Wrong, left_out, refused
from calsync.desk.trials import Trials
from calsync.forms import Kind
from calsync.second import connections_in

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from calsync.desk.filling import Fields
    from calsync.desk.trials import Told
    from calsync.forms import Option
    from calsync.http import HttpFactory
    from calsync.loading import Operators
    from calsync.ports import Clock, ProviderSpec
    from calsync.second import Draft

    Change = Callable[[Draft, Operators], None]


def _nothing(*_: object) -> None:
    """Tell nobody."""


async def _untold(_what: str, _name: str) -> None:
    """Tell nobody."""


class Setup(Trials):
    """The setting up of one configuration. Its files are read and written in a thread, and always as they are."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        changed: Callable[[], object] = _nothing,
        signed_in: Callable[[str], object] = _nothing,
        told: Told = _untold,
        http: HttpFactory | None = None,
    ) -> None:
        """`path`: the operator's file.

        `changed` is called when the second file is another one, for the service to read it; `signed_in` with the
        connection that somebody has signed in to; `told` of every change, once it is made. `http`: the sessions of
        the connections that are served; None where none are.
        """
        super().__init__(path, clock, http, signed_in, told)
        self._changed = changed

    def noted(self, told: Told) -> Setup:
        """Return the same setting up with somebody else told of its changes."""
        found = copy(self)
        found._told = told  # noqa: SLF001 - its own
        return found

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
            add_account(draft, operators, name, entry)

        await self._change(add, about=("accounts", name))
        await self._told("account_added", name)

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

    async def answer(self, connection: str, options: Sequence[Option]) -> None:
        """Keep what a person has said of a connection's system. Raises as `change_connection`."""

        def put(draft: Draft, _: Operators) -> None:
            entry = connection_of(draft, connection)
            for option in options:
                entry = merged(entry, option.settings)
            draft.connections[connection] = entry

        await self._change(put, about=("connections", connection))
        await self._told("connection_changed", connection)

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
        connection, spec = await self._tried(name, provider, fields)
        async with self._built(connection, spec):
            pass  # what the provider itself refuses is told

        def put(draft: Draft, operators: Operators) -> None:
            second = operators.second
            entry = entry_of(draft, operators, name, provider, fields)
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
        operators = await self._parsed.operators()

        def work() -> None:
            with operators.second.changing() as draft:
                before = {(one.section, one.name) for one in read(operators, draft).ignored}
                change(draft, operators)
                for one in read(operators, draft).ignored:
                    if (one.section, one.name) == about:
                        raise left_out(one)
                    if (one.section, one.name) not in before:
                        raise Invalid({"": refused("; ".join(one.problems))})
            after(operators)

        await asyncio.to_thread(work)
        self._changed()
