"""Follows what happens while it happens: which events belong together, what users wrote, what calsync deleted."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from calsync.store.connection import fetch
from calsync.store.images import Images
from calsync.store.rows import ledger_entry
from calsync.sync.model import BOTH, FIELDS, Direction, Side
from calsync.testing.rows import Place
from tests.simulation.database import ENTRY
from tests.simulation.rules import hangs, poisons, refuses

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, KeysView, Mapping, Sequence
    from datetime import datetime

    from calsync.records import LedgerEntry
    from calsync.sync.model import Changes, Event, Field, Value
    from calsync.testing.rows import Row
    from tests.simulation.database import Left
    from tests.simulation.pair import Entry, Pair

Node = tuple[Side, str]
Key = tuple[str, str]
"""A field and its value."""
IMAGES = Images()
AWAITED = """
SELECT 1 FROM intent WHERE account = :account AND marker = :marker
UNION ALL SELECT 1 FROM link
WHERE account = :account AND :event = CASE :side WHEN 'left' THEN left_id ELSE right_id END
"""
HIDDEN = (Place.ELSEWHERE, Place.FORBIDDEN)
"""Where an event lives on although calsync does not find it in the calendar."""
TEXTS: tuple[Field, ...] = ("summary", "description")
"""The fields that a mask covers."""


@lru_cache(1 << 16)
def key(name: Field, value: Value) -> Key:
    """Name a value so that a server's cut does not change it."""
    if isinstance(value, str):
        found = re.match(r"(\w+ \d+)", value)
        return name, found[1] if found else value
    return name, repr(value)


@lru_cache(1 << 16)
def marked(event_id: str) -> str:
    """Return how the marker of an event's copy names it."""
    return sha256(event_id.encode()).hexdigest()[:16]


def pairs_of(partners: Mapping[Node, str | None]) -> set[frozenset[Node]]:
    """Return the pairs that are named by each event's other one."""
    return {frozenset((node, (node[0].other, each))) for node, each in partners.items() if each and node[1]}


def keys(event: Event) -> set[Key]:
    return {key(name, event.value(name)) for name in FIELDS}


def lives(row: Row) -> bool:
    """Tell whether an event is anywhere but in the trash, and not cancelled."""
    return row.place not in (Place.TRASH, Place.GONE) and not row.event.cancelled


