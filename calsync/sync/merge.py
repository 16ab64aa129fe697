"""Field-by-field three-way merge of one pair, each side against its own base.

Three kinds of fields: one that a base does not hold yet is taken over as found; one that a projection altered
goes only from the original to the copy; all others are merged both ways.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.choices import CONFLICT, DECIDED, UNSURE, Choice
from calsync.sync.forms import may_be_form
from calsync.sync.model import FIELDS, Direction, Event, Field, Link, Observation, Side, Value
from calsync.sync.rules import RuleFailed
from calsync.values import Struct, field, replace

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calsync.sync.model import Base
    from calsync.sync.rules import Chain
    from calsync.sync.view import ConflictPolicy, TargetEdit


class Half(Struct, frozen=True, kw_only=True):
    """One side of a pair: what was observed and what was agreed, raw and after the rules."""

    side: Side
    observation: Observation
    base: Base
    event: Event
    """The observed event after the rules."""
    agreed: Event
    """The base after the rules, projected with its own `private`."""
    altered: frozenset[Field]
    """The fields that the rules alter now, or altered in the base."""

    @property
    def raw(self) -> Event:
        return self.observation.event

    def holds(self, name: Field) -> bool:
        """Tell whether the base holds this field already."""
        return name in self.base.values

    def edited(self, name: Field) -> bool:
        """Tell whether the field is not what this server gave when both sides last agreed."""
        return self.holds(name) and self.raw.value(name) != self.base.values[name]

    def unsure(self, name: Field, other: Half) -> bool:
        """Tell whether the field was read back as something else, and nobody knows who made it so."""
        return name in self.base.unsure and self.agreed.value(name) != other.agreed.value(name)

    def changed(self, name: Field) -> bool:
        """Tell whether the change of this field is visible after the rules."""
        return self.holds(name) and self.event.value(name) != self.agreed.value(name)


def half(link: Link, side: Side, observation: Observation, chain: Chain, mapping_version: int) -> Half:
    """Project one side and its base. Raises RuleFailed.

    A base that is still of another mapping version tells nothing: it is replaced by what is observed, without a
    write. The observation must have been read under the present one.
    """
    base = link.base(side)
    raw = observation.event
    if base.mapping_version != mapping_version:
        base = base.moved({name: raw.value(name) for name in base.values})
        base = replace(base.read(raw.private, ()), mapping_version=mapping_version)
    event, altered = chain.project(raw)
    agreed, altered_before = _agreed(raw.with_values(base.values), base, chain)
    return Half(
        side=side,
        observation=observation,
        base=base,
        event=event,
        agreed=agreed,
        altered=altered | altered_before,
    )


def _agreed(event: Event, base: Base, chain: Chain) -> tuple[Event, frozenset[Field]]:
    """Project what was agreed, each field with the `private` for which the other side shows it."""
    agreed, altered = chain.project(_with_private(event, private=base.private))
    if base.owed:
        before, altered_before = chain.project(_with_private(event, private=not base.private))
        agreed = agreed.with_values({name: before.value(name) for name in base.owed})
        altered |= altered_before
    return agreed, altered


def _with_private(event: Event, *, private: bool) -> Event:
    return event if event.private is private else replace(event, private=private)


def copy_side(name: Field, one: Half, other: Half, origin: Side | None) -> Side | None:
    """Return the side that shows a field only as a projection lets it; None for a field that is merged both ways.

    Of a pair that was matched up, the original is the side whose event is altered; of two, the left one.
    """
    altering = {each.side for each in (one, other) if name in each.altered}
    if not altering:
        return None
    if origin is not None:
        return origin.other
    return Side.RIGHT if Side.LEFT in altering else Side.LEFT


class Merge(Struct):
    """What a merge found. Nothing is decided about guards, holds or brakes yet."""

    wants: dict[Side, dict[Field, Value]] = field(default_factory=lambda: {Side.LEFT: {}, Side.RIGHT: {}})
    """The values to write on each side."""
    takes: dict[Side, dict[Field, Value]] = field(default_factory=lambda: {Side.LEFT: {}, Side.RIGHT: {}})
    """The values that each side's base takes over without a write."""
    reasons: dict[Field, str] = field(default_factory=dict)
    """Why a field is written, where it is not a plain change: overruled, restored."""
    masked: set[tuple[Side, Field]] = field(default_factory=set)
    """Edits of altered fields on a copy, which stay there."""
    owed: set[Field] = field(default_factory=set)
    """Altered fields that a copy does not show yet as it should, also where it must not be written."""
    conflicts: set[Field] = field(default_factory=set)
    """Fields that wait for a person (policy `hold`)."""
    decided: dict[Field, tuple[Side, str]] = field(default_factory=dict)
    """Fields for which a person has chosen a side's value, with the side and the reason of their hold."""
    kept: set[Field] = field(default_factory=set)
    """Fields that a person leaves different."""
    unsure: set[tuple[Side, Field]] = field(default_factory=set)
    """Fields that a server stored otherwise than calsync wrote them, as far as anybody can tell."""


