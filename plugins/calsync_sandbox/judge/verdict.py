"""Whether both sides agree: every appointment of one side has its equal on the other, one to one."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from calsync_sandbox.judge.reading import Seen

Direction = Literal["both", "left_to_right", "right_to_left"]
FIELDS = ("summary", "when", "notes")
MASK = "Privat"
"""The copy of a private appointment bears this summary and no notes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What does not agree: the ids, and the fields that differ; no fields: one of the two is missing."""

    left: str | None
    right: str | None
    fields: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.fields:
            return f"left {self.left} and right {self.right} differ in {', '.join(self.fields)}"
        return (
            f"left {self.left} is missing on the right"
            if self.left
            else f"right {self.right} is missing on the left"
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """`paired` counts the appointments that are on both sides."""

    paired: int
    differences: tuple[Difference, ...]

    @property
    def converged(self) -> bool:
        return not self.differences


def judge(
    left: Sequence[Seen],
    right: Sequence[Seen],
    *,
    direction: Direction = "both",
    keep_notes: Collection[tuple[str, str]] = (),
) -> Verdict:
    """Compare both sides of an account.

    `keep_notes` names pairs (left id, right id) that were on both sides before, with notes of their own on each:
    they stay as they are. In one direction, what only the target has is no difference.
    """
    without_notes = {event_id for pair in keep_notes for event_id in pair}
    lefts, rights = ([_as_shown(seen, without_notes) for seen in side] for side in (left, right))
    left_over, right_over = _surplus(lefts, rights), _surplus(rights, lefts)
    paired = len(lefts) - len(left_over)
    differences = [
        difference for difference in _told(left_over, right_over) if not _only_on_target(difference, direction)
    ]
    return Verdict(paired, tuple(differences))


def _as_shown(seen: Seen, without_notes: Collection[str]) -> Seen:
    if seen.private:
        return replace(seen, summary=MASK, notes="")
    return replace(seen, notes="(kept)") if seen.id in without_notes else seen


def _surplus(mine: Sequence[Seen], theirs: Sequence[Seen]) -> list[Seen]:
    """Return the events of one side that have no equal on the other, of equal ones the surplus."""
    left_of = Counter(_key(seen) for seen in theirs)
    surplus = []
    for seen in mine:
        if left_of[_key(seen)] > 0:
            left_of[_key(seen)] -= 1
        else:
            surplus.append(seen)
    return surplus


def _told(lefts: Sequence[Seen], rights: Sequence[Seen]) -> list[Difference]:
    """Say what is wrong with the events that have no equal: two that differ in one field are taken for one."""
    told: list[Difference] = []
    rest = {seen.id: seen for seen in rights}
    by_part: defaultdict[tuple[str, str, str], list[Seen]] = defaultdict(list)
    for seen in rights:
        for part in _parts(seen):
            by_part[part].append(seen)
    for seen in lefts:
        found = next((other for part in _parts(seen) for other in by_part[part] if other.id in rest), None)
        if found is None:
            told.append(Difference(left=seen.id, right=None))
        else:
            del rest[found.id]
            differing = tuple(name for name in FIELDS if getattr(seen, name) != getattr(found, name))
            told.append(Difference(left=seen.id, right=found.id, fields=differing))
    return told + [Difference(left=None, right=event_id) for event_id in rest]


def _only_on_target(difference: Difference, direction: Direction) -> bool:
    if direction == "both" or difference.fields:
        return False
    return (difference.left is None) if direction == "left_to_right" else (difference.right is None)


def _key(seen: Seen) -> tuple[str, ...]:
    return seen.summary, seen.when, seen.notes


def _parts(seen: Seen) -> list[tuple[str, str, str]]:
    """Return what two events have in common that differ in one field only."""
    return [
        ("notes", seen.summary, seen.when),
        ("when", seen.summary, seen.notes),
        ("summary", seen.when, seen.notes),
    ]
