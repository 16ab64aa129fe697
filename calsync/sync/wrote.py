"""Writes as the ledger tells them, for undoing them: what several to one event come to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.forms import may_be_form
from calsync.sync.model import FIELDS
from calsync.sync.plan import Kind
from calsync.values import Struct

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.sync.model import Field, Side, Value


class Wrote(Struct, frozen=True, kw_only=True):
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
        return self.before if self.kind is Kind.DELETE else self.after

    def touches(self, name: Field) -> bool:
        """Tell whether the write was about a field; a create and a delete are about all."""
        return name in self.before or name in self.after


def folded(rows: Sequence[Wrote]) -> Mapping[Field, tuple[Value, Value]]:
    """Return each field's oldest and newest value, as far back as each write began where the last ended."""
    found: dict[Field, tuple[Value, Value]] = {}
    broken: set[Field] = set()
    for row in reversed(rows):
        for name in row.before.keys() & row.after.keys() - broken:
            if name not in found:
                found[name] = (row.before[name], row.after[name])
            elif may_be_form(found[name][0], row.after[name]):
                found[name] = (row.before[name], found[name][1])
            else:  # somebody has edited it in between
                broken.add(name)
    return found


def last_life(rows: Sequence[Wrote]) -> Sequence[Wrote]:
    """Return the writes since an event was created last, or came back from a delete; at least the last one."""
    begin = 0
    for number, row in enumerate(rows):
        if row.kind is Kind.CREATE:
            begin = number
        elif row.kind is Kind.DELETE and number + 1 < len(rows):
            begin = number + 1
    return rows[begin:]


def former(rows: Sequence[Wrote]) -> Mapping[Field, Value]:
    """Return what an event showed before the writes to it, of which the last one has deleted it."""
    *earlier, deleted = rows
    image = dict(deleted.before)
    for name, (before, after) in folded(earlier).items():
        if name in image and may_be_form(image[name], after):
            image[name] = before
    return {name: image[name] for name in FIELDS if name in image}
