"""What a plan would make of each field, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.choices import CONFLICT, UNSURE
from calsync.sync.model import FIELDS
from calsync.sync.plan import WRITES, Kind
from calsync.values import Struct

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.sync.model import Field, Value
    from calsync.sync.plan import Operation


class FieldChange(Struct, frozen=True, kw_only=True):
    """What a write would make of one field, for people."""

    field: Field
    old: Value | None
    """What is there; None where nothing is."""
    new: Value | None
    """What would be there. None where it would be deleted, or nobody knows yet."""
    rule: str | None
    """The rule that made it other than the source's value."""


def field_changes(operation: Operation) -> Sequence[FieldChange]:
    """Return what a write, or one that is held, would make of each field that it is about.

    Of a field about which a person decides it is what the other side shows.
    """
    kind = operation.wanted or operation.kind
    if kind not in WRITES:
        return ()
    values = operation.changes if operation.draft is None else operation.draft.values()
    source, target = operation.source, operation.target
    if operation.reason in {CONFLICT, UNSURE} and source is not None:
        values = {name: source.event.value(name) for name in operation.changes}
    return [
        FieldChange(
            field=name,
            old=None if target is None or kind is Kind.CREATE else target.event.value(name),
            new=values.get(name),
            rule=operation.rules.get(name),
        )
        for name in (FIELDS if kind is Kind.DELETE else operation.fields)
    ]
