"""What stands in the files of a configuration, for those who set it up."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from calsync.desk.drafts import add_account, document, spec_of
from calsync.desk.export import exported
from calsync.desk.filling import connection_of, not_kept, provider_in
from calsync.desk.invalid import Invalid, Wrong, left_out
from calsync.forms import Kind
from calsync.parsed import Parsed

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from calsync.config import Config
    from calsync.desk.entries import Specs
    from calsync.loader import Loaded
    from calsync.ports import ProviderSpec
    from calsync.second import Draft
    from calsync.sync.model import Side


class Written:
    """One configuration, always as its files are. They are read in a thread."""

    def __init__(self, path: Path) -> None:
        """`path`: the operator's file."""
        self._parsed = Parsed(path)

    async def providers(self) -> Mapping[str, str]:
        """Return all that are installed, each with what it connects to, in English. Raises ConfigError."""
        plugins = (await self._parsed.operators()).plugins.found
        found = {name: one.manifest.name for one in plugins for name in one.provides("providers")}
        return dict(sorted(found.items()))

    async def provider(self, name: str) -> ProviderSpec:
        """Return a provider, with its forms. Its plugin is imported by that. Raises Invalid, ConfigError."""
        return await asyncio.to_thread(spec_of, await self._parsed.operators(), name)

    async def filled_in(self, connection: str) -> Mapping[str, str]:
        """Return what stands in the form of a kept connection, but for secrets. Raises Invalid, ConfigError."""
        operators = await self._parsed.operators()

        def read() -> Mapping[str, str]:
            entry = connection_of(operators.second.draft(), connection)
            form = spec_of(operators, provider_in(entry)).form
            flags = {
                field.key: str(entry.get(field.key, False)).lower() for field in form if field.kind is Kind.FLAG
            }
            keys = [field.key for field in form if field.kind is not Kind.SECRET]
            return {key: str(entry[key]) for key in keys if key in entry} | flags

        return await asyncio.to_thread(read)

    async def provider_of(self, connection: str) -> str:
        """Return the name of a kept connection's provider. Raises Invalid, ConfigError."""
        draft = await self._draft()
        return provider_in(connection_of(draft, connection))

    async def specs(self, connections: Mapping[Side, str]) -> Specs:
        """Return the providers of an account's sides, of either file.

        Raises Invalid, by keys as `left.connection`; ConfigError.
        """
        config, loaded = await self._parsed.whole()
        wrong = {
            f"{side}.connection": Wrong("connection_unknown", name, f"there is no connection {name!r}")
            for side, name in connections.items()
            if name not in config.connections
        }
        if wrong:
            raise Invalid(wrong)
        return {side: loaded.providers[config.connections[name].provider] for side, name in connections.items()}

    async def account_entry(self, name: str) -> Mapping[str, Any]:
        """Return a kept account as `change_account` takes it. Raises Invalid, ConfigError."""
        accounts = (await self._draft()).accounts
        if name not in accounts:
            raise Invalid({"": not_kept(name)})
        return accounts[name]

    async def considered(self, name: str, entry: Mapping[str, Any]) -> tuple[Config, Loaded]:
        """Return the configuration as it would be with another account; nothing is kept.

        Raises as `add_account`.
        """
        operators = await self._parsed.operators()

        def read() -> tuple[Config, Loaded]:
            draft = operators.second.draft()
            add_account(draft, operators, name, entry)
            config, loaded = operators.with_second(document(operators, draft))
            for one in config.ignored:
                if (one.section, one.name) == ("accounts", name):
                    raise left_out(one)
            return config, loaded

        return await asyncio.to_thread(read)

    async def export(self) -> str:
        """Return the second file as YAML that an operator may take over. Raises ConfigError."""
        return await asyncio.to_thread(exported, await self._draft())

    async def config(self) -> Config:
        """Return the configuration as it stands in both files. Raises ConfigError."""
        return (await self._parsed.whole())[0]

    async def _draft(self) -> Draft:
        """Return what stands in the second file. Raises ConfigError."""
        return await asyncio.to_thread((await self._parsed.operators()).second.draft)
