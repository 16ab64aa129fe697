"""One calsync process: the production service and engine over the accounts of a world, on the disk they share.

It can be stopped in order, killed or frozen at any of its steps, and have its tasks cancelled there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextvars import copy_context
from typing import TYPE_CHECKING

from calsync.engine import Engine
from calsync.errors import CalsyncError, SwitchedOff
from calsync.service import Runner, Service
from calsync.service.turns import Turns
from tests.simulation.database import BROKEN_RULES, LOCKED
from tests.simulation.imagined import judge_imagined
from tests.simulation.resting import judge_rest
from tests.simulation.steps import Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from calsync.engine import Report
    from calsync.service import Listen
    from tests.simulation.pair import Pair
    from tests.simulation.world import World


class Process(Steps, Runner):
    """Runs from `start` until it is stopped, killed, or ends by an error of its own, which is a finding."""

    def __init__(self, world: World, names: Sequence[str], number: int) -> None:
        """`names` are the accounts that its configuration names."""
        super().__init__(world, f"simulation/{number}")
        self.names = tuple(names)
        self.locked = 0
        """So often its runs will find the database locked."""
        self.running: dict[str, asyncio.Task[None]] = {}
        """The run of each account that is going on."""
        self._stop = asyncio.Event()
        self._raw = world.disk.raw
        self._engine: Engine
        turns = Turns(world.places, world.places)
        self.service = Service(self, world.clock, world.dice, world.poll_seconds, turns)
        self._reload = asyncio.Event()
        self._configurations: deque[tuple[str, ...]] = deque()
        self.task = self.begin(self._serve())

    def cancel_runs(self) -> None:
        """Cancel the runs that go on, as a watchdog or a deadline would."""
        for name, task in self.running.items():
            self.world.note(f"cancelled the run of {name}")
            self.world.mix["cancelled a run"] += 1
            task.cancel()

    def finds_locked(self) -> bool:
        """Tell whether the database is locked now, and count it."""
        if not self.locked:
            return False
        self.locked -= 1
        self.world.mix["lock_store: refused"] += 1
        return True

    def reload(self, *configurations: Sequence[str]) -> None:
        """Take over one configuration after another, in the middle of what it does. Each names its accounts."""
        for names in configurations:
            self.names = tuple(names)
            self._configurations.append(self.names)
            self.world.note(f"{self.holder} takes over: {', '.join(names)}")
        self._reload.set()

    async def stop(self) -> None:
        """Stop it in order; returns when it has ended, also by a kill."""
        self._stop.set()
        while not self.dead and not self.task.done():
            await asyncio.wait({self.task}, timeout=5)
        self.dead = True

    async def _serve(self) -> None:
        try:
            store = await self.world.disk.open_store()
            for holder in await store.holders():
                if self.world.is_dead(holder):
                    await store.expire(holder)
            for name in self.names:
                await self.world.pairs[name].take_notes(store)
            self._engine = Engine(store, self.world.runs, self.world.clock, self.world.dice, self.holder)
            for name in self.names:
                self.service.add(name)
            reloads = asyncio.create_task(self._reloads())
            await self.service.run(self._stop)
            reloads.cancel()
        except Exception as error:  # noqa: BLE001 - whatever ends a process is a finding
            self.world.fail("ended", f"{self.holder}: {type(error).__name__} {error}")
        self.ended()

    async def _reloads(self) -> None:
        """Do as the production does with accounts that leave and come."""
        while True:
            await self._reload.wait()
            self._reload.clear()
            while self._configurations:
                names = self._configurations.popleft()
                await self.service.remove(*(one for one in tuple(self.service.accounts) if one not in names))
                for name in names:
                    if name not in self.service.accounts:
                        self.service.add(name)

    def doorbells(self, account: str) -> Sequence[Listen]:
        return [calendar.listen for calendar in self.world.pairs[account].calendars.values()]

    def connections(self, account: str) -> Collection[str]:
        del account
        return ["left", "right"]

    async def run(self, account: str, report: Report, progress: Callable[[int, int], None]) -> None:
        name, pair = account, self.world.pairs[account]
        opened = pair.account()
        pair.run_begins()
        context = copy_context()
        context.run(LOCKED.set, self.finds_locked)
        task = asyncio.create_task(
            self._engine.poll(opened, report, progress=progress), name=f"run {name}", context=context
        )
        self.running[name] = task
        try:
            await task
        except CalsyncError as error:
            if isinstance(error.__cause__, BROKEN_RULES):  # the engine broke a rule of its own store
                self.world.fail("bug", f"{name}: {error}")
            self.world.mix["switch: stopped a run"] += isinstance(error, SwitchedOff) and bool(pair.writes_begun)
            self._ended(pair, None, f"{type(error).__name__} {error}")
            raise
        except asyncio.CancelledError:
            this = asyncio.current_task()
            if not task.cancelled() or self._stop.is_set() or (this is not None and this.cancelling()):
                raise
            self._ended(pair, None, "cancelled")
            raise CancelledRun from None
        except Exception as error:
            self.world.fail("bug", f"{name}: {type(error).__name__} {error}")
            self._ended(pair, None, "a bug")
            raise
        finally:
            self.running.pop(name, None)
        if report.unsynced is None:
            judge_rest(pair, opened, self._raw)
        judge_imagined(pair, opened, self._raw)
        self._ended(pair, report, "")

    def _ended(self, pair: Pair, report: Report | None, failure: str) -> None:
        """Have a run judged. What a judge raises ends the history: the service would take it for a failed run."""
        try:
            pair.run_ended(self._raw, report, failure)
        except Exception as error:
            self.world.loop.call_soon(_raise, error, context=self.world.context)
            raise


def _raise(error: Exception) -> None:
    raise error


class CancelledRun(CalsyncError):  # noqa: N818 - what happened
    """A run was cancelled, and the service goes on."""
