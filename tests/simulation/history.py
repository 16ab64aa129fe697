"""One history: users, faults, crashes and time, then quiet, then the oracle."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from calsync.errors import AccountError, EventError, LoginError, Retry, UnknownOutcome
from calsync.sync.model import Direction, Side
from calsync.sync.plan import WRITES
from tests.simulation.database import open_store
from tests.simulation.oracle import Oracle
from tests.simulation.users import Users
from tests.simulation.world import NAME, World, build

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.testing.faults import Method

READS: tuple[Method, ...] = ("changes", "read", "locate", "find_marker")
CHANGES: tuple[Method, ...] = ("create", "update", "delete")
DAY = 86400.0


async def play(seed: int) -> Oracle:
    """Play the history of a seed to its end. Returns its oracle, which holds violations and excuses."""
    dice = random.Random(seed)
    store = await open_store()
    world = build(store, dice)
    users = Users(world)
    oracle = Oracle(world)
    try:
        for _ in range(dice.randrange(0, 5)):
            users.act()
        for _ in range(dice.randrange(4, 14)):
            await _step(world, users, oracle)
        await _come_to_rest(world, users, oracle)
        await oracle.judge()
    finally:
        await store.close()
    return oracle


async def _step(world: World, users: Users, oracle: Oracle) -> None:
    dice = world.dice
    for _ in range(dice.randrange(0, 4)):
        users.act()
    if dice.random() < 0.5:
        _break_something(world)
    if dice.random() < 0.05:
        world.direction = dice.choice([Direction.BOTH, *Direction])
        world.direction_changed = True
        world.note(f"direction {world.direction}")
    passed = dice.choice([1, 5, 60, 130, 600, 7200, DAY, 2.2 * DAY, 11 * DAY])
    world.clock.advance(passed)
    await _run(world, users)
    await oracle.witness.look()
    if dice.random() < 0.4:
        _mend(world)


async def _run(world: World, users: Users) -> None:
    """Run the account while users go on, and sometimes cancel or kill it at any await."""
    dice = world.dice
    world.store.killed = dice.random() < 0.05
    task = asyncio.create_task(world.run())
    meddles = {dice.randrange(3, 120) for _ in range(dice.choice([0, 0, 0, 1, 2]))}
    end = dice.randrange(3, 200) if dice.random() < 0.2 else None
    steps = 0
    world.running = True
    while not task.done():
        steps += 1
        if steps in meddles:
            users.act()
        if steps == end:
            world.note("cancelled")
            task.cancel()
        await asyncio.sleep(0)
    if not task.cancelled():
        task.result()
    world.store.killed = world.running = False


def _break_something(world: World) -> None:
    dice = world.dice
    calendar = world.calendars[dice.choice(list(Side))]
    kind = dice.randrange(4)
    if kind == 0:
        method = dice.choice(READS)
        error: Callable[[], Exception] = dice.choice(
            [lambda: Retry("down"), lambda: Retry("busy", after=30), lambda: LoginError("consent lost")]
        )
        calendar.faults.add(method, error, times=dice.choice([1, 2]), after=dice.random() < 0.5)
        world.note(f"fault {calendar.key} {method}")
    elif kind == 1:
        method = dice.choice(CHANGES)
        after = dice.random() < 0.5
        errors: list[Callable[[], Exception]] = [lambda: UnknownOutcome("lost")]
        if not after:
            errors += [
                lambda: Retry("throttled"),
                lambda: EventError("refused"),
                lambda: AccountError("read-only"),
            ]
        calendar.faults.add(method, dice.choice(errors), times=dice.choice([1, 1, 3]), after=after)
        world.note(f"fault {calendar.key} {method} after={after}")
    elif kind == 2:
        calendar.drop_tokens()
        world.note(f"tokens lost {calendar.key}")
    else:
        ids = [each for each in calendar.events() if (Side(calendar.key), each) not in world.reborn]
        calendar.behaviour.hidden.update(dice.sample(ids, min(len(ids), 2)))
        world.hidden |= calendar.behaviour.hidden
        calendar.behaviour.listing_pages = dice.choice([None, 1])
        world.note(f"hidden {calendar.key} {calendar.behaviour.hidden} pages {calendar.behaviour.listing_pages}")


def _mend(world: World) -> None:
    for calendar in world.calendars.values():
        calendar.faults.clear()
        calendar.behaviour.hidden.clear()
        calendar.behaviour.listing_pages = None


async def _come_to_rest(world: World, users: Users, oracle: Oracle) -> None:
    """Let the account run undisturbed until it has nothing left to do, and then once more."""
    _mend(world)
    users.allow_everything()
    world.note("quiet")
    still = 0
    for number in range(24):
        world.clock.advance(DAY * 1.2 if number % 3 == 0 else 700)
        before = world.writes()
        await world.run()
        if world.report is None:
            oracle.witness.fail("rest", f"a quiet run failed: {world.trace[-1]}")
            return
        await oracle.witness.look()
        state = await world.store.load(NAME, world.clock.now())
        planned = any(operation.kind in WRITES for operation in world.report.plan.operations)
        idle = world.writes() == before and not planned and not state.intents and not state.attempts
        still = still + 1 if idle else 0
        if still == 4:
            return
    oracle.witness.fail("rest", "the account does not come to rest")
