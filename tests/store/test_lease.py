from datetime import timedelta

import pytest

from calsync.errors import StoreError
from calsync.records import Lease
from calsync.store import SqliteStore
from calsync.testing import FakeClock

MINUTE = timedelta(minutes=1)


async def test_a_lease_belongs_to_one_holder_until_it_ends(
    store: SqliteStore, clock: FakeClock, lease: Lease
) -> None:
    assert lease == Lease(account="anna", holder="runner-1", fence=1, until=clock.now() + MINUTE)
    assert await store.acquire("anna", "runner-2", clock.now(), MINUTE) is None
    clock.advance(59)
    assert await store.acquire("anna", "runner-2", clock.now(), MINUTE) is None
    clock.advance(1)
    other = await store.acquire("anna", "runner-2", clock.now(), MINUTE)
    assert other == Lease(account="anna", holder="runner-2", fence=2, until=clock.now() + MINUTE)


async def test_every_lease_that_was_not_given_back_is_told(
    store: SqliteStore, clock: FakeClock, lease: Lease
) -> None:
    other = await store.acquire("bert", "runner-2", clock.now(), MINUTE)
    assert other is not None
    clock.advance(60)
    assert await store.leases() == [lease, other]
    await store.release(lease)
    assert await store.leases() == [other]


async def test_a_renewed_lease_lives_longer(store: SqliteStore, clock: FakeClock, lease: Lease) -> None:
    clock.advance(30)
    renewed = await store.renew(lease, clock.now(), MINUTE)
    assert renewed.until == clock.now() + MINUTE
    assert renewed.fence == lease.fence
    clock.advance(40)
    assert await store.acquire("anna", "runner-2", clock.now(), MINUTE) is None


async def test_a_lost_lease_is_not_renewed(store: SqliteStore, clock: FakeClock, lease: Lease) -> None:
    clock.advance(60)
    await store.acquire("anna", "runner-2", clock.now(), MINUTE)
    with pytest.raises(StoreError, match="taken over"):
        await store.renew(lease, clock.now(), MINUTE)


async def test_a_released_lease_is_free_and_writes_nothing_more(
    store: SqliteStore, clock: FakeClock, lease: Lease
) -> None:
    await store.release(lease)
    with pytest.raises(StoreError, match="taken over"):
        async with store.transaction(lease):
            pass
    other = await store.acquire("anna", "runner-2", clock.now(), MINUTE)
    assert other is not None
    assert other.fence == 2


async def test_releasing_a_lost_lease_takes_nothing_from_its_new_holder(
    store: SqliteStore, clock: FakeClock, lease: Lease
) -> None:
    clock.advance(60)
    other = await store.acquire("anna", "runner-2", clock.now(), MINUTE)
    assert other is not None
    await store.release(lease)
    assert await store.renew(other, clock.now(), MINUTE)


async def test_a_holder_that_begins_anew_gets_a_new_fence(
    store: SqliteStore, clock: FakeClock, lease: Lease
) -> None:
    again = await store.acquire("anna", lease.holder, clock.now(), MINUTE)
    assert again is not None
    assert again.fence == 2
    with pytest.raises(StoreError, match="taken over"):
        async with store.transaction(lease):
            pass


async def test_each_account_has_its_own_lease(store: SqliteStore, clock: FakeClock, lease: Lease) -> None:
    other = await store.acquire("bert", "runner-2", clock.now(), MINUTE)
    assert other is not None
    assert other.account == "bert"


async def test_the_leases_of_a_dead_holder_are_freed(store: SqliteStore, clock: FakeClock, lease: Lease) -> None:
    await store.acquire("bert", "runner-2", clock.now(), MINUTE)
    await store.acquire("carl", lease.holder, clock.now(), MINUTE)
    assert await store.holders() == ["runner-1", "runner-2"]
    await store.expire("runner-1")
    assert await store.holders() == ["runner-2"]
    with pytest.raises(StoreError, match="taken over"):
        await store.renew(lease, clock.now(), MINUTE)
    freed = await store.acquire("anna", "runner-3", clock.now(), MINUTE)
    assert freed is not None
    assert freed.fence == 2
    assert await store.acquire("bert", "runner-3", clock.now(), MINUTE) is None
