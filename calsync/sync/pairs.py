"""What becomes of a linked pair: the decision table, row by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.choices import CONFLICT, GIVEN_UP, UNSURE, Choice
from calsync.sync.decisions import decision, half_of, hold, outside
from calsync.sync.judgement import guarded, refusal, ruled
from calsync.sync.merge import Merge, Terms, give_up, merge
from calsync.sync.model import BOTH, FIELDS, Link, Side, State
from calsync.sync.partings import decide_deleted, decide_left, decide_parted
from calsync.sync.plan import Kind, Operation, Rebase
from calsync.sync.released import BRAKES
from calsync.sync.rules import RuleFailed
from calsync.sync.view import Seen, Standing, View
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.sync.merge import Half
    from calsync.sync.model import Changes
    from calsync.sync.plan import HoldKey


def in_doubt(view: View, link: Link) -> bool:
    """Tell whether it is not known if both events of a link are there."""
    left, right = view.of(link, Side.LEFT), view.of(link, Side.RIGHT)
    return any(seen is not None and seen.standing.in_doubt for seen in (left, right))


def decide_pair(view: View, link: Link) -> Iterator[Operation | Rebase]:
    """Yield what is to be done about one link that is not in doubt; a hold where a rule fails."""
    left, right = view.of(link, Side.LEFT), view.of(link, Side.RIGHT)
    view.chain.about(Side.LEFT, left.observation if left else None, right.observation if right else None)
    try:
        if link.state is State.PARTED:
            yield from decide_parted(view, link, left, right)
        elif left is not None and right is not None:
            yield from _decide(view, link, left, right)
    except RuleFailed as failed:
        yield hold(link, Side.RIGHT, left, right, failed.reason)


def _decide(view: View, link: Link, left: Seen, right: Seen) -> Iterator[Operation | Rebase]:
    if left.deleted and right.deleted:
        yield decision(link, Side.LEFT, right, left, Kind.UNLINK, "both_deleted")
    elif Standing.ELSEWHERE in (left.standing, right.standing):
        if left.standing is Standing.ELSEWHERE:
            yield from decide_left(view, link, Side.LEFT, left, right)
        else:
            yield from decide_left(view, link, Side.RIGHT, right, left)
    elif left.deleted:
        yield from decide_deleted(view, link, Side.LEFT, left, right)
    elif right.deleted:
        yield from decide_deleted(view, link, Side.RIGHT, right, left)
    else:
        yield from _both_here(view, link, left, right)


def _both_here(view: View, link: Link, left: Seen, right: Seen) -> Iterator[Operation | Rebase]:
    if link.state is State.AWAKE and _at_rest(view, link, left, right):
        return
    halves = half_of(view, link, Side.LEFT, left), half_of(view, link, Side.RIGHT, right)
    found = merge(*halves, _terms(view, link))
    tired = _tired(view, link, left, right, found)
    if tired is None:
        if link.state is State.ASLEEP:
            yield decision(link, Side.RIGHT, left, right, Kind.WAKE, link.reason or "window", State.AWAKE)
        yield from _rebases(link, halves, found)
        yield from _updates(view, link, left, right, found)
    elif link.state is State.AWAKE or link.reason != tired:
        if link.state is State.AWAKE:  # what both sides agree on must not look like an edit when the pair wakes
            _give_up(view, link, halves, found)
            yield from _rebases(link, halves, found)
        undelivered = {**found.wants[Side.LEFT], **found.wants[Side.RIGHT], **_contested(left, found)}
        sleep = decision(link, Side.RIGHT, left, right, Kind.SLEEP, tired, State.ASLEEP)
        yield replace(sleep, changes=undelivered)


def _at_rest(view: View, link: Link, left: Seen, right: Seen) -> bool:
    """Tell whether both events are as they were agreed on, as most are in most runs. Raises RuleFailed.

    No rule needs to project anything then: what is equal stays equal.
    """
    for side, seen in ((Side.LEFT, left), (Side.RIGHT, right)):
        base, event = link.base(side), seen.observation.event
        if base.owed or base.unsure or base.private != event.private or outside(view, seen):
            return False
        if base.mapping_version != view.capabilities[side].mapping_version:
            return False
        for name in FIELDS:
            if base.values.get(name) != event.value(name):
                return False
        if refusal(view, event) is not None:
            return False
    return True


def _tired(view: View, link: Link, left: Seen, right: Seen, found: Merge) -> str | None:
    """Return why the pair is to sleep, or None. Raises RuleFailed.

    An edit that moved a pair out of the window is delivered first; a window that moved past it delivers nothing.
    """
    refused = refusal(view, left.observation.event) or refusal(view, right.observation.event)
    if refused is not None:
        return refused
    pending = any(found.wants.values()) or bool(found.conflicts)
    past = outside(view, left) and outside(view, right) and not (pending and _was_inside(view, link))
    return "window" if past else None


def _updates(view: View, link: Link, left: Seen, right: Seen, found: Merge) -> Iterator[Operation]:
    for side, source, target in ((Side.RIGHT, left, right), (Side.LEFT, right, left)):
        for wants in _by_decision(found, side):
            reason = next((found.reasons[name] for name in wants if name in found.reasons), "changed")
            update = decision(link, side, source, target, Kind.UPDATE, reason)
            decided = frozenset(_asked(link, *found.decided[name]) for name in wants if name in found.decided)
            rules = ruled(view, source.observation, wants)
            yield from guarded(view, replace(update, changes=wants, decided=decided, rules=rules))
    if found.conflicts:
        conflict = hold(link, Side.RIGHT, left, right, CONFLICT)
        yield replace(conflict, changes=_contested(left, found), wanted=Kind.UPDATE)
    for side, seen in ((Side.LEFT, left), (Side.RIGHT, right)):
        unsure = {name: seen.observation.event.value(name) for name in FIELDS if (side, name) in found.unsure}
        if unsure:
            yield replace(hold(link, side, left, right, UNSURE), changes=unsure, wanted=Kind.UPDATE)


def _by_decision(found: Merge, side: Side) -> Iterator[Changes]:
    """Yield what is to be written to a side: what a person has decided, and apart from it what no person has."""
    wants = found.wants[side]
    for decided in (True, False):
        part = {name: value for name, value in wants.items() if (name in found.decided) is decided}
        if part:
            yield part


def _contested(left: Seen, found: Merge) -> Changes:
    """Return the left values of the fields about which a person decides."""
    return {name: left.observation.event.value(name) for name in FIELDS if name in found.conflicts}


def _rebases(link: Link, halves: tuple[Half, Half], found: Merge) -> Iterator[Rebase]:
    """Yield what the bases take over without a write; what rules read moves, and may be owed to the copy."""
    for one in halves:
        taken = found.takes[one.side]
        base = one.base.moved(taken).read(one.raw.private, found.owed)
        if base != link.base(one.side):
            yield Rebase(link=link, side=one.side, base=base, reason=_why_taken(found, halves, one.side))


def _why_taken(found: Merge, halves: tuple[Half, Half], side: Side) -> str:
    """Return why a base takes values over; what was not agreed before may differ on both sides, and stays so."""
    left, right = halves
    one = left if side is Side.LEFT else right
    if found.kept:
        return GIVEN_UP
    if any((side, name) in found.masked for name in found.takes[side]):
        return "masked"
    new = [name for name in found.takes[side] if not one.holds(name)]
    return (
        "linked_different" if any(left.event.value(name) != right.event.value(name) for name in new) else "agreed"
    )


def _asked(link: Link, side: Side, reason: str) -> HoldKey:
    """Return what names the hold of a pair's fields."""
    return side, link.event_id(side) or "", Kind.UPDATE, reason


