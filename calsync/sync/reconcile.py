"""From a view of an account to a plan. Pure: equal views give equal plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.matchup import decide_unlinked
from calsync.sync.pairs import decide_pair, in_doubt
from calsync.sync.plan import Kind, Operation, Plan, Rebase
from calsync.sync.returns import decide_return, find_returns
from calsync.sync.rules import RuleFailed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync.sync.view import View


def reconcile(view: View) -> Plan:
    """Decide what is to be done: about every link, about what came back, then about every event without a link."""
    operations: list[Operation] = []
    rebases: list[Rebase] = []
    returns = find_returns(view)
    undecided = set(view.waiting_links) | {link.id for found in returns for link in found.links}
    for link in sorted(view.links.values(), key=lambda link: link.id):
        if link.id in undecided:
            continue
        if in_doubt(view, link):
            undecided.add(link.id)
        else:
            _sort(decide_pair(view, link), operations, rebases)
    for found in returns:
        operations.extend(decide_return(view, found))
    returning = {(found.side, seen.observation.id) for found in returns for seen in found.holders}
    operations.extend(decide_unlinked(view, returning))
    undecided.update(each.link.id for each in operations if each.link is not None and _failed(each))
    open_events = ((found.side, seen) for found in returns if not found.proven for seen in found.holders)
    return Plan(
        operations=tuple(operations),
        rebases=tuple(rebases),
        undecided=frozenset(undecided),
        undecided_events=frozenset((side, seen.observation.id) for side, seen in open_events),
    )


def _failed(operation: Operation) -> bool:
    """Tell whether a rule gave no answer instead of a decision."""
    return operation.kind is Kind.HOLD and RuleFailed.named(operation.reason)


def _sort(decisions: Iterable[Operation | Rebase], operations: list[Operation], rebases: list[Rebase]) -> None:
    for decision in decisions:
        if isinstance(decision, Operation):
            operations.append(decision)
        else:
            rebases.append(decision)