class Terms(Struct, frozen=True, kw_only=True):
    """How a merge decides where both sides have a say."""

    direction: Direction
    policy: ConflictPolicy
    on_target_edit: TargetEdit
    origin: Side | None
    conflict: Choice | None = None
    """What a person has decided about the fields that both sides changed."""
    unsure: Mapping[Side, Choice | None] = field(default_factory=dict)
    """What a person has decided about what was read back as something else on a side."""

    def restores(self, target: Side) -> bool:
        """Tell whether edits of this side are undone."""
        return self.on_target_edit == "restore" and not self.direction.writes(target.other)


def merge(left: Half, right: Half, terms: Terms) -> Merge:
    """Merge one pair."""
    result = Merge()
    for name in FIELDS:
        copy = copy_side(name, left, right, terms.origin)
        if not (left.holds(name) and right.holds(name)):
            _take(result, name, left, right)
        elif copy is None:
            _merge_plain(result, name, left, right, terms)
        elif copy is Side.RIGHT:
            _merge_altered(result, name, left, right, terms)
        else:
            _merge_altered(result, name, right, left, terms)
    return result


def mask(kept: Half, lost: Half, origin: Side | None) -> frozenset[Field]:
    """Return the fields that a remaining copy shows only as the rules let them through of the lost original."""
    return frozenset(name for name in lost.altered if copy_side(name, kept, lost, origin) is kept.side)


def edits(kept: Half, lost: Half, origin: Side | None) -> set[Field]:
    """Return the fields whose edits count against a delete of the other side: not those of a mere mask."""
    return {name for name in FIELDS if kept.edited(name)} - mask(kept, lost, origin)


def is_own(copy: Half, original: Half, name: Field) -> bool:
    """Tell whether both sides had agreed that a copy shows something that its original never had.

    As where it was taken for the original until now, since only its own event was private.
    """
    shown = copy.base.values[name]
    return not any(
        may_be_form(shown, theirs) for theirs in (original.agreed.value(name), original.base.values[name])
    )


def delivered(base: Base, event: Event, names: Collection[Field], chain: Chain) -> Base:
    """Return the base of a write's source, once the other side confirmed these fields of its event.

    What rules read moves along with them, and is owed to the other fields in which it shows. If it stayed behind,
    an event that is private for one run only would leave its mask on the copy.
    """
    moved = base.moved({name: event.value(name) for name in names})
    others = [name for name in FIELDS if name not in names]
    agreed = event.with_values(moved.values)
    try:
        public, _ = chain.project(_with_private(agreed, private=False))
        private, _ = chain.project(_with_private(agreed, private=True))
    except RuleFailed:
        return moved.read(event.private, others)
    return moved.read(event.private, [name for name in others if public.value(name) != private.value(name)])


