"""Judges that a change of the rules alone writes nothing (R1)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.store.connection import fetch
from calsync.sync.model import BOTH, Side, Window
from calsync.sync.ruled import NUMBERS
from tests.simulation.rules import keeps_out

if TYPE_CHECKING:
    from collections.abc import Collection

    from calsync.desk.decisions import Case
    from tests.simulation.pair import Entry, Pair
    from tests.simulation.witness import Node

NOT_BY_RULES = """
SELECT event_id, 'attempt' AS reason FROM attempt WHERE account = :account
UNION SELECT event_id, 'decision' FROM decision WHERE account = :account
UNION SELECT event_id, reason FROM hold WHERE account = :account
UNION SELECT event_id, 'doubt' FROM seen WHERE account = :account AND standing IN ('tombstone', 'absent', 'gone')
"""
"""What a rule had let pass, a person has decided, or nobody knew yet, although it was not written."""
OPEN = "SELECT 1 FROM intent WHERE account = :account"
Unread = Callable[["Entry"], bool]
"""Tells whether a change is one of a user that calsync did not know at some time."""
EDGE = timedelta(days=3)
"""So near to an end of the window an event may be new to it."""


class Ruling:
    """What the rules of one account kept out when they became others."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self._kept_out: dict[Node, Unread] = {}
        """Events that nobody may write only because the rules are others, with what calsync did not know then."""

    def changes(self) -> None:
        """Take note that other rules hold from now on, of what those that are gone kept out and calsync knew."""
        pair, now, values = self.pair, self.pair.world.clock.now(), {"account": self.pair.name}
        raw = pair.world.disk.raw
        if pair.strict is None or not pair.ruled or fetch(raw, OPEN, values):
            return
        otherwise = {each["event_id"] for each in fetch(raw, NOT_BY_RULES, values) if self._lets(each["reason"])}
        whole = pair.account().window(now)
        window, unread = Window(whole.start + EDGE, whole.end - EDGE), self._unread(whole)
        for side in BOTH:
            for event_id, event in pair.calendars[side].events().items():
                kin = self._kin((side, event_id))
                ids = {past.change.after.id for past in kin}
                known = not any(unread(past) for past in kin) and not ids & (otherwise | pair.hidden | pair.retold)
                if known and keeps_out(event) and window.holds(event.when):
                    self._kept_out[side, event_id] = unread
                    pair.world.mix["rules: kept out until they changed"] += 1

    def forget(self) -> None:
        """Take note of a person's word about all that waits, or that calsync has forgotten what was so."""
        self._kept_out.clear()

    def decided(self, case: Case) -> None:
        """Take note of a person's word about one case."""
        shown = zip(Side, (case.left, case.right), strict=True)
        self.let_go([(side, seen.id) for side, seen in shown if seen is not None])

    def let_go(self, nodes: Collection[Node]) -> None:
        """Take note of events that a person wants to be written again, as by undoing what had parted them."""
        families = {self.pair.witness.family(node) for node in nodes}
        self._kept_out = {
            node: unread
            for node, unread in self._kept_out.items()
            if self.pair.witness.family(node) not in families
        }

    def judge(self, entry: Entry) -> None:
        """Judge a write at the moment it reaches a calendar."""
        family = self.pair.witness.family
        written = family((entry.side, entry.change.after.id))
        if entry.change.before is None:
            source = self.pair.witness.source(entry)
            written = written if source is None else family(source)
        for node, unread in self._kept_out.items():
            if family(node) == written and not any(unread(past) for past in self._kin(node)):
                what = f"{entry.side} {entry.change.after.id}"
                self.pair.fail("R1", f"{what} was written, only as no rule keeps {node} out any more")

    def _lets(self, reason: str) -> bool:
        return reason in ("attempt", "decision", "doubt") or reason in NUMBERS

    def _unread(self, window: Window) -> Unread:
        """Return what tells whether a change of a user is news to calsync, which knows what it knows now."""
        journal, witness = self.pair.journal, self.pair.witness
        last = {(past.side, past.change.after.id): past.number for past in journal}
        untold = {  # outside the window nothing tells of the last state of an event
            past.number
            for past in journal
            if last[past.side, past.change.after.id] == past.number
            and not window.holds(past.change.after.event.when)
            and past.change.after.revision not in self.pair.calendars[past.side].told
        }
        read = {past.number for past in journal if witness.dealt_with(past)} - untold
        return lambda past: not past.change.after.by_us and past.number not in read

    def _kin(self, node: Node) -> list[Entry]:
        family = self.pair.witness.family(node)
        return [
            past
            for past in self.pair.journal
            if self.pair.witness.family((past.side, past.change.after.id)) == family
        ]
