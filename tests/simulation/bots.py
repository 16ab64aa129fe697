"""Programs that put back their own text whenever they find another one, on both sides of one pair: a loop."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.sync.loops import DAY, REPEATS
from calsync.sync.model import FIELDS, Side
from tests.simulation.witness import key

if TYPE_CHECKING:
    from datetime import datetime

    from tests.simulation.pair import Entry, Pair

MOST = REPEATS + 3
"""So often a value that came back is replaced within a day. A run does not count yet what it wrote itself, and
users edit the same event meanwhile."""


class Bots:
    """The programs of one account, and the judge of what calsync makes of them."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.texts: dict[tuple[Side, str], str] = {}
        """What each insists on, by event."""
        self._replaced: list[tuple[datetime, tuple[Side, str, str, str]]] = []

    def act(self) -> None:
        """Put the texts back where they are not."""
        for (side, event_id), text in self.texts.items():
            row = self.pair.calendars[side].rows.present(event_id)
            if row is not None and row.event.summary != text:
                self.pair.calendars[side].user_edit(event_id, summary=text)

    def judge(self, entry: Entry) -> None:
        """Judge an update: calsync must give in after a while, whatever the other program does."""
        before, after, now = entry.change.before, entry.change.after, self.pair.world.clock.now()
        if before is None or before.place is not after.place:
            return
        self._replaced = [(at, what) for at, what in self._replaced if now - at < DAY - timedelta(minutes=5)]
        for name in FIELDS:
            if before.event.value(name) != after.event.value(name):
                _, value = key(name, before.event.value(name))
                self._replaced.append((now, (entry.side, after.id, name, value)))
        for (side, event_id, field, value), times in Counter(what for _, what in self._replaced).items():
            if times > MOST:
                self.pair.fail("I9", f"{side} {event_id}: {field} {value} was replaced {times} times within a day")
