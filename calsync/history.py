"""What is kept of runs for people to look at: what they did, how they failed, and what they left out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from calsync.sync.plan import Kind

MAILS = frozenset({"has_attendees", "not_organised_here"})
"""Why a write is blocked that somebody might be mailed for."""


class Unsynced(NamedTuple):
    """Why an event is left out."""

    kind: Kind
    """`skip` or `block`."""
    reason: str
    """A word of calsync.reasons."""
    rule: str | None = None
    """The rule whose guard did that; None where none did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What was written to one side."""

    created: int = 0
    updated: int = 0
    deleted: int = 0
    linked: int = 0
    failed: int = 0

    @property
    def wrote(self) -> bool:
        """Whether something was carried out."""
        return bool(self.created or self.updated or self.deleted or self.linked)

    def plus(self, other: Tally) -> Tally:
        """Return what both have written."""
        return Tally(
            created=self.created + other.created,
            updated=self.updated + other.updated,
            deleted=self.deleted + other.deleted,
            linked=self.linked + other.linked,
            failed=self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """One run that did something, failed, or worked again."""

    number: int
    """0 where it failed before it could begin."""
    began: datetime
    ended: datetime
    sides: Mapping[Side, Tally] = field(default_factory=lambda: {side: Tally() for side in Side})
    error_class: str | None = None
    """The class of what it failed with: one of calsync.errors, or that of a bug. None where it went well."""
    error: str | None = None
    """The same as a sentence, without customers' text."""

    @property
    def total(self) -> Tally:
        """What it wrote to both sides."""
        return self.sides[Side.LEFT].plus(self.sides[Side.RIGHT])


class History(ABC):
    """Keeps what runs came to, for 90 days and 500 runs of an account at most. Raises StoreError."""

    @abstractmethod
    async def last(self, account: str) -> RunRecord | None:
        """Return the last run that was kept."""

    @abstractmethod
    async def add(self, account: str, record: RunRecord) -> None:
        """Keep a run, and forget the oldest."""

    @abstractmethod
    async def put_unsynced(
        self,
        account: str,
        found: Mapping[tuple[Side, str], Unsynced],
        now: datetime,
        among: AbstractSet[tuple[Side, str]] | None = None,
    ) -> None:
        """Replace what is known to be left out, `among` some events or all.

        What is so for the same reason keeps its age.

        All others are counted that are left alone because a write might mail somebody.
        """
