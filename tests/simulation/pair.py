"""One account of a simulated world: two calendars, its terms, and the journal of what happened to its events."""

from __future__ import annotations

import asyncio
import sys
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.engine import Account, carry
from calsync.ports import ReadOnly
from calsync.sync.asking import Asking, Hang, Version
from calsync.sync.brakes import BUDGET
from calsync.sync.model import BOTH, Direction, Side
from calsync.sync.plan import Kind, Plan
from calsync.sync.rules import Chain, needs_of
from calsync.values import replace
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce
from calsync_rules.series_skip import SeriesSkip
from tests.simulation.backwards import Backwards
from tests.simulation.bots import Bots
from tests.simulation.braking import Braking
from tests.simulation.budgets import Budgets
from tests.simulation.counterparts import Counterparts
from tests.simulation.database import look
from tests.simulation.decisions import Decisions
from tests.simulation.deletes import Deletes
from tests.simulation.errand import LEAVING, UNDOING
from tests.simulation.leaves import Leaves
from tests.simulation.loop import PROCESS
from tests.simulation.rules import Hanging, OptionalRules, Poisoned, Strict, refuses
from tests.simulation.ruling import Ruling
from tests.simulation.undos import Undos
from tests.simulation.users import Users
from tests.simulation.witness import Witness
from tests.simulation.writes import MASK, MINUTES, Writes

if TYPE_CHECKING:
    import random
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from calsync.engine import Report
    from calsync.ports import Reader
    from calsync.records import AccountState
    from calsync.store import SqlStore
    from calsync.store.connection import Database
    from calsync.sync.plan import Operation
    from calsync.sync.rules import Rule
    from calsync.sync.view import ConflictPolicy, FirstSync, TargetEdit
    from calsync.testing.rows import Change
    from tests.simulation.calendars import SlowCalendar
    from tests.simulation.plans import Applying
    from tests.simulation.rules import Question, Strictness
    from tests.simulation.world import World

ACCOUNT: ContextVar[str] = ContextVar("account", default="")
"""The account whose run this task belongs to."""
MAKING: ContextVar[str] = ContextVar("marker", default="")
"""The marker of the create that this task carries out, also where the system does not keep it."""
APPLYING: ContextVar[Applying | None] = ContextVar("applying", default=None)
"""The command of a person who has a plan carried out, to which this task belongs."""
BEGUN: ContextVar[int] = ContextVar("begun", default=0)
"""How often its process had gone on from being frozen when this task began to write."""
START: ContextVar[tuple[int, datetime] | None] = ContextVar("start", default=None)
"""How long the journal was when the run of this task began, and when that was: each of two runners has one."""
LOST: ContextVar[frozenset[tuple[Side, str]]] = ContextVar("lost", default=frozenset())
"""The events that the run of this task takes for gone where it asks; another one finds them: two are a proof."""
READ: ContextVar[dict[tuple[Side, str], str | None]] = ContextVar("read")
"""The revision of each event when the run of this task last read it by its id."""
FOUND_AWAY: ContextVar[tuple[tuple[Side, str], int, datetime] | None] = ContextVar("found_away", default=None)
"""The event that this task asked about last, if it stood elsewhere, with how long the journal was then, and since
when it had asked."""
TOO_LATE = "the lease was not renewed in time"
"""What a run fails with that has sent nothing, as its writes had waited for long."""
TAKEN = "another process is working on it"
"""What a run fails with that was turned away."""
PAST, FUTURE = timedelta(days=90), timedelta(days=365)


class Ended(BaseException):
    """A process has ended in the midst of a call."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one event, by a user or by calsync."""

    number: int
    side: Side
    change: Change
    marker: str
    undoes: bool = False
    """A person had it done: it undoes what calsync wrote."""
    found_away: tuple[tuple[Side, str], int, datetime] | None = None
    """What whoever wrote had just asked about and found elsewhere, as FOUND_AWAY says."""


