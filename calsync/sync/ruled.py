"""What only a change of the rules would write is held, and a person releases it. Pure.

Nobody can ask rules that are gone what they had refused. So in the run in which they are others than before, only
what has changed since the last run is written: what was there before, and had not been written, may have been kept
back by a rule.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.brakes import BUDGET, DELETES, REWRITES, RULES
from calsync.sync.choices import AMBIGUOUS
from calsync.sync.decisions import about, hold
from calsync.sync.model import BOTH, FIELDS, Side
from calsync.sync.plan import WRITES, Kind, Plan
from calsync.sync.view import Standing
from calsync.values import Struct, replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from calsync.sync.model import Field, Window
    from calsync.sync.plan import HoldKey, Operation
    from calsync.sync.view import Seen, View

NUMBERS = frozenset({DELETES, REWRITES, BUDGET})
"""Why writes are held that the rules had let pass."""


class Before(Struct, frozen=True):
    """What was known when a run began whose rules are others than those of the last one."""

    seen: Mapping[Side, Mapping[str, Seen]]
    window: Window | None


def hold_ruled(
    plan: Plan,
    view: View,
    holds: Collection[HoldKey],
    before: Before | None,
    tried: AbstractSet[tuple[Side, str]] = frozenset(),
) -> Plan:
    """Return the plan with what is held because of a change of the rules.

    `holds`: what was held in the last run: that stays, until a person has decided. `before`: None where the rules
    are the same. `tried`: what failed, and is tried again: the rules had let it pass.
    """
    if before is None and not any(reason == RULES for *_, reason in holds):
        return plan
    pairs = {view.linked[side].get(event_id) for side, event_id, kind, why in holds if (kind, why) == _PAIR}
    passed = {(side, event_id) for side, event_id, _, reason in holds if reason in NUMBERS} | tried
    operations: list[Operation] = []
    ruled: set[HoldKey] = set()
    for operation in plan.operations:
        key = (operation.side, operation.event_id or "", operation.kind, RULES)
        waits = key in holds or (operation.link is not None and operation.link.id in pairs)
        if before is not None and key[:2] not in passed:
            waits |= not _has_changed(operation, view, before)
        if operation.kind in WRITES and waits and not operation.decided and key not in view.decisions:
            operations.append(replace(operation, kind=Kind.HOLD, reason=RULES, wanted=operation.kind))
            continue
        operations.append(operation)
        if before is not None and waits and _is_open_twin(operation, view):
            ruled.add((*key[:2], Kind.CREATE, RULES))
    if before is not None:
        operations.extend(_undecided(plan, view, before))
    return replace(plan, operations=tuple(operations), ruled=frozenset(ruled))


def is_asked_already(key: HoldKey, holds: Collection[HoldKey]) -> bool:
    """Tell whether a hold is no question of its own: its event looks like others, and that is asked about.

    A word about that counts for the change of the rules, too, which is asked about where it looks like no other.
    """
    side, event_id, kind, reason = key
    return reason == RULES and (side, event_id, kind, AMBIGUOUS) in holds


def _is_open_twin(operation: Operation, view: View) -> bool:
    """Tell whether an event would be copied if others did not look like it, and no person has said anything of it.

    Once they do not, nothing else would hold it.
    """
    twin = operation.reason == AMBIGUOUS and operation.wanted is Kind.CREATE and operation.link is None
    ruled = operation.side, operation.event_id or "", Kind.CREATE, RULES
    return twin and not operation.decided and ruled not in view.decisions


_PAIR = (Kind.HOLD, RULES)
"""The hold of a pair about which nothing could be decided when the rules became others."""


def _undecided(plan: Plan, view: View, before: Before) -> Iterator[Operation]:
    """Yield a hold for each pair, and each known event without one, about which nothing is decided now."""
    told = {each.link.id for each in plan.operations if each.link is not None}
    for link_id in sorted(plan.undecided - told):
        link = view.links[link_id]
        yield hold(link, Side.RIGHT, view.of(link, Side.LEFT), view.of(link, Side.RIGHT), RULES)
    judged = {each.source.id for each in plan.operations if each.source is not None}
    judged |= {each.target.id for each in plan.operations if each.target is not None}
    for side in BOTH:
        for event_id in sorted(before.seen[side].keys() & view.seen[side].keys()):
            seen = view.seen[side][event_id]
            free = event_id not in view.linked[side] and (side, event_id) not in view.waiting_events
            if free and event_id not in judged and not seen.deleted:
                yield replace(about(Kind.HOLD, side.other, RULES, seen), wanted=Kind.CREATE)


def _has_changed(operation: Operation, view: View, before: Before) -> bool:
    """Tell whether all that a write is made of has changed since the last run."""
    edited: set[Field] = set()
    for side, event in ((operation.side.other, operation.source), (operation.side, operation.target)):
        if event is None:
            continue
        known, now = before.seen[side].get(event.id), view.seen[side].get(event.id)
        unread = known is not None and known.observation.revision is None
        if unread:  # it is what calsync wrote: how its server tells it is nobody's change
            continue
        if known is None or now is None or _facts(known) != _facts(now):
            return True
        one, other = known.observation.event, now.observation.event
        if operation.link is None and before.window is not None and not before.window.holds(one.when):
            return True
        edited.update(name for name in FIELDS if one.value(name) != other.value(name))
    return operation.kind is Kind.UPDATE and edited.issuperset(operation.changes)


def _facts(seen: Seen) -> tuple[object, ...]:
    """Return what a person changes of an event besides its values, and whether it is there."""
    event = seen.observation.event
    there = seen.deleted, seen.standing is Standing.ELSEWHERE
    return *there, event.private, event.series, event.attendee_count, event.organised_here
