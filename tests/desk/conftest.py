from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.desk import Access, Passwords, People
from calsync.store import SqliteStore
from calsync.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


CHEAP = (2, 8, 1)
"""tests/desk/test_passwords.py looks at what hashing costs."""


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.in_memory()
    yield store
    await store.close()


@pytest.fixture
def people(store: SqliteStore, clock: FakeClock) -> People:
    return People(store.people, clock, lambda: {"anna", "bernd"})


@pytest.fixture
def access(store: SqliteStore, clock: FakeClock) -> Access:
    return Access(store.people, Passwords(CHEAP), clock)
