"""An account of a world in which nothing happens but what a test does."""

from __future__ import annotations

import random
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Direction
from tests.simulation.database import new_disk
from tests.simulation.history import History
from tests.simulation.loop import VirtualLoop
from tests.simulation.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.pair import Pair


@pytest.fixture
def pair() -> Iterator[Pair]:
    dice = random.Random(0)
    with closing(VirtualLoop(dice)) as loop, closing(new_disk()) as disk:
        history = History(World(loop, dice, disk), frozenset(), two_runners=False, accounts=1)
        pair = history.world.pairs["anna"]
        pair.direction = Direction.BOTH
        yield pair
