"""Two calendars, their account, and the journal of everything that happened to their events."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from calsync.engine import Account, Engine, Report
from calsync.errors import CalsyncError
from calsync.ports import ReadOnly
from calsync.sync.model import Capabilities, Direction, Event, Side
from calsync.sync.rules import Chain
from calsync.testing.clock import FakeClock
from calsync.testing.memory import Behaviour, MemoryCalendar
from calsync.testing.rows import Change
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce
from calsync_rules.series_skip import SeriesSkip

if TYPE_CHECKING:
    import random

    from calsync.ports import Reader, Written
    from calsync.sync.model import Draft
    from calsync.sync.view import ConflictPolicy, TargetEdit
    from calsync.testing.memory import Call
    from tests.simulation.database import MortalStore

NAME = "anna"
RULES = (SeriesSkip(), AttendeeStripping(), PrivateMask("Privat"), ReminderOnce(15))
MAKING: ContextVar[str] = ContextVar("marker", default="")
"""The marker of the create that this task carries out, also where the system does not keep it."""
Answer = Literal["stored", "revision", "id"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of one event, by a user or by calsync."""

    number: int
    side: Side
    change: Change
    marker: str


class Log(list[Change]):
    """A calendar's change log that also writes the journal of both sides."""

    def __init__(self, side: Side, world: World) -> None:
        super().__init__()
        self._side = side
        self._world = world

    def append(self, change: Change) -> None:
        super().append(change)
        self._world.journal.append(Entry(len(self._world.journal), self._side, change, MAKING.get()))
        if change.after.by_us:
            did = "creates" if change.before is None else change.after.place
            event = change.after.event
            self._world.note(
                f"  calsync {did} {change.after.id} {event.summary}, {event.description}, {event.when}"
            )


class SlowCalendar(MemoryCalendar):
    """A calendar whose answers take time."""

    clock: FakeClock
    dice: random.Random
    delays: tuple[float, ...] = (0.0,)

    async def create(self, draft: Draft, marker: str) -> Written:
        MAKING.set(marker)
        return await super().create(draft, marker)

    async def _enter(self, call: Call) -> Exception | None:
        fault = await super()._enter(call)
        self.clock.advance(self.dice.choice(self.delays))
        for _ in range(self.dice.randrange(3)):
            await asyncio.sleep(0)
        return fault


@dataclass
class World:
    """All that a history acts on."""

    store: MortalStore
    dice: random.Random
    clock: FakeClock = field(default_factory=FakeClock)
    journal: list[Entry] = field(default_factory=list)
    calendars: dict[Side, SlowCalendar] = field(default_factory=dict)
    direction: Direction = Direction.BOTH
    direction_changed: bool = False
    policy: ConflictPolicy = "right"
    on_target_edit: TargetEdit = "keep"
    reborn: dict[tuple[Side, str], tuple[Side, str]] = field(default_factory=dict)
    """Events that only got a new id, with their old one."""
    hidden: set[str] = field(default_factory=set)
    """Events that a listing ever left out."""
    running: bool = False
    trace: list[str] = field(default_factory=list)
    begun: int = 0
    """How long the journal was when the last run began."""
    report: Report | None = None
    """Of the last run; None where it failed."""

    def add_calendar(self, side: Side, behaviour: Behaviour, capabilities: Capabilities) -> SlowCalendar:
        calendar = SlowCalendar(side.value, now=self.clock.now, capabilities=capabilities, behaviour=behaviour)
        calendar.rows.log = Log(side, self)
        calendar.clock, calendar.dice = self.clock, self.dice
        self.calendars[side] = calendar
        return calendar

    def account(self) -> Account:
        calendars: dict[Side, Reader] = {
            side: calendar if self.direction.writes(side) else ReadOnly(calendar)
            for side, calendar in self.calendars.items()
        }
        return Account(
            name=NAME,
            calendars=calendars,
            direction=self.direction,
            policy=self.policy,
            on_target_edit=self.on_target_edit,
            chain=Chain(RULES),
            past=timedelta(days=90),
            future=timedelta(days=365),
        )

    async def run(self) -> None:
        """Run the account once; an expected failure is part of the history, any other ends it."""
        engine = Engine(self.store, self.clock, self.dice, "runner")
        self.report, self.begun, report = None, len(self.journal), Report()
        try:
            await engine.run(self.account(), report)
            self.report = report
            self.note(f"run: {dict(report.notices)}")
        except CalsyncError as error:
            self.note(f"run failed: {type(error).__name__} {error}")

    def writes(self) -> int:
        return sum(len(calendar.writes()) for calendar in self.calendars.values())

    def note(self, line: str) -> None:
        self.trace.append(f"{self.clock.now():%d.%m. %H:%M:%S} #{len(self.journal)} {line}")


def build(store: MortalStore, dice: random.Random) -> World:
    """Draw a world: how its two systems behave, its direction and its policies."""
    world = World(store, dice)
    for side in Side:
        lag = timedelta(seconds=dice.choice([0, 0, 0, 30, 120]))
        capabilities = Capabilities(marker_lag=lag, writes_may_mail=side is Side.RIGHT)
        calendar = world.add_calendar(side, _behaviour(dice, lag), capabilities)
        calendar.delays = dice.choice([(0.0,), (0.0, 0.5, 2.0), (0.0, 1.0, 90.0)])
    world.direction = dice.choice([Direction.BOTH] * 4 + list(Direction))
    world.policy = dice.choice(["right", "left", "hold"])
    world.on_target_edit = dice.choice(["keep", "restore"])
    return world


def _behaviour(dice: random.Random, lag: timedelta) -> Behaviour:
    answer: Answer = dice.choice(["stored", "revision", "id"])
    behaviour = Behaviour(
        page_size=dice.choice([1, 3, 50]),
        answer=answer,
        idempotent=dice.random() < 0.5,
        tells_writer=dice.random() < 0.7,
        tells_outside=dice.random() < 0.5,
        lag=lag,
    )
    if dice.random() < 0.3:
        behaviour.normalise = _cut_notes
    return behaviour


def _cut_notes(event: Event) -> Event:
    return replace(event, description=event.description[:12])
