from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from calsync.records import Lease
from calsync.store import SqliteStore
from calsync.testing import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calsync.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(path, busy_seconds=0.05)
    yield store
    await store.close()


@pytest.fixture
async def lease(store: SqliteStore, clock: FakeClock) -> Lease:
    lease = await store.acquire("anna", "runner-1", clock.now(), timedelta(minutes=1))
    assert lease is not None
    return lease
