"""Undoing what calsync wrote: from rows of the ledger to a plan. Pure, as the reconciler is.

A write is undone on the side that it was written to, and nothing else follows from it: the other side keeps what
it shows, and both stay different until somebody edits one of them. What anybody has touched since is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.plan import Kind, Operation, Plan
from calsync.sync.rules import RuleFailed
from calsync.sync.undo_deletes import undo_delete
from calsync.sync.undo_pairs import undo_create, undo_updates
from calsync.sync.undoing import Case
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calsync.sync.model import Side
    from calsync.sync.undoing import Undoing
    from calsync.sync.view import View


def undo(view: View, undoing: Undoing) -> Plan:
    """Decide how what is chosen is undone; a skip says why something is not."""
    operations: list[Operation] = []
    for rows in undoing.about_one_event():
        number = rows[-1].link
        link = None if number is None else view.links.get(number)
        case = Case(view=view, undoing=undoing, rows=rows, link=link)
        written, other = case.seen(case.side), case.seen(case.side.other)
        view.chain.about(case.side, written.observation if written else None, other.observation if other else None)
        try:
            operations += _undo(case)
        except RuleFailed as failed:
            operations.append(case.skip(failed.reason))
    return Plan(operations=tuple(_one_each(operations)))


def _one_each(operations: Sequence[Operation]) -> Iterator[Operation]:
    """Yield what is decided, but only the last of several creates for one lost partner, as it has one copy."""
    newest: dict[tuple[Side, str | None], Operation] = {}
    for each in operations:
        if each.kind is Kind.CREATE:
            newest[each.side, _lost(each)] = each
    for each in operations:
        if each.kind is Kind.CREATE and newest[each.side, _lost(each)] is not each:
            yield replace(each, kind=Kind.SKIP, reason="undo_back", draft=None)
        else:
            yield each


def _lost(create: Operation) -> str | None:
    return None if create.source is None else create.source.event.uid or create.source.id


def _undo(case: Case) -> Iterator[Operation]:
    if not case.view.direction.writes(case.side):
        yield case.skip("undo_read_only")
    elif not all(row.readable for row in case.rows):
        yield case.skip("undo_unreadable")
    elif case.last.kind is Kind.DELETE:
        yield from undo_delete(case)
    elif case.link is None:
        yield case.skip("undo_gone")
    elif case.link.id in case.view.waiting_links:
        yield case.skip("waits")
    elif case.rows[0].kind is Kind.CREATE:
        yield from undo_create(case, case.link)
    else:
        yield from undo_updates(case, case.link)
