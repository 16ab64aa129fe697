"""The judge of leaving: no last copy goes, no edit, and who comes back finds nothing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.store.connection import fetch
from calsync.sync.model import BOTH, FIELDS, Side
from calsync.testing.rows import Place
from tests.simulation.database import look
from tests.simulation.witness import key, keys, lives

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from datetime import datetime

    from calsync.engine.leave import Leaving
    from calsync.sync.model import Field
    from calsync.testing.rows import Row
    from tests.simulation.pair import Entry, Pair
    from tests.simulation.witness import Key, Node

LINKS = (
    "SELECT left_id, right_id FROM link WHERE account = :account AND left_id IS NOT NULL AND right_id IS NOT NULL"
)
REST = {
    table: f"SELECT count(*) FROM {table} WHERE account = :account"  # noqa: S608 - names of this module
    for table in ("seen", "intent", "attempt", "hold", "decision", "hang")
}


class Leaves:
    """Judges what is written while one account leaves, and what is copied once it is back."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self._pairs: dict[Node, Node] = {}
        """Both ways: the pairs that were there when the account had left."""
        self._apart: set[tuple[Node, str]] = set()
        """What the two of a pair differed in when the account had left."""
        self._is_left = False
        self._begun = 0, pair.begun_at
        """How long the journal was, and when it was, as the last command began by which it leaves."""
        self._linked: dict[Node, tuple[int, datetime]] = {}
        """Likewise of the last one that found an event linked: those behind it, of one that was killed as it had
        forgotten all, know no pairs."""

    def judge(self, entry: Entry) -> None:
        """Judge a write by which the account leaves, at the moment it reaches the server."""
        before, after = entry.change.before, entry.change.after
        node = entry.side, after.id
        if before is None:
            self.pair.fail("leave", f"{node} was created")
        elif after.place is before.place:
            if after.event != before.event or after.marker is not None:
                self.pair.fail("leave", f"{node}: more than its marker was changed")
        else:
            self._judge_delete(entry, before)

    def _judge_delete(self, entry: Entry, before: Row) -> None:
        node, witness = (entry.side, before.id), self.pair.witness
        witness.read()
        if before.revision in self.pair.calendars[entry.side].crossed:
            return  # a user was quicker than a system without conditional writes
        if not self._is_ours(node, before):
            self.pair.fail("leave", f"{node} was removed, and is no copy of calsync's")
        kin = [row for row in self._here(entry.side.other) if self._kin((entry.side.other, row.id), node)]
        if not kin and not self._went_just_now(node):
            self.pair.fail("leave", f"{node} was removed, and was the last one")
        shown = {each for row in kin for each in keys(row.event)}
        private = any(row.event.private for row in kin) or witness.was_private(node)
        lost = (keys(before.event) & witness.written) - witness.superseded - shown - self._elsewhere(before)
        edited = any(self._touched((entry.side.other, row.id)) for row in kin)  # behind the look at it
        if lost and kin and not private and not edited:
            self.pair.fail("leave", f"{node} was removed with {sorted(lost)}, which is nowhere else")

    def _is_ours(self, node: Node, row: Row) -> bool:
        """Tell whether calsync made an event, or could not but think so.

        A user's duplicate carries the copy's marker, too: where the copy was deleted before its create was
        settled, the duplicate is what that create has made.
        """
        made = next(past for past in self.pair.journal if (past.side, past.change.after.id) == node)
        source = None if row.marker is None else self.pair.witness.marked_source(node[0], row.marker)
        named = source is not None and self._kin(source, node)
        return made.change.after.by_us or node in self.pair.reborn or named

    def left(self, found: Leaving) -> None:
        """Take note that it has left, and judge what it has left behind."""
        raw, values = self.pair.world.disk.raw, {"account": self.pair.name}
        for table, statement in REST.items():
            ((count,),) = fetch(raw, statement, values)
            if count:
                self.pair.fail("leave", f"{count} rows of {table} stay")
        kept = {each.observation.id for each in found.marked}
        for side, calendar in self.pair.calendars.items():
            for event_id in calendar.markers():
                told = event_id in kept or event_id in self.pair.hidden | self.pair.retold
                if self.pair.direction.writes(side) and not told and not self._is_new((side, event_id)):
                    self.pair.fail("leave", f"{side} {event_id} carries a marker")
        self.remember()
        for node, partner in self._pairs.items():
            one, two = (self.pair.calendars[side].rows.rows[each].event for side, each in (node, partner))
            self._apart |= {
                (node, name) for name in FIELDS if key(name, one.value(name)) != key(name, two.value(name))
            }
        self.pair.witness.listen(look(self.pair.world.disk.raw, self.pair.name))
        self.pair.decisions.left()
        self.pair.witness.left(self._is_unread)
        self.pair.backwards.left()
        self._is_left = True

    def begins(self) -> None:
        """Take note that a command begins."""
        self._begun = len(self.pair.journal), self.pair.world.clock.now()
        for node in self.remember():
            self._linked[node] = self._begun

    def remember(self) -> Mapping[Node, Node]:
        """Take note of the pairs before anything is forgotten; return them, both ways."""
        pairs: dict[Node, Node] = {}
        for left, right in fetch(self.pair.world.disk.raw, LINKS, {"account": self.pair.name}):
            pairs[Side.LEFT, left] = (Side.RIGHT, right)
            pairs[Side.RIGHT, right] = (Side.LEFT, left)
        still = {node: partner for node, partner in self._pairs.items() if pairs.get(partner, node) == node}
        self._pairs = still | pairs  # without those whose partner has another one by now
        return pairs

    def judge_ordinary(self, entry: Entry) -> None:
        """I3, once it is back: what has its partner still, as it was left, is not copied once more."""
        if not self._is_left or entry.change.before is not None:
            return
        source = self.pair.witness.source(entry)
        partner = None if source is None else self._pairs.get(source)
        if source is None or partner is None:
            return
        both = [self.pair.calendars[side].rows.present(event_id) for side, event_id in (source, partner)]
        if any(self.pair.decisions.told_apart(node) for node in (source, partner)):
            self.pair.world.excuse("copied as a person said")
            return
        if any(self._is_left_out(node) for node in (source, partner)):
            self.pair.world.excuse("its partner takes no part")
            return
        here = all(row is not None and lives(row) for row in both)
        if here and not any(self._touched(node) or self._has_unknown_twin(node) for node in (source, partner)):
            self.pair.fail("leave", f"{source} was copied again, and {partner} is there")

    def apart(self, rows: Sequence[Row], name: Field) -> bool:
        """Tell whether both events of a pair may differ in a field, as they did when the account left."""
        nodes = [(side, row.id) for side, row in zip(Side, rows, strict=True)]
        return self._pairs.get(nodes[0]) == nodes[1] and self._is_apart(nodes[0], name)

    def _is_apart(self, node: Node, name: str) -> bool:
        """Tell whether it may differ from its partner, as it did when the account left, or was touched."""
        return self._is_left and (
            (node, name) in self._apart or self._touched(node) or self._touched(self._pairs[node])
        )

    def differed(self, value: Key) -> bool:
        """Tell whether one of a pair showed a value in which both may differ: the next edit of either wins."""
        return any(
            self._pairs.get((past.side, past.change.after.id)) is not None
            and value in keys(past.change.after.event)
            and self._is_apart((past.side, past.change.after.id), value[0])
            for past in self.pair.journal
        )

    def both(self, node: Node) -> Collection[Node]:
        """Return an event, and its partner of when the account left."""
        return [node, self._pairs[node]] if node in self._pairs else [node]

    def unlike(self, ids: Collection[Node]) -> bool:
        """Tell whether who came back could not know some events again, or a person has had one copied."""
        return self._is_left and any(
            self._touched(node) or self.pair.decisions.told_apart(node) or self._is_left_out(node) for node in ids
        )

    def orphaned(self, node: Node, copy: str) -> bool:
        """Tell whether an account is back, and nothing is there any more that an event was copied from.

        `copy` is what was made of it just now.
        """
        others = (row for row in self._here(node[0].other) if row.id != copy)
        return self._is_left and not any(self._kin((node[0].other, row.id), node) for row in others)

    def _is_left_out(self, node: Node) -> bool:
        """Tell whether an event is none that is synced by now: nothing new is taken for its copy."""
        row = self.pair.calendars[node[0]].rows.rows.get(node[1])
        return row is not None and self.pair.optional.leave_out(row.event)

    def _touched(self, node: Node) -> bool:
        """Tell whether a user did anything to an event that the leaving could not see, or a listing lied of it."""
        if node[1] in self.pair.hidden | self.pair.retold:
            return True
        return any(not state.by_us for state in self._unseen(node))

    def _is_unseen(self, past: Entry) -> bool:
        """Tell whether the leaving may not have seen a change, as it came behind its look or a listing lagged."""
        lag = self.pair.calendars[past.side].behaviour.lag
        begun, at = self._linked.get((past.side, past.change.after.id), self._begun)
        return past.number >= begun or past.change.after.modified >= at - lag

    def _has_unknown_twin(self, node: Node) -> bool:
        """Tell whether something that the leaving could not see looks like an event: it may be taken for that.

        Or looked like it before it was edited: a listing that lags shows that, too, once the account is back.
        """
        rows = self.pair.calendars[node[0]].rows.rows
        event = rows[node[1]].event
        return any(
            (shown.event.summary, shown.event.when) == (event.summary, event.when)
            for row in rows.values()
            if self._touched((node[0], row.id))
            for shown in (row, *self._unseen((node[0], row.id)))
        )

    def _unseen(self, node: Node) -> Iterator[Row]:
        """Yield the states of an event that the leaving may not have seen, the oldest first."""
        for past in self.pair.journal:
            if (past.side, past.change.after.id) == node and self._is_unseen(past):
                yield past.change.after

    def _is_unread(self, node: Node) -> bool:
        """Tell whether the run that forgot all could not know what had become of an event."""
        row = self.pair.calendars[node[0]].rows.rows[node[1]]
        window = self.pair.account().window(self.pair.world.clock.now())
        return self._touched(node) or not window.holds(row.event.when)  # of which no feed tells

    def _is_new(self, node: Node) -> bool:
        """Tell whether the run could not know yet that an event is there, or that it is there again."""
        states = [past for past in self.pair.journal if (past.side, past.change.after.id) == node]
        user_s = [past for past in states if not past.change.after.by_us]
        window = self.pair.account().window(self.pair.world.clock.now())
        outside = not window.holds(states[-1].change.after.event.when)
        return bool(user_s) and (outside or self._touched(node))

    def _went_just_now(self, node: Node) -> bool:
        family, now = self.pair.witness.family(node), self.pair.world.clock.now()
        return any(
            past.side is node[0].other
            and not (lives(past.change.after) and past.change.after.place is Place.CALENDAR)
            and (now - past.change.after.modified).total_seconds() <= self._moments
            and self.pair.witness.family((past.side, past.change.after.id)) == family
            for past in self.pair.journal
        )

    @property
    def _moments(self) -> float:
        """Return within how many seconds an original may go behind the look at it, as answers take time."""
        return 3 * max(max(calendar.delays) for calendar in self.pair.calendars.values())

    def _elsewhere(self, but: Row) -> set[tuple[str, str]]:
        rows = (row for side in BOTH for row in self._here(side) if row.id != but.id)
        return {each for row in rows for each in keys(row.event)}

    def _here(self, side: Side) -> list[Row]:
        rows = self.pair.calendars[side].rows.rows.values()
        return [row for row in rows if row.place is Place.CALENDAR and lives(row)]

    def _kin(self, one: Node, two: Node) -> bool:
        return self.pair.witness.family(one) == self.pair.witness.family(two)
