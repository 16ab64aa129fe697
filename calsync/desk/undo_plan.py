"""What a person sees before writes are undone, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from calsync.desk.planned import MOST, plan_for_people, planned_write
from calsync.sync.plan import Kind, Plan
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.desk.planned import Planned, PlannedWrite
    from calsync.engine import Counts, Undone
    from calsync.records import Selection
    from calsync.sync.model import Side

Why = Literal["nothing", "waits", "changed"]
"""Why nothing was undone: nothing of that kind was written; the account waits for its plan to be confirmed; or it
would do something else by now than what the person saw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoPlan:
    """What undoing some writes would do, or has done."""

    selection: Selection
    """The writes that are meant."""
    hash: str
    """What a person confirms."""
    plan: Planned
    """What would be written, and what is left alone and why."""
    again: Sequence[PlannedWrite]
    """The first MOST copies that were removed by undoing: the next run makes them again."""
    copied_again: int
    """How many there are of these."""
    why: Why | None
    """Why nothing was undone; None: it was, or it can be."""
    counts: Mapping[Side, Counts]
    """What was carried out on each side."""
    untouched: int
    """How many events were left alone, once it is done, as they have changed under the plan."""
    run: int
    """The number of its run, by which it is undone in turn."""

    @property
    def does(self) -> int:
        """How many events undoing is about."""
        return sum(self.plan.counts.values()) + self.copied_again

    @property
    def anew(self) -> bool:
        """Whether something deleted is created anew, so that what calsync does not know of it is lost."""
        return any(kind is Kind.CREATE for kind, _ in self.plan.counts)

    def discreet(self) -> UndoPlan:
        """Return the same as others than the account's owner see it."""
        return replace(self, plan=self.plan.discreet(), again=[one.discreet() for one in self.again])


def undo_plan(undone: Undone, selection: Selection, plan_hash: str | None) -> UndoPlan:
    """Return for people what undoing came to. `plan_hash`: what was confirmed; None: nothing yet."""
    plan = undone.plan
    again = [one for one in plan.operations if one.kind is Kind.UNLINK]
    return UndoPlan(
        selection=selection,
        hash=plan.hash,
        plan=plan_for_people(_as_it_is_carried_out(plan)),
        again=[planned_write(Kind.CREATE, one) for one in again[:MOST]],
        copied_again=len(again),
        why=_why(undone, plan_hash),
        counts=undone.counts,
        untouched=undone.untouched,
        run=undone.run,
    )


def _as_it_is_carried_out(plan: Plan) -> Plan:
    """Return the plan in which what is held is left alone: to confirm this plan is no word about that."""
    return replace(
        plan,
        operations=[
            replace(one, kind=Kind.BLOCK, wanted=None) if one.kind is Kind.HOLD else one for one in plan.operations
        ],
    )


def _why(undone: Undone, plan_hash: str | None) -> Why | None:
    if undone.problem is None:
        return None
    if not undone.plan.operations:
        return "nothing"
    return "changed" if plan_hash not in {None, undone.plan.hash} else "waits"
