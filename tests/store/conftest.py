from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from calsync.records import Lease
from calsync.store import SqliteStore, SqlStore
from calsync.store.postgresql.store import PostgresStore
from calsync.testing import FakeClock

BOTH = ("sqlite", "postgresql")
"""What a store keeps to is the same whichever its database is. A test that names a file (`path`) is SQLite's."""
Open = Callable[[], Awaitable[SqlStore]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", BOTH[:1] if "path" in metafunc.fixturenames else BOTH)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calsync.db"


@pytest.fixture
def opened(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Open:
    """Return what opens the store of this test, once or again."""
    if kind == "postgresql":
        conninfo: str = request.getfixturevalue("empty_database")
        return lambda: PostgresStore.open(conninfo, lock_seconds=0.5)
    return lambda: SqliteStore.open(tmp_path / "calsync.db", busy_seconds=0.05)


@pytest.fixture
async def store(opened: Open) -> AsyncIterator[SqlStore]:
    store = await opened()
    yield store
    await store.close()


@pytest.fixture
async def lease(store: SqlStore, clock: FakeClock) -> Lease:
    lease = await store.acquire("anna", "runner-1", clock.now(), timedelta(minutes=1))
    assert lease is not None
    return lease
