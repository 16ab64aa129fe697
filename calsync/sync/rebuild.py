"""Rebuilding what is remembered, where the store is older than its calendars or was lost. Pure.

Copies that calsync made are known again by the marker that they carry: it names the event that they were made
from. What both sides show is all that is known of such a pair, so its bases are taken as found, and nothing is
written because of a difference. Every write that is decided otherwise waits for a person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.decisions import about
from calsync.sync.model import Base, Link, Side, State
from calsync.sync.plan import WRITES, Kind, Operation, Plan
from calsync.sync.rules import RuleFailed
from calsync.sync.view import Seen, Standing, View
from calsync.values import Struct, replace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from calsync.sync.model import Draft

Key = tuple[Side, str]
REBUILD, CONFLICT, ORPHAN, AMBIGUOUS = "rebuild", "rebuild_conflict", "rebuild_orphan", "rebuild_ambiguous"
REASONS = frozenset({REBUILD, CONFLICT, ORPHAN, AMBIGUOUS})
"""Why something waits for a person in a rebuild."""


class Marked(Struct, frozen=True):
    """What becomes of the unlinked events that carry a marker of this account."""

    links: Sequence[Operation]
    holds: Sequence[Operation]
    waiting: frozenset[Key]
    """Events that take no part until their pair is out of doubt, or a person has sorted them out."""
    orphans: frozenset[Key]
    """Copies whose source is not there any more: it may have been deleted."""


class _Claim(Struct, frozen=True):
    """An event that says by its marker that it is the copy of another one, which has none."""

    side: Side
    copy: Seen
    source: Seen
    link: Link | None
    """The source's link that lost its copy, or may have."""
    doubtful: bool

    @property
    def key(self) -> Key:
        return self.side, self.copy.observation.id

    @property
    def source_key(self) -> Key:
        return self.side.other, self.source.observation.id


def hold_writes(plan: Plan, marked: Marked) -> Plan:
    """Return the plan with every create, update and delete held for a person, and what is held already."""
    held = (_held(operation, marked.orphans) for operation in plan.operations)
    return replace(plan, operations=(*held, *marked.holds))


def decide_marked(view: View, sources: Mapping[Key, str]) -> Marked:
    """Decide which marked events are linked to their source.

    `sources` names it for each unlinked marked event, with an empty id where it is not known.
    """
    claims = [claim for key, source in sorted(sources.items()) for claim in _claims(view, key, source)]
    named = {claim.source_key for claim in claims}
    groups: dict[Key, list[_Claim]] = {}
    for claim in claims:
        if claim.key not in named:  # what was copied itself carries a marker only because a user had copied it
            groups.setdefault(claim.source_key, []).append(claim)
    links: list[Operation] = []
    holds: list[Operation] = []
    waiting: set[Key] = set()
    for source, group in groups.items():
        chosen = _chosen(view, group)
        if chosen is not None:
            links.append(_link(view, chosen))
            continue
        waiting.update([source, *(claim.key for claim in group)])
        if not any(claim.doubtful for claim in group):
            holds.extend(_ambiguous(group))
    orphans = frozenset(key for key, source in sources.items() if source not in view.seen[key[0].other])
    return Marked(links, holds, frozenset(waiting), orphans)


def _claims(view: View, key: Key, source_id: str) -> Iterator[_Claim]:
    """Yield the claim of a marked event; none where its source is gone, or has its copy: then a user copied it.

    A source that has lost its copy does not get one instead that is cancelled, and so as good as lost, too.
    """
    side, event_id = key
    source = view.seen[side.other].get(source_id)
    if source is None:
        return
    copy = view.seen[side][event_id]
    link = view.links.get(view.linked[side.other].get(source_id, 0))
    if link is not None and copy.deleted:
        return
    lost = None if link is None else view.of(link, side)
    doubtful = source.standing.in_doubt or (lost is not None and lost.standing.in_doubt)
    doubtful = doubtful or (link is not None and link.id in view.waiting_links)
    doubtful = doubtful or (side.other, source_id) in view.waiting_events
    has_copy = lost is not None and not lost.deleted
    if doubtful or (source.standing is Standing.PRESENT and not has_copy):
        yield _Claim(side, copy, source, link, doubtful)


def _chosen(view: View, group: Sequence[_Claim]) -> _Claim | None:
    """Return the one copy of a source; of several the only one that looks like it."""
    if any(claim.doubtful for claim in group):
        return None
    if len(group) > 1:
        group = [claim for claim in group if _is_alike(view, claim)]
    return group[0] if len(group) == 1 else None


def _is_alike(view: View, claim: _Claim) -> bool:
    draft, event = _draft(view, claim), claim.copy.observation.event
    return draft is not None and (draft.summary, draft.when) == (event.summary, event.when)


def _link(view: View, claim: _Claim) -> Operation:
    draft, event = _draft(view, claim), claim.copy.observation.event
    same = draft is not None and all(event.value(name) == value for name, value in draft.values().items())
    return Operation(
        kind=Kind.LINK,
        side=claim.side,
        reason="rebuilt" if same else "rebuilt_different",
        link=claim.link,
        source=claim.source.observation,
        target=claim.copy.observation,
        state=State.AWAKE,
        origin=claim.side.other,
        bases={
            side: Base.of(seen.observation.event, view.capabilities[side].mapping_version)
            for side, seen in ((claim.side, claim.copy), (claim.side.other, claim.source))
        },
    )


def _ambiguous(group: Iterable[_Claim]) -> Iterator[Operation]:
    for claim in group:
        yield about(Kind.HOLD, claim.side.other, AMBIGUOUS, claim.copy)


def _draft(view: View, claim: _Claim) -> Draft | None:
    """Return what a copy of the source would be now, or None where a rule fails."""
    try:
        return view.chain.draft(claim.source.observation.event)
    except RuleFailed:
        return None


def _held(operation: Operation, orphans: AbstractSet[Key]) -> Operation:
    if operation.kind not in WRITES:
        return operation
    if operation.source is not None and (operation.side.other, operation.source.id) in orphans:
        return replace(operation, kind=Kind.HOLD, reason=ORPHAN, wanted=operation.kind)
    # Both sides may have been edited since what is remembered, or one of them long before: nobody can tell.
    reason = CONFLICT if operation.reason == "overruled" else REBUILD
    return replace(operation, kind=Kind.HOLD, reason=reason, wanted=operation.kind)
