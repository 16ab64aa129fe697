from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from calsync_flowfact.trash import Trash

if TYPE_CHECKING:
    from calsync.testing import FakeClock


@pytest.fixture
def trash(tenant: Any) -> Trash:
    return Trash(tenant, 10)


def bury(tenant: Any, clock: FakeClock, number: int) -> list[str]:
    """Delete events one second apart; return their ids, the newest first."""
    ids: list[str] = []
    for _ in range(number):
        clock.advance(1)
        ids.insert(0, tenant.create())
        tenant.delete(ids[0])
    return ids


async def test_what_is_newer_than_a_time(tenant: Any, trash: Trash, clock: FakeClock) -> None:
    ids = bury(tenant, clock, 35)
    floor = tenant.buried[11].deleted
    assert [entry.id for entry in await trash.since(floor)] == ids[:12]
    assert len(tenant.requests) == 2
    assert [entry.id for entry in await trash.newest()] == ids[:10]
    assert await trash.ids() == set(ids)


async def test_another_order_is_read_to_its_end(tenant: Any, trash: Trash, clock: FakeClock) -> None:
    bury(tenant, clock, 35)
    floor = tenant.buried[11].deleted
    newer = {entry.id for entry in tenant.buried[:12]}
    random.Random(3).shuffle(tenant.buried)
    assert {entry.id for entry in await trash.since(floor)} == newer
    tenant.requests.clear()
    for _ in range(2):
        assert not await trash.holds("nobody")
    assert len(tenant.requests) == 8


async def test_what_was_read_is_not_read_again(tenant: Any, trash: Trash, clock: FakeClock) -> None:
    ids = bury(tenant, clock, 35)
    assert await trash.holds(ids[12])
    assert len(tenant.requests) == 2
    assert await trash.holds(ids[3])
    assert len(tenant.requests) == 2
    assert await trash.holds(ids[34])
    assert not await trash.holds("nobody")
    tenant.requests.clear()
    assert not await trash.holds("nobody")
    assert len(tenant.requests) == 1


async def test_new_deletions_are_read_down_to_the_known_ones(tenant: Any, trash: Trash, clock: FakeClock) -> None:
    bury(tenant, clock, 35)
    assert not await trash.holds("nobody")
    new = bury(tenant, clock, 25)
    assert await trash.holds(new[2])
    assert await trash.holds(new[24])
    assert not await trash.holds("nobody")


async def test_an_empty_trash(trash: Trash) -> None:
    assert not await trash.holds("nobody")
    assert await trash.since(0) == []
    assert await trash.ids() == frozenset()


async def test_a_server_that_repeats_its_page(tenant: Any, trash: Trash, clock: FakeClock) -> None:
    ids = bury(tenant, clock, 15)
    page = tenant.trash

    async def same(_page: int, size: int) -> Any:
        return await page(1, size)

    tenant.trash = same
    assert await trash.ids() == set(ids[:10])
