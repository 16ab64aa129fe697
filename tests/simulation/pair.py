"""One account of a simulated world: two calendars, its terms, and the journal of what happened to its events."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.engine import Account
from calsync.ports import ReadOnly
from calsync.sync.model import Direction, Side
from calsync.sync.rules import Chain
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce
from calsync_rules.series_skip import SeriesSkip
from tests.simulation.database import look
from tests.simulation.loop import PROCESS
from tests.simulation.rules import Poisoned
from tests.simulation.users import Users
from tests.simulation.witness import Witness

if TYPE_CHECKING:
    import random
    import sqlite3

    from calsync.engine import Report
    from calsync.ports import Reader
    from calsync.sync.rules import Rule
    from calsync.sync.view import ConflictPolicy, TargetEdit
    from calsync.testing.rows import Change
    from tests.simulation.calendars import SlowCalendar
    from tests.simulation.process import Process
    from tests.simulation.world import World

ACCOUNT: ContextVar[str] = ContextVar("account", default="")
"""The account whose run this task belongs to."""
MAKING: ContextVar[str] = ContextVar("marker", default="")
"""The marker of the create that this task carries out, also where the system does not keep it."""
BEGUN: ContextVar[int] = ContextVar("begun", default=0)
"""How often its process had been frozen when this task began to write."""
PAST, FUTURE = timedelta(days=90), timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one event, by a user or by calsync."""

    number: int
    side: Side
    change: Change
    marker: str


@dataclass(eq=False)
class Pair:
    """An account as its users and its configuration make it."""

    world: World
    name: str
    calendars: dict[Side, SlowCalendar] = field(default_factory=dict)
    direction: Direction = Direction.BOTH
    direction_changed: bool = False
    policy: ConflictPolicy = "right"
    on_target_edit: TargetEdit = "keep"
    poisoned: bool = False
    """A rule raises for some events."""
    journal: list[Entry] = field(default_factory=list)
    reborn: dict[tuple[Side, str], tuple[Side, str]] = field(default_factory=dict)
    """Events that only got a new id, with their old one."""
    put_back: bool = False
    """The disk is older than the calendars, and no person has confirmed the plan yet."""
    was_put_back: bool = False
    hidden: set[str] = field(default_factory=set)
    """Events that a listing ever left out, or told as they were before."""
    gap_mails: int = 0
    """Mails because of attendees that were added between the read before a write and that write."""
    begun: int = 0
    """How long the journal was when the last run began."""
    runs: int = 0
    """How many runs ended, well or not."""
    report: Report | None = None
    """Of the last run; None where it failed."""
    failure: str = ""
    rests: int = 0
    """How many runs in a row had nothing to do."""

    def __post_init__(self) -> None:
        self.witness = Witness(self)
        self.users = Users(self)
        self._writes = 0
        self._ended = asyncio.Event()

    @property
    def dice(self) -> random.Random:
        return self.world.dice

    @property
    def running(self) -> bool:
        """Whether a living process is in a run of this account."""
        return any(self.name in process.running for process in self.world.processes if not process.dead)

    @property
    def served(self) -> bool:
        return any(self.name in process.names for process in self.world.living())

    def account(self) -> Account:
        calendars: dict[Side, Reader] = {
            side: calendar if self.direction.writes(side) else ReadOnly(calendar)
            for side, calendar in self.calendars.items()
        }
        return Account(
            name=self.name,
            calendars=calendars,
            direction=self.direction,
            policy=self.policy,
            on_target_edit=self.on_target_edit,
            chain=Chain(self._rules()),
            past=PAST,
            future=FUTURE,
        )

    def run_begins(self, process: Process) -> None:
        """Take note of a run that begins, and let users and fate meddle with it."""
        del process
        ACCOUNT.set(self.name)
        self.begun, self._writes = len(self.journal), self.writes()
        self.world.meddle(self)

    def run_ended(self, raw: sqlite3.Connection, report: Report | None, failure: str) -> None:
        """Let the witness look at what a run left in the database."""
        self.report, self.failure = report, failure
        if report is None:
            self.note(f"run failed: {failure}")
        else:
            self.note(f"run: {dict(report.notices)}")
            self.world.count_decisions(report)
        left = look(raw, self.name)
        self.witness.look(left)
        planned = report is None or any(
            one.kind in ("create", "update", "delete") for one in report.plan.operations
        )
        idle = self.writes() == self._writes and not planned and not left.waits
        self.rests = self.rests + 1 if idle else 0
        self.runs += 1
        self._ended.set()

    async def after_runs(self, runs: int) -> None:
        """Wait until so many more runs have ended, or no process serves this account any more."""
        wanted = self.runs + runs
        while self.runs < wanted and self.served:
            self._ended.clear()
            await self._ended.wait()

    def wake(self) -> None:
        """Have those who wait look again."""
        self._ended.set()

    def record(self, side: Side, change: Change) -> None:
        """Write a change of an event into the journal, and have it judged by what is known at this moment."""
        entry = Entry(len(self.journal), side, change, MAKING.get())
        self.journal.append(entry)
        if change.after.by_us:
            did = "creates" if change.before is None else change.after.place
            event = change.after.event
            self.note(f"  calsync {did} {change.after.id} {event.summary}, {event.description}, {event.when}")
            process = PROCESS.get()
            if process is not None and process.freezes > BEGUN.get():
                self.witness.excuse_late_write(entry)
            self.witness.judge_write(entry)

    def writes(self) -> int:
        return sum(len(calendar.writes()) for calendar in self.calendars.values())

    def note(self, line: str) -> None:
        self.world.note(f"{self.name} #{len(self.journal)} {line}")

    def fail(self, invariant: str, text: str) -> None:
        self.world.fail(invariant, f"{self.name}: {text}")

    def _rules(self) -> list[Rule]:
        rules: list[Rule] = [SeriesSkip(), AttendeeStripping(), PrivateMask("Privat"), ReminderOnce(15)]
        return [Poisoned(), *rules] if self.poisoned else rules
