"""What a person had undone, and its judge (I15): what nobody touched is as before, and all else as it was."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.store.connection import fetch
from calsync.store.images import Images
from calsync.store.rows import ledger_entry
from calsync.sync.choices import UNDONE
from calsync.sync.model import BOTH, FIELDS, Side
from calsync.sync.plan import Kind
from calsync.testing.rows import Place
from tests.simulation.database import look
from tests.simulation.undone import expected
from tests.simulation.witness import key, lives

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
    from datetime import datetime

    from calsync.records import LedgerEntry
    from calsync.sync.model import Field
    from calsync.testing.rows import Row
    from tests.simulation.database import Left
    from tests.simulation.errand import Undoing
    from tests.simulation.pair import Entry, Pair
    from tests.simulation.witness import Key, Node

IMAGES = Images()
UNDOES = """
SELECT * FROM ledger WHERE account = :account
AND id = (SELECT undoes FROM intent WHERE account = :account AND marker = :marker)
"""
OPEN = """
SELECT 1 FROM intent JOIN link ON link.account = intent.account AND link.id = intent.link
WHERE intent.account = :account AND intent.kind = :kind AND intent.reason = 'undone' AND intent.side = :side
AND :event = CASE intent.side WHEN 'left' THEN link.left_id ELSE link.right_id END
"""
LINKS = "SELECT id, left_id, right_id, state FROM link WHERE account = :account"


@dataclass(frozen=True, slots=True)
class Apart:
    """One field of a pair that differs because its write was undone."""

    since: int
    """How long the journal was; what calsync did not know by then counts as later."""
    undone: int
    """How long it was behind that, whatever calsync knew."""
    written: Node
    other: Node
    former: Key
    beside: Key
    """What the other event shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undertaking:
    """What a person is about to have undone."""

    begun: int
    """How long the journal was."""
    begun_at: datetime
    chosen: Sequence[LedgerEntry]
    all: Sequence[LedgerEntry]
    awake: dict[int, dict[Side, Node]]
    """The events of each link that is awake."""
    disturbed: bool
    """A write was open, or some were to be tried again."""


