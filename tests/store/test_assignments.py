"""Whom somebody is elsewhere: one person is one, and one is one person."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.people import Role
from calsync.store import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)


@pytest.fixture
async def store() -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.in_memory()
    for number, name in enumerate(("Anna", "Bert"), 1):
        person = await store.people.invite(name, Role.USER, name, NOW + timedelta(days=1), NOW)
        assert person is not None
        assert person.id == number
    yield store
    await store.close()


async def test_an_assignment_is_told_and_taken_back(store: SqliteStore) -> None:
    assert await store.assignments.of(1) is None
    await store.assignments.assign(1, "user-7")
    assert await store.assignments.of(1) == "user-7"
    await store.assignments.assign(1, "user-8")
    assert await store.assignments.all() == {1: "user-8"}
    await store.assignments.assign(1, None)
    assert await store.assignments.all() == {}


async def test_two_people_are_never_the_same_one(store: SqliteStore) -> None:
    await store.assignments.assign(1, "user-7")
    await store.assignments.assign(2, "user-7")
    assert await store.assignments.all() == {2: "user-7"}


async def test_who_is_removed_is_nobody(store: SqliteStore) -> None:
    await store.assignments.assign(1, "user-7")
    await store.people.remove(1)
    assert await store.assignments.all() == {}


async def test_a_calendar_nobody_remembers_has_no_holder(store: SqliteStore) -> None:
    assert await store.assignments.holder("calendar", "anna") is None
