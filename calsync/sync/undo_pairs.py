"""Undoing creates and updates: of events that are still linked, and as calsync left them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.choices import ADOPTED, UNDONE
from calsync.sync.decisions import decision, half_of
from calsync.sync.forms import may_be_form
from calsync.sync.judgement import guarded, refusal
from calsync.sync.model import FIELDS, State
from calsync.sync.plan import Kind
from calsync.sync.view import Standing
from calsync.sync.wrote import folded
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.sync.model import Field, Link, Side, Value
    from calsync.sync.plan import Operation
    from calsync.sync.undoing import Case
    from calsync.sync.view import Seen

UNCERTAIN = frozenset({ADOPTED, "linked_different"})
"""Reasons of creates of which nobody can tell whether calsync or a user made their event."""


def undo_updates(case: Case, link: Link) -> Iterator[Operation]:
    """Write the former values of those fields that are as calsync left them, and that no rule has a say in."""
    pair = _pair(case, link)
    if isinstance(pair, str):
        yield case.skip(pair)
        return
    written, other = pair
    altered = _altered(case, link, case.side, written) | _altered(case, link, case.side.other, other)
    changes: dict[Field, Value] = {}
    refused: dict[str, dict[Field, Value]] = {}
    for name, (before, after) in folded(case.rows).items():
        if before == after:
            continue
        if written.observation.event.value(name) == before:
            why = "undo_done"
        elif name in altered:
            why = "undo_altered"
        elif not _is_left(case, link, written, name, after) or _is_pending(case, link, other, name):
            why = "undo_edited"
        else:
            changes[name] = before
            continue
        refused.setdefault(why, {})[name] = before
    for reason, values in refused.items():
        yield case.skip(reason, values)
    if changes:
        yield from _update(case, link, pair, changes)


def undo_create(case: Case, link: Link) -> Iterator[Operation]:
    """Delete a copy that is as calsync wrote it last, and whose original is there; or what was created anew."""
    created, side = case.rows[0], case.side
    alone = created.reason == UNDONE and link.state is State.PARTED
    pair = _alone(case) if alone else _pair(case, link)
    if created.reason in UNCERTAIN:
        yield case.skip("undo_uncertain")
    elif isinstance(pair, str):
        yield case.skip(pair)
    else:
        written, other = pair
        after = {name: value for row in case.rows for name, value in row.after.items()}
        if all(name in after and _is_left(case, link, written, name, after[name]) for name in FIELDS):
            yield from guarded(case.view, decision(link, side, other, written, Kind.DELETE, UNDONE))
        else:
            yield case.skip("undo_edited")


def _update(case: Case, link: Link, pair: tuple[Seen, Seen], changes: dict[Field, Value]) -> Iterator[Operation]:
    written, other = pair
    why = refusal(case.view, written.observation.event.with_values(changes))
    if why is not None:
        yield case.skip(why, changes)
        return
    update = decision(link, case.side, other, written, Kind.UPDATE, UNDONE)
    yield from guarded(case.view, replace(update, changes=changes))


def _pair(case: Case, link: Link) -> tuple[Seen, Seen] | str:
    """Return what was written and its partner; else the reason why nothing of it can be undone."""
    written, other = case.seen(case.side), case.seen(case.side.other)
    if link.state is State.PARTED or (link.state is State.ASLEEP and link.reason != "window"):
        return "undo_gone"
    if written is None or written.deleted:
        return "undo_gone"
    if other is None or other.deleted or link.id in case.undoing.alone:
        return "undo_alone"
    if Standing.ELSEWHERE in (written.standing, other.standing):
        return "left_account"
    if written.standing.in_doubt or other.standing.in_doubt:
        return "doubt"
    view = case.view
    return refusal(view, written.observation.event) or refusal(view, other.observation.event) or (written, other)


def _alone(case: Case) -> tuple[Seen, Seen | None] | str:
    """Return what was created anew, and what is known of its lost partner; else the reason as `_pair`."""
    written = case.seen(case.side)
    if written is None or written.standing is not Standing.PRESENT or written.deleted:
        return "undo_gone"
    return refusal(case.view, written.observation.event) or (written, case.seen(case.side.other))


def _altered(case: Case, link: Link, side: Side, seen: Seen) -> frozenset[Field]:
    """Return the fields of one side that rules alter, now or in its base."""
    return half_of(case.view, link, side, seen).altered


def _is_left(case: Case, link: Link, written: Seen, name: Field, after: Value) -> bool:
    """Tell whether a field is as calsync left it, and nothing has touched it since.

    What was created anew has no base as long as it is alone.
    """
    base, value = link.base(case.side), written.observation.event.value(name)
    agreed = after if link.state is State.PARTED else base.values.get(name)
    form = may_be_form(value, after) and not case.undoing.may_be_touched_since(case.last, name)
    ours = value == agreed and (value == after or form) and name not in base.unsure
    return ours and not case.undoing.touched_since(case.last, name)


def _is_pending(case: Case, link: Link, other: Seen, name: Field) -> bool:
    """Tell whether the other side has an edit of a field that is still to be copied."""
    base = link.base(case.side.other)
    return base.values.get(name) != other.observation.event.value(name) or name in base.unsure
