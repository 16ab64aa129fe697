"""An account between two calendars in memory, run by the real engine on the real store."""

from __future__ import annotations

import random
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from calsync.engine import Account, Engine, Report
from calsync.ports import Reader, ReadOnly
from calsync.store import MemoryRuns, SqliteStore
from calsync.sync.model import Capabilities, Direction, Event, Side, Timed
from calsync.sync.rules import Chain, Rule
from calsync.testing.clock import START, FakeClock
from calsync.testing.memory import MemoryCalendar
from calsync.values import replace
from calsync_rules.attendee_stripping import AttendeeStripping
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce
from calsync_rules.series_skip import SeriesSkip
from tests.engine.rebuilding import Stores

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

RULES: tuple[Rule, ...] = (SeriesSkip(), AttendeeStripping(), PrivateMask("Privat"), ReminderOnce(15))


@dataclass
class World:
    """Two calendars, their account, and what a test does with them."""

    store: SqliteStore
    clock: FakeClock
    left: MemoryCalendar
    right: MemoryCalendar
    runs: MemoryRuns = field(default_factory=MemoryRuns)
    settings: dict[str, Any] = field(default_factory=dict)

    def account(self) -> Account:
        direction = self.settings.get("direction", Direction.BOTH)
        calendars: dict[Side, Reader] = {
            side: calendar if direction.writes(side) else ReadOnly(calendar)
            for side, calendar in ((Side.LEFT, self.left), (Side.RIGHT, self.right))
        }
        return Account(
            name="anna",
            calendars=calendars,
            direction=direction,
            policy=self.settings.get("policy", "right"),
            on_target_edit=self.settings.get("on_target_edit", "keep"),
            chain=Chain(self.settings.get("rules", RULES)),
            rules=repr([(type(rule).__name__, vars(rule)) for rule in self.settings.get("rules", RULES)]),
            first_sync=self.settings.get("first_sync", "run"),
            past=timedelta(days=90),
            future=timedelta(days=365),
        )

    async def run(self, *, write: bool = True) -> Report:
        self.clock.advance(1)
        report = Report()
        await self.engine().run(self.account(), report, write=write)
        return report

    async def poll(self) -> Report:
        """Run as the service does: an account at rest only where a side tells of something."""
        self.clock.advance(1)
        report = Report()
        await self.engine().poll(self.account(), report)
        return report

    def engine(self) -> Engine:
        return Engine(self.store, self.runs, self.clock, random.Random(1), "test")

    async def settle(self) -> None:
        """Run until a run writes nothing, and prove that one more does not either."""
        for _ in range(8):
            before = len(self.left.writes()) + len(self.right.writes())
            await self.run()
            if len(self.left.writes()) + len(self.right.writes()) == before:
                return
        raise AssertionError("the account does not come to rest")

    def both(self) -> tuple[list[Event], list[Event]]:
        return sorted_events(self.left), sorted_events(self.right)


def sorted_events(calendar: MemoryCalendar) -> list[Event]:
    return sorted(calendar.events().values(), key=lambda event: (event.summary, str(event.when)))


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock = FakeClock()
    store = await SqliteStore.in_memory()
    left = MemoryCalendar("left", now=clock.now)
    right = MemoryCalendar("right", now=clock.now, capabilities=Capabilities(writes_may_mail=True))
    yield World(store, clock, left, right)
    await store.close()


@pytest.fixture
def meeting() -> Event:
    start = START + timedelta(days=3)
    return Event(summary="Besichtigung", when=Timed(start, start + timedelta(hours=1)), description="Schlüssel")


@pytest.fixture
def tomorrow() -> datetime:
    return datetime(2026, 3, 3, 9, tzinfo=UTC)


@pytest.fixture
def later_by() -> Callable[[Timed, int], Timed]:
    """Return how to move a time by hours."""
    return lambda when, hours: Timed(when.start + timedelta(hours=hours), when.end + timedelta(hours=hours))


@pytest.fixture
async def stores(world: World) -> AsyncIterator[Stores]:
    first = world.store
    stores = Stores(world)
    yield stores
    await stores.close()
    world.store = first


@pytest.fixture
def many(world: World, meeting: Event) -> Callable[[int], Awaitable[None]]:
    async def create(number: int) -> None:
        for each in range(number):
            world.left.user_create(replace(meeting, summary=f"Termin {each}"))
        await world.settle()

    return create


@contextmanager
def frozen_behind_a_look(
    world: World, seconds: float, meanwhile: Callable[[str], object] = str
) -> Iterator[list[str]]:
    """Freeze the process once, behind its look where an original is, and let something happen to that meanwhile.

    Yield the original's id, once it has been looked for.
    """
    locate, frozen = world.left.locate, list[str]()

    async def freezing(event_id: str, uid: str | None = None) -> Any:
        place = await locate(event_id, uid)
        if not frozen:
            frozen.append(event_id)
            world.clock.advance(seconds)
            meanwhile(event_id)
        return place

    with patch.object(world.left, "locate", freezing):
        yield frozen


async def attempts(world: World) -> dict[Any, Any]:
    found: dict[Any, Any] = (await world.store.load("anna", world.clock.now())).attempts
    return found
