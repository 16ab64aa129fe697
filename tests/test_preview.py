"""A plan is tried on what its own account has in the store, beside others that are tried at the same time."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.preview import copied
from calsync.store import SqliteStore
from calsync.store.place import SqlitePlace
from calsync.testing import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


async def test_plans_of_two_accounts_are_made_at_the_same_time_and_know_nothing_of_each_other(
    tmp_path: Path,
) -> None:
    place, clock, minute = tmp_path / "calsync.db", FakeClock(), timedelta(minutes=1)
    store = await SqliteStore.open(place)
    for name in ("anna", "berta"):
        assert await store.acquire(name, "a run that goes on", clock.now(), minute) is not None
    async with (
        copied(SqlitePlace(place), "anna", clock.now()) as one,
        copied(SqlitePlace(place), "berta", clock.now()) as other,
    ):
        assert (list(await one.settings.all()), list(await other.settings.all())) == (["anna"], ["berta"])
        for name, copy in (("anna", one), ("berta", other)):
            assert await copy.acquire(name, "a plan", clock.now(), minute) is not None
    assert await store.holders() == ["a run that goes on"]
    await store.close()
