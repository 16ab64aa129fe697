"""What the rules say of an event, and of a write that is about to be planned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.sync.plan import Kind, Operation
from calsync.sync.rules import Block, Drop, Hold, RuleFailed, Write

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.sync.model import Event, Field
    from calsync.sync.view import View


def refusal(view: View, event: Event) -> str | None:
    """Return why an event is not synced, or None. Raises RuleFailed.

    A series is refused here too, whatever rules are configured: no provider can write one.
    """
    verdict = view.chain.admit(event)
    if verdict is not None:
        return verdict[1]
    return "series" if event.series else None


def guarded(view: View, operation: Operation) -> Iterator[Operation]:
    """Yield the write if the guards allow it, else what they put in its place."""
    changes = None if operation.kind is Kind.DELETE else operation.changes
    write = Write(
        side=operation.side,
        target=operation.target if operation.kind is not Kind.CREATE else None,
        changes=changes,
        capabilities=view.capabilities[operation.side],
    )
    try:
        verdict = view.chain.guard(write)
    except RuleFailed as failed:
        verdict = Hold(failed.reason)
    if isinstance(verdict, Block):
        yield replace(operation, kind=Kind.BLOCK, reason=verdict.reason, wanted=operation.kind)
    elif isinstance(verdict, Hold):
        yield replace(operation, kind=Kind.HOLD, reason=verdict.reason, wanted=operation.kind)
    elif isinstance(verdict, Drop) and operation.kind is Kind.UPDATE:
        yield from _without(operation, verdict.fields, verdict.reason)
    else:
        yield operation


def _without(operation: Operation, dropped: frozenset[Field], reason: str) -> Iterator[Operation]:
    kept = {name: value for name, value in operation.changes.items() if name not in dropped}
    gone = {name: value for name, value in operation.changes.items() if name in dropped}
    if kept:
        yield replace(operation, changes=kept)
    if gone:
        yield replace(operation, kind=Kind.SKIP, side=operation.side.other, changes=gone, reason=reason)
