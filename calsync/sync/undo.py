"""Undoing what calsync wrote: from rows of the ledger to a plan. Pure, as the reconciler is.

A write is undone on the side that it was written to, and nothing else follows from it: the other side keeps what
it shows, and both stay different until somebody edits one of them. What anybody has touched since is left alone.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from calsync.sync.choices import ADOPTED, UNDONE
from calsync.sync.decisions import decision
from calsync.sync.forms import may_be_form
from calsync.sync.judgement import guarded
from calsync.sync.merge import half
from calsync.sync.model import FIELDS, Draft, Observation, Side, State
from calsync.sync.plan import Kind, Operation, Plan
from calsync.sync.rules import RuleFailed
from calsync.sync.view import Seen, Standing, View
from calsync.sync.wrote import before_all, event_of, folded

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from calsync.sync.model import Field, Link, Value
    from calsync.sync.wrote import Wrote

UNCERTAIN = frozenset({ADOPTED, "linked_different"})
"""Reasons of creates of which nobody can tell whether calsync or a user made their event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Undoing:
    """What a person wants to be undone, and what must be known for it."""

    rows: Sequence[Wrote]
    """All writes about the pairs that are concerned, the oldest first."""
    chosen: Collection[int]
    """The ids of those that are to be undone."""
    gone: Collection[int] = frozenset()
    """The deletes whose event is proven to be gone still."""
    back: Collection[tuple[Side, str]] = frozenset()
    """The uids that events carry which are there and linked."""
    _by_link: Mapping[int | None, Sequence[Wrote]] = field(init=False)

    def __post_init__(self) -> None:
        by_link: dict[int | None, list[Wrote]] = defaultdict(list)
        for row in self.rows:
            by_link[row.link].append(row)
        object.__setattr__(self, "_by_link", by_link)

    def later(self, row: Wrote) -> Iterator[Wrote]:
        """Yield the writes about the same pair that came after one and are not undone with it."""
        return (each for each in self._by_link[row.link] if each.id > row.id and each.id not in self.chosen)

    def undone(self, row: Wrote) -> bool:
        """Tell whether a delete has been undone, and that is not to be undone itself."""
        return any(each.undoes == row.id and each.id not in self.chosen for each in self.rows)


def undo(view: View, undoing: Undoing) -> Plan:
    """Decide how what is chosen is undone; a skip says why something is not."""
    operations: list[Operation] = []
    for rows in _of_one_event(undoing):
        last = rows[-1]
        link = None if last.link is None else view.links.get(last.link)
        seen = {side: view.of(link, side) if link else None for side in Side}
        left, right = (each.observation if each else None for each in (seen[Side.LEFT], seen[Side.RIGHT]))
        view.chain.about(Side.LEFT, left, right)
        try:
            operations += _undo(view, undoing, rows, link)
        except RuleFailed as failed:
            operations.append(_skip(view, last, link, failed.reason))
    return Plan(operations=tuple(operations))


def _of_one_event(undoing: Undoing) -> Iterator[Sequence[Wrote]]:
    """Yield the chosen writes to each event, the oldest first.

    A delete and what has undone it are nothing together, nor are a create and a later delete.
    """
    found: dict[tuple[int | None, Side], list[Wrote]] = defaultdict(list)
    undoers = {row.undoes: row.id for row in undoing.rows if row.undoes is not None}
    for row in undoing.rows:
        cancelled = undoers.get(row.id) in undoing.chosen or row.undoes in undoing.chosen
        if row.id in undoing.chosen and not cancelled:
            found[row.link, row.side].append(row)
    for rows in sorted(found.values(), key=lambda rows: rows[0].id):
        if rows[0].kind is not Kind.CREATE or rows[-1].kind is not Kind.DELETE:
            yield rows


