"""Plans that a person looks at and has carried out, and their judge: exactly so, or nothing."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from calsync.engine import Engine
from calsync.store import MemoryRuns
from calsync.store.connection import fetch
from calsync.sync.approved import Approved, awaits_word, plan_lines
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import WRITES, Kind
from tests.simulation.database import SqliteDisk
from tests.simulation.errand import Errand
from tests.simulation.pair import ACCOUNT, APPLYING, START
from tests.simulation.witness import key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.engine import Applied
    from calsync.store import SqlStore
    from calsync.sync.plan import Operation, Plan
    from tests.simulation.pair import Entry, Pair


class Planning(Errand):
    """It says what a run would do, on a copy of the disk."""

    plan: Plan | None = None
    approved: Approved | None = None
    """What a person has seen; None where it was killed, or failed."""

    async def command(self, store: SqlStore, engine: Engine) -> None:
        del store, engine
        ACCOUNT.set(self.pair.name)
        world, account = self.world, self.pair.account()
        START.set((len(self.pair.journal), world.clock.now()))
        with closing(SqliteDisk(world.disk.snapshot())) as disk:
            copy = await disk.open_store()
            for holder in await copy.holders():
                await copy.expire(holder)
            runs = MemoryRuns(world.runs.numbers)
            engine = Engine(copy, runs, world.clock, world.dice, self.holder)
            await engine.run(account, self.report, write=False)
        if self.report.window is None:
            raise AssertionError("it was not read what was planned")
        self.plan = self.report.plan
        self.approved = Approved(
            hash=self.plan.hash,
            waits=self.report.rebuild,
            window=self.report.window,
            calendars={side: account.calendars[side].key for side in BOTH},
            lines=plan_lines(self.plan),
        )


class Applying(Errand):
    """It carries out what a person has approved."""

    applied: Applied | None = None
    """What it came to; None where it was killed, or failed."""
    written = 0
    """How many writes of it reached a calendar."""

    def __init__(self, pair: Pair, approved: Approved, plan: Plan) -> None:
        super().__init__(pair)
        self.approved = approved
        self.plan = plan

    @property
    def writes(self) -> Iterator[Operation]:
        """The writes that the person has approved."""
        for each in self.plan.operations:
            if each.kind in WRITES or (each.wanted in WRITES and awaits_word(each.reason)):
                yield each

    async def command(self, store: SqlStore, engine: Engine) -> None:
        del store
        APPLYING.set(self)
        self.pair.run_begins()
        raw = self.world.disk.raw
        try:
            self.applied = await engine.apply(self.pair.account(), self.approved, self.report)
        finally:
            done = self.applied is not None and self.applied.problem is None
            self.pair.run_ended(raw, self.report if done else None, "" if done else "not applied")

    def write_arrives(self) -> None:
        """Take note, ahead of its first write, that the person has confirmed what waited."""
        if self.approved.waits is not None and not self.written:
            self.pair.confirmed()

    def judge(self, entry: Entry) -> None:
        """Judge a write by whether the person had seen it."""
        self.written += 1
        if not any(self._is(entry, each) for each in self.writes):
            self.pair.fail(
                "plan", f"{entry.side} {entry.change.after.id} was written, and no approved plan says so"
            )

    def judge_outcome(self) -> None:
        """What was refused has written nothing; what was carried out undisturbed has written all."""
        self.note_confirmation()
        applied = self.applied
        if applied is None:
            return
        if applied.problem is not None and "nothing was written" in applied.problem and self.written:
            self.pair.fail("plan", f"{self.written} writes, although it says: {applied.problem}")
        failed = any(self.report.counts[side].failed for side in BOTH)
        waits = any(kind in WRITES for kind, _, _ in self.report.notices)
        undisturbed = applied.problem is None and self.approved.waits is None and not (failed or waits)
        needed = [each for each in self.writes if not self._is_gone(each)]
        if undisturbed and not self.freezes and not len(needed) <= self.written <= len([*self.writes]):
            self.pair.fail("plan", f"{self.written} of {len(needed)} approved writes were carried out")

    def _is_gone(self, operation: Operation) -> bool:
        """Tell whether a delete's event is gone by now: a user may have been quicker."""
        if operation.target is None or Kind.DELETE not in (operation.kind, operation.wanted):
            return False
        return self.pair.calendars[operation.side].rows.present(operation.target.id) is None

    def note_confirmation(self) -> None:
        """Take note of what it has confirmed, also where it wrote nothing behind that."""
        if self.approved.waits is None or self.written:
            return
        raw, values = self.world.disk.raw, {"account": self.pair.name}
        found = fetch(raw, "SELECT rebuild FROM account WHERE name = :account AND run > 0", values)
        if not found:  # it was killed before it, or any run, had begun on this disk
            return
        ((rebuild,),) = found
        sides = fetch(raw, "SELECT side FROM side WHERE account = :account AND written = 0", values)
        if rebuild is None and not any(self.pair.direction.writes(Side(side)) for (side,) in sides):
            self.pair.confirmed()

    def _is(self, entry: Entry, operation: Operation) -> bool:
        before, after, side = entry.change.before, entry.change.after, entry.side
        kind = operation.wanted or operation.kind
        if operation.side is not side:
            return False
        if before is None:
            source = self.pair.witness.source(entry)
            planned = operation.draft is not None and operation.source is not None
            return kind is Kind.CREATE and planned and source == (side.other, operation.source.id)  # type: ignore[union-attr]
        if operation.target is None or operation.target.id != after.id:
            return False
        if after.place is not before.place:
            return kind is Kind.DELETE
        changed = {name for name, value in operation.changes.items() if kind is Kind.UPDATE}
        values = {key(name, after.event.value(name)) for name in changed}
        return bool(changed) and values == {key(name, operation.changes[name]) for name in changed}
