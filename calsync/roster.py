"""The accounts that there are: those that are written down, and those that are discovered."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from calsync.connections import Opened
from calsync.discovery import Discovery, accounts_of, left_behind
from calsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from calsync.config import AccountConfig, Config
    from calsync.connections import Connections
    from calsync.ports import Calendar
    from calsync.results import Discovered
    from calsync.store import FileRuns
    from calsync.sync.model import Side

log = logging.getLogger("calsync.discovery")


class Roster:
    """Finds accounts, and opens their calendars."""

    def __init__(self, config: Config, connections: Connections, runs: FileRuns) -> None:
        self._config = config
        self._connections = connections
        self._runs = runs
        self.discovered: Sequence[Discovered] = ()
        """Everybody whom discovery looked at, once accounts have been opened."""
        self._found: Mapping[str, AccountConfig] = {}
        """The accounts that were discovered."""
        self._discovery: Discovery | None = None
        """The one that found them."""
        self._calendars: Mapping[str, Mapping[Side, Calendar]] = {}
        """Those that it has opened of them, until they are asked for."""

    @property
    def written(self) -> Mapping[str, AccountConfig]:
        """The accounts that are written down."""
        return self._config.accounts

    @property
    def operators(self) -> Collection[str]:
        """Names of those that the operator wrote down; what is wrong with another one stops nothing."""
        return [name for name, one in self.written.items() if not one.kept]

    def adopt(self, config: Config) -> None:
        """Take over another configuration. Where that discovers otherwise, nobody is looked for as before."""
        if config.discover != self._config.discover:
            self._discovery = None
        self._config, self._calendars = config, {}

    def account(self, name: str) -> AccountConfig:
        """Return an account that is written down or was discovered. Raises KeyError."""
        return self.written.get(name) or self._found[name]

    def unknown(self, account: str) -> ConfigError:
        """Return what is wrong with a name that no account has."""
        known = ", ".join({**self.written, **self._found}) or "none"
        return ConfigError([f"{self._config.path}: there is no account {account!r}; accounts are: {known}"])

    async def open(self, wanted: Collection[str]) -> dict[str, Opened | Exception]:
        """Open the calendars of these accounts, or of all. One that cannot be opened is told as its error.

        Raises ConfigError for an account that is not there, and what is in the way of discovery.
        """
        others = [name for name in wanted if name not in self.written]
        if wanted and not others:
            found = await self.try_open([self.written[name] for name in dict.fromkeys(wanted)])
        elif others and self._config.discover is None:
            raise self.unknown(others[0])
        else:
            found = await self.try_open(self.written.values())  # their calendars are not discovered
            found |= await self.try_open_found(await self.discover())
        for name in wanted:
            if name not in found:
                raise self.unknown(name)
        return {name: one for name, one in found.items() if not wanted or name in wanted}

    async def try_open(self, configs: Iterable[AccountConfig]) -> dict[str, Opened | Exception]:
        """Open accounts' calendars; one that cannot be opened is told as its error.

        A calendar that two of them lead to belongs to the one in the operator's file.
        """
        configs = list(configs)
        found: dict[str, Opened | Exception] = {}
        for kept in (False, True):
            found |= await self._try_open([config for config in configs if config.kept is kept])
        return {config.name: found[config.name] for config in configs if config.name in found}

    async def try_open_found(self, names: Iterable[str]) -> dict[str, Opened | Exception]:
        """Open accounts that have just been discovered, but for what discovery has opened of them already."""
        calendars, self._calendars = self._calendars, {}
        return await self._try_open([self._found[name] for name in names], calendars)

    async def _try_open(
        self, configs: Sequence[AccountConfig], calendars: Mapping[str, Mapping[Side, Calendar]] = {}
    ) -> dict[str, Opened | Exception]:
        found = await asyncio.gather(
            *(self._connections.open(config, calendars.get(config.name, {})) for config in configs),
            return_exceptions=True,
        )
        names = (config.name for config in configs)
        return {name: one for name, one in zip(names, found, strict=True) if isinstance(one, Opened | Exception)}

    async def discover(self) -> Mapping[str, AccountConfig]:
        """Return the accounts that are discovered. Raises LoginError, ConfigError, Retry, PluginError."""
        if self._config.discover is None:
            return {}
        known = await self._runs.all()
        self._discovery = Discovery(self._config.discover, self._connections, self.written, known)
        found = await self._discovery.find()
        self.discovered = [one.told for one in found]
        self._found = accounts_of(found)
        self._calendars = {one.config.name: one.calendars for one in found if one.config is not None}
        return self._found

    async def discover_aloud(self) -> Mapping[str, AccountConfig]:
        """Discover, and tell the log what came of it, without an address. Raises as `discover`."""
        known = await self._runs.all()
        accounts = await self.discover()
        if self._config.discover is not None:
            log.info(
                "discovered %d accounts, left out %d people", len(accounts), len(self.discovered) - len(accounts)
            )
        for line in left_behind(self.discovered, known):
            log.warning("%s", line)
        return accounts

    async def config_of(self, name: str) -> AccountConfig:
        """Return an account to be opened. Where its address is not sure yet, that is looked for.

        Raises Retry, AccountError, LoginError, ConfigError.
        """
        config = self.account(name)
        return config if self._discovery is None else await self._discovery.again(config)
