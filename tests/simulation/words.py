"""What a person decided about what was held, and what a person sees of an event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.sync.choices import AMBIGUOUS, Choice
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.testing.rows import Place
from tests.simulation.witness import key, keys, lives

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from calsync.desk.decisions import Case
    from calsync.sync.model import Event, Field
    from calsync.testing.rows import Row
    from tests.simulation.pair import Entry
    from tests.simulation.witness import Key, Node


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """One decision that counted. What is said twice are two."""

    number: int
    """How long the journal was."""
    runs: int
    """How many runs had ended."""
    case: Case
    choice: Choice
    fields: tuple[Field, ...]
    """What was held, as far as the last plan tells."""
    known: bool
    """Calsync knew all that had happened to the pair."""
    at: datetime
    """When it was said."""
    came_back: bool
    """What is missing had come back before, and calsync did not know: that ends a decision, whatever follows."""
    beside: bool
    """Calsync knew all that looks like the twin that was asked about."""

    @property
    def node(self) -> Node:
        return self.case.side, self.case.event_id

    @property
    def event(self) -> Node:
        """The event that is asked about. What is to be copied, or may be a twin, stands on the other side."""
        single = self.case.kind is Kind.CREATE or self.case.reason == AMBIGUOUS
        return (self.case.side.other, self.case.event_id) if single else self.node

    @property
    def paired(self) -> Collection[Node]:
        """Return both events that the person has paired."""
        shown = zip(Side, (self.case.left, self.case.right), strict=True)
        return [(side, seen.id) for side, seen in shown if seen is not None and self.choice is Choice.PAIR]

    @property
    def about(self) -> Sequence[Field]:
        """Return the fields of an update that was held, also where the last run did not live to tell them."""
        return (self.fields or self.case.differing) if self.case.kind is Kind.UPDATE else ()

    @property
    def chosen(self) -> Mapping[Field, Key]:
        """Return the values that are to be on both sides."""
        return self._values(self.fields)

    @property
    def possible(self) -> Mapping[Field, Key]:
        """Return the values that may be chosen."""
        return self._values(self.about)

    def _values(self, names: Sequence[Field]) -> Mapping[Field, Key]:
        seen = self.case.left if self.choice is Choice.LEFT else self.case.right
        if seen is None or self.choice not in (Choice.LEFT, Choice.RIGHT):
            return {}
        return {name: key(name, seen.event.value(name)) for name in names}


def asks(case: Case) -> tuple[object, ...]:
    """Name what a person is asked, and about which events: two that are alike are not the same."""
    shown = [None if seen is None else seen.id for seen in (case.left, case.right)]
    return case.side, case.event_id, case.kind, case.reason, case.shown, *shown


def comes_back(entry: Entry) -> bool:
    """Tell whether a change makes an event appear that was not there, or cancelled."""
    before = entry.change.before
    return before is not None and not shows(before) and shows(entry.change.after)


def hides(entry: Entry) -> bool:
    """Tell whether calsync's right to see an event was taken, or given back: it is the same as before."""
    before, after = entry.change.before, entry.change.after
    return before is not None and {before.place, after.place} == {Place.CALENDAR, Place.FORBIDDEN}


def takes_away(entry: Entry) -> bool:
    """Tell whether a change deletes an event."""
    before, gone = entry.change.before, (Place.TRASH, Place.GONE)
    return before is not None and before.place not in gone and entry.change.after.place in gone


def shows(row: Row) -> bool:
    """Tell whether an event is in the calendar, and not cancelled."""
    return row.place is Place.CALENDAR and lives(row)


def is_other(one: Row, two: Row) -> bool:
    """Tell whether a person sees another thing."""
    return shows(one) != shows(two) or looks(one.event) != looks(two.event)


def looks(event: Event) -> tuple[set[Key], bool]:
    """Return what a person sees of an event."""
    return keys(event), event.private
