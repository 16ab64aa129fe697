"""Loops: what calsync writes again and again, because a server or another program undoes or alters it each time.

Whether a write is one of a loop is told by what the ledger has of its link or its source, and by nothing else.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.sync.plan import Kind, Operation, Plan
from calsync.values import Struct, field, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from calsync.sync.model import Changes, Field, Side, Value

DAY = timedelta(days=1)
MEMORY = timedelta(days=7)
"""How long a loop is remembered: what was one is written once a day at most."""
REPEATS = 4
"""So often within a day one source is copied, and one value that came back by itself is replaced. Two programs
that disagree reach it in a few minutes. A person does not: an edit gives another value, or one that calsync brings
to this side itself, which does not count."""
UPDATES = 12
"""So often one link is updated within a day, whatever is written: a server that adds something to a text each time
never repeats a value. More than nearly anybody edits one appointment, and less than a program does in an hour."""
CHANGED_OFTEN = "changed_often"
"""The reason of what UPDATES ends. It blames no program: a person who edits so often is told the same."""


class Rewrite(Struct, frozen=True, kw_only=True):
    """An update that was carried out."""

    at: datetime
    side: Side
    before: Changes
    after: Changes


class Past(Struct, frozen=True, kw_only=True):
    """What was written within MEMORY, the oldest first; of what was written less than REPEATS times nothing."""

    now: datetime
    updates: Mapping[int, Sequence[Rewrite]] = field(default_factory=dict)
    """By link."""
    creates: Mapping[tuple[Side, str], Sequence[datetime]] = field(default_factory=dict)
    """By the side that was written, and the source."""


def hold_loops(plan: Plan, past: Past) -> Plan:
    """Return the plan with the creates and the updated fields held that would go on with a loop."""
    if not (past.updates or past.creates):
        return plan
    operations = [held for operation in plan.operations for held in _held(operation, past)]
    return replace(plan, operations=tuple(operations))


def _held(operation: Operation, past: Past) -> Iterator[Operation]:
    if operation.kind is Kind.CREATE and operation.source is not None:
        times = past.creates.get((operation.side, operation.source.id), ())
        yield _hold(operation, "loop:create") if _loops(times, past.now) else operation
    elif operation.kind is Kind.UPDATE and operation.link is not None:
        yield from _update(operation, past.updates.get(operation.link.id, ()), past.now)
    else:
        yield operation


def _update(operation: Operation, updates: Sequence[Rewrite], now: datetime) -> Iterator[Operation]:
    looping = [name for name in operation.fields if _loops(_came_back(operation, name, updates), now)]
    if sum(now - update.at < DAY for update in updates) >= UPDATES:
        yield _hold(operation, f"loop:{looping[0]}" if looping else CHANGED_OFTEN)
        return
    if not looping:
        yield operation
        return
    others = {name: value for name, value in operation.changes.items() if name not in looping}
    if others:
        yield replace(operation, changes=others)
    held = {name: value for name, value in operation.changes.items() if name in looping}
    yield _hold(replace(operation, changes=held), f"loop:{looping[0]}")


def _came_back(operation: Operation, name: Field, updates: Sequence[Rewrite]) -> Sequence[datetime]:
    """Return when the value that is to be replaced was replaced before, and not because calsync had written it."""
    value = operation.target.event.value(name) if operation.target else None
    times: list[datetime] = []
    written: Value | None = None
    for update in updates:
        if update.side is operation.side and name in update.before:
            if update.before[name] == value != written:
                times.append(update.at)
            written = update.after.get(name)
    return times if value != written else ()


def _loops(times: Sequence[datetime], now: datetime) -> bool:
    """Tell whether this happened REPEATS times within a day, and for the last time less than a day ago."""
    if len(times) < REPEATS or now - times[-1] >= DAY:
        return False
    return any(later - earlier < DAY for earlier, later in zip(times, times[REPEATS - 1 :], strict=False))


def _hold(operation: Operation, reason: str) -> Operation:
    return replace(operation, kind=Kind.HOLD, reason=reason, wanted=operation.kind)