class Undos:
    """What was undone of one account."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.made: dict[Node, int] = {}
        """What was created anew, with how much of what happened to its kin calsync knew."""
        self._apart: dict[tuple[Node, Field], Apart] = {}
        self._parted: dict[Node, int] = {}
        """The originals whose copies were deleted, with how long the journal was."""
        self._before: dict[Node, int] = {}
        """Those that were parted when the last command began."""
        self._now: Undertaking | None = None

    @asynccontextmanager
    async def undertaken(self, errand: Undoing) -> AsyncIterator[None]:
        """Watch a command."""
        now, self._before = await self._undertaking(errand), {**self._parted}
        self._judge_numbers(now)
        self._now = now
        yield
        self._now = None
        left = look(self.pair.world.disk.raw, self.pair.name)
        self.pair.witness.listen(left)  # the next run may come when it is forgotten
        self.pair.braking.part(left.awake)
        self._let_go(left)
        done = errand.undone
        if done is None or done.problem is not None or errand.plan_hash is None:
            return
        failed = any(errand.report.counts[side].failed for side in BOTH)
        if not (failed or errand.freezes or now.disturbed or self._meddled(now)):
            self._judge_outcome(now)

    def judge(self, entry: Entry) -> None:
        """Judge a write that undoes another, at the moment it reaches the server."""
        self.note(entry)
        if self._now is None:
            self.pair.fail("I15", f"{entry.side} {entry.change.after.id} was undone, and nobody asked for it")
        elif entry.change.before is None:
            self._judge_create(entry, self._now)
        else:
            rows = self._about(self._now.chosen, entry)
            if not rows:
                self.pair.fail("I15", f"{entry.side} {entry.change.after.id} was undone, and not what was chosen")
            elif entry.change.after.place is entry.change.before.place:
                self._judge_update(entry, entry.change.before, rows)
            else:
                self._judge_delete(entry, entry.change.before, rows, self._now)

    def note(self, entry: Entry, *, late: bool = False) -> None:
        """Take note of what is undone, also by a write that comes late."""
        before, after, node = entry.change.before, entry.change.after, (entry.side, entry.change.after.id)
        other = self._partner(node)
        if before is None:
            self.made[node] = self._known(entry)
        elif other is not None and after.place is not before.place:
            if self._is_awaited(node, Kind.DELETE):  # else it counts as a user's: another runner has settled it
                self._parted[self._root(other)] = self._known(entry)
        elif other is not None and not (late and not self._is_awaited(node, Kind.UPDATE)):
            for name in FIELDS:
                if key(name, before.event.value(name)) != key(name, after.event.value(name)):
                    self._note_apart(entry, name, other)

    def hear(self, row: LedgerEntry) -> None:
        """Take note of what counts as undone, as a user had entered just that: nobody can tell the two."""
        node = row.side, row.event_id or ""
        other = self._partner(node)
        partner = None if other is None else self._row(other)
        if (row.kind, row.reason) != (Kind.UPDATE, UNDONE) or other is None or partner is None:
            return
        for name in row.after.keys() & row.before.keys():
            former, found = key(name, row.after[name]), key(name, row.before[name])
            entered = self._entered(node, name, former)
            if entered is not None and key(name, partner.event.value(name)) == found:
                written, since = self._root(node), self._known(entered)
                self._apart[written, name] = Apart(
                    since, len(self.pair.journal), written, self._root(other), former, found
                )

    def judge_ordinary(self, entry: Entry) -> None:
        """Judge any other write: it does not do again what was undone, nor carry it over."""
        before, after, node = entry.change.before, entry.change.after, (entry.side, entry.change.after.id)
        if not (self.made or self._apart or self._parted):
            return
        source = self.pair.witness.source(entry) if before is None else None
        if self.pair.witness.forgotten(source or node):
            self.pair.world.excuse("old disk", "undone before")
            return
        if before is None:
            if self._now is not None:  # the command has not come to its end
                self._let_go(look(self.pair.world.disk.raw, self.pair.name))
            number = None if source is None else self._parted.get(self._root(source))
            if source is not None and number is not None and not self._touched(source, number):
                self.pair.fail("I15", f"{source} was copied again, and its copy had been undone")
            return
        made = self.made.get(self._root(node))
        if after.place is not before.place and made is not None and not self._touched(node, made):
            self.pair.fail("I15", f"{node} was created anew, and is deleted again")
        for (_, name), apart in self._apart.items():
            new, old = (key(name, row.event.value(name)) for row in (after, before))
            rewritten = new != old and after.place is before.place
            ours = rewritten and self._root(node) in (apart.written, apart.other)
            if not ours or self._touched(node, apart.since):
                continue
            if not self.pair.decisions.has_chosen(node, new, apart.undone):
                self.pair.fail("I15", f"{node}: {name} was written again, and it had been undone")

    def began_without(self, node: Node) -> bool:
        """Tell whether an event was gone, as the command may know that undoes now, also where it is back since.

        What it was told is how things were when the server answered, which takes minutes where that is slow.
        """
        now = self._now
        if now is None:
            return False
        own = [past for past in self.pair.journal if (past.side, past.change.after.id) == node]
        untold = [past.number for past in own if not self._was_read(past, now)]
        told = min([*untold, now.begun]), *(number + 1 for number in untold if number >= now.begun)
        return not all(self.pair.witness.was_there(node, number) for number in told)

    def apart(self, rows: Sequence[Row], name: Field) -> bool:
        """Tell whether the left and the right event differ in a field because something was undone."""
        nodes = [self._root((side, row.id)) for side, row in zip(Side, rows, strict=True)]
        values = [key(name, row.event.value(name)) for row in rows]
        for node, value, beside in zip(nodes, values, reversed(values), strict=True):
            apart = self._apart.get((node, name))
            if node in self.made or (apart is not None and (apart.former, apart.beside) == (value, beside)):
                return True
        return False

    def took(self, node: Node) -> bool:
        """Tell whether an undo was to delete an event: its partner is to stay, also where a user was quicker."""
        return any(
            _about(row, node) and row.kind == Kind.DELETE and row.reason == UNDONE
            for row in self.pair.witness.ledger
        )

    def _let_go(self, left: Left) -> None:
        """Forget the originals that a command has freed, also one that was killed or is frozen.

        An earlier one had parted them: what a command parts itself stays linked.
        """
        linked = {
            self._root((side, each)) for link in left.links for side, each in zip(Side, link, strict=True) if each
        }
        freed = {node for node, number in self._before.items() if self._parted.get(node) == number} - linked
        self._parted = {node: number for node, number in self._parted.items() if node not in freed}
        self.pair.ruling.let_go(freed)

    def _note_apart(self, entry: Entry, name: Field, other: Node) -> None:
        """Take note that a field differs, where the other event shows what calsync had written.

        A deleted one shows it again when it is restored.
        """
        node = self._root((entry.side, entry.change.after.id))
        row = self.pair.calendars[other[0]].rows.rows.get(other[1])
        rows = self._about(self._now.chosen, entry) if self._now is not None else []
        (_, after), new = _chain(rows, name), key(name, entry.change.after.event.value(name))
        beside = None if row is None else key(name, row.event.value(name))
        known = self._apart.get((node, name))
        if beside is not None and (beside == after or (known is not None and known.beside == beside)):
            self._apart[node, name] = Apart(
                self._known(entry), entry.number + 1, node, self._root(other), new, beside
            )

    def _judge_update(self, entry: Entry, before: Row, rows: Sequence[LedgerEntry]) -> None:
        """Only what calsync had written is replaced, by what was there before that."""
        node = entry.side, before.id
        for name in FIELDS:
            new, old = (key(name, row.event.value(name)) for row in (entry.change.after, before))
            if new == old:
                continue
            befores, after = _chain(rows, name)
            if old != after and not self._crossed(entry):
                self.pair.fail("I15", f"{node}: {name} was {old}, which calsync did not write")
            elif new not in befores:
                self.pair.fail("I15", f"{node}: {name} became {new}, and was {befores} before")

    def _judge_delete(self, entry: Entry, before: Row, rows: Sequence[LedgerEntry], now: Undertaking) -> None:
        """Only what calsync had made is deleted, as it had left it, and never the last one."""
        node, crossed = (entry.side, before.id), self._crossed(entry)
        if self._was_made_unknown(
            node
        ):  # in the place of one whose create the ledger tells, as it does not of its own
            self.pair.world.excuse("old disk", "undone before")
            return
        if not any(row.kind == Kind.CREATE for row in rows):
            self.pair.fail("I15", f"{node} was deleted, and what was to be undone did not create it")
        for name in FIELDS:
            _, after = _chain(rows, name)
            if key(name, before.event.value(name)) != after and not crossed:
                self.pair.fail("I15", f"{node}: {name} was edited, and it was deleted")
        other = self._partner(node)
        if self._root(node) in self.made or other is None or crossed:
            return
        states = [past for past in self.pair.journal if (past.side, past.change.after.id) == other]
        gone = bool(states) and not lives(states[-1].change.after)
        if gone and self._was_read(states[-1], now) and other[1] not in self._misled:
            self.pair.fail("I15", f"{node} was the last one, and was deleted")

    def _was_made_unknown(self, node: Node) -> bool:
        """Tell whether calsync made an event whose create was forgotten with a disk that was put back."""
        return any(
            past.change.before is None and past.change.after.by_us and (past.side, past.change.after.id) == node
            for since, until in self.pair.forgotten
            for past in self.pair.journal[since:until]
        )

    def _was_read(self, past: Entry, now: Undertaking) -> bool:
        """Tell whether a command that began with reading both sides had to be told of a change."""
        lag = self.pair.calendars[past.side].behaviour.lag
        return past.number < now.begun and past.change.after.modified <= now.begun_at - lag

    def _judge_create(self, entry: Entry, now: Undertaking) -> None:
        """What was deleted is created as it was, and only where it is not there."""
        node = entry.side, entry.change.after.id
        found = fetch(self.pair.world.disk.raw, UNDOES, {"account": self.pair.name, "marker": entry.marker})
        rows = [ledger_entry(row, IMAGES) for row in found]
        if not rows or rows[0].id not in {row.id for row in now.chosen}:
            self.pair.fail("I15", f"{node} was created, and not what was chosen")
            return
        lost = rows[0].side, rows[0].event_id or ""
        for name in FIELDS:
            value = key(name, entry.change.after.event.value(name))
            befores, _ = _chain([row for row in now.chosen if _same(row, rows[0])], name)
            if value not in befores:
                self.pair.fail("I15", f"{node}: {name} is {value}, and was {befores} before")
        partner = rows[0].side.other, rows[0].source_id or ""
        for each in (lost, partner):
            if self._is_known_to_be_back(each, now):
                self.pair.fail("I15", f"{node} was created anew, but {each} is there")

    def _is_known_to_be_back(self, node: Node, now: Undertaking) -> bool:
        """Tell whether an event is there that was deleted, and calsync could know it."""
        node = self.pair.written.now(node)
        states = [past for past in self.pair.journal if (past.side, past.change.after.id) == node]
        if not states or self._row(node) is None or states[-1].change.after.event.cancelled:
            return False
        # What was deleted is asked for by its id; its partner may be told late, or outside the window never.
        window = self.pair.account().window(self.pair.world.clock.now())
        told = self.pair.witness.dealt_with(states[-1]) and window.holds(states[-1].change.after.event.when)
        asked = states[-1].number < now.begun and any(
            row.kind == Kind.DELETE and _about(row, node) for row in now.chosen
        )
        return (told or asked) and node[1] not in self._misled

    def _judge_numbers(self, now: Undertaking) -> None:
        """The number by which the ledger names a pair never names another one."""
        for link in {row.link for row in now.all}:
            pairs: list[set[Node]] = []
            for row in now.all:
                named = ((row.side, row.event_id), (row.side.other, row.source_id))
                pair = {self.pair.witness.family(self._root((side, each))) for side, each in named if each}
                if row.link == link:
                    kin = [known for known in pairs if known & pair]
                    pairs = [known for known in pairs if known not in kin] + [pair.union(*kin)]
            if len(pairs) > 1 and not self.pair.was_put_back:
                self.pair.fail("I15", f"number {link} names {pairs}")

    def _judge_outcome(self, now: Undertaking) -> None:
        """Judge what was carried out without any trouble: what nobody touched is as it was before."""
        for side, kind, event_id, values in expected(self.pair, now):
            row = self._row((side, event_id))
            if kind is Kind.CREATE:
                held = row is None
            elif kind is Kind.UPDATE:
                held = row is not None and _shows(row, values)
            else:
                held = any(
                    past.undoes
                    and past.side is side
                    and past.change.before is None
                    and _shows(past.change.after, values)
                    for past in self.pair.journal[now.begun :]
                )
            if held:
                self.pair.world.mix[f"undo: gave back a{'n' if kind is Kind.UPDATE else ''} {kind}"] += 1
            else:
                self.pair.fail("I15", f"{side} {event_id}: its {kind} was not undone")

    async def _undertaking(self, errand: Undoing) -> Undertaking:
        raw, values = self.pair.world.disk.raw, {"account": self.pair.name}
        writes = await self.pair.world.disk.store().writes(self.pair.name, errand.selection)
        open_writes = fetch(raw, "SELECT 1 FROM intent WHERE account = :account", values)
        tries = fetch(raw, "SELECT 1 FROM attempt WHERE account = :account", values)
        awake = {
            link["id"]: {Side.LEFT: (Side.LEFT, link["left_id"]), Side.RIGHT: (Side.RIGHT, link["right_id"])}
            for link in fetch(raw, LINKS, values)
            if link["state"] == "awake"
        }
        return Undertaking(
            begun=len(self.pair.journal),
            begun_at=self.pair.world.clock.now(),
            chosen=[entry for entry in writes.entries if entry.id in writes.chosen],
            all=writes.entries,
            awake=awake,
            disturbed=bool(open_writes or tries),
        )

    @property
    def _misled(self) -> set[str]:
        return self.pair.hidden | self.pair.retold

    def _meddled(self, now: Undertaking) -> bool:
        """Tell whether somebody else has written meanwhile."""
        return any(not past.undoes for past in self.pair.journal[now.begun :])

    def _about(self, rows: Sequence[LedgerEntry], entry: Entry) -> Sequence[LedgerEntry]:
        """Return the rows about an event, else those about one of its kin, in whose place it may have come."""
        node, family = (entry.side, entry.change.after.id), self.pair.witness.family
        events = [(row, (row.side, row.event_id or "")) for row in rows if row.side is entry.side]
        same = [row for row, event in events if self._root(event) == self._root(node)]
        return same or [row for row, event in events if family(event) == family(node)]

    def _crossed(self, entry: Entry) -> bool:
        before = entry.change.before
        return before is not None and before.revision in self.pair.calendars[entry.side].crossed

    def _entered(self, node: Node, name: Field, value: Key) -> Entry | None:
        """Return the last change of a field, where a user has made it this value."""
        for past in reversed(self.pair.journal):
            before, after = past.change.before, past.change.after
            if (past.side, after.id) != node or before is None:
                continue
            if key(name, before.event.value(name)) != key(name, after.event.value(name)):
                return past if not after.by_us and key(name, after.event.value(name)) == value else None
        return None

    def _is_awaited(self, node: Node, kind: Kind) -> bool:
        """Tell whether what undoes something at an event is still to be settled."""
        values = {"account": self.pair.name, "kind": kind, "side": node[0], "event": node[1]}
        return bool(fetch(self.pair.world.disk.raw, OPEN, values))

    def _partner(self, node: Node) -> Node | None:
        """Return the other event of a link, as it is remembered now."""
        for link in fetch(self.pair.world.disk.raw, LINKS, {"account": self.pair.name}):
            ids = {Side.LEFT: link["left_id"], Side.RIGHT: link["right_id"]}
            if ids[node[0]] == node[1] and ids[node[0].other]:
                return node[0].other, ids[node[0].other]
        return None

    def _row(self, node: Node) -> Row | None:
        return self.pair.calendars[node[0]].rows.present(node[1])

    def _root(self, node: Node) -> Node:
        """Return an event under the first id that it had."""
        while node in self.pair.reborn:
            node = self.pair.reborn[node]
        return node

    def _known(self, entry: Entry) -> int:
        """Return how much of what happened to the kin of an event calsync knew."""
        kin = list(self._kin((entry.side, entry.change.after.id), 0))
        theirs = (past for past in kin if not past.change.after.by_us)
        unread = (
            past.number for past in theirs if not self.pair.witness.dealt_with(past) or self._is_untold(past, kin)
        )
        return min(unread, default=entry.number)

    def _is_untold(self, past: Entry, kin: Sequence[Entry]) -> bool:
        """Tell whether a listing told of an event as it was, and nobody was told yet what it is since a change."""
        calendar, since = self.pair.calendars[past.side], past.change.after
        states = (each.change.after for each in kin if each.side is past.side and each.number >= past.number)
        told = any(row.id == since.id and row.revision in calendar.told for row in states)
        return since.id in self._misled and since.place is Place.CALENDAR and not told

    def _touched(self, node: Node, since: int) -> bool:
        """Tell whether a user has done anything to an event or its kin since then."""
        return any(not past.change.after.by_us for past in self._kin(node, since))

    def _kin(self, node: Node, since: int) -> Iterator[Entry]:
        """Yield what happened to the family of an event."""
        family = self.pair.witness.family(node)
        for past in self.pair.journal[since:]:
            if self.pair.witness.family((past.side, past.change.after.id)) == family:
                yield past


def _chain(rows: Sequence[LedgerEntry], name: Field) -> tuple[set[Key], Key | None]:
    """Return what a field was before some writes, as far back as each found what the one before had left.

    And what the last one left; where that was a delete, what it found.
    """
    befores: set[Key] = set()
    after: Key | None = None
    at: Key | None = None
    for row in reversed(rows):
        image = row.before if row.kind == Kind.DELETE else row.after
        if name not in image:
            continue
        left = key(name, image[name])
        if at is not None and left != at:
            break
        after = left if after is None else after
        at = key(name, row.before[name]) if name in row.before else None
        if at is None:
            break
        befores.add(at)
    return befores, after


def _same(one: LedgerEntry, two: LedgerEntry) -> bool:
    return (one.link, one.side) == (two.link, two.side)


def _about(row: LedgerEntry, node: Node) -> bool:
    return (row.side, row.event_id) == node


def _shows(row: Row, values: Mapping[Field, Key]) -> bool:
    return row.place is Place.CALENDAR and all(
        key(name, row.event.value(name)) == each for name, each in values.items()
    )
