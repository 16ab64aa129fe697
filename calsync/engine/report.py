"""What a run did, counted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from calsync.history import Unsynced
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind, Plan
from calsync.values import Struct, field

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from calsync.sync.model import Window
    from calsync.sync.plan import Operation

Notices = Counter[tuple[Kind, Side, str]]
"""How many operations, by what they do, the side they write to, and the reason."""


class Counts(Struct):
    """What happened on one side: writes at the side that is written, skips at the side they were read from."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    linked: int = 0
    held: int = 0
    blocked: int = 0
    failed: int = 0
    skipped: Counter[str] = field(default_factory=Counter)

    def done(self, kind: Kind) -> None:
        """Count a write that was confirmed, or a link."""
        if kind is Kind.CREATE:
            self.created += 1
        elif kind is Kind.UPDATE:
            self.updated += 1
        elif kind is Kind.DELETE:
            self.deleted += 1
        elif kind is Kind.LINK:
            self.linked += 1

    @property
    def writes(self) -> int:
        return self.created + self.updated + self.deleted


class Report(Struct):
    """One run of one account."""

    plan: Plan = field(default_factory=lambda: Plan(operations=()))
    """What the first pass decided; of a rebuild what the last one left."""
    rebuild: str | None = None
    """Why nothing is written before a person has confirmed the plan: a word of calsync.records.Rebuild; or
    `first_sync` or `direction`, where only the sides wait that were not written before."""
    window: Window | None = None
    """What was read; None before that."""
    number: int = 0
    """The number of the run; 0 before it has begun."""
    good_at: datetime | None = None
    """When the run began, where it has read both sides without an error."""
    at_rest: bool = False
    """The run has left nothing that another one must look at, unless something changes."""
    counts: dict[Side, Counts] = field(default_factory=lambda: {side: Counts() for side in BOTH})
    notices: Notices = field(default_factory=Counter)
    """What is not carried out: held, blocked, failed and waiting operations, of the last pass."""
    remarks: Notices = field(default_factory=Counter)
    """What is done, and took or left behind something that a person should know of; of all passes."""
    held_since: Mapping[str, datetime] = field(default_factory=dict)
    """Since when the oldest of what nobody has decided waits, by its reason."""
    unsynced: dict[tuple[Side, str], Unsynced] | None = None
    """The events that the last pass left out, or must not touch; None where no pass has come to an end."""
    among: frozenset[tuple[Side, str]] | None = None
    """Of which events it tells that; None: of all."""

    def note_standing(self, operations: tuple[Operation, ...]) -> None:
        """Count anew what is not carried out; the last pass of a run is the one that tells."""
        self.notices.clear()
        self.unsynced = {}
        for counts in self.counts.values():
            counts.held = counts.blocked = 0
            counts.skipped.clear()
        for operation in operations:
            self._note(operation)

    def note_blocked(self, operation: Operation, reason: str) -> None:
        """Count a write that the provider itself refused because it might mail somebody."""
        self.counts[operation.side].blocked += 1
        self.notices[Kind.BLOCK, operation.side, reason] += 1
        self._leave_out(Kind.BLOCK, operation, reason)

    def note_failed(self, operation: Operation, reason: str) -> None:
        self.counts[operation.side].failed += 1
        self.notices[operation.kind, operation.side, reason] += 1

    def note_waiting(self, kind: Kind, side: Side, reason: str) -> None:
        """Tell of an operation that waits by itself: for its next try, for an answer, for a proof."""
        self.notices[kind, side, reason] += 1

    def remark(self, kind: Kind, side: Side, reason: str) -> None:
        """Tell of what was done at a price: a value that is nowhere any more, something that a copy lacks."""
        self.remarks[kind, side, reason] += 1

    def _note(self, operation: Operation) -> None:
        counts = self.counts[operation.side]
        if operation.kind is Kind.SKIP:
            counts.skipped[operation.reason] += 1
            self._leave_out(operation.kind, operation, operation.reason)
        elif operation.kind is Kind.HOLD:
            counts.held += 1
            self.notices[operation.kind, operation.side, operation.reason] += 1
        elif operation.kind is Kind.BLOCK:
            counts.blocked += 1
            self.notices[operation.kind, operation.side, operation.reason] += 1
            self._leave_out(operation.kind, operation, operation.reason)

    def _leave_out(self, kind: Kind, operation: Operation, reason: str) -> None:
        """Note the event that is not copied, or not written."""
        side, event = operation.side, operation.target
        if kind is Kind.SKIP:  # its side is the one that the event was read from
            event = operation.source
        elif event is None:
            side, event = operation.side.other, operation.source
        if self.unsynced is not None and event is not None:
            self.unsynced[side, event.id] = Unsynced(kind, reason, operation.guard)
