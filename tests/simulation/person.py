"""The person who looks after calsync, confirms what waits for that while no process runs, decides, and undoes."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from functools import partial
from typing import TYPE_CHECKING

from calsync.desk.decisions import decide, waiting
from calsync.engine import Engine
from calsync.errors import CalsyncError
from calsync.records import Selection
from calsync.store.codec import instant
from calsync.store.connection import fetch
from calsync.sync.brakes import BUDGET
from calsync.sync.choices import AMBIGUOUS, UNDONE, Choice
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.sync.undo_pairs import UNCERTAIN
from tests.simulation import faults
from tests.simulation.database import HOLDS, look
from tests.simulation.errand import Undoing
from tests.simulation.pair import ACCOUNT
from tests.simulation.plans import Applying, Planning

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from calsync.desk.decisions import Case
    from calsync.engine import Undone
    from calsync.sync.plan import Plan
    from tests.simulation.pair import Pair
    from tests.simulation.world import World


WRITTEN = """
SELECT id, run, at, kind, reason, link, side, max(id) OVER (PARTITION BY link, side) = id AS last FROM ledger
WHERE account = :account AND kind IN ('create', 'update', 'delete') ORDER BY id DESC LIMIT 9
"""
SWITCHED_OFF = BROKEN = 0.25
"""How often an account is off while something is undone, a command dies."""
UNDOES_AGAIN = 0.5
"""How often an undo is undone, where there was one."""
REFUSED = 0.3
"""How often a server fails while an approved plan is carried out."""
DOUBTS = 0.9
"""How often that is undone of which nobody knows whether calsync wrote it."""
ALONE = 0.2
"""How often a person decides about one case, and leaves all others for later."""
GIVES_BACK = 0.3
"""How often a delete is undone, where there was one."""
TRIES = 3
QUARREL = 0.3
"""How often what is undone was edited by turns."""
LOST = 0.3
"""How often some events are not to be found for one run, right behind a decision about a pair."""
DECIDED_LATE = 0.8
"""How often a user changes at once what a person has just decided about."""
OVERTAKEN = 0.2
"""How often what a person has seen in the plan of an undo is another by the time it is undone."""
UNANSWERED = 0.3
"""How often nobody hears what became of the creates of an undo."""


class Person:
    """Looks at plans, confirms them, and decides about what is held."""

    def __init__(self, world: World, allowed: Collection[str] = faults.NAMES) -> None:
        self.world = world
        self.allowed = allowed
        self.fate = random.Random(hash(world.dice.getstate()[1]))
        """Of its own, so that the other histories go on as they did."""

    async def waiting(self) -> list[Pair]:
        """Return the accounts that wait for a word."""
        store = self.world.disk.store()
        now = self.world.clock.now()
        return [pair for pair in self.world.pairs.values() if pair.waits(await store.load(pair.name, now))]

    async def decide(self, pair: Pair, chance: float, *, after: float = 0) -> int:
        """Decide some of what is held, also while a run goes on; return how much of it counts."""
        await asyncio.sleep(after)
        if not fetch(self.world.disk.raw, HOLDS, {"account": pair.name}):  # most of the time
            return 0
        store = self.world.disk.store()
        now, dice, count = self.world.clock.now(), self.world.dice, 0
        cases = [case for case in await waiting(store, pair.name, pair.direction, now) if self._asks(case)]
        if cases and dice.random() < ALONE:
            cases = [dice.choice(cases)]
        all_the_same = dice.random() < 0.5
        offers = {case.name: self._offers(pair, case) for case in cases}
        choices = {case.name: dice.choice(offers[case.name]) for case in cases}
        wanted: dict[Choice, list[str]] = defaultdict(list)
        for case in cases:
            if case.decided is not None or dice.random() >= chance:
                continue
            pair.decisions.ask(case)
            first = choices[cases[0].name]
            choice = first if all_the_same and first in offers[case.name] else choices[case.name]
            wanted[choice].append(case.name)
        for choice, names in wanted.items():
            for case in await decide(store, pair.name, pair.direction, names, choice, now):
                pair.decisions.take(case, choice)
                pair.ruling.decided(case)
                count += 1
                if self.world.meddlesome and dice.random() < DECIDED_LATE:
                    pair.users.overtake(case, Side.RIGHT if choice is Choice.RIGHT else Side.LEFT)
        paired = count > 0 and not any(case.reason == AMBIGUOUS for case in cases)
        if paired and self.world.meddlesome and "event_is_lost" in self.allowed and self.fate.random() < LOST:
            side = self.fate.choice(list(Side))
            faults.event_is_lost(pair, pair.calendars[side], self.fate)
            self.world.mix["event_is_lost"] += 1
            pair.note(f"event_is_lost {side}")
        return count

    def _asks(self, case: Case) -> bool:
        """Tell whether a person is asked; when all is quiet, what waits for the budget has to come by itself."""
        return bool(case.choices) and (case.reason != BUDGET or self.world.meddlesome)

    def _offers(self, pair: Pair, case: Case) -> Sequence[Choice]:
        """Return what a person may say; when all is quiet, nobody insists on what a server does not take."""
        said = () if self.world.meddlesome else pair.decisions.said(case)
        return [choice for choice in case.choices if choice not in said] or case.choices

    async def undo(self, pair: Pair, *, after: float, selection: Selection | None = None) -> None:
        """Undo something that calsync wrote, behind a look at the plan; sometimes while the account is off."""
        await asyncio.sleep(after)
        dice, begun = self.world.dice, self.world.clock.now()
        quarrel = dice.random() < QUARREL and await self._quarrel(pair)
        selection = Selection(since=begun) if quarrel else selection or self._selection(pair)
        if selection is None:
            return
        off = pair.off_since is None and dice.random() < SWITCHED_OFF
        if off:
            self.world.switch(pair, on=False)
            self.world.mix["undo: while it is off"] += 1
        preview = await self._errand(pair, selection, None)
        for _ in range(TRIES):
            if preview is None or all(each.kind is Kind.SKIP for each in preview.plan.operations):
                break
            self.world.count_undoing(preview.plan)
            await asyncio.sleep(dice.choice([0, 30, 200]))
            if self.world.meddlesome and dice.random() < OVERTAKEN:
                planned = [each for each in preview.plan.operations if each.kind is not Kind.SKIP]
                updates = [each for each in planned if each.kind is Kind.UPDATE]
                pair.users.overtake_undo(dice.choice(updates or planned))
            self._lose_creates(pair, preview.plan)
            done = await self._errand(pair, selection, preview.plan.hash, breaks=self.world.meddlesome)
            if done is not None and done.problem is None:
                break
            self.world.mix["undo: refused"] += done is not None
            preview = await self._errand(pair, selection, None) if done is None else done
        if preview is not None:
            self.world.count_undoing(preview.plan)
        if off:
            self.world.switch(pair, on=True)

    def _lose_creates(self, pair: Pair, plan: Plan) -> None:
        sides = sorted({each.side for each in plan.operations if each.kind is Kind.CREATE})
        loses = self.world.meddlesome and "creates_lost" in self.allowed
        if sides and loses and self.world.dice.random() < UNANSWERED:
            side = self.world.dice.choice(sides)
            faults.creates_lost(pair, pair.calendars[side], self.world.dice)
            self.world.mix["creates_lost"] += 1
            pair.note(f"creates_lost {side}")

    async def _quarrel(self, pair: Pair) -> bool:
        """Have users at both sides rename one event by turns, each as soon as the other's text has come."""
        nodes = pair.users.linked()
        for node in nodes:
            pair.users.rename(node)
            self.world.wake(pair, "it was renamed")
            await pair.after_runs(1)
        if nodes and self.world.dice.random() < 0.5:  # one more, which is still to be copied
            pair.users.rename(nodes[0])
        self.world.mix["undo: behind a quarrel"] += bool(nodes)
        return bool(nodes)

    def doubts(self, pair: Pair) -> bool:
        """Tell whether the ledger tells last of something of which nobody knows whether calsync has made it."""
        return any(entry.reason in UNCERTAIN and entry.kind == Kind.CREATE for entry in pair.witness.ledger[-9:])

    def _selection(self, pair: Pair) -> Selection | None:
        """Choose some of the last writes, all of one event, of a run, or since one of them."""
        dice = self.world.dice
        rows = fetch(self.world.disk.raw, WRITTEN, {"account": pair.name})
        if not rows:
            return None
        undone = [row for row in rows if row["reason"] == UNDONE]
        uncertain = [row for row in rows if row["reason"] in UNCERTAIN]
        deleted = [row for row in rows if row["kind"] == Kind.DELETE and row["last"]]
        for rare, chance in ((undone, UNDOES_AGAIN), (uncertain, DOUBTS), (deleted, GIVES_BACK)):
            if rare and dice.random() < chance:
                chosen = dice.choice(rare)
                self.world.mix["undo: of an undo"] += chosen["reason"] == UNDONE
                return Selection(ids=[chosen["id"]])
        chosen, how = dice.choice(rows), dice.random()
        if how < 0.4:
            ids = [row["id"] for row in rows if row["last"]]
            return Selection(ids=sorted({dice.choice(ids), chosen["id"]}))
        if how < 0.6:
            ids = [row["id"] for row in rows if (row["link"], row["side"]) == (chosen["link"], chosen["side"])]
            return Selection(ids=ids)
        return Selection(run=chosen["run"]) if how < 0.8 else Selection(since=instant(chosen["at"]))

    async def _errand(
        self, pair: Pair, selection: Selection, plan_hash: str | None, *, breaks: bool = False
    ) -> Undone | None:
        """Give a command, again where another process works on the account; return what it came to."""
        dice = self.world.dice
        for _ in range(TRIES):
            errand = Undoing(pair, selection, plan_hash)
            if breaks and dice.random() < BROKEN:
                fates: list[Callable[[], None]] = [errand.kill, errand.kill]
                fates.append(partial(errand.freeze, dice.choice([100, 1000])))
                errand.after_steps(dice.randrange(1, 120), dice.choice(fates))
            async with pair.undos.undertaken(errand):
                await errand.run()
            self.world.mix["undo: frozen"] += errand.freezes
            if errand.undone is not None:
                return errand.undone
            self.world.mix["undo: killed"] += errand.error is None
            pair.note(f"not undone: {errand.error or 'killed'}")
            await asyncio.sleep(dice.choice([10, 100]))
        return None

    async def apply(self, pair: Pair) -> None:
        """Have a plan carried out that was looked at; sometimes users are quicker, or the command dies."""
        dice, mix = self.world.dice, self.world.mix
        planning = Planning(pair)
        await planning.run()
        if planning.approved is None or planning.plan is None:
            return
        await asyncio.sleep(dice.choice([0, 30, 4000]))
        if self.world.meddlesome:
            for _ in range(dice.choice([0, 0, 1, 2])):
                pair.users.act()
            if "writes_fail" in self.allowed and dice.random() < REFUSED:
                side = dice.choice(list(Side))
                faults.writes_fail(pair, pair.calendars[side], dice)
                mix["writes_fail"] += 1
                pair.note(f"writes_fail {side}")
        applying = Applying(pair, planning.approved, planning.plan)
        if self.world.meddlesome and dice.random() < BROKEN:
            fates: list[Callable[[], None]] = [applying.kill, partial(applying.freeze, dice.choice([100, 1000]))]
            applying.after_steps(dice.randrange(1, 160), dice.choice(fates))
        await applying.run()
        applying.judge_outcome()
        applied = applying.applied
        if applied is None:
            mix["plan: failed" if applying.error else "plan: killed"] += 1
            pair.note(f"plan not carried out: {applying.error or 'killed'}")
            return
        if applied.problem is None:
            mix[f"plan: applied{' and confirmed' if planning.approved.waits else ''}"] += 1
            mix["plan: writes"] += applying.written
        elif applied.drift.moved:
            mix["plan: refused, as the world had moved"] += 1
        else:
            mix[f"plan: {'left something' if applying.written else 'refused'}"] += 1
        pair.note(f"plan carried out, {applying.written} writes: {applied.problem}")

    async def confirm(self, pair: Pair) -> None:
        """Look at an account's plan, and confirm it if it is still the same a little later."""
        store = self.world.disk.store()
        for holder in await store.holders():
            await store.expire(holder)
        engine = Engine(store, self.world.runs, self.world.clock, self.world.dice, "person")
        ACCOUNT.set(pair.name)
        plan_hash = ""
        for _ in range(2):
            await asyncio.sleep(200)
            try:
                confirmation = await engine.confirm(pair.account(), plan_hash)
            except CalsyncError as error:
                pair.note(f"not confirmed: {error}")
                return
            pair.braking.held(look(self.world.disk.raw, pair.name).holds)
            if confirmation.problem is None:
                pair.confirmed()
                return
            pair.note(f"not confirmed: {confirmation.problem}")
            plan_hash = confirmation.plan.hash