def _terms(view: View, link: Link) -> Terms:
    def choice(side: Side, reason: str) -> Choice | None:
        decision = view.decisions.get(_asked(link, side, reason))
        return decision.choice if decision is not None else None

    return Terms(
        direction=view.direction,
        policy=view.trusted_policy,
        on_target_edit=view.on_target_edit,
        origin=link.origin,
        conflict=choice(Side.RIGHT, CONFLICT),
        unsure={side: choice(side, UNSURE) for side in BOTH},
    )


def _give_up(view: View, link: Link, halves: tuple[Half, Half], found: Merge) -> None:
    """Have both bases take over what a person keeps from being written: nothing is held while the pair sleeps."""
    for side in BOTH:
        kept = [*found.wants[side]] if _is_kept(view, link, side) else []
        for name in kept:
            del found.wants[side][name]
            found.owed.discard(name)
            give_up(found, name, halves)


def _is_kept(view: View, link: Link, side: Side) -> bool:
    """Tell whether a person keeps what a brake holds from being written to a side of a pair."""
    keys = ((side, link.event_id(side) or "", Kind.UPDATE, reason) for reason in BRAKES[Kind.UPDATE])
    return any(key in view.decisions and view.decisions[key].choice is Choice.KEEP for key in keys)


def _was_inside(view: View, link: Link) -> bool:
    """Tell whether the pair was inside the window when both sides last agreed: then an edit moved it out."""
    whens = [link.base(side).values.get("when") for side in BOTH]
    return any(when is not None and not isinstance(when, str) and view.window.holds(when) for when in whens)
