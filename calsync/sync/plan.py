"""Operations as data: what the reconciler decided, each with its reason."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING

from calsync.sync.model import FIELDS, AllDay, Field, Link, Observation, Side, State, Timed
from calsync.values import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.sync.model import Base, Changes, Draft, Value


class Kind(StrEnum):
    """What an operation does. Only create, update and delete send a write to a server."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    LINK = "link"
    UNLINK = "unlink"
    WAKE = "wake"
    SLEEP = "sleep"
    PART = "part"
    SKIP = "skip"
    HOLD = "hold"
    BLOCK = "block"


WRITES = frozenset({Kind.CREATE, Kind.UPDATE, Kind.DELETE})
HoldKey = tuple[Side, str, Kind, str]
"""What names a hold: the side that is not written, its event, what is not done to it, and why."""


class Operation(Struct, frozen=True, kw_only=True):
    """One decision about one event or one pair.

    `side` is the side that is written; of a skip, the side the event was read from. `source` is the observation
    on the other side that the decision was made from, `target` the one on `side`. A hold or a block keeps in
    `wanted` what it stands in the way of.
    """

    kind: Kind
    side: Side
    reason: str
    link: Link | None = None
    source: Observation | None = None
    target: Observation | None = None
    draft: Draft | None = None
    changes: Changes = field(default_factory=dict)
    wanted: Kind | None = None
    state: State | None = None
    """The state that a sleep, part, wake or link leaves the link in."""
    bases: Mapping[Side, Base] = field(default_factory=dict)
    """The bases that a link operation starts with."""
    origin: Side | None = None
    """The side that was there first, of a link operation that knows it."""
    undoes: int | None = None
    """The delete in the ledger that this create undoes."""
    rules: Mapping[Field, str] = field(default_factory=dict)
    """The rules that made values to be written other than the source's."""
    guard: str | None = None
    """The rule that holds or blocks it, or keeps back these fields; None where it is no rule that does."""
    decided: frozenset[HoldKey] = frozenset()
    """The holds that a person has decided about by this write. No brake holds it."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The synced fields that this operation is about, in their fixed order."""
        if self.kind is Kind.CREATE or self.wanted is Kind.CREATE:
            return FIELDS
        return tuple(name for name in FIELDS if name in self.changes)

    @property
    def event_id(self) -> str | None:
        """The event that attempts and holds are counted for: the target, else the source."""
        seen = self.target or self.source
        return seen.id if seen else None


class Rebase(Struct, frozen=True, kw_only=True):
    """A link's base takes over values without a write; told to the ledger with its reason."""

    link: Link
    side: Side
    base: Base
    reason: str


class Plan(Struct, frozen=True):
    """What one run wants to do, in the order in which it was decided."""

    operations: Sequence[Operation]
    rebases: Sequence[Rebase] = ()
    undecided: frozenset[int] = frozenset()
    """The links about which nothing was decided: their events are in doubt, a write is open, or a rule failed."""
    undecided_events: frozenset[tuple[Side, str]] = frozenset()
    """The events that no link names and about which nothing was decided: one of them may be what a link has lost,
    and that is not known yet."""
    ruled: frozenset[HoldKey] = frozenset()
    """Creates that are held for another reason, and wait for a change of the rules as well."""

    @property
    def hash(self) -> str:
        """Name what a person saw: equal for two plans that would do the same to the same values.

        Not to the same revisions, which move without an edit; nor does it say what is skipped.
        """
        digest = hashlib.sha256()
        for each in sorted(line(operation) for operation in self.operations if operation.kind is not Kind.SKIP):
            digest.update(each.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:16]


def render_value(value: Value) -> str:
    """Return a value as text: ISO 8601 for times."""
    if isinstance(value, Timed):
        return f"{value.start.isoformat()}/{value.end.isoformat()}"
    if isinstance(value, AllDay):
        return f"{value.first.isoformat()}/{value.after.isoformat()}"
    return value


def line(operation: Operation) -> str:
    """Return what names an operation: equal where the same would be done to the same values."""
    seen = [_shown(each) for each in (operation.source, operation.target)]
    values, draft = operation.changes, operation.draft
    if draft is not None:
        values = draft.values()
    changes = [f"{name}={render_value(values[name])!r}" for name in FIELDS if name in values]
    if draft is not None:
        changes.append(f"reminder={draft.reminder}")
    return "\t".join([operation.kind, operation.side, operation.reason, *seen, *changes]) + "\n"


def _shown(observation: Observation | None) -> str:
    if observation is None:
        return "-"
    event = observation.event
    return repr([observation.id, event.private, *(render_value(event.value(name)) for name in FIELDS)])
