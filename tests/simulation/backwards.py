"""Judges, when a write reaches a calendar, whether it goes back in time: most such writes heal until all is quiet.

That is an older value of the source over a newer one that calsync had delivered, and a copy of an event that
calsync knew to be deleted. Late repetitions of a feed must cause neither.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from calsync.engine.pull import MEMORY
from calsync.sync.model import FIELDS, Side
from calsync.testing.rows import Place
from tests.simulation.witness import TEXTS, key, lives

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulation.database import Left
    from tests.simulation.pair import Entry, Pair
    from tests.simulation.witness import Key, Node


class Backwards:
    """What calsync knew of one account behind its last run, as far as a write must not fall behind it."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self._known: set[Node] = set()
        self._gone: dict[Node, int] = {}
        """Deleted events that calsync knew and has done with, with the length of the journal then."""
        self._gone_at: dict[Node, datetime] = {}
        self._partners: dict[Node, Node] = {}
        self.revived: set[Node] = set()
        """What was made as a feed told once more, after a month, of an event that was deleted."""

    def partner(self, node: Node) -> Node | None:
        """Return the other event of a pair."""
        return self._partners.get(node)

    def look(self, left: Left) -> None:
        """Take note of what a run left behind."""
        self._partners.clear()
        known = set(left.seen)
        for one, two in left.links:
            if one and two:
                self._partners[Side.LEFT, one] = (Side.RIGHT, two)
                self._partners[Side.RIGHT, two] = (Side.LEFT, one)
            known.add((Side.LEFT, one or ""))
            known.add((Side.RIGHT, two or ""))
        for side, event_id in self._known - known:
            row = self.pair.calendars[side].rows.rows.get(event_id)
            if row is not None and not lives(row):
                self._gone[side, event_id] = len(self.pair.journal)
                self._gone_at[side, event_id] = row.modified
        self._known = known

    def left(self) -> None:
        """Take note that the account has left, and that calsync remembers only what it knew to be deleted."""
        self._known.clear()
        self._partners.clear()

    def judge(self, entry: Entry) -> None:
        """Judge a write of calsync at the moment it reaches the server."""
        if entry.change.before is None:
            self._judge_create(entry)
        elif entry.change.after.place is Place.CALENDAR:
            self._judge_update(entry)

    def _judge_create(self, entry: Entry) -> None:
        source = self.pair.witness.source(entry)
        if source is None or source not in self._gone:
            return
        later = self.pair.journal[self._gone[source] :]
        if self.pair.world.clock.now() - self._gone_at[source] >= MEMORY:
            self.pair.world.excuse("told after a month")
            self.revived.add((entry.side, entry.change.after.id))
        elif not any((past.side, past.change.after.id) == source for past in later):
            what = f"{entry.side} {entry.change.after.id}"
            self._fail(source, "I4", f"{what} was created, but {source[1]} was known to be deleted")

    def _judge_update(self, entry: Entry) -> None:
        before, after, node = entry.change.before, entry.change.after, (entry.side, entry.change.after.id)
        partner = self.partner(node)
        if before is None or partner is None:
            return
        for name in FIELDS:
            newer, older = key(name, before.event.value(name)), key(name, after.event.value(name))
            if newer == older or not self._delivered(entry, node, newer):
                continue
            values = [value for value, _ in self._values(entry, partner, newer[0])]
            if values.count(newer) == values.count(older) == 1 and values.index(older) < values.index(newer):
                if name in TEXTS and self._was_private(partner):
                    self.pair.world.excuse("masks come and go")
                else:
                    what = f"{node[0]} {node[1]}: {older} was written over {newer}, which is newer"
                    self._fail(node, "I2", what)

    def _fail(self, node: Node, invariant: str, text: str) -> None:
        if self.pair.witness.forgotten(node):
            self.pair.world.excuse("old disk", "backwards")
        else:
            self.pair.fail(invariant, text)

    def _was_private(self, node: Node) -> bool:
        rows = (past.change.after for past in self.pair.journal if (past.side, past.change.after.id) == node)
        return any(row.event.private for row in rows)

    def _delivered(self, entry: Entry, node: Node, value: Key) -> bool:
        """Tell whether a value stands there because calsync wrote it."""
        value_now, by_us = self._values(entry, node, value[0])[-1]
        return by_us and value_now == value

    def _values(self, entry: Entry, node: Node, name: str) -> list[tuple[Key, bool]]:
        """Return the values that a field had one after the other, and whether calsync wrote them."""
        rows = [
            past.change.after
            for past in self.pair.journal[: entry.number]
            if (past.side, past.change.after.id) == node
        ]
        values = [(key(name, row.event.value(name)), row.by_us) for row in rows]  # type: ignore[arg-type]
        return [next(group) for _, group in groupby(values, key=lambda each: each[0])]
