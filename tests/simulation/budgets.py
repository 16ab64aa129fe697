"""Judges the budget of writes, where a history has a small one: what exceeds it waits, and is lost to nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.sync.brakes import BUDGET
from calsync.sync.choices import Choice
from calsync.sync.plan import WRITES, Kind

if TYPE_CHECKING:
    import random
    from collections.abc import Collection
    from datetime import datetime

    from calsync.records import LedgerEntry
    from calsync.sync.plan import Operation
    from tests.simulation.database import Left
    from tests.simulation.pair import Pair

FREE = frozenset({"released", "undone", "leaving", "decided", "unknown_outcome"})
"""Reasons of writes that a person wanted, or of which nobody knows whether they were carried out."""
SIZES = ((2, 4), (3, 6), (5, 8))
"""Writes within an hour, and within a day."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def drawn(dice: random.Random) -> tuple[int, int]:
    """Return a small budget."""
    return dice.choice(SIZES)


class Budgets:
    """What was written of one account lately, as its ledger tells."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self._judged = 0
        self._read = 0
        self._appeared: dict[tuple[str, str], int] = {}
        """When each event appeared: how long the journal was."""
        self._ends: dict[int, int] = {}
        """How long the journal was at the end of each run that wrote something."""
        self._spent: list[datetime] = []
        self._carried_out: set[int] = set()
        """The words that one write was carried out for: another write counts again."""
        self._awake = 0
        self._held = False

    def look(self, left: Left) -> None:
        """Judge what the ledger tells behind a run, by how much it was at once."""
        budget = self.pair.world.budget
        if budget is None:
            return
        for entry in self.pair.journal[self._read :]:
            self._appeared.setdefault((entry.side, entry.change.after.id), entry.number)
        self._read = len(self.pair.journal)
        for _, run, _ in left.ledger:
            self._ends.setdefault(run, self._read)
        self._awake = max(self._awake, left.awake)
        old = self._ends[left.ledger[0][1]] if left.ledger else 0
        ledger = self.pair.witness.ledger
        for told in ledger[self._judged :]:
            if self._spends(told, old):
                self._spent.append(told.at)
                self._judge(told.at, *budget)
        self._judged = len(ledger)
        self._count(held=BUDGET in left.holds)

    def at_rest(self, operations: Collection[Operation]) -> None:
        """Judge that nothing waits for its turn any more."""
        if any(each.reason == BUDGET and not self.pair.is_refused(each) for each in operations):
            self.pair.fail("budget", "it has come to rest, and a write still waits for the budget")

    def _judge(self, now: datetime, hourly: int, daily: int) -> None:
        """Judge a write by how many there were before it."""
        for span, most in ((HOUR, max(hourly, self._awake // 5)), (DAY, max(daily, self._awake // 2))):
            written = sum(now - span < at <= now for at in self._spent)
            if written > most and self.pair.forgotten:
                self.pair.world.excuse("old disk", "budget")
            elif written > most:
                self.pair.fail("budget", f"{written} of {most} writes within {span}")

    def _spends(self, told: LedgerEntry, old: int) -> bool:
        """Tell whether a write counts; a copy of what was there before calsync did anything does not."""
        if told.kind not in WRITES or told.reason == "unknown_outcome" or self._is_released(told):
            return False
        if told.reason in FREE or told.undoes is not None:  # the answer to an undo's create may have been lost
            return False
        source = (told.side.other, told.source_id or "")
        is_first = source in self.pair.reborn or self._appeared.get(source, 0) < old
        return not (told.kind == Kind.CREATE and is_first)

    def _is_released(self, told: LedgerEntry) -> bool:
        """Tell whether a person had released a write, whatever the ledger tells of it: a value may lose by it, its
        answer may have been lost, and a rewrite is called by what it does."""
        written = {(told.side, told.event_id), (told.side, told.source_id)}  # a create is held by its original
        for number, word in enumerate(self.pair.decisions.words):
            fits = word.choice is Choice.RELEASE and word.node in written and word.at <= told.at
            if fits and number not in self._carried_out:
                self._carried_out.add(number)
                return True
        return False

    def _count(self, *, held: bool) -> None:
        mix = self.pair.world.mix
        mix["budget: held"] += held and not self._held
        mix["budget: carried out later"] += self._held and not held
        self._held = held
