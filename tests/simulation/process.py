"""One calsync process: the production service and engine over the accounts of a world, on the disk they share.

It can be stopped in order, killed or frozen at any of its steps, and have its tasks cancelled there.
"""

from __future__ import annotations

import asyncio
from contextvars import copy_context
from typing import TYPE_CHECKING

from calsync.engine import Engine
from calsync.errors import CalsyncError
from calsync.service import Runner, Service
from tests.simulation.database import LOCKED, open_store
from tests.simulation.loop import PROCESS

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from calsync.engine import Report
    from calsync.service import Listen
    from calsync.store import SqliteStore
    from tests.simulation.pair import Pair
    from tests.simulation.world import World


class Process(Runner):
    """Runs from `start` until it is stopped, killed, or ends by an error of its own, which is a finding."""

    def __init__(self, world: World, names: Sequence[str], number: int) -> None:
        """`names` are the accounts that its configuration names."""
        self.world = world
        self.names = tuple(names)
        self.holder = f"simulation/{number}"
        self.dead = False
        self.frozen = False
        self.freezes = 0
        """How often it went on after it had been frozen: a write of its last step before that is late."""
        self.locked = 0
        """So often its runs will find the database locked."""
        self.steps = 0
        self.running: dict[str, asyncio.Task[None]] = {}
        """The run of each account that is going on."""
        self._stop = asyncio.Event()
        self._raw = world.disk.raw
        self._engine: Engine
        self._at: dict[int, Callable[[], None]] = {}
        context = copy_context()
        context.run(PROCESS.set, self)
        self.task = asyncio.get_running_loop().create_task(self._serve(), context=context)

    def after_steps(self, steps: int, action: Callable[[], None]) -> None:
        """Do something when the process has made so many more steps: each is what runs between two awaits."""
        self._at[self.steps + steps] = action

    def step(self) -> bool:
        """Count a step that is about to be made; return whether it may be."""
        if self.dead or self.frozen:
            return False
        self.steps += 1
        if self.steps in self._at:
            self._at.pop(self.steps)()
        return not self.dead

    def kill(self) -> None:
        """End it at once. What it had sent is sent; what it had not committed is gone."""
        if self.dead:
            return
        self.dead = True
        self.world.note(f"killed {self.holder}")
        self.world.process_ended(self)

    def cancel_runs(self) -> None:
        """Cancel the runs that go on, as a watchdog or a deadline would."""
        for name, task in self.running.items():
            self.world.note(f"cancelled the run of {name}")
            task.cancel()

    def freeze(self, seconds: float) -> None:
        """Stop it in the middle of what it does, and let it go on later, as a stopped virtual machine does."""
        self.frozen = True
        self.world.note(f"frozen {self.holder} for {seconds:.0f} s")
        self.world.loop.call_later(seconds, self._thaw, context=self.world.context)

    def finds_locked(self) -> bool:
        """Tell whether the database is locked now, and count it."""
        locked = self.locked > 0
        self.locked -= locked
        self.world.mix["lock_store: refused"] += locked
        return locked

    async def stop(self) -> None:
        """Stop it in order; returns when it has ended, also by a kill."""
        self._stop.set()
        while not self.dead and not self.task.done():
            await asyncio.wait({self.task}, timeout=5)
        self.dead = True

    def _thaw(self) -> None:
        if self.frozen:
            self.frozen = False
            self.freezes += 1
            self.world.note(f"{self.holder} goes on")
            self.world.loop.thaw(self)

    async def _serve(self) -> None:
        try:
            store = await open_store(self._raw)
            for holder in await store.holders():
                if self.world.is_dead(holder):
                    await store.expire(holder)
            for name in self.names:
                await self._take_notes(store, self.world.pairs[name])
            self._engine = Engine(store, self.world.runs, self.world.clock, self.world.dice, self.holder)
            service = Service(self, self.world.clock, self.world.dice, self.world.poll_seconds)
            for name in self.names:
                service.add(name)
            await service.run(self._stop)
        except Exception as error:  # noqa: BLE001 - whatever ends a process is a finding
            self.world.fail("ended", f"{self.holder}: {type(error).__name__} {error}")
        self.dead = True
        self.world.process_ended(self)

    async def _take_notes(self, store: SqliteStore, pair: Pair) -> None:
        """Take over what a watchdog left."""
        while pair.notes:
            await store.add_hang(pair.name, pair.notes[0])
            pair.noted.append(pair.notes.pop(0))

    def doorbells(self, account: str) -> Sequence[Listen]:
        return [calendar.listen for calendar in self.world.pairs[account].calendars.values()]

    def connections(self, account: str) -> Collection[str]:
        del account
        return ["left", "right"]

    async def run(self, account: str, report: Report, progress: Callable[[int, int], None]) -> None:
        name, pair = account, self.world.pairs[account]
        pair.run_begins()
        context = copy_context()
        context.run(LOCKED.set, self.finds_locked)
        task = asyncio.create_task(
            self._engine.run(pair.account(), report, progress=progress), name=f"run {name}", context=context
        )
        self.running[name] = task
        try:
            await task
        except CalsyncError as error:
            pair.run_ended(self._raw, None, f"{type(error).__name__} {error}")
            raise
        except asyncio.CancelledError:
            if not task.cancelled() or self._stop.is_set():
                raise
            pair.run_ended(self._raw, None, "cancelled")
            raise CancelledRun from None
        except Exception as error:
            self.world.fail("bug", f"{name}: {type(error).__name__} {error}")
            pair.run_ended(self._raw, None, "a bug")
            raise
        finally:
            self.running.pop(name, None)
        pair.run_ended(self._raw, report, "")


class CancelledRun(CalsyncError):  # noqa: N818 - what happened
    """A run was cancelled, and the service goes on."""