@dataclass(eq=False)
class Pair:
    """An account as its users and its configuration make it."""

    world: World
    name: str
    calendars: dict[Side, SlowCalendar] = field(default_factory=dict)
    direction: Direction = Direction.BOTH
    turned: list[int] = field(default_factory=list)
    """How long the journal was whenever the direction became another one."""
    closed: set[Side] = field(default_factory=set)
    """The sides that were not written, and of which no person has confirmed since that they are."""
    policy: ConflictPolicy = "right"
    on_target_edit: TargetEdit = "keep"
    optional: OptionalRules = field(default_factory=OptionalRules)
    """The rules that it has besides the usual ones."""
    poisoned: Question | None = None
    """What a rule raises at for some events."""
    hanging: bool = False
    """A rule never answers about some events."""
    strict: Strictness | None = None
    """How a rule keeps some events back, for now."""
    first_sync: FirstSync = "run"
    ruled: bool = False
    """Calsync has planned it under its present rules."""
    refusing: bool = False
    """The servers refuse some events, also when all else is quiet."""
    notes: list[Hang] = field(default_factory=list)
    """What the watchdog of a process left for the next one."""
    noted: dict[Hang, datetime] = field(default_factory=dict)
    """Those notes that a next process has taken over into its store, and when it first did."""
    journal: list[Entry] = field(default_factory=list)
    reborn: dict[tuple[Side, str], tuple[Side, str]] = field(default_factory=dict)
    """Events that only got a new id, with their old one."""
    put_back: bool = False
    """The disk is older than the calendars, and no person has confirmed the plan yet."""
    was_put_back: bool = False
    forgotten: list[tuple[int, int]] = field(default_factory=list)
    """The parts of the journal that a disk which was put back does not know, until a person confirmed its plan."""
    put_backs: list[tuple[int, int]] = field(default_factory=list)
    """How long the journal was when such a disk was copied, and when it was put back."""
    hidden: set[str] = field(default_factory=set)
    """Events that a listing ever left out, or told as they were before."""
    retold: set[str] = field(default_factory=set)
    """Events of which a feed ever told once more what they had been."""
    begun: int = 0
    """How long the journal was when the run began that is judged: the one that ends or writes now."""
    begun_at: datetime = field(init=False)
    """When that run began."""
    unended: int = 0
    """How many runs began since the last one that ended: what those linked that were killed is not known."""
    off_since: datetime | None = None
    """When a person has switched it off."""
    switches_at: int | None = None
    """A person switches it off when a run begins its write of this number."""
    writes_begun: int = 0
    """How many writes the last run has begun."""
    writes_off: int = 0
    """How many writes have begun since then: each had asked whether it was on."""
    runs: int = 0
    """How many runs ended, well or not."""
    report: Report | None = None
    """Of the last run; None where it failed."""
    failure: str = ""
    rests: int = 0
    """How many runs in a row had nothing to do."""

    def __post_init__(self) -> None:
        self.begun_at = self.world.clock.now()
        self.witness = Witness(self)
        self.counterparts = Counterparts(self)
        self.backwards = Backwards(self)
        self.decisions = Decisions(self)
        self.braking = Braking(self)
        self.deletes = Deletes(self)
        self.budgets = Budgets(self)
        self.written = Writes(self)
        self.undos = Undos(self)
        self.ruling = Ruling(self)
        self.leaves = Leaves(self)
        self.bots = Bots(self)
        self.users = Users(self)
        self._ended = asyncio.Event()
        self._plan = Plan(operations=())
        """What was decided last."""
        self._account: Account | None = None
        self._terms: tuple[object, ...] = ()
        """What the account was made of."""

    @property
    def dice(self) -> random.Random:
        return self.world.dice

    @property
    def running(self) -> bool:
        """Whether a living process is in a run of this account."""
        served = any(self.name in process.running for process in self.world.processes if not process.dead)
        return served or any(one.pair is self and not one.dead for one in self.world.errands.values())

    @property
    def turned_away(self) -> bool:
        """Whether the run that ended last did nothing, as another one went on."""
        return TAKEN in self.failure

    @property
    def served(self) -> bool:
        return any(self.name in process.names for process in self.world.living())

    def account(self) -> Account:
        """Return what a run is given: the same one as long as the terms stay, as in production."""
        optional = self.optional.locations, self.optional.types
        rules = self.poisoned, self.hanging, self.strict, *optional
        terms = self.direction, self.policy, self.on_target_edit, self.first_sync, *rules
        if self._account is None or terms != self._terms:
            self._account, self._terms = self._opened(), terms
        return self._account

    def _opened(self) -> Account:
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
            chain=self._chain(),
            rules=f"{self.poisoned} {self.hanging} {self.strict}",
            first_sync=self.first_sync,
            past=PAST,
            future=FUTURE,
        )

    def configure(self) -> None:
        """Have the calendars opened anew for what the rules need. Only the left system knows types."""
        needs = needs_of(self.optional.rules())
        self.calendars[Side.LEFT].ask_for(needs)
        self.calendars[Side.RIGHT].ask_for(needs - {"types"})

    def run_begins(self) -> None:
        """Take note of a run that begins."""
        START.set((len(self.journal), self.world.clock.now()))
        self._judges_this_run()
        self.acts()
        self.unended += 1

    def acts(self) -> None:
        """Take note that a process begins to work on this account, and let users and fate meddle with it."""
        ACCOUNT.set(self.name)
        if self.unended:  # nobody has looked at what the run before has left, and this one may forget it
            left = look(self.world.disk.raw, self.name)
            self.witness.overhear(left)
            self.braking.held(left.holds)
        self.writes_begun = 0
        READ.set({})
        LOST.set(frozenset((side, each) for side, calendar in self.calendars.items() for each in calendar.losing))
        for calendar in self.calendars.values():
            calendar.lost |= calendar.losing
            calendar.losing = set()
        self.world.meddle(self)

    def run_ended(self, raw: Database, report: Report | None, failure: str) -> None:
        """Let the witness look at what a run left in the database."""
        self._judges_this_run()
        self.report, self.failure = report, failure
        if report is None:
            self.note(f"run failed: {failure}")
        else:
            self.note(f"run: {dict(report.notices)}")
            if report.unsynced is None:  # it was left alone: what was decided before stands
                report.plan = self._plan
            elif report.among is not None:  # and so it does for the events that it did not plan for
                stands = [each for each in self._plan.operations if not self._is_among(each, report.among)]
                report.plan = replace(report.plan, operations=(*stands, *report.plan.operations))
            self._plan = report.plan
            self.ruled = True
            self.closed |= {side for side in BOTH if not self.direction.writes(side)}
            self.world.count_decisions(report)
        left = look(raw, self.name)
        self.witness.look(left)
        self.backwards.look(left)
        self.decisions.look(left)
        self.deletes.look()
        self.braking.look(left)
        self.budgets.look(left)
        planned = report is None or any(
            (one.reason == BUDGET or one.kind not in ("hold", "block", "skip")) and not self.is_refused(one)
            for one in report.plan.operations
        )
        changed = any(entry.change.after.by_us for entry in self.journal[self.begun :])
        idle = not (changed or planned or left.waits or (left.attempts and not self.refusing))
        self.rests = self.rests + 1 if idle else 0
        self.runs += 1
        self.unended = self.unended - 1 if self.turned_away else 0  # the other one goes on
        self.bots.act()
        for pair in self.world.pairs.values():
            pair.wake()

    async def take_notes(self, store: SqlStore) -> None:
        """Have a process take over what a watchdog left."""
        for note in [*self.notes]:
            await store.add_hang(self.name, note)
            if note in self.notes:  # else another one has taken it over meanwhile
                self.notes.remove(note)
            self.noted.setdefault(note, self.world.clock.now())

    def rule(self, strict: Strictness | None) -> None:
        """Take note that somebody has changed the list of rules."""
        self.ruling.changes()
        self.decisions.rules_change()
        self.strict, self.ruled = strict, False
        self.note(f"rules: {strict}")

    def switched(self, *, on: bool) -> None:
        """Take note that a person has switched the account on or off."""
        self.note(f"switched {'on' if on else 'off'}")
        self.off_since, self.writes_off = None if on else self.world.clock.now(), 0

    def write_begins(self) -> None:
        """Judge a write that begins by whether the account is on."""
        self.writes_begun += 1
        if self.switches_at is not None and self.writes_begun >= self.switches_at:
            self.switches_at = None
            self.world.switch_for_a_while(self)
        process = PROCESS.get()
        if self.off_since is None or process is None or process.may_be_off or process.freezes:
            return  # a frozen one had asked before
        self.writes_off += 1
        late = self.world.clock.now() > self.off_since
        if late or self.writes_off > carry.AT_ONCE * (len(self.world.processes) + len(self.world.errands)):
            self.fail("switch", "it is off, and calsync goes on writing")

    def forget(self, since: int, noted: dict[Hang, datetime], *, ran: bool) -> None:
        """Take note that the disk was put back to when the journal was that long, and whether it `ran` since.

        The notes of hanging rules that it holds are the ones `noted` by then.
        """
        self.noted = noted
        self.decisions.forget(ran=ran)
        self.ruling.forget()
        self.put_back = ran
        self.was_put_back |= ran
        if ran:
            self.forgotten.append((since, sys.maxsize))
            self.put_backs.append((since, len(self.journal)))

    @staticmethod
    def _is_among(operation: Operation, events: AbstractSet[tuple[Side, str]]) -> bool:
        """Tell whether a run planned anew for what was decided, or whether that is done with."""
        return operation.kind is not Kind.SKIP or (operation.side, operation.event_id or "") in events

    def is_refused(self, operation: Operation) -> bool:
        """Tell whether a server refuses a write, again and again. Of many the budget covers some each day."""
        if not self.refusing or operation.source is None:
            return False
        event = operation.source.event if operation.target is None else operation.target.event
        return refuses(event.with_values(operation.changes))

    def confirmed(self) -> None:
        """Take note that a person has confirmed the plan."""
        self.note("confirmed")
        self.witness.listen(look(self.world.disk.raw, self.name))  # the next run may come when it is forgotten
        self.ruling.forget()
        if self.put_back:
            # Also of a disk that was put back before, and whose plan nobody had confirmed.
            self.forgotten = [(since, min(until, len(self.journal))) for since, until in self.forgotten]
            self.decisions.drop()
        self.put_back = False
        self.closed -= {side for side in BOTH if self.direction.writes(side)}

    def hear_confirmations(self) -> None:
        """Take note of what a command has confirmed that was frozen behind that."""
        for errand in self.world.errands.values() if self.closed or self.put_back else ():
            if errand.pair is self and not errand.dead:
                errand.note_confirmation()

    def waited_in_vain(self) -> bool:
        """Excuse a run whose writes waited at a server, behind others, until its lease was too old for them."""
        if not (self.world.servers and TOO_LATE in self.failure):
            return False
        self.world.excuse("a busy server")
        return True

    def waits(self, state: AccountState) -> bool:
        """Tell whether a person is to confirm something, by what was done or by what calsync remembers."""
        sides = [side for side in BOTH if self.direction.writes(side)]
        closed = any(side in self.closed or state.sides[side].written is False for side in sides)
        return closed or self.put_back or state.rebuild is not None

    async def after_runs(self, runs: int, spare: int = sys.maxsize) -> None:
        """Wait until so many more runs have ended, or no process serves this account any more.

        Or until another account has made `spare` more than that: then this one waits for long, or is off.
        """
        wanted = self.runs + runs
        others = [(pair, pair.runs + runs + spare) for pair in self.world.pairs.values() if pair is not self]
        while self.runs < wanted and self.served and all(pair.runs < most for pair, most in others):
            self._ended.clear()
            await self._ended.wait()

    def wake(self) -> None:
        """Have those who wait look again."""
        self._ended.set()

    def record(self, side: Side, change: Change) -> None:
        """Write a change of an event into the journal, and have it judged by what is known at this moment."""
        undoes = UNDOING.get() and change.after.by_us
        applying = APPLYING.get() if change.after.by_us else None
        if applying is not None:
            applying.write_arrives()
        entry = Entry(len(self.journal), side, change, MAKING.get(), undoes, FOUND_AWAY.get())
        self.journal.append(entry)
        if change.after.by_us:
            self._judges_this_run()
            if applying is not None:
                applying.judge(entry)
            did = "creates" if change.before is None else change.after.place
            did = f"undoes: {did}" if undoes else did
            event = change.after.event
            self.note(f"  calsync {did} {change.after.id} {event.summary}, {event.description}, {event.when}")
            process = PROCESS.get()
            late = process is not None and process.freezes > BEGUN.get()
            if late:
                self.witness.excuse_late_write(entry)
                if undoes and not LEAVING.get():
                    self.undos.note(entry, late=True)
            elif LEAVING.get():
                self.leaves.judge(entry)
            elif undoes:
                self.undos.judge(entry)
            else:
                self.undos.judge_ordinary(entry)
                self.leaves.judge_ordinary(entry)
                self.backwards.judge(entry)
                self.decisions.judge(entry)
                self.ruling.judge(entry)
            self.written.judge(entry, late=late)
            if not undoes:
                self.bots.judge(entry)

    def note(self, line: str) -> None:
        self.world.note(f"{self.name} #{len(self.journal)} {line}")

    def fail(self, invariant: str, text: str) -> None:
        self.world.fail(invariant, f"{self.name}: {text}")

    def _judges_this_run(self) -> None:
        """Have what follows judged by when the run of this task began, and not by another runner's."""
        self.begun, self.begun_at = START.get() or (self.begun, self.begun_at)

    def _chain(self) -> Chain:
        rules: list[Rule] = [SeriesSkip(), AttendeeStripping(), PrivateMask(MASK), ReminderOnce(MINUTES)]
        rules += self.optional.rules()
        asking = Asking()
        if self.poisoned:
            rules.insert(0, Poisoned(self.poisoned))
        if self.strict:
            rules.insert(0, Strict(self.strict))
        if self.hanging:
            rules.insert(0, Hanging(lambda: self._hang(asking)))
        return Chain(rules, asking=asking)

    def _was_untold(self, hang: Hang) -> bool:
        """Tell whether a listing could not show yet what a rule was asked about, when that was noted."""
        versions = {(side, each) for side, each in ((Side.LEFT, hang.left), (Side.RIGHT, hang.right)) if each}
        return any(
            (past.side, Version(past.change.after.id, past.change.after.revision)) in versions
            and past.change.after.modified >= self.noted[hang] - self.calendars[past.side].behaviour.lag
            for past in self.journal
        )

    def _hang(self, asking: Asking) -> None:
        """Do as the watchdog: leave a note and end the process in the midst of the rule."""
        process = PROCESS.get()
        if process is None or asking.question is None:
            raise AssertionError("no process asks this rule")
        hang = Hang.of(asking.question)
        asked = {version.id for version in (hang.left, hang.right) if version is not None}
        if hang in self.noted and (asked & (self.hidden | self.retold) or self._was_untold(hang)):
            self.world.excuse("told as it was before")
        elif hang in self.noted and (begun := START.get()) is not None and begun[1] < self.noted[hang]:
            self.world.excuse("asked meanwhile")
        elif hang in self.noted:
            self.fail("I10", f"a rule that had not answered about {hang.left} and {hang.right} was asked again")
        self.notes.append(hang)
        self.world.mix["hanging_rule: ended a process"] += 1
        process.kill()
        raise Ended