def _undo(view: View, undoing: Undoing, rows: Sequence[Wrote], link: Link | None) -> Iterator[Operation]:
    first, last = rows[0], rows[-1]
    if not view.direction.writes(last.side):
        yield _skip(view, last, link, "undo_read_only")
    elif not all(row.readable for row in rows):
        yield _skip(view, last, link, "undo_unreadable")
    elif last.kind is Kind.DELETE:
        yield from _undo_delete(view, undoing, rows, link)
    elif link is None:
        yield _skip(view, last, link, "undo_gone")
    elif link.id in view.waiting_links:
        yield _skip(view, last, link, "waits")
    elif first.kind is Kind.CREATE:
        yield from _undo_create(view, undoing, rows, link)
    else:
        yield from _undo_updates(view, undoing, rows, link)


def _undo_updates(view: View, undoing: Undoing, rows: Sequence[Wrote], link: Link) -> Iterator[Operation]:
    """Write the former values of those fields that are as calsync left them, and that no rule has a say in."""
    last = rows[-1]
    why = _not_as_it_was(view, link, last.side)
    if why is not None:
        yield _skip(view, last, link, why)
        return
    written, other = _pair(view, link, last.side)
    halves = [
        half(link, side, seen.observation, view.chain, view.capabilities[side].mapping_version)
        for side, seen in ((last.side, written), (last.side.other, other))
    ]
    altered = halves[0].altered | halves[1].altered
    changes: dict[Field, Value] = {}
    refused: dict[str, dict[Field, Value]] = {}
    for name, (before, after) in folded(rows).items():
        if before == after:
            continue
        if written.observation.event.value(name) == before:
            why = "undo_done"
        elif name in altered:
            why = "undo_altered"
        elif not _untouched(link, last.side, written, other, name, after) or _touched_later(undoing, last, name):
            why = "undo_edited"
        else:
            changes[name] = before
            continue
        refused.setdefault(why, {})[name] = before
    for reason, values in refused.items():
        yield replace(_skip(view, last, link, reason), changes=values)
    if changes:
        update = decision(link, last.side, other, written, Kind.UPDATE, UNDONE)
        yield from guarded(view, replace(update, changes=changes))


def _undo_create(view: View, undoing: Undoing, rows: Sequence[Wrote], link: Link) -> Iterator[Operation]:
    """Delete a copy that is as calsync made it, or wrote it last; its original must be there."""
    first, last = rows[0], rows[-1]
    side = last.side
    if first.reason in UNCERTAIN:
        yield _skip(view, last, link, "undo_uncertain")
        return
    alone = first.reason == UNDONE and link.state is State.PARTED
    why = None if alone else _not_as_it_was(view, link, side)
    written, other = view.of(link, side), view.of(link, side.other)
    if why is None and (written is None or written.standing is not Standing.PRESENT):
        why = "undo_gone"
    if why is not None or written is None:
        yield _skip(view, last, link, why or "undo_gone")
        return
    after = {name: value for row in rows for name, value in row.after.items()}
    base = link.base(side).values
    touched = any(
        written.observation.event.value(name) != (base.get(name, after[name]))
        or not may_be_form(written.observation.event.value(name), after[name])
        or _touched_later(undoing, last, name)
        for name in FIELDS
        if name in after
    )
    if touched or not all(name in after for name in FIELDS):
        yield _skip(view, last, link, "undo_edited")
        return
    yield from guarded(view, decision(link, side, other, written, Kind.DELETE, UNDONE))


def _undo_delete(view: View, undoing: Undoing, rows: Sequence[Wrote], link: Link | None) -> Iterator[Operation]:
    """Create anew what calsync deleted; a delete that itself undid a create ends its link, and all begins anew."""
    row = rows[-1]
    if row.reason == UNDONE:
        yield from _unlink(view, row, link)
        return
    partner = view.seen[row.side.other].get(row.source_id or "")
    if undoing.undone(row):
        why = "undo_done"
    elif row.private:
        why = "undo_private"
    elif row.id not in undoing.gone or _is_back(view, undoing, row):
        why = "undo_back"
    elif not all(name in row.before for name in FIELDS) or row.source_id is None:
        why = "undo_uncertain"
    else:
        yield from guarded(view, _anew(row, {**row.before, **before_all(rows)}, partner))
        return
    yield _skip(view, row, link, why)


