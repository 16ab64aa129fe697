"""The same short history again and again, with its process killed at another of its steps each time."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.simulation.database import new_disk
from tests.simulation.history import History
from tests.simulation.loop import VirtualLoop
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

PLAIN = frozenset({"writes_fail", "poisoned_rule", "no_condition"})
"""What may go wrong besides: what a short history has room for."""


def kills(seed: int) -> Iterator[World]:
    """Play a scenario without a kill, and then with one at each step of its two runs that have work to do."""
    world = _play(seed, None)
    yield world
    for step in range(1, world.processes[0].steps + 1):
        yield _play(seed, step)


def _play(seed: int, step: int | None) -> World:
    dice = random.Random(seed)
    loop = VirtualLoop(dice)
    try:
        return loop.run_until_complete(_scenario(loop, dice, step))
    finally:
        loop.bury()
        loop.close()


async def _scenario(loop: VirtualLoop, dice: random.Random, step: int | None) -> World:
    world = World(loop, dice, new_disk())
    try:
        history = History(world, PLAIN, two_runners=False, accounts=1)
        world.meddlesome = False
        await history.short(step)
    finally:
        world.disk.close()
    return world