def _partners(links: Sequence[tuple[str | None, str | None]]) -> dict[Node, str | None]:
    """Return the other event of each one that a link names."""
    return {(Side.LEFT, one or ""): two for one, two in links} | {
        (Side.RIGHT, two or ""): one for one, two in links
    }


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
        self.ledger: list[LedgerEntry] = []
        """All that the ledger ever said, also what it has forgotten since."""
        self._parents: dict[Node, Node] = {}
        self.partners: dict[Node, str | None] = {}
        """The other event of each one that the last run left linked, or that calsync has copied since."""
        self.unsettled: set[Node] = set()
        """Copies that no link ever named, those too that a run has just made."""
        self.strays: dict[Node, tuple[Side, str | None]] = {}
        """Copies without a marker, and what the first link to name them joined them with: not what they were made
        from, or nothing, as where a person left them alone."""
        self.links: Sequence[tuple[str | None, str | None]] = ()
        """The links behind the run whose journal is read."""
        self._told: set[tuple[int, int, str]] = set()
        self._cut: set[Node] = set()
        """Events in which an update made the server cut a text, written or not: that may count as an edit."""
        self._read = 0
        self._settled: list[tuple[int, datetime]] = [(0, pair.begun_at)]
        """How long the journal was, and when it was, as each run began that left nothing open."""

    def look(self, left: Left) -> None:
        """Follow the journal and the links after a run, which left this behind."""
        self.overhear(left)
        if not left.intents and self.pair.report is not None:
            self._settled.append((self.pair.begun, self.pair.begun_at))
        partners, self.partners = self.partners, _partners(left.links)
        for one, two in left.links:
            if one and two and partners.get((Side.LEFT, one)) != two:
                self._join((Side.LEFT, one), (Side.RIGHT, two))
        if self.pair.turned_away:  # the other runner may be about to record what it has just made
            made = self.unsettled & partners.keys() - self.late
            self.partners |= {node: partners[node] for node in made}

    def overhear(self, left: Left) -> None:
        """Take note of what a run recorded that did not come to its end: what it linked is known from then on."""
        self.links = left.links
        self.read()
        self.listen(left)
        partners = _partners(left.links)
        linked = self.unsettled & partners.keys()
        strays = (node for node in linked if partners[node] is None or self.is_of_another(node, partners[node]))
        self.strays |= {node: (node[0].other, partners[node]) for node in strays}
        self.unsettled -= linked

    def left(self, unseen: Callable[[Node], bool]) -> None:
        """Take note that the account has left, and that no link names its pairs any more.

        `unseen`: whether a user did something to an event that calsync had not read by then. A delete that no run
        has carried over, as none began behind it, is carried over no more; nor is what a feed told of a deleted
        event after a month put right any more.
        """
        self.read()
        self.partners.clear()
        lost = {node for node in self.clean_deletes if unseen(node) or self._waits(node) or self._is_revived(node)}
        kept = (node for node in self.clean_deletes if node not in lost)
        self.clean_deletes = {node: self.clean_deletes[node] for node in kept}

    def _waits(self, node: Node) -> bool:
        """Tell whether an event was deleted behind all runs that came to their end, and its counterpart lives."""
        there = self.present(len(self.pair.journal), node[0].other)
        untold = not self.seen(self.pair.journal[self.clean_deletes[node]], None)
        return untold and any(self.kin(node[0].other, row, node) for row in there)

    def _is_revived(self, node: Node) -> bool:
        """Tell whether something is there that was made of a deleted event, and no run could find out yet."""
        here = {(side, row.id): row for side in BOTH for row in self.present(len(self.pair.journal), side)}
        revived = (each for each in self.pair.backwards.revived if each in here and not self._was_looked_at(each))
        return any(self.kin(each[0], here[each], node) for each in revived)

    def _was_looked_at(self, node: Node) -> bool:
        """Tell whether a run began two days behind a create: each day one lists all, and one may be told wrong."""
        made = next(past for past in self.pair.journal if (past.side, past.change.after.id) == node)
        return any(at - made.change.after.modified > timedelta(days=2) for _, at in self._settled)

    def read(self) -> None:
        """Follow the journal."""
        while self._read < len(self.pair.journal):
            self._follow(self.pair.journal[self._read])
            self._read += 1

    def listen(self, left: Left) -> None:
        """Remember what the ledger tells, before it forgets it."""
        for name in left.ledger:
            if name not in self._told:
                self._told.add(name)
                (row,) = fetch(self.pair.world.disk.raw, ENTRY, {"id": name[0]})
                self.ledger.append(ledger_entry(row, IMAGES))
                self.pair.undos.hear(self.ledger[-1])

    def overwritten(self, checked: Event, current: Event, changes: Changes) -> None:
        """Excuse what a write or, without changes, a delete takes that a user did behind the read before it."""
        self.pair.world.excuse("edited between read and write")
        fields = changes or FIELDS
        self.superseded |= {each for each in keys(current) - keys(checked) if each[0] in fields}
        if current.cancelled:  # what was delivered goes with it
            self.superseded |= {key(name, value) for name, value in changes.items()}

    def excuse_late_write(self, entry: Entry) -> None:
        """Excuse a write that was on its way when its process was frozen: no lease can call it back."""
        self.pair.world.excuse("late write")
        if entry.undoes and entry.change.before is not None:
            self.pair.world.excuse("late undo")
            self.superseded |= keys(entry.change.before.event)
        if entry.change.before is None:
            self.pair.world.excuse("late create")
            self.appearances[entry.side, entry.change.after.id] += 1
            self.late.add((entry.side, entry.change.after.id))

    @property
    def linked(self) -> KeysView[Node]:
        """The events that were linked behind the last run."""
        return self.partners.keys()

    @property
    def pairs(self) -> set[frozenset[Node]]:
        """The pairs that the last run left, with those that another runner had made and not recorded."""
        return pairs_of(self.partners)

    def family(self, node: Node) -> Node:
        while (parent := self._parents.setdefault(node, node)) != node:
            node = parent
        return node

    def dealt_with(self, entry: Entry) -> bool:
        """Tell whether calsync knew of a change and could act on it when it had last dealt with everything."""
        event = entry.change.after.event
        broken = (
            (self.pair.poisoned and poisons(event))
            or (self.pair.hanging and hangs(event))
            or (self.pair.refusing and refuses(event))
        )
        return self._is_told(entry, *self._settled[-1]) and not broken

    def seen(self, entry: Entry, until: int | None) -> bool:
        """Tell whether a run that came to its end began behind a change, and ahead of another one."""
        return self.runs(entry, until) > 0

    def runs(self, entry: Entry, until: int | None) -> int:
        """Count the runs that came to their end, and began behind a change and ahead of another one."""
        runs = ((begun, at) for begun, at in self._settled if until is None or begun <= until)
        return sum(self._is_told(entry, begun, at) for begun, at in runs)

    def _is_told(self, entry: Entry, begun: int, at: datetime) -> bool:
        """Tell whether a run learns of a change that began then."""
        lag = self.pair.calendars[entry.side].behaviour.lag
        return entry.number < begun and entry.change.after.modified <= at - lag

    def source(self, entry: Entry) -> Node | None:
        """Return the event that a create was made from."""
        return self.marked_source(entry.side, entry.marker)

    def marked_source(self, side: Side, marker: str) -> Node | None:
        """Return the event that the marker of one on a side names."""
        source = marker.rsplit(":", 1)[-1]
        for event_id in self.pair.calendars[side.other].rows.rows:
            if marked(event_id) == source:
                return side.other, event_id
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
            if not entry.undoes:  # then its counterparts are meant to live
                self.pair.counterparts.judge(entry, before)
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
        if node not in self.partners or not (both_ways or not self.pair.direction.writes(entry.side)):
            return
        others = [
            row for row in self.present(entry.number, entry.side.other) if self.kin(entry.side.other, row, node)
        ]
        alike = [keys(row.event) == keys(before.event) and not row.event.private for row in others]
        history = list(self.history(entry))
        known = all(self.dealt_with(past) for past in history)
        known = known and not any(past.change.after.id in self.pair.hidden for past in history)
        if any((past.side, past.change.after.id) in self._cut for past in history):
            self.pair.world.excuse("deleted behind a cut of the server")
        elif not known:
            self.pair.world.excuse("deleted while unsettled")
        elif alike != [True] or before.event.private:
            self.pair.world.excuse("deleted while the pair differed")
        else:
            self.clean_deletes[node] = entry.number

    def _made(self, entry: Entry) -> None:
        node = entry.side, entry.change.after.id
        source = self.source(entry)
        if source is None:
            self.pair.fail("I3", f"{node} was created from nothing")
            return
        self._join(node, source)
        self.partners[node] = source[1]
        self.unsettled.add(node)
        if not entry.undoes and self.told_as_before(source, entry.number):
            self.pair.world.excuse("told as it was before")
            self.appearances[node] += 1

    def told_as_before(self, node: Node, number: int) -> bool:
        """Tell whether an event was not there at one place of the journal, but a listing told of it."""
        side, event_id = node
        told_otherwise = event_id in self.pair.hidden | self.pair.retold
        return told_otherwise and event_id not in {row.id for row in self.present(number, side)}

    def was_there(self, node: Node, number: int) -> bool:
        """Tell whether an event was in its calendar, and not cancelled, at one place of the journal."""
        side, event_id = node
        return any(row.id == event_id and lives(row) for row in self.present(number, side))

    def is_of_another(self, node: Node, partner: str | None) -> bool:
        """Tell whether a copy without a marker was made from another event than this one, under whatever id."""
        if partner is None or self.pair.calendars[node[0]].rows.rows[node[1]].marker is not None:
            return False
        first = node[0].other, partner
        while first in self.pair.reborn:
            first = self.pair.reborn[first]
        return self.made_from(node) not in {first, (node[0].other, partner)}

    def made_from(self, node: Node) -> Node | None:
        """Return the event that calsync made a copy from."""
        return self.marked_source(node[0], self._marker_of(node))

    def is_lost_copy(self, node: Node) -> bool:
        """Tell whether nothing says that calsync made an event: its create was lost, and it carries no marker."""
        row = self.pair.calendars[node[0]].rows.rows[node[1]]
        lost = node in self.unsettled and row.marker is None
        return lost and (node not in self.partners or not self._is_awaited(node))

    def was_lost(self, node: Node) -> bool:
        """Tell whether no link has ever joined a copy without a marker with what it was made from."""
        row = self.pair.calendars[node[0]].rows.rows[node[1]]
        return row.marker is None and node in self.strays.keys() | self.unsettled

    def _is_awaited(self, node: Node) -> bool:
        """Tell whether the create of an event is open, or a link names what it made."""
        values = {
            "account": self.pair.name,
            "marker": self._marker_of(node),
            "side": node[0],
            "event": node[1],
        }
        return bool(fetch(self.pair.world.disk.raw, AWAITED, values))

    def _marker_of(self, node: Node) -> str:
        """Return what the create of an event was to mark it with, whether its system keeps that or not."""
        (marker,) = (
            past.marker
            for past in self.pair.journal
            if (past.side, past.change.after.id) == node and past.change.before is None
        )
        return marker

    def forgotten(self, node: Node) -> bool:
        """Tell whether something happened to an event's family that the disk which was put back does not know."""
        family = self.family(node)
        return any(
            self.family((past.side, past.change.after.id)) == family
            for since, until in self.pair.forgotten
            for past in self.pair.journal[since:until]
        )

    def untold(self, value: Key) -> bool:
        """Tell whether a write replaced a value whose intent went with the disk, before the ledger told of it."""
        return any(
            past.change.after.by_us and past.change.before is not None and value in keys(past.change.before.event)
            for since, until in self.pair.forgotten
            for past in self.pair.journal[since:until]
        )

    def wrote_unknown(self, node: Node, name: Field, source: Key) -> bool:
        """Tell whether calsync changed a field of an event last, and a disk that was put back does not know that.

        Its `source` must show what it did when that disk was copied, and when a run first read it behind that.
        """
        changes = [
            past
            for past in self.pair.journal
            if (past.side, past.change.after.id) == node and _changes(past, name)
        ]
        if not changes or not changes[-1].change.after.by_us:
            return False
        return any(
            since <= changes[-1].number < until
            and all(self._showed(node, source, number) for number in (since, self._read_behind(until)))
            for since, until in self.pair.forgotten
        )

    def _showed(self, node: Node, value: Key, number: int) -> bool:
        """Tell whether a counterpart of an event showed a value at one place of the journal."""
        there = self.present(number, node[0].other)
        return any(self.kin(node[0].other, row, node) and value in keys(row.event) for row in there)

    def _read_behind(self, number: int) -> int:
        """Return how long the journal was when the first run began behind one place of it that came to its end."""
        return next((begun for begun, _ in self._settled if begun >= number), len(self.pair.journal))

    def kin(self, side: Side, row: Row, node: Node) -> bool:
        return not row.event.cancelled and self.family((side, row.id)) == self.family(node)

    def was_private(self, node: Node) -> bool:
        """Tell whether an event, or one that belongs to it, ever was private."""
        family = self.family(node)
        return any(
            past.change.after.event.private and self.family((past.side, past.change.after.id)) == family
            for past in self.pair.journal
        )

    def history(self, entry: Entry) -> Iterator[Entry]:
        """Yield what happened to the family of an entry's event before."""
        family = self.family((entry.side, entry.change.after.id))
        for past in self.pair.journal[: entry.number]:
            if self.family((past.side, past.change.after.id)) == family:
                yield past

    def shown(self, number: int, side: Side) -> set[str]:
        """Return the events that a listing could show at one place of the journal."""
        window = self.pair.account().window(self.pair.world.clock.now())
        return {row.id for row in self.present(number, side) if window.holds(row.event.when)} - self.pair.hidden

    def present(self, number: int, side: Side, also: Collection[Place] = ()) -> list[Row]:
        """Return the events of a calendar, and of other places, as they were at one place of the journal."""
        rows = {
            past.change.after.id: past.change.after for past in self.pair.journal[:number] if past.side is side
        }
        return [row for row in rows.values() if row.place is Place.CALENDAR or row.place in also]


def _changes(entry: Entry, name: Field) -> bool:
    """Tell whether a field of an event became another one."""
    before, after = entry.change.before, entry.change.after
    return before is not None and key(name, before.event.value(name)) != key(name, after.event.value(name))
