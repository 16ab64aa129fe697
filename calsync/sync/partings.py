"""What becomes of a pair when one of its events is gone, and of a link that was parted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.brakes import LEFT_ACCOUNT, PRIVATE_DELETED
from calsync.sync.choices import KEPT, RELEASED, UNSURE, Choice
from calsync.sync.decisions import decision, half_of, outside
from calsync.sync.judgement import guarded, refusal, ruled
from calsync.sync.merge import edits, mask
from calsync.sync.model import BOTH, FIELDS, Link, Side, State
from calsync.sync.plan import Kind, Operation
from calsync.sync.view import Seen, Standing, View
from calsync.values import Struct, replace

if TYPE_CHECKING:
    from collections.abc import Iterator


_ASKED = (Kind.DELETE, Kind.HOLD)
"""What is held where one event is gone: the delete of the other one, or nothing that could be released."""


class _Remains(Struct, frozen=True):
    """A pair of which one event is proven gone."""

    link: Link
    gone: Side
    lost: Seen
    rest: Seen
    edited: bool
    """The remaining event has edits that count against the delete."""
    masked: bool
    """It shows only what the rules let through of the lost one."""
    unsure: bool
    """It may have an edit: nobody can tell who made what was read back."""


def decide_deleted(view: View, link: Link, gone: Side, lost: Seen, rest: Seen) -> Iterator[Operation]:
    """Yield what is to be done where one event of a pair is proven gone. Raises RuleFailed.

    Where either was last seen as what is not synced, the pair parts: no run may have come to put it to sleep.
    """
    sleeps_in_window = link.state is State.ASLEEP and link.reason == "window"
    refused = refusal(view, rest.observation.event) or refusal(view, lost.observation.event)
    if refused is not None or (link.state is State.ASLEEP and not sleeps_in_window):
        yield decision(link, gone.other, lost, rest, Kind.PART, "deleted", State.PARTED)
    elif not sleeps_in_window:
        yield from _carry_over(view, _remains(view, link, gone, lost, rest))
    elif not outside(view, rest):  # awake, the lost one is asked about each day, as long as it is waited for
        yield decision(link, gone, rest, lost, Kind.WAKE, "window", State.AWAKE)
        yield from _carry_over(view, _remains(view, link, gone, lost, rest))


def decide_left(view: View, link: Link, gone: Side, lost: Seen, rest: Seen) -> Iterator[Operation]:
    """Hold a pair of which one event belongs to somebody else by now, or stands in another calendar.

    Its partner may be deleted where it is as both sides had agreed, and both were last seen as what is synced.
    Raises RuleFailed.
    """
    held = decision(link, gone.other, lost, rest, Kind.HOLD, LEFT_ACCOUNT)
    awake = link.state is State.AWAKE and rest.standing is Standing.PRESENT and not rest.deleted
    if awake and view.direction.writes(gone.other):
        refused = refusal(view, rest.observation.event) or refusal(view, lost.observation.event)
        remains = _remains(view, link, gone, lost, rest)
        if not (refused or remains.edited or remains.unsure):
            held = replace(held, wanted=Kind.DELETE)
    yield from _ask(view, held)


def decide_parted(view: View, link: Link, left: Seen | None, right: Seen | None) -> Iterator[Operation]:
    """Leave a parted link alone, unless its partner returns, both are gone, or a one-way source changes."""
    gone = [_is_gone(link, Side.LEFT, left), _is_gone(link, Side.RIGHT, right)]
    if all(gone):
        yield decision(link, Side.LEFT, right, left, Kind.UNLINK, "both_deleted")
    elif left is None or right is None:
        return
    elif not any(gone):
        yield from _returned(view, link, left, right)
    elif link.reason == "target_deleted":
        yield from _renew_target(view, link, {Side.LEFT: left, Side.RIGHT: right})


def _carry_over(view: View, remains: _Remains) -> Iterator[Operation]:
    """Carry a delete over, unless an edit or the account's direction speaks against it."""
    link, gone, kept = remains.link, remains.gone, remains.gone.other
    if not view.direction.writes(kept):
        if remains.edited or view.on_target_edit == "restore":
            yield from _renew(view, remains, "recreated" if remains.edited else "restored")
        else:
            yield decision(link, gone, remains.rest, remains.lost, Kind.PART, "target_deleted", State.PARTED)
    elif remains.unsure and not remains.edited:
        held = decision(link, kept, remains.lost, remains.rest, Kind.HOLD, UNSURE)
        yield from _ask(view, replace(held, wanted=Kind.DELETE))  # it might take an edit with it
    elif not remains.edited:
        yield from guarded(view, decision(link, kept, remains.lost, remains.rest, Kind.DELETE, "deleted"))
    elif not view.direction.writes(gone):
        yield decision(link, kept, remains.lost, remains.rest, Kind.PART, "target_edited", State.PARTED)
    else:
        yield from _renew(view, remains, "recreated")


