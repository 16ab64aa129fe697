"""What a read after a write proves: the server's form of what was written, or somebody's edit on top of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.forms import may_be_form
from calsync.sync.model import FIELDS, Field
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.ports import Written
    from calsync.sync.model import Base, Changes, Observation


def written_base(
    base: Base,
    intended: Changes,
    found: Observation | None,
    written: Written | None,
    target: Observation | None = None,
    *,
    conditional: bool = True,
) -> Base:
    """Return the written side's base after a confirmed write of `intended`.

    `found` is the event as it was read afterwards, `written` the server's answer to the write, `target` what an
    update was made from. What was not read yet is unsure, until `read_base` has seen it. Where a write is not
    `conditional`, a user's edit may have fallen between the read and the write: of what was not written, only what
    may be the server's form of what was there is ours.
    """
    touched = frozenset(_touched(base, intended, target))
    if found is None:
        return base.moved(intended, touched if conditional else frozenset(intended))
    ours = _is_ours(found, written)
    if ours is False:
        return base.moved(intended)
    if ours is None and written is None:  # long after the write: what it did not write is a user's
        return _guessed(base, intended, found)
    if ours is None:
        expected = {name: intended[name] if name in intended else base.values[name] for name in touched}
        moved = _guessed(base, expected, found)
    else:
        stored = {name: found.event.value(name) for name in touched}
        theirs = {
            name
            for name in touched - intended.keys()
            if not (conditional or may_be_form(stored[name], base.values[name]))
        }
        moved = base.moved({name: stored[name] for name in touched - theirs})
    return replace(moved, unsure=moved.unsure | (base.unsure - intended.keys()))


def read_base(base: Base, found: Observation) -> Base:
    """Return the base after the first read of an event whose write was confirmed unread."""
    if found.written_by_us is False:  # what is different now is an edit
        return base.moved({name: base.values[name] for name in base.unsure})
    if found.written_by_us:
        return base.moved({name: found.event.value(name) for name in base.unsure})
    return _guessed(base, {name: base.values[name] for name in base.unsure}, found)


def _touched(base: Base, intended: Changes, target: Observation | None) -> Iterator[Field]:
    """Yield the fields that our write moved: those it wrote, and those that the server put in order with them.

    An edit that was pending on the target stays one.
    """
    for name in FIELDS:
        settled = target is None or target.event.value(name) == base.values.get(name)
        if name in intended or (name in base.values and settled):
            yield name


def _is_ours(found: Observation, written: Written | None) -> bool | None:
    """Tell whether what was read is our write and not somebody's later edit of it; None where nobody knows."""
    if written is not None and written.revision is not None and found.revision is not None:
        return found.revision == written.revision
    return found.written_by_us


def _guessed(base: Base, expected: Changes, found: Observation) -> Base:
    """Judge by the values alone: what may be the server's form of the expected one may still be anybody's."""
    values = {name: found.event.value(name) for name in expected}
    forms = {name: value for name, value in values.items() if may_be_form(value, expected[name])}
    return base.moved({**expected, **forms}, frozenset(name for name in forms if forms[name] != expected[name]))
