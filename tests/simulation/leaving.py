"""An account leaves, at any moment and by commands that die, and comes back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind
from tests.simulation.errand import Departure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.engine.leave import Leaving
    from tests.simulation.pair import Pair
    from tests.simulation.world import World

DAY = 86400.0
KILLED = 0.5
"""How often a command dies while the account leaves."""
FROZEN = 0.8
"""How often one is frozen for a while, and its machine goes on before the lease has ended."""
OVERTAKEN = 0.5
"""How often users are quicker than it, or have an event get a new id just before."""
UNJUDGED = frozenset({"undoes", "lost_store", "old_disk", "second_runner", "bots", "turn_direction"})
"""What does not happen where an account leaves: its judge does not know of these."""
TRIES = 12


class Departures:
    """The person who has accounts leave."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.dice = world.dice

    async def leave(self, pair: Pair) -> bool:
        """Have an account leave, again where a command was killed; return whether it has."""
        remove = self.dice.choice([None, *(side for side in BOTH if pair.direction.writes(side))])
        if self.world.meddlesome and self.dice.random() < OVERTAKEN:
            pair.users.renew(self.dice.choice(list(Side)))
            await self.later()
        killed = False
        for number in range(TRIES):
            self.world.meddlesome &= number < TRIES // 2
            if number == TRIES // 2:  # nothing is forgotten while a write is open to what calsync may not see
                pair.users.allow_everything()
            preview = await self._command(pair, remove, None)
            if preview is None or preview.problem is not None:
                await self.later()
                continue
            kills = not killed and self.dice.random() < KILLED
            killed |= kills
            if self.dice.random() < OVERTAKEN:
                self._overtake(pair, preview, [0, 1, 3, 30])
            freezes = not kills and self.world.meddlesome and self.dice.random() < FROZEN
            if freezes:
                self._overtake(pair, preview, [30])
            found = await self._command(pair, remove, preview.hash, kills=kills, freezes=freezes)
            if found is not None and found.problem is None:
                pair.leaves.left(found)
                self.world.mix[f"leave: {f'removes {remove} copies' if remove else 'copies stay'}"] += 1
                return True
            await self.later()
        pair.fail("leave", "it does not come to its end")
        return False

    async def later(self) -> None:
        """Let some time pass."""
        await self.world.clock.sleep(self.dice.choice([30, 1000, 1.1 * DAY]))

    def _overtake(self, pair: Pair, preview: Leaving, seconds: Sequence[float]) -> None:
        """Have users delete an original, or edit a copy, just as its copy is about to be removed."""
        removed = [each for each in preview.plan.operations if each.kind is Kind.DELETE]
        if removed and self.world.meddlesome:
            for _ in range(self.dice.choice([1, 2])):
                operation, after = self.dice.choice(removed), self.dice.choice(seconds)
                self.world.loop.call_later(
                    after, pair.users.overtake_leaving, operation, context=self.world.context
                )

    async def _command(
        self,
        pair: Pair,
        remove: Side | None,
        plan_hash: str | None,
        *,
        kills: bool = False,
        freezes: bool = False,
    ) -> Leaving | None:
        pair.leaves.begins()
        errand = Departure(pair, remove, plan_hash)
        if kills:
            errand.after_steps(self.dice.randrange(1, 150), errand.kill)
        if freezes:
            seconds = self.dice.choice([40, 150])
            errand.after_steps(self.dice.randrange(25, 60), partial(errand.freeze, seconds))
        await errand.run()
        self.world.mix["leave: killed"] += kills and errand.leaving is None and errand.error is None
        if plan_hash is not None:
            pair.switched(on=False)
        pair.note(f"leaves: {errand.leaving and errand.leaving.problem}, {errand.error}")
        return errand.leaving
