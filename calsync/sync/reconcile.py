"""From a view of an account to a plan. Pure: equal views give equal plans."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.matchup import decide_unlinked
from calsync.sync.pairs import decide_pair
from calsync.sync.plan import Operation, Plan, Rebase

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync.sync.view import View


def reconcile(view: View) -> Plan:
    """Decide what is to be done: first about every link, then about every event without one."""
    operations: list[Operation] = []
    rebases: list[Rebase] = []
    for link in sorted(view.links.values(), key=lambda link: link.id):
        if link.id not in view.waiting_links:
            _sort(decide_pair(view, link), operations, rebases)
    operations.extend(decide_unlinked(view))
    return Plan(operations=tuple(operations), rebases=tuple(rebases))


def _sort(decisions: Iterable[Operation | Rebase], operations: list[Operation], rebases: list[Rebase]) -> None:
    for decision in decisions:
        if isinstance(decision, Operation):
            operations.append(decision)
        else:
            rebases.append(decision)