def _merge_plain(result: Merge, name: Field, left: Half, right: Half, terms: Terms) -> None:
    if left.event.value(name) == right.event.value(name):
        _take(result, name, left, right)
        return
    if not (left.changed(name) or right.changed(name)):
        for one, other in ((left, right), (right, left)):
            decided = one.unsure(name, other) and terms.unsure.get(one.side)
            if decided and _decide(result, name, left, right, decided, terms):
                result.decided[name] = one.side, UNSURE
                return
            if one.unsure(name, other):
                result.unsure.add((one.side, name))
        return
    contested = left.changed(name) and right.changed(name)
    if contested and terms.conflict and _decide(result, name, left, right, terms.conflict, terms):
        result.decided[name] = Side.RIGHT, CONFLICT  # also where another direction or policy holds since then
        return
    source = _winner(name, left, right, terms)
    if source is None:
        result.conflicts.add(name)
        return
    target = source.side.other
    if not terms.direction.writes(target):
        _target_edit(result, name, target=source, source=left if source is right else right, terms=terms)
        return
    result.wants[target][name] = source.event.value(name)
    loser = left if source is right else right
    if loser.changed(name) or loser.unsure(name, source) or source.unsure(name, loser):
        result.reasons[name] = "overruled"


def _winner(name: Field, left: Half, right: Half, terms: Terms) -> Half | None:
    """Return the side whose value goes to the other; None where a person decides."""
    if not right.changed(name):
        return left
    if not left.changed(name):
        return right
    for source in (left, right):
        if not terms.direction.writes(source.side):
            return source
    if terms.policy == "hold":
        return None
    if terms.policy == "newest":
        times = left.observation.modified, right.observation.modified
        return left if times[0] and times[1] and times[0] > times[1] else right
    return left if terms.policy == "left" else right


def _decide(result: Merge, name: Field, left: Half, right: Half, choice: Choice, terms: Terms) -> bool:
    """Do with a field what a person has decided; return whether that can be done."""
    if choice is Choice.KEEP:
        give_up(result, name, (left, right))
        return True
    source, target = (left, right) if choice is Choice.LEFT else (right, left)
    if not terms.direction.writes(target.side):
        return False
    result.wants[target.side][name] = source.event.value(name)
    result.reasons[name] = DECIDED
    return True


def give_up(result: Merge, name: Field, halves: tuple[Half, Half]) -> None:
    """Have both bases take over what is there, as a person wants neither side to be written."""
    for one in halves:
        result.takes[one.side][name] = one.raw.value(name)
    result.kept.add(name)


def _target_edit(result: Merge, name: Field, target: Half, source: Half, terms: Terms) -> None:
    """Decide about an edit of a one-way account's target: it stays, or is undone."""
    if terms.restores(target.side):
        result.wants[target.side][name] = source.event.value(name)
        result.reasons[name] = "restored"


def _merge_altered(result: Merge, name: Field, original: Half, copy: Half, terms: Terms) -> None:
    """Carry an altered field from the original to its copy; keep what a user wrote into the copy where it is."""
    value = original.event.value(name)
    differs = value != copy.raw.value(name)
    if differs and original.changed(name):
        result.owed.add(name)
        if terms.direction.writes(copy.side):
            result.wants[copy.side][name] = value
            if copy.edited(name) or copy.unsure(name, original) or is_own(copy, original, name):
                result.reasons[name] = "overruled"
    elif differs and copy.edited(name) and terms.restores(copy.side):
        result.wants[copy.side][name] = value
        result.reasons[name] = "restored"
    else:
        _take(result, name, original, copy)
        if differs and copy.edited(name):
            result.masked.add((copy.side, name))


def _take(result: Merge, name: Field, one: Half, other: Half) -> None:
    for taker in (one, other):
        if not taker.holds(name) or taker.edited(name):
            result.takes[taker.side][name] = taker.raw.value(name)
