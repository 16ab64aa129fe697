"""Follows what happens while it happens: which events belong together, what users wrote, what calsync deleted."""

from __future__ import annotations

import re
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING

from calsync.sync.model import FIELDS, Direction, Side
from calsync.testing.rows import Place
from tests.simulation.world import NAME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.records import LedgerEntry
    from calsync.sync.model import Event, Field, Value
    from calsync.testing.rows import Row
    from tests.simulation.world import Entry, World

Node = tuple[Side, str]
Key = tuple[str, str]
"""A field and its value."""


def key(name: Field, value: Value) -> Key:
    """Name a value so that a server's cut does not change it."""
    if isinstance(value, str):
        found = re.match(r"(\w+ \d+)", value)
        return name, found[1] if found else value
    return name, repr(value)


def keys(event: Event) -> set[Key]:
    return {key(name, event.value(name)) for name in FIELDS}


def lives(row: Row) -> bool:
    """Tell whether an event is anywhere but in the trash, and not cancelled."""
    return row.place not in (Place.TRASH, Place.GONE) and not row.event.cancelled


class Witness:
    """Reads the journal after each run. An event's family: what was copied from it, or linked to it, ever."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.violations: list[str] = []
        self.written: set[Key] = set()
        """Every value that a user wrote."""
        self.superseded: set[Key] = set()
        """Values that a user replaced, or deleted together with their event."""
        self.appearances: Counter[Node] = Counter()
        """How often a user made an event appear: created, restored or uncancelled it."""
        self.restored: set[Node] = set()
        """Events that a user brought back; nothing else of their family lives because of them."""
        self.clean_deletes: dict[Node, int] = {}
        """Deletes by users of events that both sides agreed on, with their places in the journal."""
        self.touched: dict[Node, int] = {}
        """The last action of a user on each event."""
        self.ledger: list[LedgerEntry] = []
        """All that the ledger ever said, also what it has forgotten since."""
        self._parents: dict[Node, Node] = {}
        self._partners: dict[Node, str | None] = {}
        self._read = 0
        self._settled = 0
        """How much of the journal calsync had dealt with when no outcome was unknown."""

    def fail(self, invariant: str, text: str) -> None:
        self.violations.append(f"{invariant}: {text}")

    async def look(self) -> None:
        """Follow the journal and the links after a run."""
        state = await self.world.store.load(NAME, self.world.clock.now())
        while self._read < len(self.world.journal):
            self._follow(self.world.journal[self._read])
            self._read += 1
        known = {entry.run for entry in self.ledger}
        newest = await self.world.store.ledger(NAME, 100_000)
        self.ledger += [entry for entry in newest if entry.run not in known]
        if not state.intents and self.world.report is not None:
            self._settled = self.world.begun
        self._partners.clear()
        for link in state.links.values():
            for side in Side:
                self._partners[side, link.event_id(side) or ""] = link.event_id(side.other)
            if link.left and link.right:
                self._join((Side.LEFT, link.left), (Side.RIGHT, link.right))

    def family(self, node: Node) -> Node:
        while (parent := self._parents.setdefault(node, node)) != node:
            node = parent
        return node

    def members(self) -> list[Node]:
        return list(self._parents)

    def _join(self, one: Node, two: Node) -> None:
        self._parents[self.family(one)] = self.family(two)

    def _follow(self, entry: Entry) -> None:
        before, after = entry.change.before, entry.change.after
        if not after.by_us:
            self._user_acts(entry)
        elif before is None:
            self._made(entry)
        elif after.place is Place.TRASH and before.place is Place.CALENDAR:
            self._deleted_by_us(entry, before)

    def _user_acts(self, entry: Entry) -> None:
        before, after = entry.change.before, entry.change.after
        node = entry.side, after.id
        shown_before = keys(before.event) if before is not None and lives(before) else set()
        shown = keys(after.event) if lives(after) else set()
        self.superseded |= shown_before - shown
        self.written |= shown - shown_before
        self.family(node)
        self.touched[node] = entry.number
        if before is None and node in self.world.reborn:
            self._join(node, self.world.reborn[node])
        elif before is None or (lives(after) and (before.place is not Place.CALENDAR or before.event.cancelled)):
            self.appearances[node] += 1
        if before is not None and lives(after) and not lives(before):
            self.restored.add(node)
        if before is not None and before.place is Place.CALENDAR and lives(before) and not lives(after):
            self._user_deletes(entry, before)

    def _user_deletes(self, entry: Entry, before: Row) -> None:
        """Remember a delete that nothing speaks against: both sides were alike, and calsync knew it."""
        node = entry.side, before.id
        both_ways = self.world.direction is Direction.BOTH
        if node not in self._partners or not (both_ways or not self.world.direction.writes(entry.side)):
            return
        others = [
            row for row in self._present(entry.number, entry.side.other) if self._kin(entry.side.other, row, node)
        ]
        alike = [keys(row.event) == keys(before.event) and not row.event.private for row in others]
        history = list(self._history(entry))
        known = all(past.number < self._settled for past in history)
        known = known and not any(past.change.after.id in self.world.hidden for past in history)
        if known and alike == [True] and not before.event.private:
            self.clean_deletes[node] = entry.number

    def _made(self, entry: Entry) -> None:
        node = entry.side, entry.change.after.id
        source = entry.marker.rsplit(":", 1)[-1]
        for event_id in self.world.calendars[entry.side.other].rows.rows:
            if sha256(event_id.encode()).hexdigest()[:16] == source:
                self._join(node, (entry.side.other, event_id))
                return
        self.fail("I3", f"{node} was created from nothing")

    def _deleted_by_us(self, entry: Entry, before: Row) -> None:
        """Judge a delete by where its counterparts were at that moment."""
        node = entry.side, before.id
        if before.event.attendee_count and entry.side is Side.RIGHT:
            self.fail("I6", f"{before.id} was deleted although it has attendees")
        if any(past.change.after.event.private for past in self._history(entry)):
            self.superseded |= keys(before.event)  # one of the pair is or was a masked copy
        other = entry.side.other
        window = self.world.account().window(self.world.clock.now())
        alive = [
            row.id
            for row in self._present(entry.number, other)
            if self._kin(other, row, node)
            # Nothing tells of an event that got a new id and lies outside the window.
            and ((other, row.id) not in self.world.reborn or window.holds(row.event.when))
        ]
        alive = [event_id for event_id in alive if self._partners.get((other, event_id)) in (None, before.id)]
        alive = [event_id for event_id in alive if (other, event_id) not in self.restored]
        twins = [row for row in self._present(entry.number, entry.side) if self._kin(entry.side, row, node)]
        if len(alive) > len(twins) - (before.id in {row.id for row in twins}):
            self.fail("I5", f"{entry.side} {before.id} was deleted, but {alive} lives")

    def _kin(self, side: Side, row: Row, node: Node) -> bool:
        return not row.event.cancelled and self.family((side, row.id)) == self.family(node)

    def _history(self, entry: Entry) -> Iterator[Entry]:
        """Yield what happened to the family of an entry's event before."""
        family = self.family((entry.side, entry.change.after.id))
        for past in self.world.journal[: entry.number]:
            if self.family((past.side, past.change.after.id)) == family:
                yield past

    def _present(self, number: int, side: Side) -> list[Row]:
        """Return the events of a calendar as they were at one place of the journal."""
        rows = {
            past.change.after.id: past.change.after for past in self.world.journal[:number] if past.side is side
        }
        return [row for row in rows.values() if row.place is Place.CALENDAR]
