"""New events that may belong together, and nobody can tell which with which: what a person has decided about each.

They are of two kinds: those that look alike on both sides, and are not the same number; and several that carry the
uid of one lost event.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calsync.sync.choices import AMBIGUOUS, LEFT_ALONE, RELEASED, Choice
from calsync.sync.decisions import about
from calsync.sync.judgement import guarded, ruled
from calsync.sync.model import BOTH, FIELDS, Base, Side, State
from calsync.sync.plan import Kind, Operation
from calsync.sync.rules import RuleFailed
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from calsync.sync.choices import Decision
    from calsync.sync.model import Link
    from calsync.sync.plan import HoldKey
    from calsync.sync.view import Seen, View

    Remembered = Mapping[Side, Mapping[str, Seen]]
    Twins = Mapping[Side, Sequence[Seen]]

_EARLY = datetime.min.replace(tzinfo=UTC)


def decide_twins(view: View, twins: Twins) -> tuple[Sequence[Operation], Twins]:
    """Return what a person has decided about some of these events, and the others."""
    rest = {side: {seen.observation.id: seen for seen in twins[side]} for side in BOTH}
    decided: list[Operation] = []
    for side in BOTH:
        for seen in twins[side]:
            partner = rest[side.other].get(chosen_partner(view, side, seen) or "")
            if partner is not None and seen.observation.id in rest[side]:
                del rest[side][seen.observation.id], rest[side.other][partner.observation.id]
                decided.append(link_up(view, *((seen, partner) if side is Side.LEFT else (partner, seen))))
    for side in BOTH:
        for seen in [*rest[side].values()]:
            operations = decide_single(view, side, seen)
            if operations:
                del rest[side][seen.observation.id]
                decided += operations
    return decided, {side: [*rest[side].values()] for side in BOTH}


def chosen_partner(view: View, side: Side, seen: Seen) -> str | None:
    """Return the event on the other side that a person has said this one belongs together with."""
    word = _word(view, hold_twin(view, side, seen))
    return word.partner if word is not None and word.choice is Choice.PAIR else None


def decide_single(view: View, side: Side, seen: Seen) -> Sequence[Operation]:
    """Return what a person has decided about one such event alone: that it is copied, or left alone."""
    held = hold_twin(view, side, seen)
    word = _word(view, held)
    if word is not None and word.choice is Choice.KEEP:
        return [replace(held, kind=Kind.PART, reason=LEFT_ALONE, state=State.PARTED, wanted=None)]
    if word is not None and word.choice is Choice.RELEASE and held.wanted is Kind.CREATE:
        return [*copy(view, side, seen, RELEASED, frozenset({word.key}))]
    return ()


def hold_twin(view: View, side: Side, seen: Seen) -> Operation:
    """Return the hold of one such event, about which a person decides."""
    held = about(Kind.HOLD, side.other, AMBIGUOUS, seen)
    return replace(held, wanted=Kind.CREATE) if view.direction.writes(side.other) else held


def waiting_twin(view: View, side: Side, seen: Seen) -> Operation:
    """Return the hold of one such event until it is known whether the others are there; a word waits with it."""
    held = hold_twin(view, side, seen)
    word = _word(view, held)
    return held if word is None else replace(held, decided=frozenset({word.key}))


def copy(
    view: View, side: Side, seen: Seen, reason: str, decided: frozenset[HoldKey] = frozenset()
) -> Iterator[Operation]:
    """Yield the create of an event's copy on the other side, or what a rule puts in its place."""
    view.chain.about(side, seen.observation)
    try:
        draft = view.chain.draft(seen.observation.event)
        rules = ruled(view, seen.observation, draft.values())
    except RuleFailed as failed:
        yield about(Kind.HOLD, side.other, failed.reason, seen)
        return
    create = Operation(
        kind=Kind.CREATE,
        side=side.other,
        reason=reason,
        source=seen.observation,
        draft=draft,
        rules=rules,
        decided=decided,
    )
    yield from guarded(view, create)


