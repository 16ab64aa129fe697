"""A store that is put back or lost, and the confirmation that follows, for the tests of rebuilding."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from calsync.engine import Engine
from calsync.store import SqliteStore
from calsync.store.opening import connect
from calsync.sync.plan import Kind
from tests.sqlite_file import beneath

if TYPE_CHECKING:
    from tests.engine.conftest import World


class Stores:
    """The store of a world, saved and put back as somebody with a copy of the file would."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._opened: list[SqliteStore] = []
        self._saved: SqliteStore | None = None

    async def save(self) -> None:
        self._saved = await self._copy(self._world.store)

    async def put_back(self) -> None:
        assert self._saved is not None
        self._world.store = await self._copy(self._saved)

    async def lose(self) -> None:
        self._world.store = await SqliteStore.in_memory()
        self._opened.append(self._world.store)

    async def close(self) -> None:
        for store in self._opened:
            await store.close()

    async def _copy(self, store: SqliteStore) -> SqliteStore:
        connection = await connect(":memory:", ":memory:")
        await connection.back_up(beneath(store))
        copy = SqliteStore(connection, connection)
        self._opened.append(copy)
        return copy


def writes(world: World) -> int:
    return len(world.left.writes()) + len(world.right.writes())


def by_summary(calendar: Any) -> dict[str, str]:
    return {event.summary: event_id for event_id, event in calendar.events().items()}


async def confirm(world: World, plan_hash: str) -> str | None:
    world.clock.advance(1)
    engine = Engine(world.store, world.runs, world.clock, random.Random(1), "test")
    problem: str | None = (await engine.confirm(world.account(), plan_hash)).problem
    return problem


async def rebuilt(world: World, held: dict[tuple[str, str], int]) -> None:
    """Run without a write, expect these held operations, confirm them, come to rest without a duplicate."""
    before = writes(world)
    for _ in range(3):
        report = await world.run()
        assert report.rebuild is not None
    assert writes(world) == before
    found: dict[tuple[str, str], int] = {}
    for operation in report.plan.operations:
        if operation.kind is Kind.HOLD:
            key = (operation.wanted or Kind.HOLD, operation.side)
            found[key] = found.get(key, 0) + 1
    assert found == held
    assert await confirm(world, report.plan.hash) is None
    assert writes(world) == before
    await world.settle()
    left, right = world.both()
    assert [(event.summary, event.when) for event in left] == [(event.summary, event.when) for event in right]
