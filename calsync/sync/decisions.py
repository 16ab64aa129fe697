"""What the deciding modules share: how a decision is put into an operation, and who takes part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.merge import half
from calsync.sync.model import Side
from calsync.sync.plan import Kind, Operation
from calsync.sync.view import Seen, Standing, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync.sync.merge import Half
    from calsync.sync.model import Link, State


def decision(
    link: Link,
    side: Side,
    source: Seen | None,
    target: Seen | None,
    kind: Kind,
    reason: str,
    state: State | None = None,
) -> Operation:
    """Return an operation on the `side` of a pair, with what was seen of both."""
    return Operation(
        kind=kind,
        side=side,
        reason=reason,
        link=link,
        source=source.observation if source else None,
        target=target.observation if target else None,
        state=state,
    )


def hold(link: Link, side: Side, left: Seen | None, right: Seen | None, reason: str) -> Operation:
    """Return a hold of what might be done on `side`."""
    source, target = (left, right) if side is Side.RIGHT else (right, left)
    return decision(link, side, source, target, Kind.HOLD, reason)


def half_of(view: View, link: Link, side: Side, seen: Seen) -> Half:
    """Return one side of a pair as it was seen, and what was agreed, both after the rules. Raises RuleFailed."""
    return half(link, side, seen.observation, view.chain, view.capabilities[side].mapping_version)


def outside(view: View, seen: Seen) -> bool:
    """Tell whether an event lies outside the account's window."""
    return not view.window.holds(seen.observation.event.when)


def about(kind: Kind, side: Side, reason: str, seen: Seen) -> Operation:
    """Return an operation about one event that no link names."""
    return Operation(kind=kind, side=side, reason=reason, source=seen.observation)


def unlinked(view: View, side: Side) -> Iterator[Seen]:
    """Yield the present events that no link names, by id; not those that an open create may have made."""
    for event_id in sorted(view.seen[side]):
        seen = view.seen[side][event_id]
        free = event_id not in view.linked[side] and (side, event_id) not in view.waiting_events
        if free and seen.standing is Standing.PRESENT:
            yield seen