def link_up(view: View, left: Seen, right: Seen) -> Operation:
    """Return that two events belong together from now on. Both stay as they are."""
    same = all(left.observation.event.value(name) == right.observation.event.value(name) for name in FIELDS)
    return Operation(
        kind=Kind.LINK,
        side=Side.RIGHT,
        reason="matched" if same else "linked_different",
        source=left.observation,
        target=right.observation,
        state=State.AWAKE,
        bases={
            side: Base.of(seen.observation.event, view.capabilities[side].mapping_version)
            for side, seen in zip(Side, (left, right), strict=True)
        },
    )


def creation(seen: Seen) -> tuple[datetime, str]:
    """Return what events are ordered by that look alike."""
    return seen.observation.event.created or _EARLY, seen.observation.id


class Shown:
    """Which two events a person sees of each case that is held."""

    def __init__(
        self, held: Iterable[HoldKey], links: Iterable[Link], seen: Remembered, link_of: Callable[..., Link | None]
    ) -> None:
        """`held` are all cases of the account. `link_of` returns the link that names an event, by side and id."""
        self._seen = seen
        self._link_of = link_of
        self._twins: dict[object, dict[Side, list[Seen]]] = defaultdict(lambda: {side: [] for side in BOTH})
        self._lost: dict[tuple[Side, str], Link] = {}
        alike = {(side.other, event_id) for side, event_id, _, reason in held if reason == AMBIGUOUS}
        for side, event_id in alike:
            known = seen[side].get(event_id)
            if known is not None and link_of(side, event_id) is None:
                self._twins[_looks(known)][side].append(known)
        for twins in self._twins.values():
            for group in twins.values():
                group.sort(key=creation)
        if alike:
            self._lost = dict(_lost(links, seen))

    def of(self, key: HoldKey) -> tuple[Seen | None, Seen | None]:
        """Return the left and the right event of a case: of its link, or the one event that no link names.

        Of events that may belong together, the one that the person may pair it with stands beside it.
        """
        side, event_id, _, reason = key
        link = self._link_of(side, event_id) or self._link_of(side.other, event_id)
        if link is None and reason == AMBIGUOUS:
            one, two = self._seen[side.other].get(event_id), self._candidate(side.other, event_id)
            return (one, two) if side is Side.RIGHT else (two, one)
        ids = {each: event_id if link is None else link.event_id(each) for each in BOTH}
        left, right = (self._seen[each].get(ids[each] or "") for each in BOTH)
        return left, right

    def _candidate(self, side: Side, event_id: str) -> Seen | None:
        """Return the event of the same rank, or the last one; of what came back the lost event's partner."""
        known = self._seen[side].get(event_id)
        if known is None:
            return None
        lost = self._lost.get((side, known.observation.event.uid or ""))
        if lost is not None:
            return self._seen[side.other].get(lost.event_id(side.other) or "")
        twins = self._twins[_looks(known)]
        if known not in twins[side] or not twins[side.other]:
            return None
        rank = min(twins[side].index(known), len(twins[side.other]) - 1)
        return twins[side.other][rank]


def _looks(seen: Seen) -> object:
    return seen.observation.event.summary, seen.observation.event.when


def _lost(links: Iterable[Link], seen: Remembered) -> Iterator[tuple[tuple[Side, str], Link]]:
    """Yield the links that lost their event, or may have, by its side and uid."""
    for link in links:
        for side in BOTH:
            known = seen[side].get(link.event_id(side) or "")
            uid = None if known is None else known.observation.event.uid
            if known is not None and uid is not None and known.standing is not Standing.PRESENT:
                yield (side, uid), link


def _word(view: View, held: Operation) -> Decision | None:
    """Return what a person has said of one such event, also under a direction by which it could be copied, or not.

    Whether it belongs to another one, or to none, has nothing to do with that.
    """
    kinds = (Kind.CREATE, Kind.HOLD) if held.wanted is Kind.CREATE else (Kind.HOLD, Kind.CREATE)
    words = (view.decisions.get((held.side, held.event_id or "", kind, AMBIGUOUS)) for kind in kinds)
    return next((word for word in words if word is not None), None)
