"""Events that came back under another id: moved or restored on their server, known again by their uid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.choices import KEPT, LEFT_ALONE, UNDONE
from calsync.sync.model import BOTH, Event, Link, Side, State
from calsync.sync.plan import Kind, Operation
from calsync.sync.twins import chosen_partner, decide_single, hold_twin
from calsync.sync.view import Seen, Standing, View
from calsync.values import Struct, replace

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Return(Struct, frozen=True):
    """Links whose events on one side are lost or in doubt, and the unlinked events that carry their uid.

    Nothing else is decided about any of them: what looks like a delete and a new event may be one that moved.
    """

    side: Side
    links: Sequence[Link]
    """Several where a user had copied the event together with its uid."""
    holders: Sequence[Seen]
    proven: bool
    """All the lost events are proven gone, all the holders are there, and none of them may be what an open create
    made; until then nothing is decided."""


def find_returns(view: View) -> Sequence[Return]:
    """Return what may have come back. While the old event is there, one with its uid is a user's copy of it."""
    found: list[Return] = []
    for side in BOTH:
        lost = _lost(view, side)
        if not lost:  # as in most runs
            continue
        holders: dict[str, list[Seen]] = {}
        for seen in _candidates(view, side):
            holders.setdefault(seen.uid or "", []).append(seen)
        found += [_return(view, side, lost[uid], holders[uid]) for uid in lost if uid in holders]
    return found


def decide_return(view: View, found: Return) -> Iterator[Operation]:
    """Give a link to the one event that carries the uid; of several a person says which."""
    if not found.proven:
        return
    link, side, rest = found.links[0], found.side, list(found.holders)
    if len(rest) > 1:
        partner = link.event_id(side.other)
        chosen = [seen for seen in rest if partner and chosen_partner(view, side, seen) == partner]
        decided = {seen.observation.id: decide_single(view, side, seen) for seen in rest if seen not in chosen}
        for operations in decided.values():
            yield from operations
        rest = chosen[:1] or [seen for seen in rest if not decided[seen.observation.id]]
    if len(rest) > 1:
        yield from (replace(hold_twin(view, side, seen), link=link) for seen in rest)
    for seen in rest if len(rest) == 1 else ():
        yield Operation(
            kind=Kind.LINK,
            side=side,
            reason="moved",
            link=link,
            target=seen.observation,
            state=State.PARTED if _is_kept(link) else State.AWAKE,
        )


def _is_kept(link: Link) -> bool:
    """Tell whether a person wants a link as it is. Only its partner's return changes that, not a new id."""
    return link.state is State.PARTED and link.reason in {KEPT, LEFT_ALONE, UNDONE}


def _candidates(view: View, side: Side) -> Iterator[Seen]:
    """Yield the events that no link names, also those that an open create may have made, and those in doubt.

    An id that only our own tombstone names tells of old.
    """
    for event_id in sorted(view.seen[side]):
        seen, key = view.seen[side][event_id], (side, event_id)
        free = key not in view.waiting_events or key in view.possibly_made
        there = seen.standing is Standing.PRESENT or seen.standing.in_doubt
        if free and there and event_id not in view.linked[side]:
            yield seen


def _lost(view: View, side: Side) -> dict[str, list[tuple[Link, Seen]]]:
    """Return by uid the links that lost their event, or may have."""
    lost: dict[str, list[tuple[Link, Seen]]] = {}
    for link in sorted(view.links.values(), key=lambda link: link.id):
        seen = view.of(link, side)
        if seen is not None and seen.standing is not Standing.PRESENT and seen.uid:
            lost.setdefault(seen.uid, []).append((link, seen))
    return lost


def _return(view: View, side: Side, lost: list[tuple[Link, Seen]], holders: Sequence[Seen]) -> Return:
    """Prefer the link whose lost event looks like what came back."""
    proven = all(not seen.standing.in_doubt and link.id not in view.waiting_links for link, seen in lost)
    proven &= not any(
        seen.standing.in_doubt or (side, seen.observation.id) in view.possibly_made for seen in holders
    )
    returned: Event = holders[0].observation.event
    links = [link for link, _ in sorted(lost, key=lambda each: each[1].observation.event != returned)]
    return Return(side, links, holders, proven)
