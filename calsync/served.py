"""The accounts that the service serves: their calendars, their runs, and how they come and go."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from calsync.connections import Opened, connections_of
from calsync.engine import Report
from calsync.engine.together import together
from calsync.errors import LoginError, StoreError
from calsync.service import Runner, Service
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
    from datetime import datetime
    from random import Random

    from calsync.config import AccountConfig
    from calsync.connections import Connections
    from calsync.engine import Account, Confirmation, Engine, Leaving, Undone
    from calsync.metrics import Metrics
    from calsync.ports import Clock
    from calsync.records import Selection, Setting, Settings
    from calsync.roster import Roster
    from calsync.service import Chronicle, Finished, Listen, Recalled
    from calsync.workers.deferred import Deferred


class Served(Runner):
    """Serves accounts; each has its calendars open from its first run until it leaves."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        chronicle: Chronicle,
        metrics: Metrics,
        connections: Connections,
        roster: Roster,
        clock: Clock,
        random: Random,
        poll_seconds: float,
        planned: Callable[[Account], Awaitable[Report]],
        forget: Callable[[str], Awaitable[None]],
    ) -> None:
        """`planned` says what a run of an account would do, and remembers nothing.

        `forget` removes what an account's own connections keep of a sign-in.
        """
        self.service = Service(self, clock, random, poll_seconds)
        self.elsewhere: Deferred | None = None
        """What has workers do the runs; None: they are done here. What people ask for is always done here."""
        self.configs: dict[str, AccountConfig] = {}
        """Each account as it is written down, or was discovered, when it came."""
        self._returning: dict[str, AccountConfig] = {}
        """Those that have left to come back as they are written down now."""
        self.changing = asyncio.Lock()
        """Held while accounts leave and come."""
        self._engine = engine
        self._settings = settings
        self._chronicle = chronicle
        self._metrics = metrics
        self._connections = connections
        self._roster = roster
        self._planned = planned
        self._forget = forget
        self._opened: dict[str, Opened] = {}

    @property
    def known(self) -> Mapping[str, AccountConfig]:
        """All accounts as people see them: also those that a reload opens anew are there meanwhile."""
        return {**self._returning, **self.configs} if self._returning else self.configs

    async def run(self, account: str, report: Report, progress: Callable[[int, int], None]) -> None:
        if self.elsewhere is None:
            async with self._chronicle.of(account, report):
                await self._engine.poll(await self._account(account), report, progress=progress)
            return
        if account not in self._opened:  # here its doorbells ring
            async with self._chronicle.of_failure(account, report):
                await self._account(account)
        await self.elsewhere.run(account, report, progress)

    def rests(self, account: str, until: datetime) -> None:
        if self.elsewhere is not None:
            self.elsewhere.rests(account, until)

    def finished(self, run: Finished) -> None:
        self._metrics.finished(run)

    def doorbells(self, account: str) -> Sequence[Listen]:
        opened = self._opened.get(account)
        return [] if opened is None else [calendar.listen for calendar in opened.calendars.values()]

    def connections(self, account: str) -> Collection[str]:
        return connections_of(self.configs[account])

    def proven(self, connection: str) -> None:
        """Run those again whose sign-in was refused, as it has just worked beside the service."""
        self._connections.proven(connection)
        if self.elsewhere is not None:
            self.elsewhere.proven(connection)
        for name, config in self.configs.items():
            refused = self.service.board.status(name).error_class == LoginError.__name__
            if refused and connection in connections_of(config):
                self.service.wake(name, "its sign-in works")

    async def confirm(self, account: str, plan_hash: str) -> Confirmation:
        """Let what waits be written, as `App.confirm` does: between two runs, and the next one begins at once.

        Raises Retry for an account that is not served, and as a run does.
        """

        async def errand() -> Confirmation:
            return await self._engine.confirm(await self._account(account), plan_hash)

        return await self.service.ask(account, errand)

    async def plan(self, account: str) -> Report:
        """Say what a run would do, as `App.plan` does, between two runs. Raises as `confirm`."""

        async def errand() -> Report:
            return await self._planned(await self._account(account))

        return await self.service.ask(account, errand)

    async def undo(self, account: str, selection: Selection, plan_hash: str | None) -> Undone:
        """Undo writes, or say what that would do, as `App.undo` does. Raises as `confirm`."""

        async def errand() -> Undone:
            report = Report()
            async with self._chronicle.of(account, report):
                opened, progress = await self._account(account), partial(self.service.progress, account)
                return await self._engine.undo(opened, selection, report, plan_hash, progress=progress)

        return await self.service.ask(account, errand)

    async def leave(self, account: str, remove: Side | None, who: str, plan_hash: str | None) -> Leaving:
        """Let an account leave, or say what that would do, as `App.leave` does. Raises as `confirm`."""

        async def errand() -> Leaving:
            report = Report()
            async with self._chronicle.of(account, report):
                opened, progress = await self._account(account), partial(self.service.progress, account)
                return await self._engine.leave(opened, remove, who, report, plan_hash, progress=progress)

        found = await self.service.ask(account, errand)
        if plan_hash is not None and found.problem is None:
            await self._forget(account)
        return found

    def wake(self, account: str, reason: str) -> None:
        """Have an account run soon."""
        self.service.wake(account, reason)

    async def begin(self, accounts: Mapping[str, AccountConfig], found: Mapping[str, object] = {}) -> int:
        """Begin to serve the accounts that are not served yet, and return how many.

        `found` are those that are opened already; what else it holds of them is told by their runs.
        """
        settings: Mapping[str, Setting] = {}
        recalled: Mapping[str, Recalled] = {}
        with suppress(StoreError):  # their runs tell it; nobody stays unserved for it
            settings = await self._settings.all()
            if self.elsewhere is not None:
                recalled = await self.elsewhere.recalled()
        fresh = {name: config for name, config in accounts.items() if name not in self.configs}
        self._opened |= {name: one for name, one in found.items() if name in fresh and isinstance(one, Opened)}
        self.configs |= fresh
        for name in fresh:
            self._returning.pop(name, None)
            self.service.add(name, settings[name].good_at if name in settings else None, recalled.get(name))
        return len(fresh)

    async def part_with(self, wanted: Mapping[str, AccountConfig], stale: Collection[str] = ()) -> int:
        """End the accounts that are not wanted as they are, or use `stale` connections; return how many.

        Those that are wanted otherwise begin, for people, until they `begin`, or are not wanted any more.
        """
        leaving = [
            name
            for name, one in self.configs.items()
            if wanted.get(name) != one or not connections_of(one).isdisjoint(stale)
        ]
        back = {*self._returning, *leaving}
        gone = [name for name in self._returning if name not in wanted]
        self._returning = {name: wanted[name] for name in back if name in wanted}
        for name in gone:
            self.service.board.end(name)
        return await self._end(leaving)

    async def _end(self, leaving: Collection[str]) -> int:
        good = {status.account: status.good_at for status in self.service.board.all()}
        await self.service.remove(*leaving)
        for name in leaving:
            if name in self._returning:
                self.service.board.begin(name, good.get(name))
            del self.configs[name]
            self._opened.pop(name, None)
            self._connections.release(name)
        return len(leaving)

    async def begin_written(self) -> int:
        """Begin with the accounts that are written down and not served yet, and return how many they are.

        They are opened first, so that discovery finds their calendars taken. A discovered account that has one of
        them loses it.
        """
        written = self._roster.written
        fresh = {name: one for name, one in written.items() if name not in self.configs}
        holders = set().union(*await together(self._holders(one) for one in fresh.values()))
        await self._end([name for name in self.configs if name in holders])
        return await self.begin(fresh, await self._roster.try_open(fresh.values()))

    async def _holders(self, config: AccountConfig) -> set[str]:
        """Return the discovered accounts that have a calendar of this account."""
        holders: set[str] = set()
        for side in Side:
            with suppress(Exception):  # its runs tell it, also a bug in a plugin
                calendar = await self._connections.look(config, side)
                holder = self._connections.claimant(config, side, calendar)
                if holder is not None and holder not in self._roster.written:
                    holders.add(holder)
        return holders

    async def _account(self, account: str) -> Account:
        """Return an account as it is set now, with its calendars opened."""
        if account not in self._opened:
            self._opened[account] = await self._connections.open(await self._roster.config_of(account))
        opened = await self._connections.as_set(self._opened[account], self._settings)
        self._opened[account] = opened
        return self._connections.account(opened)
