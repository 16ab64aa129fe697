"""What becomes of events without a link: match-up with the other side, a copy, or a reason why neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.decisions import about, unlinked
from calsync.sync.judgement import refusal
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind
from calsync.sync.rules import RuleFailed
from calsync.sync.twins import copy, creation, decide_twins, hold_twin, link_up, waiting_twin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from calsync.sync.model import Event, When
    from calsync.sync.plan import Operation
    from calsync.sync.view import Seen, View

Twins = tuple[str, "When"]


def decide_unlinked(view: View, returning: AbstractSet[tuple[Side, str]]) -> Iterator[Operation]:
    """Yield what is to be done about the events that no link names, `returning` ones excepted."""
    fresh: dict[Side, list[Seen]] = {Side.LEFT: [], Side.RIGHT: []}
    for side in BOTH:
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
    for side in BOTH:
        for seen in sorted(fresh[side], key=creation):
            event = seen.observation.event
            group = groups.setdefault((event.summary, event.when), {Side.LEFT: [], Side.RIGHT: []})
            group[side].append(seen)
    doubtful = {(event.summary, event.when) for event in _in_doubt(view)} if groups else ()
    for looks, group in groups.items():
        yield from _decide_group(view, group, waits=looks in doubtful)
    if view.decisions:
        yield from _words_that_wait(view)


def _words_that_wait(view: View) -> Iterator[Operation]:
    """Yield the holds of events that calsync may have just made, and of which a person has said something."""
    for side, event_id in sorted(view.possibly_made):
        seen = view.seen[side].get(event_id)
        if seen is not None and event_id not in view.linked[side]:
            held = waiting_twin(view, side, seen)
            if held.decided:
                yield held


def _in_doubt(view: View) -> Iterator[Event]:
    """Yield the events that no link names, and of which nobody knows whether they are there, or whose they are."""
    for side in BOTH:
        for event_id, seen in view.seen[side].items():
            unsure = seen.standing.in_doubt or (side, event_id) in view.possibly_made
            if unsure and event_id not in view.linked[side]:
                yield seen.observation.event


def _decide_group(view: View, group: Mapping[Side, Sequence[Seen]], *, waits: bool) -> Iterator[Operation]:
    """Decide about events that look alike; while one of them is in doubt, all of them wait."""
    decided, group = decide_twins(view, group) if view.decisions else ((), group)
    left, right = group[Side.LEFT], group[Side.RIGHT]
    if decided:
        yield from decided
        yield from _decide_group(view, group, waits=waits)
    elif waits:
        yield from (waiting_twin(view, side, seen) for side in BOTH for seen in group[side])
    elif not (left and right):
        yield from _copies(view, Side.LEFT if left else Side.RIGHT, left or right)
    elif len(left) == len(right):
        yield from (link_up(view, one, two) for one, two in zip(left, right, strict=True))
    else:
        yield from (hold_twin(view, side, seen) for side in BOTH for seen in group[side])


def _copies(view: View, side: Side, group: Sequence[Seen]) -> Iterator[Operation]:
    """Create each event on the other side, in one-way accounts only from the source."""
    for seen in group:
        if not view.direction.writes(side.other):
            yield about(Kind.SKIP, side, "one_way", seen)
        else:
            yield from copy(view, side, seen, "new")
