"""Judges each write of calsync at the moment it reaches a calendar: whether it may be, and may say that."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from calsync.sync.model import FIELDS, Side
from calsync.testing.rows import Place
from calsync.values import replace
from tests.simulation.rules import CALL, hangs, poisons
from tests.simulation.witness import TEXTS, key, lives

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from calsync.sync.model import Event
    from calsync.testing.rows import Row
    from tests.simulation.pair import Entry, Pair
    from tests.simulation.witness import Key, Node

MASK = "Privat"
MINUTES = 15
"""How long before its start a copy reminds."""
PROOF = 2
"""So many runs prove that an event is gone of which its server says only that it is not there."""


class Writes:
    """The judge of one account's writes."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair

    def judge(self, entry: Entry, *, late: bool) -> None:
        """Judge a write; one that is `late` may not know what its runner slept through."""
        before, after = entry.change.before, entry.change.after
        self._judge_side(entry)
        if before is not None and before.marker and not after.marker:
            return  # it lost its marker, and the judge of leaving sees that it lost nothing else
        self._judge_rules(entry)
        self._judge_types(entry, late=late)
        if before is not None and after.place is not before.place:
            if not entry.undoes:
                self.pair.deletes.judge(entry)
            return
        source = None if late else self._source(entry)
        anew = entry.undoes and before is None  # of what is gone calsync cannot know what became of it before
        if source is not None and not (
            anew and (not lives(self._row(source)) or self.pair.undos.began_without(source))
        ):
            self._judge_mask(entry, source)
        if before is not None:
            self._judge_rest(entry, before)
            if not entry.undoes:
                self.pair.deletes.judge_rewrite(entry)
        elif source is not None and not entry.undoes:
            self._judge_create(entry, source)
        if before is None:
            self._judge_location(entry, source)

    def _judge_side(self, entry: Entry) -> None:
        """I7: nothing is written to a source, nor before a person has confirmed it."""
        what = f"{entry.side} {entry.change.after.id}"
        if not self.pair.direction.writes(entry.side):
            self.pair.fail("I7", f"{what} was written, but it is the source")
        self.pair.hear_confirmations()
        if entry.side in self.pair.closed:
            self.pair.fail("I7", f"{what} was written before a person confirmed the new direction")
        if self.pair.put_back:
            self.pair.fail("rebuild", f"{what} was written before a person confirmed the plan")

    def _judge_rules(self, entry: Entry) -> None:
        """I14: nothing is written of which a rule could not say that it may be."""
        rows = [row for row in (entry.change.before, entry.change.after) if row is not None]
        for broken, breaks in ((self.pair.poisoned, poisons), (self.pair.hanging, hangs)):
            if not broken or not any(breaks(row.event) for row in rows):
                continue
            if broken == "on_create" and (entry.undoes or entry.change.before is not None):
                continue
            if self._crossed(entry):
                self.pair.world.excuse("a rule in the gap")
            else:
                what = f"{entry.side} {entry.change.after.id}"
                self.pair.fail("I14", f"{what} was written, although a rule {breaks.__name__}")

    def _judge_types(self, entry: Entry, *, late: bool) -> None:
        """I14: a call on the left, which knows types, and its copy are not written where calls are left out.

        What a write meets is as it was read, unless a user was quicker; its other event may be another by now.
        """
        optional, before = self.pair.optional, entry.change.before
        if not optional.types or optional.changed:
            return
        what = f"{entry.side} {entry.change.after.id}"
        if entry.side is Side.LEFT:
            if before is None or CALL not in before.event.types:
                return
            if self._crossed(entry):
                self.pair.world.excuse("a rule in the gap")
            else:
                self.pair.fail("I14", f"{what} was written, although it is a call")
            return
        source = None if late else self._source(entry)
        if source is not None and self._always(source, _is_call):
            if source[1] in self.pair.hidden | self.pair.retold:
                self.pair.world.excuse("told as it was before")
            elif self._went_before_its_pair_followed(entry, source):
                self.pair.world.excuse("gone before its pair followed")
            else:
                self.pair.fail("I14", f"{what} was written, although {source[1]} is a call")

    def _went_before_its_pair_followed(self, entry: Entry, source: Node) -> bool:
        """Tell whether a copy is deleted whose user had deleted its original, under an id that no link named yet.

        As far as calsync knows, it was no call under its old id. The second run behind the move proves that one
        gone; a user may be quicker than what that run reads.
        """
        linked = self.pair.backwards.partner((entry.side, entry.change.after.id))
        if entry.undoes or not _is_deleted(entry.change.after) or linked is None or linked == source:
            return False
        own = [past for past in self.pair.journal if (past.side, past.change.after.id) == source]
        by_a_user = _is_deleted(own[-1].change.after) and not own[-1].change.after.by_us
        quick = self.pair.witness.runs(own[0], own[-1].number) <= PROOF
        return by_a_user and quick and not self._always(linked, _is_call)

    def _judge_location(self, entry: Entry, source: Node | None) -> None:
        """I14: a create takes place where its source does or did, if a rule says so and it is not private."""
        optional, location = self.pair.optional, entry.change.after.event.location
        what = f"{entry.side} {entry.change.after.id}"
        if location and not (optional.locations or optional.changed):
            self.pair.fail("I14", f"{what} takes place in {location}, which no rule has copied")
        if source is None or entry.undoes:
            return
        states = [past.change.after.event for past in self._states(source)]
        hidden = source[1] in self.pair.hidden | self.pair.retold
        if location and (location not in {event.location for event in states} or self._is_private(source)):
            if hidden:
                self.pair.world.excuse("told as it was before")
            else:
                self.pair.fail("I14", f"{what} takes place in {location}, which {source[1]} must not tell")
        open_ = not any(event.private or event.online_meeting or not event.location for event in states)
        if optional.locations and not optional.changed and open_ and not location:
            self.pair.fail("I14", f"{what} takes place nowhere, and {source[1]} somewhere")

    def _judge_mask(self, entry: Entry, source: Node) -> None:
        """I14: what is private on one side is not written on the other one."""
        private, texts = self._is_private(source), self._texts(source)
        for name in TEXTS:
            text = key(name, entry.change.after.event.value(name))
            if text in texts and text not in _shown(entry.change.before) and private:
                if source[1] in self.pair.hidden | self.pair.retold:
                    self.pair.world.excuse("told as it was before")
                else:
                    what = f"{entry.side} {entry.change.after.id}"
                    self.pair.fail("I14", f"{what} shows {text} of {source[1]}, which is private")

    def _judge_create(self, entry: Entry, source: Node) -> None:
        """No original is made from its mask; each copy has the reminder that its source asks for."""
        what, row = f"{entry.side} {entry.change.after.id}", self._row(source)
        both = row.event.summary == MASK == entry.change.after.event.summary
        if both and lives(row) and self._is_mask(source):
            self._judge_unmasked(entry, source)
        wanted = None if row.event.reminder is False else MINUTES
        if entry.change.after.reminder_minutes != wanted:
            minutes = entry.change.after.reminder_minutes
            self.pair.fail("I14", f"{what} reminds {minutes} minutes before, not {wanted}")

    def _judge_unmasked(self, entry: Entry, source: Node) -> None:
        """An original may be made from its mask only where nobody can tell that it is one."""
        if self.pair.witness.forgotten(source):
            self.pair.world.excuse("old disk", "made from a mask")
        elif self._came_back(source):
            self.pair.world.excuse("brought back")
        elif self.pair.witness.is_lost_copy(source) or self._was_mistaken(source):
            self.pair.world.excuse("duplicate of a lost copy")
        elif self.pair.witness.told_as_before(source, entry.number):
            self.pair.world.excuse("told as it was before")
        elif source in self.pair.witness.late:
            self.pair.world.excuse("late create")
        elif source in self.pair.undos.made:
            self.pair.world.excuse("undone")
        elif self._was_made_twice(source):
            self.pair.world.excuse("a copy that a user had hidden")
        elif self.pair.leaves.unlike([source]) or self._came_back_unlike(source):
            self.pair.world.excuse("left while it was edited")
        elif self.pair.leaves.orphaned(source, entry.change.after.id):
            self.pair.world.excuse("left without its original")
        else:
            self.pair.fail("I2", f"{entry.side} {entry.change.after.id} was made from a mask, {source[1]}")

    def _judge_rest(self, entry: Entry, before: Row) -> None:
        """I8: a write changes the synced fields alone, and takes no join link away."""
        event: Event = entry.change.after.event
        ours = before.event.with_values({name: event.value(name) for name in FIELDS})
        if ours != replace(event, online_meeting=before.event.online_meeting):
            self.pair.fail("I8", f"{entry.side} {before.id}: a write changed more than the synced fields")
        if event.online_meeting == before.event.online_meeting:
            return
        checked = self.pair.calendars[entry.side].crossed.get(before.revision)
        added = before.event.online_meeting and checked is not None and not checked.event.online_meeting
        if added and event.description != before.event.description:
            self.pair.world.excuse("a rule in the gap")
        else:
            self.pair.fail("I8", f"{entry.side} {before.id}: a write took the join link away")

    def _crossed(self, entry: Entry) -> bool:
        """Tell whether a user was quicker than this write, on a system that writes all the same."""
        before = entry.change.before
        return before is not None and before.revision in self.pair.calendars[entry.side].crossed

    def _source(self, entry: Entry) -> Node | None:
        if entry.change.before is None:
            return self.pair.witness.source(entry)
        partner = self.pair.backwards.partner((entry.side, entry.change.after.id))
        return None if partner is None else self.now(partner)

    def now(self, node: Node) -> Node:
        """Return an event under the id that it has by now."""
        renewed = {old: new for new, old in self.pair.reborn.items()}
        while node in renewed:
            node = renewed[node]
        return node

    def _row(self, node: Node) -> Row:
        return self.pair.calendars[node[0]].rows.rows[node[1]]

    def _states(self, node: Node) -> list[Entry]:
        """Return what happened to an event, also under the ids that it had before."""
        nodes = [node]
        while nodes[-1] in self.pair.reborn:
            nodes.append(self.pair.reborn[nodes[-1]])
        return [past for past in self.pair.journal if (past.side, past.change.after.id) in nodes]

    def _is_private(self, node: Node) -> bool:
        return self._always(node, lambda event: event.private)

    def _always(self, node: Node, holds: Callable[[Event], bool]) -> bool:
        """Tell whether something is so of an event, and was in every state that calsync may still have in mind."""
        if not holds(self._row(node).event):
            return False
        states = self._states(node)
        known = [
            number
            for number, past in enumerate(states)
            if self.pair.witness.dealt_with(past) and self._was_read(past, states[number + 1 :])
        ]
        return all(holds(past.change.after.event) for past in states[known[-1] if known else 0 :])

    def _was_read(self, past: Entry, later: Sequence[Entry]) -> bool:
        """Tell whether calsync could read an event as it was then, and not only when it was away already.

        What it had read of one that was away when an old disk was put back, it reads no more.
        """
        if past.change.after.place is not Place.CALENDAR:
            return False
        left = next((each.number for each in later if each.change.after.place is not Place.CALENDAR), None)
        if left is None:
            return True
        seen = self.pair.witness.seen
        forgotten = any(left < until and not seen(past, since) for since, until in self.pair.put_backs)
        return self._is_told(past) and seen(past, left) and not forgotten

    def _is_told(self, past: Entry) -> bool:
        """Tell whether anybody was told of a state; reading takes its time."""
        return past.change.after.revision in self.pair.calendars[past.side].told

    def _texts(self, node: Node) -> set[Key]:
        """Return all texts that an event ever had, but for a mask."""
        texts = {key(name, past.change.after.event.value(name)) for past in self._states(node) for name in TEXTS}
        return texts - {key("summary", MASK), key("description", "")}

    def _is_mask(self, node: Node) -> bool:
        """Tell whether calsync made an event of one that it ever knew to be private: a mask, or one brought back.

        What a user has written over the copy of one that is not private any more is none, whatever it says, nor is
        what a person has had put back there.
        """
        made = self._states(node)[0]
        original = self.pair.witness.source(made) if made.change.after.by_us else None
        if original is None:
            return False
        now = self.now(original)
        if not self._row(now).event.private and self._renamed(node):
            return False
        return any(past.change.after.event.private and self._is_told(past) for past in self._states(now))

    def _was_made_twice(self, node: Node) -> bool:
        """Tell whether calsync made an event by a create that it repeated, as it could not see the first copy."""
        return any(
            past.side is node[0]
            and past.change.before is None
            and past.change.after.by_us
            and past.change.after.id != node[1]
            and past.change.after.marker is not None
            and past.change.after.marker == self._row(node).marker
            for past in self.pair.journal
        )

    def _was_mistaken(self, node: Node) -> bool:
        """Tell whether no link ever named a copy, as calsync took a duplicate for it, and wrote to that."""
        side, marker = node[0], self._row(node).marker
        made = (past for past in self.pair.journal if past.side is side and past.change.before is None)
        theirs = (past.change.after for past in made if not past.change.after.by_us)
        duplicates = {row.id for row in theirs if marker is not None and row.marker == marker}
        written = {
            past.change.after.id for past in self.pair.journal if past.change.after.by_us and past.side is side
        }
        left_out = any(self.pair.optional.leave_out(past.change.after.event) for past in self._states(node))
        unseen = left_out or node[1] in self.pair.hidden | self.pair.retold
        return unseen and node in self.pair.witness.unsettled and bool(duplicates & written)

    def _came_back_unlike(self, mask: Node) -> bool:
        """Tell whether a mask or its original was edited since their account left, and no link joins them yet."""
        return mask not in self.pair.witness.linked and self.pair.leaves.unlike(self.pair.leaves.both(mask))

    def _renamed(self, node: Node) -> bool:
        """Tell whether a user gave an event its present summary, or a person had it put back."""
        named = [
            past
            for past in self._states(node)
            if past.change.before is None or past.change.before.event.summary != past.change.after.event.summary
        ]
        put_back = named[-1].undoes and named[-1].change.before is not None
        return put_back or not named[-1].change.after.by_us

    def _came_back(self, node: Node) -> bool:
        """Tell whether a user ever brought an event back, from the trash or from wherever it was."""
        states = [past.change.after for past in self._states(node)]
        return any(
            then.id == now.id and _shows(now) and not (now.by_us or _shows(then)) for then, now in pairwise(states)
        )


def _is_call(event: Event) -> bool:
    return CALL in event.types


def _is_deleted(row: Row) -> bool:
    return row.place in (Place.TRASH, Place.GONE)


def _shows(row: Row) -> bool:
    """Tell whether an event is in the calendar, and not cancelled."""
    return row.place is Place.CALENDAR and lives(row)


def _shown(row: Row | None) -> set[Key]:
    return {key(name, row.event.value(name)) for name in TEXTS} if row is not None else set()
