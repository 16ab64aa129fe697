"""A task that is cancelled at any await of a commit leaves all of it or nothing, and never an open transaction."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from calsync.records import Lease, Tombstone
from calsync.sync.model import Side

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from calsync.store import SqliteStore

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
FEWEST_AWAITS = 1
"""All of a transaction is one call of the database's thread."""


class Cancelled:
    """Awaits a coroutine, and cancels the task at one await of it, or from there on at every one."""

    def __init__(self, work: Coroutine[Any, Any, None], at: int, *, always: bool) -> None:
        self._work = work
        self._at = at
        self._always = always
        self._awaits = 0

    def __await__(self) -> Generator[Any, None, None]:
        steps = self._work.__await__()
        step = partial(steps.send, None)
        while True:
            try:
                waits_for = step()
            except StopIteration:
                return
            self._awaits += 1
            if self._awaits == self._at or (self._always and self._awaits > self._at):
                _this_task().cancel()
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 - the coroutine decides about it
                step = partial(steps.throw, error)
            else:
                step = partial(steps.send, None)


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None
    return task


async def put(store: SqliteStore, lease: Lease, *event_ids: str) -> None:
    async with store.transaction(lease) as transaction:
        for event_id in event_ids:
            transaction.put_tombstones([Tombstone(side=Side.LEFT, event_id=event_id, revision=None, at=NOW)])


@pytest.mark.parametrize("always", [False, True], ids=["once", "again and again"])
async def test_cancelled_at_every_await(store: SqliteStore, lease: Lease, always: bool) -> None:
    at, kept = 0, {"before"}
    await put(store, lease, "before")
    while True:
        at += 1
        pair = {f"{at}-a", f"{at}-b"}

        async def work(cancelled: Cancelled) -> None:
            await cancelled

        task = asyncio.create_task(work(Cancelled(put(store, lease, *sorted(pair)), at, always=always)))
        await asyncio.wait([task])
        stored = {event_id for _, event_id in (await store.load("anna", NOW)).tombstones}
        assert stored in (kept, kept | pair)
        if not task.cancelled():  # it has fewer awaits
            assert stored == kept | pair
            break
        kept = stored
        await put(store, lease, f"after {at}")
        kept = kept | {f"after {at}"}
    assert at > FEWEST_AWAITS
