"""Judges the brake: it holds a few ordinary deletes only where they are all that is left, or were more.

What a person has released, or a command has undone, does not count as ordinary.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from calsync.engine.notebook import BRAKE_SPAN
from calsync.sync.brakes import DELETES
from calsync.sync.choices import UNDONE, WANTED
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from calsync.records import LedgerEntry
    from calsync.sync.plan import Operation
    from tests.simulation.database import Left
    from tests.simulation.pair import Pair

FEW = 5
"""So many deletes within a day are nobody's concern."""


class Look(NamedTuple):
    """What there was when somebody looked."""

    at: datetime
    holds: frozenset[str]
    """The reasons for which something was held."""
    awake: int
    """How many links were awake."""


class Braking:
    """What an account's brake held, and what there was of which it may count the deletes."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self._looks = [Look(pair.world.clock.now(), frozenset(), 0)]
        self._counted = 0
        """How much the ledger told when the links were counted."""

    def look(self, left: Left) -> None:
        """Judge whether the brake of a run held what it need not."""
        began = self.pair.begun_at
        later = sum(look.at > began for look in self._looks)
        looks = self._looks[-later - 1 :]  # from the last one before this run began: it may have been frozen
        known = min(look.awake for look in looks) - self._undone()
        held = any(DELETES in look.holds for look in looks)
        if self.pair.report is not None and not self.pair.was_put_back and not held:
            self._judge(self.pair.report.plan.operations, min(known, left.awake))
        self._looks.append(Look(self.pair.world.clock.now(), left.holds, left.awake))
        self._counted = len(self.pair.witness.ledger)

    def part(self, awake: int) -> None:
        """Take note that a person had links parted between two runs: so many are awake."""
        last = self._looks[-1]
        self._looks.append(Look(self.pair.world.clock.now(), last.holds, min(last.awake, awake)))
        self._counted = len(self.pair.witness.ledger)

    def held(self, holds: frozenset[str]) -> None:
        """Take note of the reasons for which something is held by a confirmation, or by a run that was killed."""
        last = self._looks[-1]
        self._looks.append(Look(self.pair.world.clock.now(), last.holds | holds, last.awake))

    def _judge(self, operations: Sequence[Operation], known: int) -> None:
        deletes = [each for each in operations if Kind.DELETE in (each.kind, each.wanted) and not each.decided]
        ordinary = len(deletes) + sum(each.reason not in WANTED for each in self._lately())
        released = sum(each.kind is Kind.DELETE and bool(each.decided) for each in operations)
        awake = known - released  # or the rest of a side could go along with them
        if any(each.reason == DELETES for each in deletes) and ordinary <= min(FEW, awake - 1):
            self.pair.fail("brake", f"it holds {len(deletes)} deletes, and had {ordinary} within a day")

    def _lately(self) -> Sequence[LedgerEntry]:
        since = self.pair.begun_at - BRAKE_SPAN - timedelta(hours=1)
        return [each for each in self.pair.witness.ledger if each.kind == Kind.DELETE and each.at > since]

    def _undone(self) -> int:
        """Return how many deletes of a command that undoes the run has settled."""
        told = self.pair.witness.ledger[self._counted :]
        return sum((each.kind, each.reason) == (Kind.DELETE, UNDONE) for each in told)
