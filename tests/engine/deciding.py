"""What waits for a person, and what a person says of it, for the tests of decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.desk.decisions import decide, waiting
from calsync.sync.model import Direction
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.desk.decisions import Case
    from calsync.sync.choices import Choice
    from calsync.sync.model import Event
    from tests.engine.conftest import World

MANY = 8


async def cases(world: World) -> Sequence[Case]:
    return await waiting(world.store, "anna", direction(world), world.clock.now())


def direction(world: World) -> Direction:
    found: Direction = world.settings.get("direction", Direction.BOTH)
    return found


async def say(world: World, choice: Choice, *names: str) -> int:
    """Decide all that waits, or what is named; return for how much of it that counts."""
    wanted = names or [case.name for case in await cases(world)]
    taken = await decide(world.store, "anna", direction(world), wanted, choice, world.clock.now())
    return len(taken)


async def synced(world: World, meeting: Event, count: int = MANY + 2) -> list[str]:
    """Sync so many pairs; return the ids on the left."""
    ids = [world.left.user_create(replace(meeting, summary=f"Termin {number}")) for number in range(count)]
    await world.settle()
    return ids


async def held_deletes(world: World, meeting: Event) -> list[str]:
    """Have the deletes of all pairs but two held; return the deleted ids."""
    ids = (await synced(world, meeting))[:MANY]
    for event_id in ids:
        world.left.user_delete(event_id)
    await world.run()
    assert len(await cases(world)) == MANY
    assert len(world.right.events()) == MANY + 2
    return ids


async def conflict(world: World, meeting: Event) -> tuple[str, str]:
    """Have both sides change the same field of a pair, and the policy leave that to a person."""
    world.settings["policy"] = "hold"
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.left.user_edit(left, summary="links")
    world.right.user_edit(right, summary="rechts")
    await world.run()
    return left, right


def partner(world: World, event: Event) -> str:
    """Return the event on the right with the same summary."""
    (found,) = (each for each, copy in world.right.events().items() if copy.summary == event.summary)
    return found
