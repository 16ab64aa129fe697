"""What becomes of events without a link: match-up with the other side, a copy, or a reason why neither."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calsync.sync.judgement import guarded, refusal
from calsync.sync.model import FIELDS, Base, Link, Side, State
from calsync.sync.plan import Kind, Operation
from calsync.sync.rules import RuleFailed
from calsync.sync.view import Seen, Standing, View

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from calsync.sync.model import When

Twins = tuple[str, "When"]
_EARLY = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Lost:
    """A link whose event on one side is in doubt or gone, found by that event's uid."""

    link: Link
    proven: bool


def decide_unlinked(view: View) -> Iterator[Operation]:
    """Yield what is to be done about the events that no link names."""
    fresh: dict[Side, list[Seen]] = {Side.LEFT: [], Side.RIGHT: []}
    for side in Side:
        lost = _lost_by_uid(view, side)
        returning: dict[int, list[Seen]] = defaultdict(list)
        for seen in _unlinked(view, side):
            found = lost.get(seen.observation.event.uid or "")
            if found is not None:
                returning[found.link.id].append(seen)
                continue
            verdict = _verdict(view, side, seen)
            if verdict is None:
                fresh[side].append(seen)
            else:
                yield verdict
        yield from _relinks(view, side, lost, returning)
    if all(view.ready.values()):
        yield from _match(view, fresh)


def _unlinked(view: View, side: Side) -> Iterator[Seen]:
    linked = view.linked[side]
    for event_id in sorted(view.seen[side]):
        seen = view.seen[side][event_id]
        free = event_id not in linked and (side, event_id) not in view.waiting_events
        if free and seen.standing is Standing.PRESENT:
            yield seen


def _verdict(view: View, side: Side, seen: Seen) -> Operation | None:
    """Return why this event takes no part, or None where it does."""
    event = seen.observation.event
    try:
        reason = "cancelled" if event.cancelled else refusal(view, event)
    except RuleFailed as failed:
        return _about(Kind.HOLD, side.other, failed.reason, seen)
    if reason is None and not view.window.holds(event.when):
        reason = "outside_window"
    return None if reason is None else _about(Kind.SKIP, side, reason, seen)


def _match(view: View, fresh: dict[Side, list[Seen]]) -> Iterator[Operation]:
    """Group the new events of both sides by summary and `when`, and decide group by group."""
    groups: dict[Twins, dict[Side, list[Seen]]] = {}
    for side in Side:
        for seen in sorted(fresh[side], key=_creation):
            event = seen.observation.event
            group = groups.setdefault((event.summary, event.when), {Side.LEFT: [], Side.RIGHT: []})
            group[side].append(seen)
    for group in groups.values():
        left, right = group[Side.LEFT], group[Side.RIGHT]
        if left and right:
            yield from _pair_up(view, left, right)
        else:
            yield from _copies(view, Side.LEFT if left else Side.RIGHT, left or right)


def _pair_up(view: View, left: Sequence[Seen], right: Sequence[Seen]) -> Iterator[Operation]:
    if len(left) != len(right):
        for side, group in ((Side.LEFT, left), (Side.RIGHT, right)):
            for seen in group:
                yield _about(Kind.HOLD, side.other, "ambiguous", seen)
        return
    for one, two in zip(left, right, strict=True):
        same = all(one.observation.event.value(name) == two.observation.event.value(name) for name in FIELDS)
        yield Operation(
            kind=Kind.LINK,
            side=Side.RIGHT,
            reason="matched" if same else "linked_different",
            source=one.observation,
            target=two.observation,
            state=State.AWAKE,
            bases={
                side: Base.of(seen.observation.event, view.capabilities[side].mapping_version)
                for side, seen in zip(Side, (one, two), strict=True)
            },
        )


def _copies(view: View, side: Side, group: Sequence[Seen]) -> Iterator[Operation]:
    """Create each event on the other side, in one-way accounts only from the source."""
    target = side.other
    for seen in group:
        if not view.direction.writes(target):
            yield _about(Kind.SKIP, side, "one_way", seen)
            continue
        try:
            draft = view.chain.draft(seen.observation.event)
        except RuleFailed as failed:
            yield _about(Kind.HOLD, target, failed.reason, seen)
            continue
        create = Operation(kind=Kind.CREATE, side=target, reason="new", source=seen.observation, draft=draft)
        yield from guarded(view, create)


def _lost_by_uid(view: View, side: Side) -> dict[str, _Lost]:
    """Find the links whose event may have come back under another id. Two links with one uid: neither."""
    lost: dict[str, _Lost] = {}
    twice: set[str] = set()
    for link in view.links.values():
        seen = view.of(link, side)
        if seen is None or seen.standing is Standing.PRESENT or not seen.observation.event.uid:
            continue
        uid = seen.observation.event.uid
        twice.update({uid} & lost.keys())
        lost[uid] = _Lost(link, not seen.standing.in_doubt)
    return {uid: found for uid, found in lost.items() if uid not in twice}


def _relinks(
    view: View, side: Side, lost: dict[str, _Lost], returning: dict[int, list[Seen]]
) -> Iterator[Operation]:
    """Give a lost event's link to the one that carries its uid; while the doubt lasts, nothing is decided."""
    for found in lost.values():
        holders = returning.get(found.link.id, [])
        if not found.proven or found.link.id in view.waiting_links:
            continue
        for seen in holders:
            if len(holders) == 1:
                yield Operation(
                    kind=Kind.LINK,
                    side=side,
                    reason="moved",
                    link=found.link,
                    target=seen.observation,
                    state=State.AWAKE,
                )
            else:
                yield _about(Kind.HOLD, side.other, "ambiguous", seen)


def _creation(seen: Seen) -> tuple[datetime, str]:
    return seen.observation.event.created or _EARLY, seen.observation.id


def _about(kind: Kind, side: Side, reason: str, seen: Seen) -> Operation:
    return Operation(kind=kind, side=side, reason=reason, source=seen.observation)
