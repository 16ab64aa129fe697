"""A command that a person gives, in a process of its own."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from contextvars import ContextVar
from typing import TYPE_CHECKING

from calsync.engine import Engine, Report
from calsync.errors import CalsyncError
from tests.simulation.steps import Steps

if TYPE_CHECKING:
    from calsync.engine import Undone
    from calsync.engine.leave import Leaving
    from calsync.records import Selection
    from calsync.store import SqlStore
    from calsync.sync.model import Side
    from tests.simulation.pair import Pair

LEAVING: ContextVar[bool] = ContextVar("leaving", default=False)
"""Whether what this task writes is done because its account leaves."""
UNDOING: ContextVar[bool] = ContextVar("undoing", default=False)
"""Whether what this task writes undoes something."""


class Errand(Steps):
    """One command about one account."""

    def __init__(self, pair: Pair) -> None:
        super().__init__(pair.world, f"person/{len(pair.world.errands) + 1}")
        self.pair = pair
        self.report = Report()
        self.error: CalsyncError | None = None

    async def run(self) -> None:
        """Carry it out, until it has ended or was killed."""
        self.world.errands[self.holder] = self
        task = self.begin(self._work())
        while not self.dead:
            await asyncio.wait({task}, timeout=50)

    @abstractmethod
    async def command(self, store: SqlStore, engine: Engine) -> None:
        """Do it."""

    def note_confirmation(self) -> None:
        """Take note of what a person has confirmed by it so far."""

    async def _work(self) -> None:
        world = self.world
        try:
            store = await world.disk.open_store()
            for holder in await store.holders():
                if world.is_dead(holder):
                    await store.expire(holder)
            await self.pair.take_notes(store)
            await self.command(store, Engine(store, world.runs, world.clock, world.dice, self.holder))
        except CalsyncError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - whatever ends it is a finding
            if self.dead:  # and buried
                return
            self.pair.fail("bug", f"{self.pair.name}: a command ended by {type(error).__name__} {error}")
        self.ended()


class Undoing(Errand):
    """It says what undoing would do, or undoes."""

    def __init__(self, pair: Pair, selection: Selection, plan_hash: str | None) -> None:
        super().__init__(pair)
        self.selection = selection
        self.plan_hash = plan_hash
        self.undone: Undone | None = None
        """What it came to; None where it was killed, or failed."""

    async def command(self, store: SqlStore, engine: Engine) -> None:
        del store
        UNDOING.set(True)
        self.pair.acts()
        self.may_be_off = self.pair.off_since is not None
        self.undone = await engine.undo(self.pair.account(), self.selection, self.report, self.plan_hash)


class Departure(Errand):
    """A command by which the account leaves, or which says what that would do."""

    def __init__(self, pair: Pair, remove: Side | None, plan_hash: str | None) -> None:
        super().__init__(pair)
        self.remove = remove
        self.plan_hash = plan_hash
        self.leaving: Leaving | None = None
        """What it came to; None where it was killed, or failed."""

    async def command(self, store: SqlStore, engine: Engine) -> None:
        del store
        UNDOING.set(True)
        LEAVING.set(True)
        self.pair.acts()
        self.may_be_off = True
        self.leaving = await engine.leave(self.pair.account(), self.remove, "person", self.report, self.plan_hash)
