"""Follows what happens while it happens: which events belong together, what users wrote, what calsync deleted."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from calsync.store.rows import ledger_entry
from calsync.sync.model import FIELDS, Direction, Side
from calsync.testing.rows import Place
from tests.simulation.deletes import Deletes
from tests.simulation.rules import hangs, poisons

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Iterator, KeysView

    from calsync.records import LedgerEntry
    from calsync.sync.model import Event, Field, Value
    from calsync.testing.rows import Row
    from tests.simulation.database import Left
    from tests.simulation.pair import Entry, Pair

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

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
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
        self.late: set[Node] = set()
        """Events that a runner created which was frozen in the middle of it."""
        self.touched: dict[Node, int] = {}
        """The last action of a user on each event."""
        self.deletes = Deletes(pair)
        self.ledger: list[LedgerEntry] = []
        """All that the ledger ever said, also what it has forgotten since."""
        self._parents: dict[Node, Node] = {}
        self._partners: dict[Node, str | None] = {}
        self._told: set[sqlite3.Row] = set()
        self._cut: set[Node] = set()
        """Events in which an update made the server cut a text, written or not: that may count as an edit."""
        self._read = 0
        self._settled = 0
        """How much of the journal calsync had dealt with when no outcome was unknown."""
        self._settled_at = pair.begun_at

    def look(self, left: Left) -> None:
        """Follow the journal and the links after a run, which left this behind."""
        while self._read < len(self.pair.journal):
            self._follow(self.pair.journal[self._read])
            self._read += 1
        for row in reversed(left.ledger):
            if row not in self._told:
                self._told.add(row)
                self.ledger.append(ledger_entry(row))
        if not left.intents and self.pair.report is not None:
            self._settled, self._settled_at = self.pair.begun, self.pair.begun_at
        self._partners.clear()
        for link in left.links:
            for side in Side:
                self._partners[side, link.event_id(side) or ""] = link.event_id(side.other)
            if link.left and link.right:
                self._join((Side.LEFT, link.left), (Side.RIGHT, link.right))

    def overwritten(self, checked: Event, current: Event, fields: Collection[str]) -> None:
        """Excuse edits that fall between the read before a write and that write, where nothing prevents it."""
        self.pair.world.excuses["edited between read and write"] += 1
        self.superseded |= {each for each in keys(current) - keys(checked) if each[0] in fields}

    def excuse_late_write(self, entry: Entry) -> None:
        """Excuse a create that was on its way when its process was frozen: no lease can call it back."""
        if entry.change.before is None:
            self.pair.world.excuses["created by a runner that was frozen meanwhile"] += 1
            self.appearances[entry.side, entry.change.after.id] += 1
            self.late.add((entry.side, entry.change.after.id))

    def judge_write(self, entry: Entry) -> None:
        """Judge a write of calsync at the moment it reaches the server."""
        before, after, side = entry.change.before, entry.change.after, entry.side
        what = f"{side} {after.id}"
        if not self.pair.direction.writes(side):
            self.pair.fail("I7", f"{what} was written, but it is the source")
        if side in self.pair.closed:
            self.pair.fail("I7", f"{what} was written before a person confirmed the new direction")
        if self.pair.put_back:
            self.pair.fail("rebuild", f"{what} was written before a person confirmed the plan")
        checked = self.pair.calendars[side].capabilities.conditional_writes  # else a user was quicker
        for broken, breaks in ((self.pair.poisoned, poisons), (self.pair.hanging, hangs)):
            if broken and checked and any(breaks(row.event) for row in (before, after) if row is not None):
                self.pair.fail("I14", f"{what} was written, although a rule {breaks.__name__}")
        if before is None or after.place is not before.place:
            if before is not None and not self.pair.was_put_back:  # else a person has confirmed what was forgotten
                self.deletes.judge(entry)
            return
        ours = before.event.with_values({name: after.event.value(name) for name in FIELDS})
        if replace(ours, online_meeting=after.event.online_meeting) != after.event:
            self.pair.fail("I8", f"{what}: a write changed more than the synced fields")

    @property
    def linked(self) -> KeysView[Node]:
        """The events that were linked behind the last run."""
        return self._partners.keys()

    def family(self, node: Node) -> Node:
        while (parent := self._parents.setdefault(node, node)) != node:
            node = parent
        return node

    def source(self, entry: Entry) -> Node | None:
        """Return the event that a create was made from."""
        source = entry.marker.rsplit(":", 1)[-1]
        for event_id in self.pair.calendars[entry.side.other].rows.rows:
            if sha256(event_id.encode()).hexdigest()[:16] == source:
                return entry.side.other, event_id
        return None

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
        elif before.event.description.removeprefix(after.event.description) not in ("", before.event.description):
            self._cut.add((entry.side, after.id))

    def _user_acts(self, entry: Entry) -> None:
        before, after = entry.change.before, entry.change.after
        node = entry.side, after.id
        shown_before = keys(before.event) if before is not None and lives(before) else set()
        shown = keys(after.event) if lives(after) else set()
        self.superseded |= shown_before - shown
        self.written |= shown - shown_before
        self.family(node)
        self.touched[node] = entry.number
        if before is None and node in self.pair.reborn:
            self._join(node, self.pair.reborn[node])
        elif before is None or (lives(after) and (before.place is not Place.CALENDAR or before.event.cancelled)):
            self.appearances[node] += 1
        if before is not None and lives(after) and not lives(before):
            self.restored.add(node)
        if before is not None and before.place is Place.CALENDAR and lives(before) and not lives(after):
            self._user_deletes(entry, before)

    def _user_deletes(self, entry: Entry, before: Row) -> None:
        """Remember a delete that nothing speaks against: both sides were alike, and calsync knew it."""
        node = entry.side, before.id
        both_ways = self.pair.direction is Direction.BOTH
        if node not in self._partners or not (both_ways or not self.pair.direction.writes(entry.side)):
            return
        others = [
            row for row in self._present(entry.number, entry.side.other) if self._kin(entry.side.other, row, node)
        ]
        alike = [keys(row.event) == keys(before.event) and not row.event.private for row in others]
        history = list(self._history(entry))
        known = all(self._dealt_with(past) for past in history)
        known = known and not any(past.change.after.id in self.pair.hidden for past in history)
        if any((past.side, past.change.after.id) in self._cut for past in history):
            self.pair.world.excuses["deleted behind a cut of the server"] += 1
            known = False
        if known and alike == [True] and not before.event.private:
            self.clean_deletes[node] = entry.number

    def _made(self, entry: Entry) -> None:
        node = entry.side, entry.change.after.id
        source = self.source(entry)
        if source is None:
            self.pair.fail("I3", f"{node} was created from nothing")
        else:
            self._join(node, source)

    def _dealt_with(self, entry: Entry) -> bool:
        """Tell whether calsync knew of a change and could act on it when it had last dealt with everything."""
        lag = self.pair.calendars[entry.side].behaviour.lag
        event, modified = entry.change.after.event, entry.change.after.modified
        broken = (self.pair.poisoned and poisons(event)) or (self.pair.hanging and hangs(event))
        return entry.number < self._settled and modified <= self._settled_at - lag and not broken

    def _deleted_by_us(self, entry: Entry, before: Row) -> None:
        """Judge a delete by where its counterparts were at that moment."""
        node = entry.side, before.id
        if before.event.attendee_count and entry.side is Side.RIGHT:
            self.pair.fail("I6", f"{before.id} was deleted although it has attendees")
        if any(past.change.after.event.private for past in self._history(entry)):
            self.superseded |= keys(before.event)  # one of the pair is or was a masked copy
        other = entry.side.other
        window = self.pair.account().window(self.pair.world.clock.now())
        present = {row.id: row for row in self._present(entry.number, other)}
        alive = [
            row.id
            for row in present.values()
            if self._kin(other, row, node)
            # Outside the window nothing tells of an event that got a new id, nor of a copy that is forgotten.
            and (
                ((other, row.id) not in self.pair.reborn and not self.pair.was_put_back)
                or window.holds(row.event.when)
            )
        ]
        alive = [event_id for event_id in alive if self._may_belong((other, event_id), before.id)]
        alive = [event_id for event_id in alive if (other, event_id) not in self.restored]
        hidden = {
            past.change.after.id for past in self._history(entry) if past.change.after.place is Place.FORBIDDEN
        }
        if hidden.intersection(alive):  # calsync made another copy while it could not see this one
            self.pair.world.excuses["a copy that a user had hidden"] += 1
            alive = [event_id for event_id in alive if event_id not in hidden]
        twins = [row for row in self._present(entry.number, entry.side) if self._kin(entry.side, row, node)]
        allowed = len(twins) - (before.id in {row.id for row in twins})
        if len(alive) <= allowed:
            return
        if sum(not self._is_forgotten(present[event_id], before) for event_id in alive) <= allowed:
            self.pair.world.excuses["old disk: I5"] += 1
        else:
            self.pair.fail("I5", f"{entry.side} {before.id} was deleted, but {alive} lives")

    def _may_belong(self, node: Node, partner: str) -> bool:
        """Tell whether an event of a family may be another one's partner; a late create is none without a link."""
        linked = self._partners.get(node)
        return linked == partner or (linked is None and node not in self.late)

    def _is_forgotten(self, row: Row, partner: Row) -> bool:
        """Tell whether nothing but a disk that is gone showed that two events belong together.

        The listings hid the one, or neither carries a marker and they do not look alike.
        """
        unlike = (row.event.summary, row.event.when) != (partner.event.summary, partner.event.when)
        untold = row.marker is None and partner.marker is None and unlike
        return self.pair.was_put_back and (untold or row.id in self.pair.hidden)

    def _kin(self, side: Side, row: Row, node: Node) -> bool:
        return not row.event.cancelled and self.family((side, row.id)) == self.family(node)

    def _history(self, entry: Entry) -> Iterator[Entry]:
        """Yield what happened to the family of an entry's event before."""
        family = self.family((entry.side, entry.change.after.id))
        for past in self.pair.journal[: entry.number]:
            if self.family((past.side, past.change.after.id)) == family:
                yield past

    def _present(self, number: int, side: Side) -> list[Row]:
        """Return the events of a calendar as they were at one place of the journal."""
        rows = {
            past.change.after.id: past.change.after for past in self.pair.journal[:number] if past.side is side
        }
        return [row for row in rows.values() if row.place is Place.CALENDAR]
