"""What the rules say of an event, and of a write that is about to be planned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.plan import Kind, Operation
from calsync.sync.rules import Block, Drop, Hold, Write
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calsync.sync.model import Changes, Event, Field, Observation
    from calsync.sync.view import View

LONGEST_SUMMARY = 2_000
LONGEST_NOTES = 500_000
"""Characters. Exchange keeps 255 of a subject; a hundred long e-mails are not so much as the notes may be."""


def refusal(view: View, event: Event) -> str | None:
    """Return why an event is not synced, or None. Raises RuleFailed.

    A series is refused here too, whatever rules are configured: no provider can write one. So are texts that
    nobody has typed.
    """
    if len(event.summary) > LONGEST_SUMMARY or len(event.description) > LONGEST_NOTES:
        return "too_long"
    verdict = view.chain.admit(event)
    if verdict is not None:
        return verdict[1]
    return "series" if event.series else None


def ruled(view: View, source: Observation, values: Changes) -> Mapping[Field, str]:
    """Return the rules that made values other than their source's. Raises RuleFailed."""
    names = [name for name, value in values.items() if source.event.value(name) != value]
    if not names:  # as of most events
        return {}
    authors = view.chain.authors(source.event)
    return {name: authors[name] for name in names if name in authors}


def guarded(view: View, operation: Operation) -> Iterator[Operation]:
    """Yield the write if the guards allow it, else what they put in its place."""
    write = Write(
        side=operation.side,
        target=operation.target,
        changes=_written(operation),
        capabilities=view.capabilities[operation.side],
    )
    verdict = view.chain.guard(write)
    if isinstance(verdict, Block):
        yield replace(operation, kind=Kind.BLOCK, reason=verdict.reason, wanted=operation.kind, guard=verdict.rule)
    elif isinstance(verdict, Drop) and operation.kind is Kind.UPDATE:
        yield from _without(operation, verdict)
    elif isinstance(verdict, Hold) or (isinstance(verdict, Drop) and operation.kind is Kind.CREATE):
        # An event cannot be created without a field: that the other side lacks it would look like an edit.
        yield replace(operation, kind=Kind.HOLD, reason=verdict.reason, wanted=operation.kind, guard=verdict.rule)
    else:
        yield operation


def _written(operation: Operation) -> Changes | None:
    if operation.draft is not None:
        return operation.draft.values()
    return None if operation.kind is Kind.DELETE else operation.changes


def _without(operation: Operation, verdict: Drop) -> Iterator[Operation]:
    kept = {name: value for name, value in operation.changes.items() if name not in verdict.fields}
    gone = {name: value for name, value in operation.changes.items() if name in verdict.fields}
    if kept:
        yield replace(operation, changes=kept)
    if gone:
        other, why = operation.side.other, verdict.reason
        yield replace(operation, kind=Kind.SKIP, side=other, changes=gone, reason=why, guard=verdict.rule)
