"""What must be so once something was undone: judged only where nothing and nobody can have come in between."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from calsync.sync.choices import ADOPTED, UNDONE
from calsync.sync.plan import Kind
from tests.simulation.rules import keeps_out
from tests.simulation.witness import HIDDEN, key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from calsync.records import LedgerEntry
    from calsync.sync.model import Field, Side
    from tests.simulation.pair import Pair
    from tests.simulation.undos import Undertaking
    from tests.simulation.witness import Key, Node

UNCERTAIN = frozenset({ADOPTED, "linked_different", UNDONE})


def expected(pair: Pair, now: Undertaking) -> Iterator[tuple[Side, Kind, str, Mapping[Field, Key]]]:
    """Yield what was done to an event, and what it must show once that is undone."""
    if pair.poisoned or pair.hanging or pair.refusing or pair.turned or pair.was_put_back:
        return
    found: dict[tuple[int | None, Side], list[LedgerEntry]] = defaultdict(list)
    for row in now.chosen:
        found[row.link, row.side].append(row)
    for (link, side), rows in found.items():
        if Kind(rows[-1].kind) is not Kind.DELETE and not _has_other(pair, now, link, side):
            continue
        if pair.direction.writes(side) and side not in pair.closed and _alone(pair, now, rows):
            for where, kind, event_id, values in _of_event(now, link, side, rows):
                if not any(calendar.cuts for calendar in pair.calendars.values()):
                    yield where, kind, event_id, values
                elif kind is not Kind.CREATE:  # what a server cuts may count as an edit
                    yield (
                        where,
                        kind,
                        event_id,
                        {name: each for name, each in values.items() if name != "description"},
                    )


def _of_event(
    now: Undertaking, link: int | None, side: Side, rows: Sequence[LedgerEntry]
) -> Iterator[tuple[Side, Kind, str, Mapping[Field, Key]]]:
    first, last = Kind(rows[0].kind), Kind(rows[-1].kind)
    between = {row.kind for row in rows[1:-1]}
    before: dict[Field, Key] = {}
    for row in reversed(rows):
        before.update({name: key(name, value) for name, value in row.before.items()})
    event = now.awake.get(link or 0, {}).get(side)
    if between - {Kind.UPDATE} or (first is Kind.CREATE and last is Kind.DELETE):
        return
    if last is Kind.DELETE:
        yield side, last, rows[-1].event_id or "", before
    elif event is not None and last is Kind.UPDATE:
        yield side, first, event[1], before
    elif event is not None and len(rows) == 1:
        yield side, first, event[1], {}


def _has_other(pair: Pair, now: Undertaking, link: int | None, side: Side) -> bool:
    """Tell whether the other event of a pair was there: what is alone stays as it is, and is not deleted."""
    other = now.awake.get(link or 0, {}).get(side.other)
    return other is not None and pair.witness.was_there(other, now.begun)


def _alone(pair: Pair, now: Undertaking, rows: Sequence[LedgerEntry]) -> bool:
    """Tell whether nothing else was written to a pair since, and nobody has touched it."""
    ids = {row.id for row in rows}
    if any(row.reason in UNCERTAIN or row.private for row in rows):
        return False
    for row in now.all:
        later = row.link == rows[0].link and (row.id or 0) > (rows[0].id or 0)
        if row.undoes in ids or (later and row.id not in ids):
            return False
    # A run that was killed or is frozen may have linked both.
    nodes = (rows[0].side, rows[0].event_id or ""), (rows[0].side.other, rows[0].source_id or "")
    return all(_untouched(pair, node, _arrived(pair, rows[0])) for node in nodes)


def _arrived(pair: Pair, row: LedgerEntry) -> int:
    """Return how long the journal was when a write reached its calendar, maybe long before it was recorded."""
    before = [past for past in pair.journal if past.change.after.modified <= row.at]
    own = (past for past in before if (past.side, past.change.after.id) == (row.side, row.event_id))
    earlier = sum(past.change.after.modified < row.at for past in before)
    return max((past.number for past in own if past.change.after.by_us), default=earlier)


def _untouched(pair: Pair, node: Node, since: int) -> bool:
    witness = pair.witness
    family = witness.family(node)
    for past in pair.journal:
        row, event = past.change.after, past.change.after.event
        if witness.family((past.side, row.id)) != family:
            continue
        if row.id in pair.hidden | pair.retold or (past.side, row.id) in pair.reborn or row.place in HIDDEN:
            return False
        if event.private or event.cancelled or event.online_meeting or pair.optional.leave_out(event):
            return False
        if pair.strict is not None and keeps_out(event):
            return False
        if event.attendee_count != 0 or not event.organised_here:
            return False
        if not row.by_us and (past.number >= since or not witness.dealt_with(past)):
            return False
    return True