def _ask(view: View, held: Operation) -> Iterator[Operation]:
    """Yield what a person has decided about a pair of which one event is gone, else its hold.

    Who keeps the other one keeps it, whether its delete was offered then, or is now.
    """
    words = {kind: view.decisions.get((held.side, held.event_id or "", kind, held.reason)) for kind in _ASKED}
    decided = words[held.wanted or Kind.HOLD]
    if any(word is not None and word.choice is Choice.KEEP for word in words.values()):
        yield replace(held, kind=Kind.PART, reason=KEPT, state=State.PARTED, wanted=None)
    elif decided is not None and held.wanted is Kind.DELETE:
        key = frozenset({decided.key})
        yield from guarded(view, replace(held, kind=Kind.DELETE, reason=RELEASED, wanted=None, decided=key))
    else:
        yield held


def _returned(view: View, link: Link, left: Seen, right: Seen) -> Iterator[Operation]:
    here = left.standing is Standing.PRESENT and right.standing is Standing.PRESENT
    if here and not (outside(view, left) and outside(view, right)):
        yield decision(link, Side.RIGHT, left, right, Kind.WAKE, "returned", State.AWAKE)


def _renew_target(view: View, link: Link, seen: dict[Side, Seen]) -> Iterator[Operation]:
    """Create a deleted target anew when the source of a one-way account changes. Raises RuleFailed."""
    target = next((side for side in BOTH if not view.direction.writes(side.other)), None)
    if target is None or not seen[target].deleted:
        return
    source = seen[target.other]
    if source.standing is not Standing.PRESENT or outside(view, source):
        return
    if refusal(view, source.observation.event) is None:
        remains = _remains(view, link, target, seen[target], source)
        if remains.edited:
            yield from _renew(view, remains, "recreated")


def _renew(view: View, remains: _Remains, reason: str) -> Iterator[Operation]:
    """Create a link's lost side anew, but never an original from what its mask let through: a person decides."""
    link, gone, source = remains.link, remains.gone, remains.rest
    if remains.masked:
        held = decision(link, gone.other, remains.lost, source, Kind.HOLD, PRIVATE_DELETED)
        writes = view.direction.writes(gone.other)
        yield from _ask(view, replace(held, wanted=Kind.DELETE if writes else None))
        return
    draft = view.chain.draft(source.observation.event)
    create = decision(link, gone, source, None, Kind.CREATE, reason)
    yield from guarded(view, replace(create, draft=draft, rules=ruled(view, source.observation, draft.values())))


def _remains(view: View, link: Link, gone: Side, lost: Seen, rest: Seen) -> _Remains:
    kept, ghost = half_of(view, link, gone.other, rest), half_of(view, link, gone, lost)
    edited = bool(edits(kept, ghost, link.origin))
    masked = bool(mask(kept, ghost, link.origin))
    unsure = any(kept.unsure(name, ghost) for name in FIELDS)
    return _Remains(link, gone, lost, rest, edited=edited, masked=masked, unsure=unsure)


def _is_gone(link: Link, side: Side, seen: Seen | None) -> bool:
    """Tell whether a parted link has no event on this side: none was ever made, or its delete is proven."""
    return link.event_id(side) is None if seen is None else seen.deleted
