"""The person who looks after calsync, and confirms what waits for that while no process runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from calsync.desk.decisions import decide, waiting
from calsync.engine import Engine
from calsync.errors import CalsyncError
from calsync.store.connection import fetch
from calsync.sync.choices import Choice
from calsync.sync.model import Side
from tests.simulation.database import HOLDS, open_store
from tests.simulation.pair import ACCOUNT

if TYPE_CHECKING:
    from tests.simulation.pair import Pair
    from tests.simulation.world import World


OVERTAKEN = 0.2
"""How often a user changes at once what a person has just decided about."""


class Person:
    """Looks at plans, confirms them, and decides about what is held."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def waiting(self) -> list[Pair]:
        """Return the accounts that wait for a word."""
        store = await open_store(self.world.disk.raw)
        now = self.world.clock.now()
        return [pair for pair in self.world.pairs.values() if pair.waits(await store.load(pair.name, now))]

    async def decide(self, pair: Pair, chance: float, *, after: float = 0) -> int:
        """Decide some of what is held, also while a run goes on; return how much of it counts."""
        await asyncio.sleep(after)
        if not fetch(self.world.disk.raw, HOLDS, {"account": pair.name}):  # most of the time
            return 0
        store = await open_store(self.world.disk.raw)
        now, dice, count = self.world.clock.now(), self.world.dice, 0
        cases = [case for case in await waiting(store, pair.name, pair.direction, now) if case.choices]
        all_the_same = dice.random() < 0.5
        choices = {case.name: dice.choice(case.choices) for case in cases}
        for case in cases:
            if case.decided is not None or dice.random() >= chance:
                continue
            pair.decisions.ask(case)
            first = choices[cases[0].name]
            choice = first if all_the_same and first in case.choices else choices[case.name]
            if await decide(store, pair.name, pair.direction, [case.name], choice, now):
                pair.decisions.take(case, choice)
                count += 1
                if self.world.meddlesome and dice.random() < OVERTAKEN:
                    pair.users.overtake(case, Side.RIGHT if choice is Choice.RIGHT else Side.LEFT)
        return count

    async def confirm(self, pair: Pair) -> None:
        """Look at an account's plan, and confirm it if it is still the same a little later."""
        store = await open_store(self.world.disk.raw)
        for holder in await store.holders():
            await store.expire(holder)
        engine = Engine(store, self.world.runs, self.world.clock, self.world.dice, "person")
        ACCOUNT.set(pair.name)
        plan_hash = ""
        for _ in range(2):
            await asyncio.sleep(200)
            try:
                confirmation = await engine.confirm(pair.account(), plan_hash)
            except CalsyncError as error:
                pair.note(f"not confirmed: {error}")
                return
            if confirmation.problem is None:
                pair.confirmed()
                return
            pair.note(f"not confirmed: {confirmation.problem}")
            plan_hash = confirmation.plan.hash
