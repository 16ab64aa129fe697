"""What somebody sees, decides and sets at a terminal, by the store alone: no server is asked."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from calsync.desk import Audit, Explaining, Known, People, Showing
from calsync.desk.accounts import Accounts
from calsync.desk.decisions import decide, waiting
from calsync.stores import store_of
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Collection, Sequence

    from calsync.config import Config
    from calsync.connections import Connections
    from calsync.desk.decisions import Case
    from calsync.ports import Clock
    from calsync.roster import Roster
    from calsync.store import FileRuns, SqlStore
    from calsync.sync.choices import Choice
    from calsync.sync.model import Direction


class Desks:
    """Opens the desk of a configuration for one command."""

    def __init__(
        self, config: Config, connections: Connections, roster: Roster, runs: FileRuns, clock: Clock
    ) -> None:
        self._config = config
        self._connections = connections
        self._roster = roster
        self._runs = runs
        self._clock = clock

    @asynccontextmanager
    async def accounts(self) -> AsyncIterator[Accounts]:
        """Let a person set accounts. Raises StoreError."""
        store = await store_of(self._config.service).open()

        async def known() -> Collection[str]:
            return {*self._config.accounts, *await self._runs.all()}  # who is discovered is known by a run

        try:
            yield Accounts(store.settings, known, self._clock)
        finally:
            await store.close()

    async def holds(self, account: str | None) -> dict[str, Sequence[Case]]:
        """Return what waits for a person, by account. Asks no server; the store stays as it is."""
        names = [*self._config.accounts, *(await self._runs.all() if self._config.discover else ())]
        if account is not None and account not in names:
            raise self._roster.unknown(account)
        store = await store_of(self._config.service).look()
        try:
            return {
                name: await waiting(store, name, await self._direction(store, name), self._clock.now())
                for name in dict.fromkeys(names)
                if account in {None, name}
            }
        finally:
            await store.close()

    async def decide(self, account: str, names: Collection[str], choice: Choice, who: str) -> Sequence[Case]:
        """Take a person's word about what waits, and return for which cases it counts. Writes to no calendar."""
        store = await store_of(self._config.service).open()
        try:
            direction = await self._direction(store, account)
            taken = await decide(store, account, direction, names, choice, self._clock.now())
            if taken:
                audit = Audit(store.settings, self._clock)
                await audit.note_by(who, "decision", f"{choice}: {len(taken)}", account=account)
            return taken
        finally:
            await store.close()

    async def _direction(self, store: SqlStore, account: str) -> Direction:
        discover = self._config.discover
        known = self._config.accounts.get(account) or (discover.account if discover is not None else None)
        if known is None:
            raise self._roster.unknown(account)
        return (await store.settings.get(account)).direction or known.direction

    @asynccontextmanager
    async def people(self) -> AsyncIterator[People]:
        """Open the list of those who may use the pages. Raises ConfigError, StoreError."""
        # Who is discovered now is not asked for, but who has been run before is known.
        ran = await self._runs.all() if self._config.discover is not None else {}
        known = {*self._config.accounts, *ran}
        store = await store_of(self._config.service).open()
        try:
            yield People(store.people, self._clock, lambda: known, Audit(store.settings, self._clock))
        finally:
            await store.close()

    @asynccontextmanager
    async def showing(self) -> AsyncIterator[Showing]:
        """Open what people may see. Asks no server; a store that is not there yet stays so. Raises StoreError."""
        async with self._looking() as (showing, _):
            yield showing

    @asynccontextmanager
    async def explaining(self) -> AsyncIterator[Explaining]:
        """Open what people may learn of single appointments, as `showing`."""
        async with self._looking() as (_, explaining):
            yield explaining

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[tuple[Showing, Explaining]]:
        store = await store_of(self._config.service).show()
        accounts = dict(self._config.accounts)
        if self._config.discover is not None:  # who is discovered now is not asked for
            for name in (await self._runs.all()).keys() - accounts.keys():
                accounts[name] = replace(self._config.discover.account, name=name)
        connections = self._connections
        served = Known(accounts=lambda: accounts, systems=connections.systems, chain=connections.chain)
        try:
            audit = Audit(store.settings, self._clock)
            people = People(store.people, self._clock, lambda: accounts, audit)
            showing = Showing(store, people, self._clock, served)
            yield showing, Explaining(store, showing, served)
        finally:
            await store.close()
