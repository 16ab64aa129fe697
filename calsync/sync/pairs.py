"""What becomes of a linked pair: the decision table, row by row."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calsync.sync.judgement import guarded, refusal
from calsync.sync.merge import Half, Merge, Terms, edits, half, merge
from calsync.sync.model import FIELDS, Link, Side, State
from calsync.sync.plan import Kind, Operation, Rebase
from calsync.sync.rules import RuleFailed
from calsync.sync.view import Seen, Standing, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.sync.model import Changes

Decision = Operation | Rebase


def decide_pair(view: View, link: Link) -> Iterator[Decision]:
    """Yield what is to be done about one link; nothing where a side is in doubt."""
    left, right = view.of(link, Side.LEFT), view.of(link, Side.RIGHT)
    if link.state is State.PARTED:
        yield from _parted(view, link, left, right)
        return
    if left is None or right is None or left.standing.in_doubt or right.standing.in_doubt:
        return
    try:
        yield from _decide(view, link, left, right)
    except RuleFailed as failed:
        yield _hold(link, Side.RIGHT, left, right, failed.reason)


def _decide(view: View, link: Link, left: Seen, right: Seen) -> Iterator[Decision]:
    if left.deleted and right.deleted:
        yield _on(link, Side.LEFT, right, left, Kind.UNLINK, "both_deleted")
    elif Standing.ELSEWHERE in (left.standing, right.standing):
        side = Side.LEFT if left.standing is Standing.ELSEWHERE else Side.RIGHT
        yield _hold(link, side.other, left, right, "left_account")
    elif left.deleted or right.deleted:
        yield from _one_deleted(view, link, left, right)
    else:
        yield from _both_here(view, link, left, right)


def _both_here(view: View, link: Link, left: Seen, right: Seen) -> Iterator[Decision]:
    refused = refusal(view, left.observation.event) or refusal(view, right.observation.event)
    if refused is not None:
        yield from _sleep(link, left, right, refused)
        return
    halves = _halves(view, link, left, right)
    found = merge(*halves, _terms(view, link))
    pending = any(found.wants.values()) or bool(found.conflicts)
    if _outside(view, left) and _outside(view, right) and not (pending and _was_inside(view, link)):
        yield from _sleep(link, left, right, "window", {**found.wants[Side.LEFT], **found.wants[Side.RIGHT]})
        return
    if link.state is State.ASLEEP:
        yield _on(link, Side.RIGHT, left, right, Kind.WAKE, link.reason or "window", State.AWAKE)
    yield from _rebases(link, halves, found, pending)
    yield from _updates(view, link, left, right, found)


def _updates(view: View, link: Link, left: Seen, right: Seen, found: Merge) -> Iterator[Operation]:
    for side, source, target in ((Side.RIGHT, left, right), (Side.LEFT, right, left)):
        wants = found.wants[side]
        if wants:
            reason = next((found.reasons[name] for name in wants if name in found.reasons), "changed")
            update = _on(link, side, source, target, Kind.UPDATE, reason)
            yield from guarded(view, replace(update, changes=wants))
    if found.conflicts:
        values = {name: left.observation.event.value(name) for name in FIELDS if name in found.conflicts}
        hold = _hold(link, Side.RIGHT, left, right, "conflict")
        yield replace(hold, changes=values, wanted=Kind.UPDATE)


def _rebases(link: Link, halves: tuple[Half, Half], found: Merge, pending: bool) -> Iterator[Rebase]:
    """Yield what the bases take over without a write; what rules read moves once nothing is pending."""
    for one in halves:
        taken = found.takes[one.side]
        private = one.base.private if pending else one.raw.private
        base = replace(one.base, values={**one.base.values, **taken}, private=private)
        if base != link.base(one.side):
            reason = "masked" if found.masked & set(taken) else "agreed"
            yield Rebase(link=link, side=one.side, base=base, reason=reason)


def _one_deleted(view: View, link: Link, left: Seen, right: Seen) -> Iterator[Operation]:
    gone = Side.LEFT if left.deleted else Side.RIGHT
    rest = right if gone is Side.LEFT else left
    lost = left if gone is Side.LEFT else right
    refused = refusal(view, rest.observation.event)
    sleeps_in_window = link.state is State.ASLEEP and link.reason == "window"
    if refused is not None or (link.state is State.ASLEEP and not sleeps_in_window):
        yield _on(link, gone.other, lost, rest, Kind.PART, "deleted", State.PARTED)
        return
    if sleeps_in_window and _outside(view, rest):
        return
    kept = half(link, gone.other, rest.observation, view.chain, view.capabilities[gone.other].mapping_version)
    ghost = half(link, gone, lost.observation, view.chain, view.capabilities[gone].mapping_version)
    edited = bool(edits(kept, ghost, link.origin))
    if not view.direction.writes(gone.other):
        yield from _target_deleted(view, link, lost, rest, edited)
    elif not edited:
        yield from guarded(view, _on(link, gone.other, lost, rest, Kind.DELETE, "deleted"))
    elif not view.direction.writes(gone):
        yield _on(link, gone.other, lost, rest, Kind.PART, "target_edited", State.PARTED)
    elif link.origin is gone and ghost.altered:
        hold = _on(link, gone, rest, lost, Kind.HOLD, "private_original_deleted")
        yield replace(hold, wanted=Kind.CREATE)
    else:
        yield from _renew(view, link, gone, rest, "recreated")


def _target_deleted(view: View, link: Link, lost: Seen, rest: Seen, edited: bool) -> Iterator[Operation]:
    """Decide where somebody deleted a one-way account's target."""
    target = Side.LEFT if view.direction.writes(Side.LEFT) else Side.RIGHT
    if edited or view.on_target_edit == "restore":
        yield from _renew(view, link, target, rest, "recreated" if edited else "restored")
    else:
        yield _on(link, target, rest, lost, Kind.PART, "target_deleted", State.PARTED)