def _is_back(view: View, undoing: Undoing, row: Wrote) -> bool:
    """Tell whether the partner of what was deleted is there again, and has a copy."""
    side, event_id = row.side.other, row.source_id or ""
    partner = view.seen[side].get(event_id)
    here = partner is not None and partner.standing is Standing.PRESENT
    return (here and event_id in view.linked[side]) or (side, row.source_uid or "") in undoing.back


def _anew(row: Wrote, values: Mapping[Field, Value], partner: Seen | None) -> Operation:
    image = event_of(row, values)
    draft = Draft(summary=image.summary, when=image.when, description=image.description, reminder=None)
    lost = Observation(id=row.source_id or "", event=replace(image, uid=row.source_uid), revision=None)
    return Operation(
        kind=Kind.CREATE,
        side=row.side,
        reason=UNDONE,
        source=partner.observation if partner is not None and not partner.deleted else lost,
        draft=draft,
        undoes=row.id,
    )


def _unlink(view: View, row: Wrote, link: Link | None) -> Iterator[Operation]:
    original = view.of(link, row.side.other) if link else None
    if link is None or link.state is not State.PARTED or link.reason != UNDONE:
        yield _skip(view, row, link, "undo_done")
    elif original is None or original.standing is not Standing.PRESENT or original.deleted:
        yield _skip(view, row, link, "undo_gone")
    else:
        yield decision(link, row.side, original, view.of(link, row.side), Kind.UNLINK, UNDONE)


def _not_as_it_was(view: View, link: Link, side: Side) -> str | None:
    """Return why nothing of a pair can be undone on a side."""
    written, other = view.of(link, side), view.of(link, side.other)
    if link.state is State.PARTED or (link.state is State.ASLEEP and link.reason != "window"):
        return "undo_gone"
    if written is None or written.standing is Standing.DELETED or written.deleted:
        return "undo_gone"
    if other is None or other.standing is Standing.DELETED or other.deleted:
        return "undo_alone"
    if Standing.ELSEWHERE in (written.standing, other.standing):
        return "left_account"
    if written.standing.in_doubt or other.standing.in_doubt:
        return "doubt"
    if written.observation.event.series or other.observation.event.series:
        return "series"
    return None


def _pair(view: View, link: Link, side: Side) -> tuple[Seen, Seen]:
    written, other = view.of(link, side), view.of(link, side.other)
    if written is None or other is None:
        raise ValueError("both events of the pair are there")
    return written, other


def _untouched(link: Link, side: Side, written: Seen, other: Seen, name: Field, after: Value) -> bool:
    """Tell whether a field is as calsync left it, and the other side has no edit of it that waits."""
    base, beside = link.base(side), link.base(side.other)
    value = written.observation.event.value(name)
    ours = base.values.get(name) == value and name not in base.unsure and may_be_form(value, after)
    return ours and beside.values.get(name) == other.observation.event.value(name) and name not in beside.unsure


def _touched_later(undoing: Undoing, row: Wrote, name: Field) -> bool:
    return any(name in each.after or name in each.before for each in undoing.later(row))


def _skip(view: View, row: Wrote, link: Link | None, reason: str) -> Operation:
    """Say that a write is not undone, and of which event."""
    seen = view.seen[row.side].get(row.event_id)
    if link is not None:
        seen = view.of(link, row.side) or view.of(link, row.side.other)
    source = None if seen is None else seen.observation
    if source is None and all(name in row.image for name in FIELDS):
        source = Observation(id=row.event_id, event=event_of(row, row.image), revision=None)
    return Operation(kind=Kind.SKIP, side=row.side, reason=reason, link=link, source=source)
