"""Leaving an account: which copies may be removed with it, and why the others stay. Pure, as the reconciler is.

Only what calsync made is removed, as it left it, and only while its original is there: nobody loses an appointment
by leaving.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from calsync.sync.choices import LEAVING
from calsync.sync.decisions import decision, half_of
from calsync.sync.judgement import guarded, refusal
from calsync.sync.merge import is_own
from calsync.sync.model import BOTH, FIELDS, Base, Side, State
from calsync.sync.plan import Kind, Plan
from calsync.sync.rules import RuleFailed
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from calsync.sync.model import Link, When
    from calsync.sync.plan import Operation
    from calsync.sync.view import Seen, View


def leave(view: View, side: Side, alone: Collection[int]) -> Plan:
    """Decide which copies on a side are removed; a skip says why another one stays.

    `alone`: the links whose original is gone, as its server says, where no feed tells of that.
    """
    operations: list[Operation] = []
    for link in sorted(view.links.values(), key=lambda link: link.id):
        copy = view.of(link, side)
        if link.origin is side or copy is None or copy.standing is not Standing.PRESENT or copy.deleted:
            continue
        original = view.of(link, side.other)
        view.chain.about(side, copy.observation, original.observation if original else None)
        delete = decision(link, side, original, copy, Kind.DELETE, LEAVING)
        try:
            why = _stays(view, link, copy, original, alone)
            operations += guarded(view, delete) if why is None else [_skip(delete, why)]
        except RuleFailed as failed:
            operations.append(_skip(delete, failed.reason))
    return Plan(operations=tuple(operations))


def candidates(view: View, side: Side) -> Iterator[tuple[Link, Seen]]:
    """Yield the links whose copy on a side would be removed, but of whose original no feed tells, with that."""
    for operation in leave(view, side, ()).operations:
        link = operation.link
        original = None if link is None else view.of(link, side.other)
        if operation.kind is not Kind.DELETE or link is None or original is None:
            continue
        if not view.window.holds(original.observation.event.when):
            yield link, original


def remembered(view: View) -> Mapping[int, Link | None]:
    """Return what is kept of each link when its account has left: the ids of both events, or nothing.

    What both sides show alike is matched up again by that, if nothing else shows the same. Every other pair
    would be taken for two appointments when the account comes back, or what somebody deleted for a new one.
    """
    shown = Counter(
        (side, seen.observation.event.summary, seen.observation.event.when)
        for side in BOTH
        for seen in view.seen[side].values()
        if not seen.deleted
    )
    return {link.id: _remembered(view, link, shown) for link in view.links.values()}


def _remembered(view: View, link: Link, shown: Mapping[tuple[Side, str, When], int]) -> Link | None:
    left, right = view.of(link, Side.LEFT), view.of(link, Side.RIGHT)
    gone = [seen is not None and seen.deleted for seen in (left, right)]
    if all(gone) or is_removed(link, left, right):
        return None
    synced = link.state is State.AWAKE or (link.state is State.ASLEEP and link.reason == "window")
    if synced and left is not None and right is not None and not any(gone) and _match(view, left, right):
        event = left.observation.event
        if all(shown[side, event.summary, event.when] == 1 for side in BOTH):
            return None
    reason = link.reason if link.state is State.PARTED else LEAVING
    parted = replace(link, state=State.PARTED, reason=reason)
    for side in BOTH:
        parted = parted.with_base(side, Base(mapping_version=link.base(side).mapping_version))
    return parted


def is_removed(link: Link, left: Seen | None, right: Seen | None) -> bool:
    """Tell whether a link's copy was removed by leaving, while its original was there."""
    original, copy = (left, right) if link.origin is Side.LEFT else (right, left)
    here = original is not None and original.standing is Standing.PRESENT and not original.deleted
    return link.reason == LEAVING and link.origin is not None and here and copy is not None and copy.deleted


def _stays(view: View, link: Link, copy: Seen, original: Seen | None, alone: Collection[int]) -> str | None:
    """Return why a copy is not removed, None where it may be. Raises RuleFailed."""
    side = Side.LEFT if link.origin is Side.RIGHT else Side.RIGHT
    base, event = link.base(side), copy.observation.event
    if link.origin is None:
        return "leave_own"
    if link.state is State.PARTED or (link.state is State.ASLEEP and link.reason != "window"):
        return "leave_parted"
    if link.id in view.waiting_links:
        return "waits"
    if original is None or original.deleted or link.id in alone:
        return "leave_alone"
    if original.standing is Standing.ELSEWHERE:
        return "left_account"
    if original.standing is not Standing.PRESENT:
        return "doubt"
    if base.unsure or any(name not in base.values for name in FIELDS):
        return "leave_unsure"
    if any(base.values[name] != event.value(name) for name in FIELDS):
        return "leave_edited"
    if _is_let_differ(view, link, side, copy, original):
        return "leave_unsure"
    return refusal(view, event) or refusal(view, original.observation.event)


def _is_let_differ(view: View, link: Link, side: Side, copy: Seen, original: Seen) -> bool:
    """Tell whether both sides agreed on a copy that shows what calsync may not have written there.

    As where a person has left both different, a user has written over a mask, or rules of before have written it:
    nobody can tell these apart. Raises RuleFailed.
    """
    ours, theirs = half_of(view, link, side, copy), half_of(view, link, side.other, original)
    return any(not theirs.holds(name) or is_own(ours, theirs, name) for name in FIELDS)


def _skip(delete: Operation, why: str) -> Operation:
    return replace(delete, kind=Kind.SKIP, reason=why, source=delete.target, target=None)


def _match(view: View, left: Seen, right: Seen) -> bool:
    """Tell whether match-up would pair two events (calsync.sync.matchup): both are synced, and alike."""
    one, two = left.observation.event, right.observation.event
    alike = not (one.series or two.series) and (one.summary, one.when) == (two.summary, two.when)
    return alike and not _is_refused(view, left, right)


def _is_refused(view: View, left: Seen, right: Seen) -> bool:
    """Tell whether a rule refuses one of a pair by now, though no run has come to put it to sleep.

    Where a rule ever failed to answer none is asked: one that hangs must keep nobody here.
    """
    if view.chain.hung:
        return False
    view.chain.about(Side.LEFT, left.observation, right.observation)
    try:
        return any(refusal(view, seen.observation.event) is not None for seen in (left, right))
    except RuleFailed:
        return True
