"""Writes as the ledger tells them, for undoing them: what several to one event come to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.sync.forms import may_be_form
from calsync.sync.model import FIELDS, Event

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.sync.model import Field, Side, Value
    from calsync.sync.plan import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """One write of the ledger."""

    id: int
    kind: Kind
    side: Side
    reason: str
    link: int | None
    event_id: str
    source_id: str | None
    uid: str | None
    source_uid: str | None
    private: bool
    before: Mapping[Field, Value]
    after: Mapping[Field, Value]
    undoes: int | None = None
    readable: bool = True
    """Whether the values are known."""

    @property
    def image(self) -> Mapping[Field, Value]:
        """What the event showed: before a delete, after any other write."""
        return self.before if self.kind == "delete" else self.after


def folded(rows: Sequence[Wrote]) -> Mapping[Field, tuple[Value, Value]]:
    """Return each field's oldest and newest value, as far back as each write began where the last ended."""
    found: dict[Field, tuple[Value, Value]] = {}
    broken: set[Field] = set()
    for row in reversed(rows):
        for name in FIELDS:
            if name not in row.before or name not in row.after or name in broken:
                continue
            if name not in found:
                found[name] = (row.before[name], row.after[name])
            elif may_be_form(found[name][0], row.after[name]):
                found[name] = (row.before[name], found[name][1])
            else:
                broken.add(name)
    return found


def before_all(rows: Sequence[Wrote]) -> Mapping[Field, Value]:
    """Return what the writes ahead of a delete, which is the last of these, had changed, as it was before them."""
    deleted = rows[-1].before
    return {
        name: before for name, (before, after) in folded(rows[:-1]).items() if may_be_form(deleted[name], after)
    }


def event_of(row: Wrote, values: Mapping[Field, Value]) -> Event:
    """Return an event with these values. Raises ValueError where one is missing."""
    summary, when, description = (values.get(name) for name in FIELDS)
    if not isinstance(summary, str) or when is None or isinstance(when, str) or not isinstance(description, str):
        raise ValueError("the image of a deleted event has all fields")
    return Event(summary=summary, when=when, description=description, private=row.private, uid=row.uid)
