"""A process that ends anywhere while its account leaves: whoever leaves again comes to the same end."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from functools import partialmethod
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest

from calsync.engine.notebook import Notebook
from calsync.store import MemoryRuns, SqliteStore
from calsync.sync.model import Capabilities
from calsync.testing.clock import FakeClock
from calsync.testing.memory import MemoryCalendar
from calsync.values import replace
from tests.engine.conftest import World
from tests.engine.leaving import RIGHT, leave, left, markers, plan_leave, state

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from calsync.sync.model import Event


class Killed(BaseException):
    """The process ends."""


class Killing:
    """Ends the process at its n-th step: a call of a server, or a commit, before it or behind it."""

    def __init__(self, step: int, *, behind: bool) -> None:
        self.left = step
        self.behind = behind

    @property
    def dead(self) -> bool:
        return self.left <= 0

    def before(self) -> None:
        self.left -= not (self.dead or self.behind)
        self._end()

    def after(self) -> None:
        self.left -= not self.dead and self.behind
        self._end()

    def _end(self) -> None:
        if self.dead:
            raise Killed

    def around(self, work: Any) -> Callable[..., Any]:
        async def wrapped(*args: Any) -> Any:
            self.before()
            result = await work(*args)
            self.after()
            return result

        return wrapped


@asynccontextmanager
async def fresh(meeting: Event) -> AsyncIterator[World]:
    """Return an account with a copy on each side, one of them edited, and a private one."""
    clock = FakeClock()
    world = World(
        await SqliteStore.in_memory(),
        clock,
        MemoryCalendar("left", now=clock.now),
        MemoryCalendar("right", now=clock.now, capabilities=Capabilities(writes_may_mail=True)),
        MemoryRuns(),
    )
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="bleibt"))
    world.left.user_create(replace(meeting, summary="Arzt", private=True))
    world.right.user_create(replace(meeting, summary="von rechts"))
    await world.settle()
    edited = next(key for key, event in world.right.events().items() if event.summary == "bleibt")
    world.right.user_edit(edited, description="von Hand")
    yield world
    await world.store.close()


async def outcome(world: World) -> Any:
    known = await state(world)
    return (
        world.both(),
        markers(world),
        sorted(str(replace(link, id=0)) for link in known.links.values()),
        known.seen,
        [(side, replace(each, round=0)) for side, each in known.sides.items()],
        [known.intents, known.attempts, known.holds, known.decisions, known.rebuild],
        known.tombstones.keys(),
        [(entry.kind, entry.event_id) for entry in await world.store.ledger("anna", 99)],
    )


@asynccontextmanager
async def dying(killing: Killing) -> AsyncIterator[None]:
    """Let a process end as it is told, in whatever it does."""
    with (
        patch.object(Notebook, "commit", partialmethod(killing.around(COMMIT))),
        patch.object(MemoryCalendar, "_enter", partialmethod(killing.around(ENTER))),
        suppress(Killed),
    ):
        yield


@pytest.mark.parametrize("behind", [False, True])
async def test_whatever_ends_it_it_comes_to_the_same_end(meeting: Event, behind: bool) -> None:
    async with fresh(meeting) as whole:
        await left(whole, RIGHT)
        expected = await outcome(whole)
    steps, killed = 0, True
    while killed:
        steps += 1
        killing = Killing(steps, behind=behind)
        async with fresh(meeting) as world:
            seen = await plan_leave(world, RIGHT)
            async with dying(killing):
                await plan_leave(world, RIGHT, seen.hash)
            killed = killing.dead
            for _ in range(3):  # what was on its way is looked up first
                if (await leave(world, RIGHT)).problem is None:
                    break
            assert await outcome(world) == expected, steps
    assert steps > 10


COMMIT, ENTER = Notebook.commit, MemoryCalendar._enter
