"""Histories in which an account leaves, at any moment and by commands that die, and comes back."""

from __future__ import annotations

import random
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING

from calsync.sync.model import Direction, Side
from tests.simulation import faults
from tests.simulation.database import new_disk
from tests.simulation.errand import Departure
from tests.simulation.history import DAY, History
from tests.simulation.loop import Stuck, VirtualLoop
from tests.simulation.world import World

if TYPE_CHECKING:
    from calsync.engine.leave import Leaving
    from tests.simulation.pair import Pair

KILLED = 0.5
"""How often a command dies while the account leaves."""
ALLOWED = frozenset(faults.NAMES) - {"undoes", "lost_store", "old_disk", "second_runner", "bots", "turn_direction"}
"""What else happens before. The judge of leaving does not know of these."""
TRIES = 12


def play_leaving(seed: int) -> World:
    """Play a history in which an account leaves in the midst of it, and comes back."""
    dice = random.Random(seed)
    loop = VirtualLoop(dice)
    with ExitStack() as stack:
        disk = stack.enter_context(closing(new_disk()))
        stack.callback(loop.close)
        stack.callback(loop.bury)
        world = World(loop, dice, disk)
        try:
            loop.run_until_complete(_Leaving(world, ALLOWED, two_runners=False, accounts=1).play())
        except Stuck:
            world.fail("stuck", "nothing is left to run")
        return world


class _Leaving(History):
    async def play(self) -> None:
        (pair,) = self.world.pairs.values()
        if self.dice.random() < 0.6:
            pair.direction = Direction.BOTH
        for _ in range(self.dice.randrange(2, 8)):
            pair.users.act()
        for _ in range(self.dice.randrange(1, 5)):
            await self._chapter()
        await self._stop_all()
        faults.mend(self.world)
        if not await self._confirm_all():
            return
        self.world.meddlesome = self.dice.random() < 0.5
        remove = self.dice.choice([None, Side.LEFT, Side.RIGHT])
        if await self._leave(pair, remove):
            await self._come_back(pair)

    async def _leave(self, pair: Pair, remove: Side | None) -> bool:
        """Have the account leave, again where a command was killed; return whether it has."""
        if remove is not None and not pair.direction.writes(remove):
            remove = None
        pair.leaves.remember()
        killed = False
        for number in range(TRIES):
            self.world.meddlesome &= number < TRIES // 2
            pair.leaves.begins()
            preview = await self._depart(pair, remove, None)
            if preview is None or preview.problem is not None:
                await self._later()
                continue
            kills = not killed and self.dice.random() < KILLED
            killed |= kills
            pair.leaves.begins()
            found = await self._depart(pair, remove, preview.hash, kills=kills)
            if found is not None and found.problem is None:
                pair.leaves.left(found)
                self.world.mix[f"leave: {remove}"] += 1
                return True
            await self._later()
        pair.fail("leave", "it does not come to its end")
        return False

    async def _later(self) -> None:
        await self.world.clock.sleep(self.dice.choice([30, 1000, 1.1 * DAY]))

    async def _depart(
        self, pair: Pair, remove: Side | None, plan_hash: str | None, *, kills: bool = False
    ) -> Leaving | None:
        errand = Departure(pair, remove, plan_hash)
        if kills:
            errand.after_steps(self.dice.randrange(1, 150), errand.kill)
        await errand.run()
        if plan_hash is not None:
            pair.switched(on=False)
        pair.note(f"leaves: {errand.leaving and errand.leaving.problem}, {errand.error}")
        return errand.leaving

    async def _come_back(self, pair: Pair) -> None:
        self.world.meddlesome = False
        for _ in range(self.dice.choice([0, 0, 2])):
            pair.users.act()
        pair.closed |= {side for side in Side if pair.direction.writes(side)}
        await self._later()
        self._switch_on()
        faults.mend(self.world)
        pair.users.allow_everything()
        pair.poisoned, pair.hanging, pair.switches_at = None, False, None
        if not await self._confirm_all():
            return
        for _ in range(3):
            await self.world.clock.sleep(1.2 * DAY)
            process = self.world.start()
            await pair.after_runs(1)
            await process.stop()
        self.world.mix["leave: came back"] += 1
