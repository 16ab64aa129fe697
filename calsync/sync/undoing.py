"""What a person wants to be undone, event by event, and what is known of each."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.sync.model import FIELDS, Event, Observation
from calsync.sync.plan import Kind, Operation
from calsync.sync.wrote import last_life
from calsync.values import Struct

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from calsync.sync.model import Field, Link, Side, Value
    from calsync.sync.view import Seen, View
    from calsync.sync.wrote import Wrote


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """The writes that a person has chosen, and what must be known for undoing them."""

    rows: Sequence[Wrote]
    """All writes to the pairs that are concerned, and what has undone them, the oldest first."""
    chosen: Collection[int]
    """The numbers of those that are to be undone."""
    perhaps: Sequence[Wrote] = ()
    """Writes to the same pairs of which nobody can tell whether they were carried out. Nothing undoes them."""
    gone: Collection[int] = frozenset()
    """The deletes whose event is gone still, as its server says."""
    alone: Collection[int] = frozenset()
    """The links whose original is gone, as its server says, where no feed tells of it."""
    undoers: Mapping[int, int] = field(init=False)
    """By the number of a write, the one of what has undone it."""
    _by_link: Mapping[int | None, Sequence[Wrote]] = field(init=False)

    def __post_init__(self) -> None:
        by_link: dict[int | None, list[Wrote]] = defaultdict(list)
        for row in self.rows:
            by_link[row.link].append(row)
        object.__setattr__(self, "_by_link", by_link)
        undoers = {row.undoes: row.id for row in self.rows if row.undoes is not None}
        object.__setattr__(self, "undoers", undoers)

    def about_one_event(self) -> Iterator[Sequence[Wrote]]:
        """Yield the chosen writes to each event, the oldest first.

        A delete and what has undone it are nothing together, nor are a create and a later delete.
        """
        written: dict[tuple[int | None, Side], list[Wrote]] = defaultdict(list)
        for row in self.rows:
            written[row.link, row.side].append(row)
        found = [rows for rows in map(self._wanted, written.values()) if rows]
        for rows in sorted(found, key=lambda rows: rows[0].id):
            if rows[0].kind is not Kind.CREATE or rows[-1].kind is not Kind.DELETE:
                yield rows

    def _wanted(self, rows: Sequence[Wrote]) -> Sequence[Wrote]:
        """Return the chosen writes to one side of a pair: those to its present event, if there are any."""
        wanted = [row for row in rows if row.id in self.chosen and not self._is_cancelled(row)]
        return [row for row in last_life(rows) if row in wanted] or wanted

    def _is_cancelled(self, row: Wrote) -> bool:
        return self.undoers.get(row.id) in self.chosen or row.undoes in self.chosen

    def touched_since(self, row: Wrote, name: Field) -> bool:
        """Tell whether a later write was about a field, but for those of the same event that are undone with it.

        One to the other event carries what somebody has entered into this one.
        """
        return any(
            each.id > row.id and each.touches(name) and (each.side is not row.side or each.id not in self.chosen)
            for each in self._by_link[row.link]
        )

    def may_be_touched_since(self, row: Wrote, name: Field) -> bool:
        """Tell whether a later write was about a field of which nobody can tell whether it was carried out.

        Then a text that the server may have made of the earlier one may be a user's just as well.
        """
        return any(each.link == row.link and each.id > row.id and each.touches(name) for each in self.perhaps)


class Case(Struct, frozen=True, kw_only=True):
    """Writes to one event that are undone together, the oldest first, and its pair, if there still is one."""

    view: View
    undoing: Undoing
    rows: Sequence[Wrote]
    link: Link | None

    @property
    def last(self) -> Wrote:
        return self.rows[-1]

    @property
    def side(self) -> Side:
        """The side that was written, and is to be."""
        return self.last.side

    def seen(self, side: Side) -> Seen | None:
        """Return what is remembered of the pair's event on a side."""
        return None if self.link is None else self.view.of(self.link, side)

    def skip(self, reason: str, changes: Mapping[Field, Value] | None = None) -> Operation:
        """Say that the writes are not undone, and of which event; `changes` if some of their fields are."""
        seen = (
            self.seen(self.side) or self.seen(self.side.other) or self.view.seen[self.side].get(self.last.event_id)
        )
        source = None if seen is None else seen.observation
        if source is None and all(name in self.last.image for name in FIELDS):
            source = Observation(id=self.last.event_id, event=event_of(self.last, self.last.image), revision=None)
        return Operation(
            kind=Kind.SKIP, side=self.side, reason=reason, link=self.link, source=source, changes=changes or {}
        )


def event_of(row: Wrote, values: Mapping[Field, Value]) -> Event:
    """Return the written event with these values. Raises ValueError where one is missing."""
    summary, when, description = (values.get(name) for name in FIELDS)
    if not isinstance(summary, str) or when is None or isinstance(when, str) or not isinstance(description, str):
        raise ValueError("the image of an event has all fields")
    return Event(summary=summary, when=when, description=description, private=row.private, uid=row.uid)
