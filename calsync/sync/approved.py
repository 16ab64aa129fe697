"""A plan as a contract: what a person has seen and approved, and what of it is not so any more. Pure."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Literal

from calsync.sync.brakes import DIRECTION, FIRST_SYNC
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import WRITES, Kind, line
from calsync.sync.rebuild import REASONS
from calsync.values import Struct, field

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from calsync.sync.model import When, Window
    from calsync.sync.plan import Operation, Plan

What = Literal["added", "gone", "changed"]


class PlanLine(Struct, frozen=True, kw_only=True):
    """One operation of a plan, as far as it is to be found again. Holds a customer's text."""

    name: str
    """Equal where the same would be done to the same values."""
    kind: Kind
    side: Side
    reason: str
    event: tuple[str, ...]
    """What tells the events that it is about: the id on each side that there is."""
    summary: str
    when: When | None


class Approved(Struct, frozen=True, kw_only=True):
    """What a person has seen of one account's plan."""

    hash: str
    waits: str | None
    """Why nothing of it is written before a person has confirmed it (`Report.rebuild`); None where nothing is."""
    window: Window
    calendars: Mapping[Side, str]
    """The keys of both calendars."""
    lines: Sequence[PlanLine]


class Moved(Struct, frozen=True):
    """One line that is not as it was approved."""

    what: What
    line: PlanLine


class Drift(Struct, frozen=True, kw_only=True):
    """What has changed since a plan was approved."""

    moved: Sequence[Moved] = field(default_factory=tuple)
    window: bool = False
    """Whether some of that is about an event that lies in one of both windows only."""


def plan_lines(plan: Plan) -> Sequence[PlanLine]:
    """Return what `Plan.hash` names: all but what is skipped."""
    return [_line(operation) for operation in plan.operations if operation.kind is not Kind.SKIP]


def drift(approved: Approved, plan: Plan, window: Window) -> Drift:
    """Return what is another plan's: lines that were added, are gone, or are about the same events otherwise."""
    moved = moved_lines(approved.lines, plan_lines(plan))
    whens = [each.line.when for each in moved if each.line.when is not None]
    return Drift(moved=moved, window=any(approved.window.holds(when) is not window.holds(when) for when in whens))


def moved_lines(before: Sequence[PlanLine], now: Sequence[PlanLine]) -> Sequence[Moved]:
    """Return what one plan has otherwise than an earlier one."""
    added, gone = _beyond(now, before), _beyond(before, now)
    changed = {(each.side, each.event) for each in added} & {(each.side, each.event) for each in gone}
    return [
        *(Moved("changed" if (each.side, each.event) in changed else "added", each) for each in added),
        *(Moved("gone", each) for each in gone if (each.side, each.event) not in changed),
    ]


def _beyond(lines: Sequence[PlanLine], others: Sequence[PlanLine]) -> Sequence[PlanLine]:
    """Return the lines that others do not have, or not as often."""
    left = Counter(each.name for each in others)
    beyond = []
    for each in lines:
        left[each.name] -= 1
        if left[each.name] < 0:
            beyond.append(each)
    return beyond


def awaits_word(reason: str) -> bool:
    """Tell whether what is held for this is over when a person confirms the plan."""
    return reason in {DIRECTION, FIRST_SYNC} or reason in REASONS


def carried_out(plan: Plan, confirmed: Plan) -> Collection[Operation]:
    """Return the writes of a plan that the one which a person has seen had, at once or once it was confirmed."""
    approved = {
        deed(each)
        for each in confirmed.operations
        if each.kind in WRITES or (each.kind is Kind.HOLD and each.wanted in WRITES and awaits_word(each.reason))
    }
    return [each for each in plan.operations if each.kind in WRITES and deed(each) in approved]


def deed(operation: Operation) -> str:
    """Return what names a write, or one that is held, whatever the reason."""
    kind, side, _, rest = line(operation).split("\t", 3)
    return "\t".join([operation.wanted or kind, side, rest])


def _line(operation: Operation) -> PlanLine:
    source, target = operation.source, operation.target
    seen = source or target
    ids = {operation.side.other: source, operation.side: target}
    return PlanLine(
        name=hashlib.sha256(line(operation).encode("utf-8", "surrogatepass")).hexdigest()[:32],
        kind=operation.kind,
        side=operation.side,
        reason=operation.reason,
        event=tuple(f"{side} {each.id}" for side in BOTH if (each := ids[side]) is not None),
        summary="" if seen is None else seen.event.summary,
        when=None if seen is None else seen.event.when,
    )