def _parted(view: View, link: Link, left: Seen | None, right: Seen | None) -> Iterator[Operation]:
    """Leave a parted link alone, unless its partner returns, both are gone, or a one-way source changes."""
    if any(seen is not None and seen.standing.in_doubt for seen in (left, right)):
        return
    here = {side: _is_here(seen) for side, seen in ((Side.LEFT, left), (Side.RIGHT, right))}
    if here[Side.LEFT] and here[Side.RIGHT] and link.reason != "refused":
        if not _outside(view, left) or not _outside(view, right):
            yield _on(link, Side.RIGHT, left, right, Kind.WAKE, "returned", State.AWAKE)
    elif not here[Side.LEFT] and not here[Side.RIGHT]:
        yield _on(link, Side.LEFT, right, left, Kind.UNLINK, "both_deleted")
    elif link.reason == "target_deleted" and view.one_way:
        yield from _renew_target(view, link, left, right)


def _renew_target(view: View, link: Link, left: Seen | None, right: Seen | None) -> Iterator[Operation]:
    target = Side.LEFT if view.direction.writes(Side.LEFT) else Side.RIGHT
    source = right if target is Side.LEFT else left
    if source is None or source.deleted or _outside(view, source):
        return
    try:
        if refusal(view, source.observation.event) is not None:
            return
        version = view.capabilities[target.other].mapping_version
        kept = half(link, target.other, source.observation, view.chain, version)
    except RuleFailed as failed:
        yield _hold(link, target, left, right, failed.reason)
        return
    if edits(kept, None, link.origin):
        yield from _renew(view, link, target, source, "recreated")


def _renew(view: View, link: Link, side: Side, source: Seen, reason: str) -> Iterator[Operation]:
    """Create a link's lost side anew."""
    draft = view.chain.draft(source.observation.event)
    create = Operation(
        kind=Kind.CREATE, side=side, reason=reason, link=link, source=source.observation, draft=draft
    )
    yield from guarded(view, create)


def _sleep(
    link: Link, left: Seen, right: Seen, reason: str, undelivered: Changes | None = None
) -> Iterator[Operation]:
    if link.state is not State.ASLEEP or link.reason != reason:
        sleep = _on(link, Side.RIGHT, left, right, Kind.SLEEP, reason, State.ASLEEP)
        yield replace(sleep, changes=undelivered or {})


def _halves(view: View, link: Link, left: Seen, right: Seen) -> tuple[Half, Half]:
    def of(side: Side, seen: Seen) -> Half:
        return half(link, side, seen.observation, view.chain, view.capabilities[side].mapping_version)

    return of(Side.LEFT, left), of(Side.RIGHT, right)


def _terms(view: View, link: Link) -> Terms:
    return Terms(
        direction=view.direction, policy=view.policy, on_target_edit=view.on_target_edit, origin=link.origin
    )


def _is_here(seen: Seen | None) -> bool:
    return seen is not None and seen.standing is Standing.PRESENT and not seen.deleted


def _outside(view: View, seen: Seen | None) -> bool:
    return seen is None or not view.window.holds(seen.observation.event.when)


def _was_inside(view: View, link: Link) -> bool:
    """Tell whether the pair was inside the window when both sides last agreed: then an edit moved it out."""
    whens = [link.base(side).values.get("when") for side in Side]
    return any(when is not None and not isinstance(when, str) and view.window.holds(when) for when in whens)


def _hold(link: Link, side: Side, left: Seen | None, right: Seen | None, reason: str) -> Operation:
    source, target = (left, right) if side is Side.RIGHT else (right, left)
    return _on(link, side, source, target, Kind.HOLD, reason)


def _on(
    link: Link,
    side: Side,
    source: Seen | None,
    target: Seen | None,
    kind: Kind,
    reason: str,
    state: State | None = None,
) -> Operation:
    return Operation(
        kind=kind,
        side=side,
        reason=reason,
        link=link,
        source=source.observation if source else None,
        target=target.observation if target else None,
        state=state,
    )
