"""What a person has decided about held deletes and rewrites, carried into the plan ahead of the brakes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.brakes import BUDGET, DELETES, REWRITES, RULES
from calsync.sync.choices import CONFLICT, GIVEN_UP, KEPT, LEFT_ALONE, LOSING, RELEASED, UNSURE, Choice
from calsync.sync.model import State
from calsync.sync.plan import Kind, Plan, Rebase
from calsync.sync.rules import RuleFailed
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calsync.sync.choices import Decision
    from calsync.sync.model import Side
    from calsync.sync.plan import Operation
    from calsync.sync.view import View

BRAKES = {
    Kind.CREATE: (RULES, BUDGET),
    Kind.DELETE: (RULES, DELETES, BUDGET),
    Kind.UPDATE: (RULES, REWRITES, BUDGET),
}
"""Why a write of each kind may be held that nothing is wrong with but the number, or that the rules are others."""
_ASKED_FOR = frozenset({CONFLICT, UNSURE})
"""What holds some fields of a pair beside those that a brake holds: it is decided on its own."""


def carry_decisions(plan: Plan, view: View) -> Plan:
    """Return the plan with what was released marked as decided, and with what is kept done away with.

    A release counts only for a write that nothing else holds; that of a create which waits for a change of the
    rules waits with it until then, as that would be asked again. What is kept is kept also where it is blocked,
    held for another reason now, or no rule says whether it is: it must not be carried out when that is over.
    """
    if not view.decisions:
        return plan
    operations: list[Operation] = []
    rebases = list(plan.rebases)
    for operation in plan.operations:
        decision = _decision(operation, view)
        if decision is not None and decision.choice is Choice.KEEP:
            if decision.kind is Kind.DELETE:
                operations.append(replace(operation, kind=Kind.PART, reason=KEPT, state=State.PARTED, wanted=None))
            elif decision.kind is Kind.CREATE:
                operations.append(_left_alone(operation))
            else:
                rebases.extend(_given_up(operation, rebases))
        elif decision is not None and operation.kind is decision.kind:
            operations.append(_released(operation, decision))
        elif decision is not None and (decision.kind, decision.reason) == (Kind.CREATE, RULES):
            operations.append(replace(operation, decided=operation.decided | {decision.key}))
        else:
            operations.append(operation)
    return replace(plan, operations=tuple(operations), rebases=tuple(rebases))


def _decision(operation: Operation, view: View) -> Decision | None:
    kind = Kind.CREATE if _is_unanswered(operation) else operation.wanted or operation.kind
    if kind not in BRAKES or operation.event_id is None:
        return None
    if kind is Kind.UPDATE and (operation.decided or operation.reason in _ASKED_FOR):
        return None
    keys = ((operation.side, operation.event_id, kind, reason) for reason in BRAKES[kind])
    return next((view.decisions[key] for key in keys if key in view.decisions), None)


def _is_unanswered(operation: Operation) -> bool:
    """Tell whether no rule says what is to become of an event without a link: it may be a create again."""
    return operation.link is None and operation.kind is Kind.HOLD and RuleFailed.named(operation.reason)


def _released(operation: Operation, decision: Decision) -> Operation:
    """Return a write that a person wants. That a value loses by it must go on being told."""
    rename = operation.kind is Kind.DELETE or operation.reason not in LOSING
    reason = RELEASED if rename else operation.reason
    return replace(operation, reason=reason, decided=operation.decided | {decision.key})


def _left_alone(operation: Operation) -> Operation:
    """Return a link of the one event that is never copied; of a pair that lost the other one, its own."""
    return replace(
        operation,
        kind=Kind.PART,
        reason=LEFT_ALONE,
        state=State.PARTED,
        draft=None,
        wanted=None,
    )


def in_one_write(plan: Plan) -> Plan:
    """Return the plan with one update for each event: what a person has decided about was judged apart."""
    places: dict[tuple[int, Side], int] = {}
    operations: list[Operation] = []
    for operation in plan.operations:
        key = (operation.link.id if operation.link else 0, operation.side)
        if operation.kind is Kind.UPDATE and key in places:
            operations[places[key]] = _joined(operations[places[key]], operation)
            continue
        if operation.kind is Kind.UPDATE:
            places[key] = len(operations)
        operations.append(operation)
    return replace(plan, operations=tuple(operations))


def _joined(one: Operation, other: Operation) -> Operation:
    reason = next((each.reason for each in (one, other) if each.reason in LOSING), one.reason)
    changes, rules = {**one.changes, **other.changes}, {**one.rules, **other.rules}
    return replace(one, reason=reason, changes=changes, rules=rules, decided=one.decided | other.decided)


def _given_up(operation: Operation, rebases: Sequence[Rebase]) -> Iterator[Rebase]:
    """Yield the bases of both sides: they take over the values that are there, on top of what they take anyway."""
    sides = ((operation.side, operation.target), (operation.side.other, operation.source))
    there = [
        (operation.link, side, seen) for side, seen in sides if operation.link is not None and seen is not None
    ]
    for link, side, seen in there:
        taken = [each.base for each in rebases if each.link.id == link.id and each.side is side]
        base = taken[-1] if taken else link.base(side)
        base = base.moved({name: seen.event.value(name) for name in operation.changes})
        base = replace(base, owed=base.owed - operation.changes.keys())
        yield Rebase(link=link, side=side, base=base, reason=GIVEN_UP)
