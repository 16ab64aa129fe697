"""What becomes of events without a link: match-up with the other side, a copy, or a reason why neither."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calsync.sync.decisions import about, unlinked
from calsync.sync.judgement import guarded, refusal, ruled
from calsync.sync.model import FIELDS, Base, Side, State
from calsync.sync.plan import Kind, Operation
from calsync.sync.rules import RuleFailed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from calsync.sync.model import When
    from calsync.sync.view import Seen, View

Twins = tuple[str, "When"]
_EARLY = datetime.min.replace(tzinfo=UTC)


def decide_unlinked(view: View, returning: AbstractSet[tuple[Side, str]]) -> Iterator[Operation]:
    """Yield what is to be done about the events that no link names, `returning` ones excepted."""
    fresh: dict[Side, list[Seen]] = {Side.LEFT: [], Side.RIGHT: []}
    for side in Side:
        for seen in unlinked(view, side):
            if (side, seen.observation.id) in returning:
                continue
            verdict = _verdict(view, side, seen)
            if verdict is None:
                fresh[side].append(seen)
            else:
                yield verdict
    if all(view.ready.values()):
        yield from _match(view, fresh)


def _verdict(view: View, side: Side, seen: Seen) -> Operation | None:
    """Return why this event takes no part, or None where it does."""
    event = seen.observation.event
    view.chain.about(side, seen.observation)
    try:
        reason = "cancelled" if event.cancelled else refusal(view, event)
    except RuleFailed as failed:
        return about(Kind.HOLD, side.other, failed.reason, seen)
    if reason is None and not view.window.holds(event.when):
        reason = "outside_window"
    return None if reason is None else about(Kind.SKIP, side, reason, seen)


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
                yield about(Kind.HOLD, side.other, "ambiguous", seen)
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
            yield about(Kind.SKIP, side, "one_way", seen)
            continue
        view.chain.about(side, seen.observation)
        try:
            draft = view.chain.draft(seen.observation.event)
            rules = ruled(view, seen.observation, draft.values())
        except RuleFailed as failed:
            yield about(Kind.HOLD, target, failed.reason, seen)
            continue
        create = Operation(
            kind=Kind.CREATE, side=target, reason="new", source=seen.observation, draft=draft, rules=rules
        )
        yield from guarded(view, create)


def _creation(seen: Seen) -> tuple[datetime, str]:
    return seen.observation.event.created or _EARLY, seen.observation.id
