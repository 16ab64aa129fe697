"""Events that came back under another id: moved or restored on their server, known again by their uid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.sync.decisions import about, unlinked
from calsync.sync.model import Link, Side, State
from calsync.sync.plan import Kind, Operation
from calsync.sync.view import Seen, Standing, View

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Return:
    """A link whose event on one side is lost or in doubt, and the unlinked events with the uid of that event.

    Nothing else is decided about either: what looks like a delete and a new event may be one that moved.
    """

    link: Link
    side: Side
    holders: Sequence[Seen]
    proven: bool
    """The old event is proven gone; until then nothing is decided."""


def find_returns(view: View) -> Sequence[Return]:
    """Return what may have come back. While the old event is there, one with its uid is a user's copy of it."""
    found: list[Return] = []
    for side in Side:
        holders: dict[str, list[Seen]] = {}
        for seen in unlinked(view, side):
            if seen.observation.event.uid:
                holders.setdefault(seen.observation.event.uid, []).append(seen)
        for uid, (link, proven) in _lost(view, side).items():
            if uid in holders:
                found.append(Return(link, side, holders[uid], proven))
    return found


def decide_return(found: Return) -> Iterator[Operation]:
    """Give the link to the one event that carries the uid; several wait for a person."""
    if not found.proven:
        return
    for seen in found.holders:
        if len(found.holders) > 1:
            yield about(Kind.HOLD, found.side.other, "ambiguous", seen)
        else:
            yield Operation(
                kind=Kind.LINK,
                side=found.side,
                reason="moved",
                link=found.link,
                target=seen.observation,
                state=State.AWAKE,
            )


def _lost(view: View, side: Side) -> dict[str, tuple[Link, bool]]:
    """Return by uid the links that lost their event, and whether that is proven. Of two with one uid: neither."""
    lost: dict[str, tuple[Link, bool]] = {}
    twice: set[str] = set()
    for link in sorted(view.links.values(), key=lambda link: link.id):
        seen = view.of(link, side)
        if seen is None or seen.standing is Standing.PRESENT or not seen.observation.event.uid:
            continue
        uid = seen.observation.event.uid
        twice.update({uid} & lost.keys())
        lost[uid] = link, not seen.standing.in_doubt and link.id not in view.waiting_links
    return {uid: found for uid, found in lost.items() if uid not in twice}
