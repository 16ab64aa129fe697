"""What a person sees before confirming: what would be written, and what stays as it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.desk.discretion import MASK, masked_value
from calsync.desk.wording import field_names, in_language, named, short
from calsync.reasons import Sentences, sentence
from calsync.sync.approved import awaits_word, plan_lines
from calsync.sync.brakes import DIRECTION, FIRST_SYNC
from calsync.sync.changes import field_changes
from calsync.sync.model import Side
from calsync.sync.plan import WRITES, Kind
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.engine import Report
    from calsync.reasons import Language
    from calsync.sync.approved import PlanLine
    from calsync.sync.changes import FieldChange
    from calsync.sync.model import Field, When
    from calsync.sync.plan import Operation, Plan

MOST = 200
"""Writes that are shown one by one."""
_SENTENCES: Mapping[Kind, Sentences] = {
    Kind.CREATE: Sentences("{what} is created in {system}.", "{what} wird in {system} angelegt."),
    Kind.UPDATE: Sentences(
        "{what} is updated in {system}: {fields}.", "{what} wird in {system} geändert: {fields}."
    ),
    Kind.DELETE: Sentences("{what} is deleted in {system}.", "{what} wird in {system} gelöscht."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedWrite:
    """One write. Holds customers' text: only for those who may see the account."""

    kind: Kind
    side: Side
    """The side that is written."""
    summary: str
    when: When | None
    fields: Sequence[Field]
    private: bool
    reason: str
    """Why: a word of calsync.reasons."""
    changes: Sequence[FieldChange]
    """What becomes of each field, and which rule decided that."""

    def why(self, language: Language) -> str | None:
        """Return why; None where that is only that the whole plan waits to be confirmed."""
        return None if self.reason in {DIRECTION, FIRST_SYNC, "rebuild"} else sentence(self.reason, language)

    def discreet(self) -> PlannedWrite:
        """Return it as others than the account's owner see it."""
        if not self.private:
            return self
        changes = [
            replace(one, old=masked_value(one.field, one.old), new=masked_value(one.field, one.new))
            for one in self.changes
        ]
        return replace(self, summary=MASK, changes=changes)

    def name(self, language: Language) -> str:
        """Return how the event is called."""
        return named(self.summary, language)

    def sentence(self, titles: Mapping[Side, str], language: Language) -> str:
        """Return what would be done. `titles`: what both systems are called."""
        return in_language(_SENTENCES[self.kind], language).format(
            what=self.name(language),
            system=titles[self.side],
            fields=field_names(self.fields, language),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftAlone:
    """One event, or some of its fields, that stays as it is. Holds customers' text, as a write does."""

    side: Side
    summary: str | None
    """None where nobody knows it any more."""
    when: When | None
    fields: Sequence[Field]
    """Which of its fields; none: all of it."""
    private: bool
    reason: str
    """Why: a word of calsync.reasons."""
    rule: str | None
    """The rule that decided that; None where it is no rule's guard."""

    def discreet(self) -> LeftAlone:
        """Return it as others than the account's owner see it."""
        return replace(self, summary=MASK) if self.private else self

    def sentence(self, language: Language) -> str:
        """Return what stays, and which of its fields, where it is not all of it."""
        what = named(self.summary, language)
        return f"{what}: {field_names(self.fields, language)}" if self.fields else what


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a run would do."""

    hash: str
    """What a person confirms."""
    waits: bool
    """Whether nothing of it is written before somebody confirms it."""
    counts: Mapping[tuple[Kind, Side], int]
    """The writes, by what they do and to which side."""
    writes: Sequence[PlannedWrite]
    """The first MOST of them."""
    others: Mapping[str, int]
    """What stays as it is, by its reason: a word of calsync.reasons."""
    left_alone: Sequence[LeftAlone]
    """The first MOST of it."""
    lines: Sequence[PlanLine]
    """All that the hash names, to be compared with a later plan's. For the account's owner."""

    def discreet(self) -> Planned:
        """Return the plan as others than the account's owner see it."""
        writes, left_alone = [one.discreet() for one in self.writes], [one.discreet() for one in self.left_alone]
        return replace(self, writes=writes, left_alone=left_alone, lines=())


def planned(report: Report) -> Planned:
    """Return what a report's plan comes to for people."""
    return plan_for_people(report.plan, waits=report.rebuild is not None)


def plan_for_people(plan: Plan, *, waits: bool = False) -> Planned:
    """Return what a plan comes to. `waits`: nothing of it is written before somebody confirms it."""
    writes = [(kind, one) for one in plan.operations if (kind := _write(one)) is not None]
    standing = [one for one in plan.operations if one.kind in {Kind.HOLD, Kind.BLOCK, Kind.SKIP}]
    others = [one for one in standing if _write(one) is None]
    return Planned(
        hash=plan.hash,
        waits=waits,
        counts=dict(sorted(Counter((kind, one.side) for kind, one in writes).items(), key=_place)),
        writes=[planned_write(kind, one) for kind, one in writes[:MOST]],
        others=Counter(one.reason for one in others),
        left_alone=[_left_alone(one) for one in others[:MOST]],
        lines=plan_lines(plan),
    )


def _place(count: tuple[tuple[Kind, Side], int]) -> tuple[int, int]:
    """Return where a count is shown: by sides, and of each what is created first."""
    (kind, side), _ = count
    return list(Side).index(side), list(Kind).index(kind)


def _write(operation: Operation) -> Kind | None:
    """Return what would be written: at once, or once the plan is confirmed."""
    if operation.kind in WRITES:
        return operation.kind
    return operation.wanted if awaits_word(operation.reason) and operation.wanted in WRITES else None


def planned_write(kind: Kind, operation: Operation) -> PlannedWrite:
    """Return for people what an operation does, or would once it is confirmed: `kind`."""
    seen = operation.source or operation.target
    return PlannedWrite(
        kind=kind,
        side=operation.side,
        summary="" if seen is None else short(seen.event.summary),
        when=None if seen is None else seen.event.when,
        fields=operation.fields,
        private=_is_private(operation),
        reason=operation.reason,
        changes=field_changes(operation),
    )


def _left_alone(operation: Operation) -> LeftAlone:
    seen = operation.source or operation.target
    return LeftAlone(
        side=operation.side,
        summary=None if seen is None else short(seen.event.summary),
        when=None if seen is None else seen.event.when,
        fields=operation.fields if operation.kind is Kind.SKIP else (),
        private=_is_private(operation),
        reason=operation.reason,
        rule=operation.guard,
    )


def _is_private(operation: Operation) -> bool:
    """Tell whether either side's event is private, or was when both sides last agreed: it may be gone by now."""
    both = [seen.event.private for seen in (operation.source, operation.target) if seen is not None]
    bases = [] if operation.link is None else [operation.link.base(side).private for side in Side]
    return any([*both, *bases])
