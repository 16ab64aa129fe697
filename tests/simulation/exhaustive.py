"""The same short history again and again: its process is killed at each step, and then its runs are cancelled."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.simulation.database import new_disk
from tests.simulation.history import History
from tests.simulation.loop import VirtualLoop
from tests.simulation.process import Process
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Interruption = Callable[[Process], None]

PLAIN = frozenset({"writes_fail", "poisoned_rule", "no_condition"})
"""What may go wrong besides: what a short history has room for."""
INTERRUPTIONS = {"killed": Process.kill, "cancelled": Process.cancel_runs}


def interrupted(seed: int) -> Iterator[tuple[str, World]]:
    """Play a scenario undisturbed, and then with each interruption at each step of its two runs with work to do.

    Yields what was done at which step, too.
    """
    world = _play(seed, None, 0)
    yield "undisturbed", world
    for how, interruption in INTERRUPTIONS.items():
        for step in range(1, world.processes[0].steps + 1):
            yield f"{how} at step {step}", _play(seed, interruption, step)


def _play(seed: int, interruption: Interruption | None, step: int) -> World:
    dice = random.Random(seed)
    loop = VirtualLoop(dice)
    try:
        return loop.run_until_complete(_scenario(loop, dice, interruption, step))
    finally:
        loop.bury()
        loop.close()


async def _scenario(loop: VirtualLoop, dice: random.Random, interruption: Interruption | None, step: int) -> World:
    world = World(loop, dice, new_disk())
    try:
        history = History(world, PLAIN, two_runners=False, accounts=1)
        world.meddlesome = False
        await history.short(interruption, step)
    finally:
        world.disk.close()
    return world
