from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.desk import Access, Audit, Passwords, People
from calsync.store import SqliteStore
from calsync.testing import FakeClock
from tests.desk.office import Office

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
def audit(store: SqliteStore, clock: FakeClock) -> Audit:
    return Audit(store.settings, clock)


@pytest.fixture
def people(store: SqliteStore, clock: FakeClock, audit: Audit) -> People:
    return People(store.people, clock, lambda: {"anna", "bernd"}, audit)


@pytest.fixture
def access(store: SqliteStore, clock: FakeClock, audit: Audit) -> Access:
    return Access(store.people, Passwords(CHEAP), clock, audit)


@pytest.fixture
def office(store: SqliteStore, clock: FakeClock, people: People) -> Office:
    return Office(store, clock, people)
