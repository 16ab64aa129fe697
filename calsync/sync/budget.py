"""The budget: how much calsync writes of one account within an hour and within a day. What exceeds it waits.

The brakes look at one run, and at deletes; loops at one appointment. Neither sees what goes on for hours and is
new each time: a flood of invitations from outside, or another program that makes a new event of each copy.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calsync.sync.brakes import BUDGET
from calsync.sync.choices import DECIDED, WANTED
from calsync.sync.plan import WRITES, Kind, Plan
from calsync.values import Struct, replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.model import Side
    from calsync.sync.plan import Operation
    from calsync.sync.view import Seen, View

BEFORE_THE_HOUR = timedelta(hours=23)
"""How long the part of a day is that does not count for the hour."""
HOURLY = 200
"""Writes of an account within an hour; more than anybody edits, and more than most people import."""
DAILY = 500
"""Writes of an account within 24 hours."""
UNCOUNTED = WANTED | {DECIDED, "unknown_outcome"}
"""Reasons of writes that spend nothing: a person wanted them, or nobody knows whether they were carried out."""


class Spent(Struct, frozen=True):
    """What was written of an account lately."""

    hour: int = 0
    day: int = 0

    def more(self, writes: int) -> Spent:
        """Return it with so many writes of now."""
        return Spent(self.hour + writes, self.day + writes)


NOTHING = Spent()


def spends(kind: str, reason: str, source: Seen | None, begun: int) -> bool:
    """Tell whether a write counts.

    A copy of what was there before calsync did anything, or is known for long, does not. `begun` is the run of the
    ledger's oldest entry. So a first sync is as large as it is, also when it breaks off in between, and what a
    program makes of calsync's own copies never belongs to it.
    """
    is_first_copy = kind == Kind.CREATE and source is not None and source.first_run <= begun
    return kind in WRITES and reason not in UNCOUNTED and not is_first_copy


class Tries(Struct, frozen=True, kw_only=True):
    """Which writes wait for their next try, or are refused by the server for their own sake."""

    due: Mapping[tuple[Side, str], datetime]
    """When each is tried again, by its side and event."""
    now: datetime

    def turn(self, operation: Operation) -> datetime | None:
        """Return when a write was due that is refused; the earliest time there is for any other.

        None where it is not tried now.
        """
        due = self.due.get((operation.side, operation.event_id or ""), _EARLIEST)
        return due if due <= self.now else None


_EARLIEST = datetime.min.replace(tzinfo=UTC)


def hold_excess(plan: Plan, view: View, spent: Spent, begun: int, tries: Tries) -> Plan:
    """Return the plan with those writes held that the account's budget does not cover.

    Large accounts have a larger one: a fifth of the awake links an hour, half of them a day. Pairs come first in a
    plan, so a flood of new events does not hold the edits of what is linked before it has spent all. What a server
    refuses comes last, what waits longest before the others: nothing else waits for it. What is not tried now
    spends nothing, nor does what a person has decided.
    """
    awake = view.awake
    left = min(max(HOURLY, awake // 5) - spent.hour, max(DAILY, awake // 2) - spent.day)
    turns = {
        number: turn
        for number, operation in enumerate(plan.operations)
        if _spends(operation, view, begun) and (turn := tries.turn(operation)) is not None
    }
    excess = frozenset(sorted(turns, key=lambda number: turns[number])[max(left, 0) :])
    if not excess:
        return plan
    operations = (_held(each) if number in excess else each for number, each in enumerate(plan.operations))
    return replace(plan, operations=tuple(operations))


def _spends(operation: Operation, view: View, begun: int) -> bool:
    source = operation.source
    seen = None if source is None else view.seen[operation.side.other].get(source.id)
    return not operation.decided and spends(operation.kind, operation.reason, seen, begun)


def _held(operation: Operation) -> Operation:
    return replace(operation, kind=Kind.HOLD, reason=BUDGET, wanted=operation.kind)
