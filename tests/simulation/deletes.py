"""Judges whether the brakes held: implausibly many deletes within a day, or rewrites in one run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.engine.notebook import BRAKE_SPAN
from calsync.store.connection import fetch
from calsync.sync.choices import WANTED
from calsync.sync.model import Side, State
from calsync.sync.plan import Kind
from calsync.testing.rows import Place
from tests.simulation.database import LINKS
from tests.simulation.witness import pairs_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tests.simulation.pair import Entry, Pair
    from tests.simulation.witness import Node


MOST = 20
"""So many events are rewritten in one run without a person being asked."""


class Deletes:
    """The deletes and rewrites that calsync carried out in one account lately."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self._lately: list[tuple[datetime, Entry]] = []
        self._partners: Mapping[Node, str | None] = {}
        """The other event of each one when the run began that goes on, as far as links or copies tell."""

    def look(self) -> None:
        """Take note of the pairs that a run left; one that was turned away looks into the midst of another one."""
        if not self.pair.turned_away:
            self._partners = self.pair.witness.partners

    def judge_rewrite(self, entry: Entry) -> None:
        """Judge an update by how many there were in this run."""
        begun = self.pair.journal[self.pair.begun :]
        rewritten = {
            each.change.after.id
            for each in begun
            if each.change.after.by_us
            and not each.undoes
            and each.change.before is not None
            and each.change.before.place is each.change.after.place
            and not self.pair.decisions.passes((each.side, each.change.after.id))
        }
        if len(rewritten) > max(MOST, len(self.pair.witness.pairs) / 5):
            what = f"{entry.side} {entry.change.after.id}"
            self.pair.fail("I5", f"{what}: the {len(rewritten)}th event that one run rewrites")

    def judge(self, entry: Entry) -> None:
        """Judge a delete: no day sees more than a person does without being asked, no side loses all it had."""
        if self.pair.decisions.passes((entry.side, entry.change.after.id)):
            return
        now = self.pair.world.clock.now()
        self._lately = [(at, each) for at, each in self._lately if now - at < BRAKE_SPAN] + [(now, entry)]
        links = len(self.pair.witness.pairs) + self._parted()
        # Some were told as carried out that found nothing there any more.
        told = sum(
            each.kind == Kind.DELETE and each.reason not in WANTED and now - each.at < BRAKE_SPAN
            for each in self.pair.witness.ledger
        )
        links += max(told, sum(each.number < self.pair.begun or self._is_new(each) for _, each in self._lately))
        links += sum(self._is_copy(each) and self._is_new(each) for each in self.pair.journal) + self._found()
        here = {each.change.after.id for _, each in self._lately if each.side is entry.side}
        everything = len(here) >= max(2, links) and self.pair.unended == 1
        if len(self._lately) > max(5, links / 5) or everything:
            what = f"{entry.side} {entry.change.after.id}"
            if self.pair.was_put_back:  # a person has confirmed what was forgotten
                self.pair.world.excuse("old disk", "deletes within a day")
            else:
                self.pair.fail("I5", f"{what}: the {len(self._lately)}th delete within a day went through")

    def _parted(self) -> int:
        """Return how many pairs a run has let go whose both events are gone, as another one was turned away."""
        deleted = {(entry.side, entry.change.after.id) for _, entry in self._lately}
        parted = pairs_of(self._partners) - self.pair.witness.pairs if self.pair.turned_away else ()
        return sum(
            not pair & deleted and all(self.pair.calendars[side].rows.present(each) is None for side, each in pair)
            for pair in parted
        )

    def _found(self) -> int:
        """Return how many pairs of users' events were found to belong together since the last run that ended."""
        links = fetch(self.pair.world.disk.raw, LINKS, {"account": self.pair.name})
        made = (each for each in self.pair.journal if each.change.before is None and each.change.after.by_us)
        known = self.pair.witness.linked | {(each.side, each.change.after.id) for each in made}
        both = ({(Side.LEFT, left), (Side.RIGHT, right)} for left, right, state in links if state == State.AWAKE)
        return sum(not pair & known and all(map(self._is_there, pair)) for pair in both)

    def _is_there(self, node: Node) -> bool:
        """Tell whether an event is there, as far as calsync knows."""
        *_, last = (past for past in self.pair.journal if (past.side, past.change.after.id) == node)
        return last.change.after.place is Place.CALENDAR or not self.pair.witness.dealt_with(last)

    def _is_copy(self, entry: Entry) -> bool:
        """Tell whether an entry made a copy that is still there, as far as calsync knows."""
        if entry.change.before is not None or not entry.change.after.by_us:
            return False
        return self._is_there((entry.side, entry.change.after.id))

    def _is_new(self, entry: Entry) -> bool:
        """Tell whether its event was linked after the last run that ended."""
        return (entry.side, entry.change.after.id) not in self.pair.witness.linked
