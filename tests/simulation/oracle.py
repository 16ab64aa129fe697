"""The judge of a history that has come to rest: the invariants, as far as one account can show them.

Every excuse that it grants is counted by name.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from calsync.sync.model import BOTH, FIELDS, Side, State
from calsync.sync.plan import Kind
from calsync.testing.rows import Place
from tests.simulation.rules import CALL
from tests.simulation.witness import TEXTS, Key, Node, key, keys
from tests.simulation.words import comes_back

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from calsync.records import AccountState, LedgerEntry
    from calsync.sync.model import Field, Link
    from calsync.sync.plan import Operation
    from calsync.testing.rows import Row
    from tests.simulation.pair import Pair

DIFFERENT = frozenset({"linked_different", "masked", "rebuilt_different", "given_up"})
"""The reasons with which the ledger tells of a link whose sides differ on purpose."""
LOSERS = frozenset(
    {"overruled", "restored", "masked", "linked_different", "unknown_outcome", "decided", "given_up", "undone"}
)
"""The reasons with which the ledger may hold a value that is nowhere any more."""
Waiting = dict[Node, list["Operation"]]


class Oracle:
    """Judges one history."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.witness = pair.witness
        self.attempts: Collection[tuple[Side, str]] = ()

    def judge(self, state: AccountState) -> None:
        """Compare both calendars with what users did and with what calsync remembers."""
        ledger, self.attempts = self.witness.ledger, state.attempts
        waiting = self._waiting()
        for side, calendar in self.pair.calendars.items():
            if calendar.mails > calendar.gap_mails:
                self.pair.fail("I6", f"{calendar.mails} mails on the {side}")
        for link in state.links.values():
            if link.state is State.AWAKE:
                self._agrees(link, ledger, waiting)
            elif link.state is State.ASLEEP:
                self._sleeps(link)
        self._explained(state, waiting)
        self._duplicates(waiting)
        self._deletes(state, waiting)
        self._edits(ledger)
        self.pair.decisions.at_rest(state, waiting)
        self.pair.budgets.at_rest([each for operations in waiting.values() for each in operations])

    def _waiting(self) -> Waiting:
        """Return what the last plan says about each event."""
        waiting: Waiting = defaultdict(list)
        operations = self.pair.report.plan.operations if self.pair.report is not None else ()
        for operation in operations:
            for seen, side in ((operation.source, operation.side.other), (operation.target, operation.side)):
                if seen is not None:
                    waiting[side, seen.id].append(operation)
            if operation.kind is Kind.SKIP and operation.source is not None:
                waiting[operation.side, operation.source.id].append(operation)
        return waiting

    def _agrees(self, link: Link, ledger: Sequence[LedgerEntry], waiting: Waiting) -> None:
        """I1: both events of an awake link are there and alike, or say why not."""
        rows = [self.pair.calendars[side].rows.present(link.event_id(side) or "") for side in BOTH]
        operations = [each for side in BOTH for each in waiting[side, link.event_id(side) or ""]]
        left, right = rows
        if left is None or right is None or left.event.cancelled or right.event.cancelled:
            if self._refused(link):
                self.pair.world.excuse("refused")
            elif not any(each.kind in (Kind.HOLD, Kind.BLOCK) for each in operations):
                self.pair.fail("I1", f"link {link.id} {link.left} {link.right} is awake and has lost a side")
            return
        for name in FIELDS:
            if key(name, left.event.value(name)) != key(name, right.event.value(name)):
                excuse = self._excuse(link, name, (left, right), operations, ledger)
                if excuse is None:
                    self.pair.fail("I1", f"link {link.id} {link.left} {link.right} differs in {name}")
                else:
                    self.pair.world.excuse(excuse)

    def _sleeps(self, link: Link) -> None:
        """I1: a pair sleeps only as long as what it sleeps for is so."""
        rows = [self.pair.calendars[side].rows.present(link.event_id(side) or "") for side in BOTH]
        if any(row is None or row.event.cancelled for row in rows):
            return
        window = self.pair.account().window(self.pair.world.clock.now())
        inside = any(window.holds(row.event.when) for row in rows if row is not None)
        series = any(row.event.series for row in rows if row is not None)
        called = self.pair.optional.types and any(CALL in row.event.types for row in rows[:1] if row is not None)
        kept_out = {"window": series or called, "series": series, "other_type": series or called}
        if inside and not kept_out.get(link.reason or "", True):
            self.pair.fail("I1", f"link {link.id} {link.left} {link.right} sleeps, but is no {link.reason}")

    def _excuse(
        self,
        link: Link,
        name: Field,
        rows: tuple[Row, Row],
        operations: Sequence[Operation],
        ledger: Sequence[LedgerEntry],
    ) -> str | None:
        if any(name in each.fields or (each.kind is Kind.HOLD and not each.fields) for each in operations):
            return "waits"
        if self._refused(link):
            return "refused"
        if self.pair.undos.apart(rows, name):
            return "undone"
        if self.pair.leaves.apart(rows, name):
            return "left"
        private = any(row.event.private for row in rows) or link.left_base.private or link.right_base.private
        if private and name in TEXTS:
            return "mask"
        target = next((side for side in BOTH if not self.pair.direction.writes(side.other)), None)
        if target is not None and (target, link.event_id(target) or "") in self.witness.touched:
            return "one-way: target edited"
        if target is not None and self._is_taken_for_an_edit(target, rows, name):
            return "old disk"
        if self.pair.turned and any((side, link.event_id(side) or "") in self.witness.touched for side in BOTH):
            return "direction turned"
        if any(each.link == link.id and each.reason in DIFFERENT for each in ledger):
            return "linked different"
        return None

    def _is_taken_for_an_edit(self, target: Side, rows: tuple[Row, Row], name: Field) -> bool:
        """Tell whether calsync wrote what a target shows, and a disk that was put back does not know that.

        It looks like its user's edit then, and stays where such edits are kept, until its source changes.
        """
        source, copy = rows if target is Side.RIGHT else reversed(rows)
        shown = key(name, source.event.value(name))
        return self.pair.on_target_edit == "keep" and self.witness.wrote_unknown((target, copy.id), name, shown)

    def _refused(self, link: Link) -> bool:
        """Tell whether a server refuses what is to be written, and calsync shows that it tries again."""
        return self.pair.refusing and any(event_id in (link.left, link.right) for _, event_id in self.attempts)

    def _explained(self, state: AccountState, waiting: Waiting) -> None:
        """I12: every event of the window is linked, or the plan says why not."""
        linked = {(side, link.event_id(side)) for link in state.links.values() for side in BOTH}
        window = self.pair.account().window(self.pair.world.clock.now())
        for side, calendar in self.pair.calendars.items():
            for event_id, event in calendar.events().items():
                known = (side, event_id) in linked or waiting[side, event_id]
                if window.holds(event.when) and not known:
                    self.pair.fail("I12", f"{side} {event_id} is neither linked nor explained")

    def _duplicates(self, waiting: Waiting) -> None:
        """I3: no family has more events on a side than its users made appear, and than wait for their delete."""
        allowed: Counter[Node] = Counter()
        for node in self.witness.members():
            allowed[self.witness.family(node)] += self.witness.appearances[node]
        for side, calendar in self.pair.calendars.items():
            here: dict[Node, list[str]] = defaultdict(list)
            for event_id, event in calendar.events().items():
                if any(each.wanted is Kind.DELETE and each.side is side for each in waiting[side, event_id]):
                    self.pair.world.excuse("delete waits")
                elif not event.cancelled:
                    here[self.witness.family((side, event_id))].append(event_id)
            for family, ids in here.items():
                if len(ids) > max(1, allowed[family]):
                    self._judge_duplicate(side, family, ids)

    def _judge_duplicate(self, side: Side, family: Node, ids: Sequence[str]) -> None:
        """Judge several events of a family on a side, of which users have made fewer appear."""
        kin = [node for node in self.witness.members() if self.witness.family(node) == family]
        if any(self.witness.was_lost(node) for node in kin):
            self.pair.world.excuse("duplicate of a lost copy")
        elif self.pair.leaves.unlike(kin):
            self.pair.world.excuse("left while it was edited")
        elif self._lost_sight(side, ids) or self._came_back_unknown(kin):
            self.pair.world.excuse("old disk", "I3")
        else:
            made = sum(self.witness.appearances[node] for node in kin)
            self.pair.fail("I3", f"{side} {ids} are {len(ids)} of {made}")

    def _deletes(self, state: AccountState, waiting: Waiting) -> None:
        """I4: what a user deleted is gone on both sides, or says why not."""
        links = {(side, link.event_id(side) or ""): link for link in state.links.values() for side in BOTH}
        for node, number in self.witness.clean_deletes.items():
            family = self.witness.family(node)
            kin = [other for other in self.witness.members() if self.witness.family(other) == family]
            touched = any(self.witness.touched.get(other, 0) > number for other in kin)
            restored = any(other in self.witness.restored for other in kin)
            late = any(other in self.witness.late for other in kin)
            for excuse, holds in (
                ("edited after the delete", touched),
                ("brought back", restored),
                ("late create", late),
                ("undone", self.pair.undos.took(node) or any(other in self.pair.undos.made for other in kin)),
                ("direction turned", any(turn >= number for turn in self.pair.turned)),
            ):
                if holds:
                    self.pair.world.excuse(excuse)
                    break
            else:
                self._gone(node, kin, links, waiting)

    def _gone(self, node: Node, kin: Sequence[Node], links: Mapping[Node, Link], waiting: Waiting) -> None:
        for side, event_id in kin:
            event = self.pair.calendars[side].events().get(event_id)
            if event is None or event.cancelled:
                continue
            link = links.get((side, event_id))
            if waiting[side, event_id] or (link is not None and link.state is not State.AWAKE):
                self.pair.world.excuse("delete waits")
            elif self.witness.forgotten(node):
                self.pair.world.excuse("old disk", "I4")
            elif self._was_never_found((side, event_id)):
                self.pair.world.excuse("out of sight", "I4")
            else:
                self.pair.fail("I4", f"{node} was deleted, but {side} {event_id} is there")

    def _was_never_found(self, node: Node) -> bool:
        """Tell whether nothing can find what a lost create made: no marker, and no listing, as the window ends."""
        event = self.pair.calendars[node[0]].rows.rows[node[1]].event
        window = self.pair.account().window(self.pair.world.clock.now())
        return self.witness.is_lost_copy(node) and not window.holds(event.when)

    def _came_back_unknown(self, kin: Collection[Node]) -> bool:
        """Tell whether a user brought one back that calsync had copied anew, of which a disk knows neither."""
        made = [
            past.number
            for past in self.pair.journal
            if (past.side, past.change.after.id) in kin and past.change.before is None and past.change.after.by_us
        ]
        return any(
            (past.side, past.change.after.id) in kin and not past.change.after.by_us and comes_back(past)
            for since, until in self.pair.forgotten
            for past in self.pair.journal[since:until]
            if any(since <= number < past.number for number in made)
        )

    def _lost_sight(self, side: Side, ids: Sequence[str]) -> bool:
        """Tell whether one of several copies could not be known again when an old disk was put back.

        Its marker was not listed, it has none, or that one names an event by the id which it had before.
        """
        if not self.witness.forgotten((side, ids[0])):
            return False
        listed = any(self.witness.shown(until, side).issuperset(ids) for _, until in self.pair.forgotten)
        marked = all(self.pair.calendars[side].rows.rows[each].marker is not None for each in ids)
        family = self.witness.family((side, ids[0]))
        return not (listed and marked) or any(self.witness.family(node) == family for node in self.pair.reborn)

    def _edits(self, ledger: Sequence[LedgerEntry]) -> None:
        """I2: every value that no user replaced is shown somewhere, or the ledger says why it lost."""
        shown: set[Key] = set()
        for calendar in self.pair.calendars.values():
            for row in calendar.rows.rows.values():
                if row.place not in (Place.TRASH, Place.GONE):
                    shown |= keys(row.event)
        lost = _lost(ledger)
        for each in sorted(self.witness.written - self.witness.superseded - shown):
            reasons = lost[each] & LOSERS
            if reasons:
                self.pair.world.excuse("lost", ", ".join(sorted(reasons)))
            elif lost[each] and self.pair.leaves.differed(each):
                self.pair.world.excuse("left")
            elif self.witness.untold(each):
                self.pair.world.excuse("old disk", "I2")
            else:
                self.pair.fail("I2", f"{each} is lost ({sorted(lost[each])})")


def _lost(ledger: Sequence[LedgerEntry]) -> Mapping[Key, set[str]]:
    """Return the reasons with which the ledger names each value."""
    lost: dict[Key, set[str]] = defaultdict(set)
    different = {entry.link for entry in ledger if entry.reason in ("linked_different", "rebuilt_different")}
    for entry in ledger:
        for values in (entry.before, entry.after):
            for name, value in values.items():
                lost[key(name, value)].add(entry.reason)
        if entry.link in different:
            for name, value in entry.before.items():
                lost[key(name, value)].add("linked_different")
    return lost
