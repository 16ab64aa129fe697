"""Judges what calsync deletes by where its counterparts live (I5), and knows why one of them may live on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.brakes import LEFT_ACCOUNT
from calsync.sync.model import Side
from calsync.testing.rows import Place
from tests.simulation.witness import HIDDEN, keys, lives

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calsync.sync.model import When
    from calsync.testing.rows import Row
    from tests.simulation.pair import Entry, Pair
    from tests.simulation.witness import Node


class Counterparts:
    """The judge of one account's deletes."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.witness = pair.witness

    def judge(self, entry: Entry, before: Row) -> None:
        """Judge a delete by where its counterparts were at that moment."""
        node = entry.side, before.id
        if self.witness.was_private(node):
            if (keys(before.event) & self.witness.written) - self.witness.superseded:
                self.pair.world.excuse("private when its pair was deleted")
            self.witness.superseded |= keys(before.event)  # one of the pair is or was a masked copy
        other = entry.side.other
        present = {
            row.id: row
            for row in self.witness.present(entry.number, other, HIDDEN)
            if self.witness.kin(other, row, node)
            and self.witness.partners.get((other, row.id), before.id) == before.id
        }
        twins = [
            row
            for row in self.witness.present(entry.number, entry.side)
            if self.witness.kin(entry.side, row, node)
        ]
        allowed = len(twins) - (before.id in {row.id for row in twins})
        for excuse, excused in self._excused(entry, present):
            if len(present) <= allowed:
                return
            present = {event_id: row for event_id, row in present.items() if event_id not in excused}
            if len(present) <= allowed:
                self.pair.world.excuse(*excuse)
        if len(present) > allowed:
            self.pair.fail("I5", f"{entry.side} {before.id} was deleted, but {[*present]} lives")

    def _excused(self, entry: Entry, present: Mapping[str, Row]) -> Iterator[tuple[tuple[str, ...], set[str]]]:
        """Yield each excuse, with those of a deleted event's partners that it lets live."""
        witness, other, before = self.witness, entry.side.other, entry.change.before or entry.change.after
        window = self.pair.account().window(self.pair.world.clock.now())
        outside = {event_id for event_id, row in present.items() if not window.holds(row.event.when)}
        yield ("undone",), self._made_anew(entry, present)
        yield ("brought back",), {each for side, each in witness.restored if side is other}
        late = {each for side, each in witness.late if (side, each) not in witness.partners}
        yield ("late create",), late | self._original_of_a_late_copy(entry)
        if self.pair.decisions.released((entry.side, before.id), LEFT_ACCOUNT):
            away = {event_id for event_id, row in present.items() if row.place is Place.ELSEWHERE}
            yield ("left the account",), away
            yield ("moved back meanwhile",), {each for each in present if self._is_back(entry, (other, each))}
        yield ("out of sight",), {each for each in outside if (other, each) in self.pair.reborn}
        yield ("a copy that a user had hidden",), self._replaced(entry) | self._never_seen(entry, present)
        unmarked = {each for each, row in present.items() if row.marker is None}
        nobody_s = {each for each in present if witness.is_lost_copy((other, each))}
        nobody_s |= self._forsaken(entry) | self._rejoined(entry, before, present)
        hidden = (unmarked | self._doubles(entry, present)) & self.pair.hidden
        yield ("duplicate of a lost copy",), hidden | nobody_s
        interchanged = {*[*present][: self._interchanged(entry, before)]}
        yield ("equal creates",), interchanged | self._with_another_copy(entry)
        if self.pair.was_put_back:
            moved = {each for each in present if self._was_lost_sight_of((other, each))}
            yield ("old disk", "out of sight"), outside | moved
            forgotten = {each for each, row in present.items() if self._is_forgotten(row, before)}
            if (entry.side, before.id) in self.pair.reborn:  # a marker names it by the id that it had before
                forgotten |= {each for each in present if witness.forgotten((other, each))}
            yield ("old disk", "I5"), forgotten
            unheard_of = {each for each in present if self._is_unheard_of(other, each)}
            yield ("old disk", "a copy without a marker"), unheard_of

    def _made_anew(self, entry: Entry, present: Mapping[str, Row]) -> set[str]:
        """Return what an undo has made anew, that no link names, where the deleted one had another partner."""
        other, partner = entry.side.other, self.witness.partners.get((entry.side, entry.change.after.id))
        if partner is None or partner in {row.id for row in self.witness.present(entry.number, other)}:
            return set()
        unlinked = {each for each in present if (other, each) in self.witness.unsettled and each != partner}
        return {each for each in unlinked if (other, each) in self.pair.undos.made}

    def _original_of_a_late_copy(self, entry: Entry) -> set[str]:
        """Return what a copy that came too late was made from, where it has been joined with another event."""
        node = entry.side, entry.change.after.id
        source, partner = self.witness.made_from(node), self.witness.partners.get(node)
        if node not in self.witness.late or source is None or partner in (None, source[1]):
            return set()
        own = partner is not None and self.witness.made_from((source[0], partner)) == node
        return {source[1]} if own else set()

    def _is_back(self, entry: Entry, node: Node) -> bool:
        """Tell whether an event was elsewhere when it was asked about just before a delete, and is back since."""
        found, asked = entry.found_away[:2] if entry.found_away else (None, 0)
        return found == node and any(
            (past.side, past.change.after.id) == node and not past.change.after.by_us
            for past in self.pair.journal[asked : entry.number]
        )

    def _interchanged(self, entry: Entry, before: Row) -> int:
        """Return how many copies without originals look like a deleted one, or did so when both were made.

        Nobody could tell them from it, or tell the one from a user's event that was edited since.
        """
        if before.marker is not None or (entry.side, before.id) not in self.witness.unsettled:
            return 0
        here = self.witness.present(entry.number, entry.side.other, HIDDEN)
        made = self._looks_when_made((entry.side, before.id))
        deleted = (Place.TRASH, Place.GONE)  # by their users, whom calsync had told of none
        rows = [
            (row, (entry.side, row.id))
            for row in self.witness.present(entry.number, entry.side, deleted)
            if row.place is Place.CALENDAR or not row.by_us
        ]
        lost = [
            node
            for row, node in rows
            if self.witness.is_lost_copy(node)
            if _looks(row) == _looks(before) or (self._looks_when_made(node) == made == _looks(before))
        ]
        gone = sum(not any(self.witness.kin(entry.side.other, row, node) for row in here) for node in lost)
        return gone + self._never_made(entry, made)

    def _never_made(self, entry: Entry, made: tuple[str, When]) -> int:
        """Return how many originals are gone that looked like a copy when it was made, and have none."""
        side, journal = entry.side.other, self.pair.journal[: entry.number]
        here = {row.id for row in self.witness.present(entry.number, side, HIDDEN) if lives(row)}
        alike = {
            past.change.after.id for past in journal if past.side is side and _looks(past.change.after) == made
        }
        copied = (past for past in journal if past.side is entry.side and past.change.before is None)
        sources = {self.witness.source(past) for past in copied if past.change.after.by_us}
        return len({each for each in alike - here if (side, each) not in sources})

    def _doubles(self, entry: Entry, present: Mapping[str, Row]) -> set[str]:
        """Return the copies that no link ever named, of which a duplicate with their marker was linked instead."""
        other = entry.side.other
        linked = self.witness.partners.get((entry.side, entry.change.after.id))
        duplicate = None if linked is None else self.pair.calendars[other].rows.rows[linked]
        never = {each for each in present if (other, each) in self.witness.unsettled}
        return {each for each in never if duplicate is not None and present[each].marker == duplicate.marker}

    def _forsaken(self, entry: Entry) -> set[str]:
        """Return what a copy was made from that was joined with another event instead, which is gone since."""
        node, other = (entry.side, entry.change.after.id), entry.side.other
        _, joined = self.witness.strays.get(node, (other, None))
        if joined is None or joined in {row.id for row in self.witness.present(entry.number, other)}:
            return set()
        source = self.witness.made_from(node)
        return set() if source is None else {source[1]}

    def _rejoined(self, entry: Entry, before: Row, present: Mapping[str, Row]) -> set[str]:
        """Return what was joined under a new id with a duplicate of its copy, as that one's own copy was lost."""
        side, other, witness = entry.side, entry.side.other, self.witness
        here = {row.id: row for row in witness.present(entry.number, side)}
        lost = any(
            witness.is_lost_copy((other, row.id)) and _looks(row) == _looks(before)
            for row in witness.present(entry.number, other)
        )
        pairs = (link if side is Side.LEFT else link[::-1] for link in witness.links)
        joined = {two: here[one] for one, two in pairs if one in here and one != before.id and two is not None}
        return {
            each
            for each in present
            if lost
            and (other, each) in self.pair.reborn
            and each in joined
            and _looks(joined[each]) == _looks(before)
        }

    def _with_another_copy(self, entry: Entry) -> set[str]:
        """Return the originals that calsync has joined by now with an equal copy that it made of another one.

        That one needs it no more: it is gone, or has another copy in turn.
        """
        side, witness = entry.side, self.witness
        node = side, entry.change.after.id
        if entry.change.after.marker is not None or node not in witness.strays.keys() | witness.unsettled:
            return set()
        there = {row.id for row in witness.present(entry.number, side.other)}
        pairs = {
            copy: original
            for copy, original in (link if side is Side.LEFT else link[::-1] for link in witness.links)
            if copy is not None and original is not None and copy != node[1]
        }
        looks, found = self._looks_when_made(node), set()
        for row in witness.present(entry.number, side):
            copy, original = (side, row.id), pairs.get(row.id)
            lost = copy in witness.strays.keys() | witness.unsettled and self._looks_when_made(copy) == looks
            if original is None or not lost or not witness.is_of_another(copy, original):
                continue
            source = witness.made_from(copy)
            if source is None or source[1] not in there or source[1] in pairs.values():
                found.add(original)
        return found

    def _looks_when_made(self, node: Node) -> tuple[str, When]:
        made = next(past for past in self.pair.journal if (past.side, past.change.after.id) == node)
        return _looks(made.change.after)

    def _replaced(self, entry: Entry) -> set[str]:
        """Return what calsync made another copy of while it could not see it."""
        hidden: set[str] = set()
        replaced: set[str] = set()
        for past in self.witness.history(entry):
            change = past.change
            if past.side is entry.side:
                continue
            if change.before is None and change.after.by_us:
                replaced |= hidden
            elif change.after.place in HIDDEN:
                hidden.add(change.after.id)
            else:
                hidden.discard(change.after.id)
        return replaced

    def _never_seen(self, entry: Entry, present: Mapping[str, Row]) -> set[str]:
        """Return what calsync made in the place of one that a user deleted, and a user hid before it was known.

        That delete is carried over once nothing speaks against it any more.
        """
        deleted = any(
            past.side is not entry.side and not (past.change.after.by_us or lives(past.change.after))
            for past in self.witness.history(entry)
        )
        hidden = {each for each, row in present.items() if row.place in HIDDEN}
        return {each for each in hidden if deleted and (entry.side.other, each) in self.witness.unsettled}

    def _was_lost_sight_of(self, node: Node) -> bool:
        """Tell whether an event was where calsync does not find it, since what happened to it was forgotten."""
        if not self.witness.forgotten(node):
            return False
        since = min(since for since, _ in self.pair.forgotten)
        own = (past for past in self.pair.journal if (past.side, past.change.after.id) == node)
        places = [(past.number, past.change.after.place) for past in own]
        before = [place for number, place in places if number < since][-1:]
        return any(place in HIDDEN for place in (*before, *(place for number, place in places if number >= since)))

    def _is_forgotten(self, row: Row, partner: Row) -> bool:
        """Tell whether nothing but the disk that is gone showed that two events belong together.

        The listings hid the one, or neither carries a marker and they do not look alike.
        """
        unlike = _looks(row) != _looks(partner)
        untold = row.marker is None and partner.marker is None and unlike
        return untold or row.id in self.pair.hidden

    def _is_unheard_of(self, side: Side, event_id: str) -> bool:
        """Tell whether neither a marker nor a disk says any more that calsync made an event, and no link names it.

        Its looks tell where its source has no link; but the disk may link that one with an earlier copy.
        """
        unmarked = self.pair.calendars[side].rows.rows[event_id].marker is None
        return (
            unmarked
            and (side, event_id) not in self.witness.partners
            and any(
                past.change.before is None and past.change.after.by_us
                for since, until in self.pair.forgotten
                for past in self.pair.journal[since:until]
                if (past.side, past.change.after.id) == (side, event_id)
            )
        )


def _looks(row: Row) -> tuple[str, When]:
    """Return what an event without a marker is told from others by."""
    return row.event.summary, row.event.when
