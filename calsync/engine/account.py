"""What the engine needs to know of an account, and what all steps of one run share."""

from __future__ import annotations

import hashlib
import weakref
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.errors import Retry
from calsync.ports import Calendar
from calsync.sync.brakes import DIRECTION, FIRST_SYNC
from calsync.sync.model import BOTH, Side, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import datetime, timedelta
    from random import Random

    from calsync.engine.notebook import Notebook
    from calsync.engine.report import Report
    from calsync.engine.rest import Feed
    from calsync.ports import Clock, Reader
    from calsync.sync.loops import Past
    from calsync.sync.model import Direction
    from calsync.sync.ruled import Before
    from calsync.sync.rules import Chain
    from calsync.sync.view import ConflictPolicy, FirstSync, TargetEdit


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A pair of calendars and the terms on which they are kept the same.

    A side that must not be written is given as a `ReadOnly` calendar.
    """

    name: str
    calendars: Mapping[Side, Reader]
    direction: Direction
    policy: ConflictPolicy
    on_target_edit: TargetEdit
    chain: Chain
    rules: str = ""
    """What names the chain: another word where a rule, its options, its version or the order is another."""
    first_sync: FirstSync = "run"
    """`ask`: a calendar that calsync has never run with waits for a person, who confirms the plan."""
    past: timedelta
    future: timedelta

    def window(self, now: datetime) -> Window:
        return Window(now - self.past, now + self.future)

    def writable(self, side: Side) -> Calendar:
        """Return the calendar to write to. A plan never writes to a source; if one does, that is a bug."""
        calendar = self.calendars[side]
        if not isinstance(calendar, Calendar):
            raise TypeError(f"account {self.name}: a write was planned on its read-only {side} side")
        return calendar


def _ignore(done: int, total: int) -> None:
    del done, total


@dataclass(slots=True, weakref_slot=True, kw_only=True)
class Run:
    """One pass over one account."""

    account: Account
    notebook: Notebook
    clock: Clock
    random: Random
    now: datetime
    """The one instant that all decisions of this run refer to."""
    number: int
    window: Window
    past: Past
    """What was written again and again before this run."""
    report: Report
    progress: Callable[[int, int], None] = _ignore
    """Told how many of the planned writes are done."""
    trouble: dict[Side, Exception] = field(default_factory=dict)
    """Why the writes to a side have no prospect any more: nothing more is sent to it."""
    unlisted: Retry | None = None
    """Why a side could not be listed in full, as it is once a day."""
    approved: bool = False
    """A person has confirmed each write of this run by its plan's hash, also to a side that waits otherwise."""
    rewrites: AbstractSet[tuple[Side, str]] = frozenset()
    """The events that its plan rewrites without a person's word."""
    rewritten: set[tuple[Side, str]] = field(default_factory=set)
    """The events that it has rewritten without a person's word, or may have."""
    may_be_off: bool = False
    """It is to write although the account was switched off when it began."""
    feeds: Mapping[Side, Feed] = field(default_factory=dict)
    """What both sides were already asked, and have begun to tell."""
    before: Before | None = None
    """What was known when it began, where the rules are others than those of the last one."""

    @property
    def unconfirmed(self) -> frozenset[Side]:
        """The sides that the account's direction lets calsync write, and that no person knows of yet."""
        return frozenset(side for side in BOTH if self.is_unconfirmed(side))

    def is_unconfirmed(self, side: Side) -> bool:
        """Tell whether a side is one of these."""
        return not self.notebook.state.sides[side].written and self.account.direction.writes(side)

    @property
    def waits_for(self) -> str:
        """The reason of what is not written before a person has confirmed it: the first sync, or a direction."""
        copied = any(link.origin is not None for link in self.notebook.state.links.values())
        return FIRST_SYNC if self.account.first_sync == "ask" and not copied else DIRECTION

    def marker_hash(self, source_id: str) -> str:
        """Return what a marker tells of its source; only rebuilding a lost store reads it."""
        return hashlib.sha256(source_id.encode()).hexdigest()[:16]

    def marked_source(self, marker: str | None) -> str | None:
        """Return the hash of the source in a marker of this account; None for any other marker."""
        prefix = f"v1:{self.account.name}:"
        if not marker or not marker.startswith(prefix):
            return None
        _, colon, source = marker.removeprefix(prefix).partition(":")
        return source if colon and ":" not in source else None


def asks(run: Run, check: Callable[[Run], object]) -> Callable[[], None]:
    """Return what asks a run whether something may be sent, and does not hold it. Raises Retry behind its end.

    Connections and timers keep the context that they were made in, and with it whatever that holds: the run of a
    large calendar would stay for as long as a connection is open.
    """
    account, known = run.account.name, weakref.ref(run)

    def ask() -> None:
        run = known()
        if run is None:
            raise Retry(f"account {account}: its run has ended, nothing was sent")
        check(run)

    return ask
