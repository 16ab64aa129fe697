"""What must not be carried out although it was decided: on a side that is new to it, or implausibly much."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.model import BOTH, Side
from calsync.sync.plan import WRITES, Kind, Operation, Plan
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from calsync.sync.view import View

DELETES = "brake_deletes"
REWRITES = "brake_rewrites"
BUDGET = "budget"
"""More was written of the account lately than its budget covers; see calsync.sync.budget."""
DIRECTION = "direction"
"""A changed direction lets calsync write there, and no person has confirmed that yet."""
FIRST_SYNC = "first_sync"
"""It is the account's first sync, and a person is to confirm it."""
RULES = "rules"
"""The rules are others than they were, and may be why it is written at all; see calsync.sync.ruled."""
LEFT_ACCOUNT = "left_account"
PRIVATE_DELETED = "private_original_deleted"
ASKED_ONE_BY_ONE = frozenset({LEFT_ACCOUNT, PRIVATE_DELETED})
"""Reasons of held deletes that no brake counts: a person is asked about each anyway, and may take weeks."""


def hold_unconfirmed(plan: Plan, sides: Collection[Side], reason: str) -> Plan:
    """Return the plan with every write to these sides held, until a person has confirmed that they are written."""
    if not sides:
        return plan
    return replace(plan, operations=tuple(_unconfirmed(operation, sides, reason) for operation in plan.operations))


def brake(
    plan: Plan,
    view: View,
    deleted_lately: Mapping[Side, int],
    open_batches: frozenset[str],
    rewritten: AbstractSet[tuple[Side, str]] = frozenset(),
) -> Plan:
    """Return the plan with its deletes or updates held where there are too many of them.

    `deleted_lately` counts the deletes carried out on each side within 24 hours. `open_batches` names the brakes
    that hold something already: what is planned now joins them, whatever its number. `rewritten`: the events that
    this run has rewritten by an earlier plan. What a person has decided passes, and counts for nothing.
    """
    held = set(open_batches)
    if _too_many_deletes(plan, view, deleted_lately):
        held.add(DELETES)
    if len(rewrites(plan.operations) | rewritten) > max(20, view.awake / 5):
        held.add(REWRITES)
    if not held:
        return plan
    return replace(plan, operations=tuple(_held(operation, held) for operation in plan.operations))


def rewrites(operations: Iterable[Operation]) -> AbstractSet[tuple[Side, str]]:
    """Return the events that these rewrite, and no person has decided about."""
    updates = (each for each in operations if each.kind is Kind.UPDATE and not each.decided)
    return {(each.side, each.event_id) for each in updates if each.event_id is not None}


def _unconfirmed(operation: Operation, sides: Collection[Side], reason: str) -> Operation:
    if operation.kind not in WRITES or operation.side not in sides:
        return operation
    return replace(operation, kind=Kind.HOLD, reason=reason, wanted=operation.kind)


def _too_many_deletes(plan: Plan, view: View, deleted_lately: Mapping[Side, int]) -> bool:
    planned, released = dict.fromkeys(Side, 0), 0
    for operation in plan.operations:
        if operation.decided:  # its link counts as ended, or the rest of its side could go along with it
            released += operation.kind is Kind.DELETE
        elif Kind.DELETE in (operation.kind, operation.wanted) and operation.reason not in ASKED_ONE_BY_ONE:
            planned[operation.side] += 1  # one that is blocked is proven deleted, too
    awake = view.awake - released + sum(deleted_lately.values())
    total = sum(planned.values()) + sum(deleted_lately.values())
    everything = any(planned[side] + deleted_lately[side] >= awake for side in BOTH)
    return total > max(5, awake / 5) or (everything and awake > 1)


def _held(operation: Operation, held: set[str]) -> Operation:
    reason = {Kind.DELETE: DELETES, Kind.UPDATE: REWRITES}.get(operation.kind)
    if reason is None or reason not in held or operation.decided:
        return operation
    return replace(operation, kind=Kind.HOLD, reason=reason, wanted=operation.kind)
