from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import AccountError, Retry
from calsync_flowfact.failures import Rejected

if TYPE_CHECKING:
    from calsync.testing import FakeClock

DAY = timedelta(days=1)


def fill(tenant: Any, clock: FakeClock, number: int) -> set[str]:
    return {tenant.create(start=clock.now() + timedelta(hours=index)) for index in range(number)}


async def listed(follower: Any) -> set[str]:
    await follower.poll()
    assert len(follower.told) == len(set(follower.told)), "each event is told once"
    return set(follower.told)


async def test_only_the_window_is_read_a_day_wider(tenant: Any, reader: Any, clock: FakeClock) -> None:
    inside = {tenant.create(start=clock.now() - 2 * DAY) for _ in range(3)}
    for _ in range(50):
        tenant.create(start=clock.now() - 300 * DAY)
    assert await listed(reader(page_size=10)) == inside


async def test_a_server_that_knows_no_ranges_lists_everything(tenant: Any, reader: Any, clock: FakeClock) -> None:
    events = fill(tenant, clock, 12) | {tenant.create(start=clock.now() - 300 * DAY)}
    tenant.ranges = False
    assert await listed(reader(page_size=5)) == events


async def test_a_range_that_finds_nothing_is_not_believed(tenant: Any, reader: Any, clock: FakeClock) -> None:
    old = tenant.create(start=clock.now() - 300 * DAY)
    assert await listed(reader()) == {old}


async def test_an_empty_calendar_is_not_asked_twice(tenant: Any, reader: Any) -> None:
    assert await listed(reader()) == set()
    assert tenant.requests.count("search") == 4


async def test_texts_are_not_searched_by_range(tenant: Any, reader: Any) -> None:
    tenant.create()
    fields = {"start": {"codec": "iso"}, "end": {"codec": "iso"}}
    assert await listed(reader(fields=fields)) == set()
    assert tenant.requests.count("search") == 4


async def test_a_reach_that_is_too_short_is_read_in_parts(tenant: Any, reader: Any, clock: FakeClock) -> None:
    events = fill(tenant, clock, 300)
    tenant.reach = 60
    assert await listed(reader(page_size=20)) == events


async def test_a_count_that_goes_no_further_proves_nothing(
    tenant: Any, reader: Any, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync_flowfact.listing.MOST_COUNTED", 60)
    events = fill(tenant, clock, 301)
    tenant.counts = 60
    assert await listed(reader(page_size=20)) == events
    tenant.ranges = False
    with pytest.raises(AccountError, match="numeric codec"):
        await listed(reader(page_size=20))


async def test_what_cannot_be_read_in_parts_stops_the_account(tenant: Any, reader: Any, clock: FakeClock) -> None:
    fill(tenant, clock, 100)
    tenant.reach, tenant.ranges = 60, False
    with pytest.raises(AccountError, match="numeric codec"):
        await listed(reader(page_size=20))


async def test_too_many_at_one_hour_stop_the_account(tenant: Any, reader: Any) -> None:
    for _ in range(100):
        tenant.create()
    tenant.reach = 60
    with pytest.raises(Rejected):
        await listed(reader(page_size=20))


async def test_a_server_that_takes_no_search_at_all(tenant: Any, reader: Any) -> None:
    tenant.create()
    tenant.reach = 1
    with pytest.raises(Rejected):
        await listed(reader(page_size=20))


async def test_creations_while_it_is_read(tenant: Any, reader: Any, clock: FakeClock) -> None:
    events = fill(tenant, clock, 40)
    tenant.before_search = lambda: events.add(tenant.create())
    follower = reader(page_size=10)
    told = await listed(follower)
    tenant.before_search = None
    await follower.poll()
    assert told | set(follower.told) == events


async def test_a_few_deletions_while_it_is_read_hide_nothing(tenant: Any, reader: Any, clock: FakeClock) -> None:
    events = fill(tenant, clock, 40)
    oldest = iter(sorted(events, key=lambda event: tenant.live[event]["_metadata"]["createdTimestamp"]))
    tenant.before_search = lambda: tenant.delete(next(oldest))
    follower = reader(page_size=10)
    await listed(follower)
    tenant.before_search = None
    assert set(tenant.live) <= set(follower.told)


@pytest.mark.parametrize("times", [1, 2])
async def test_many_deletions_while_it_is_read_make_it_read_again(
    tenant: Any, reader: Any, clock: FakeClock, times: int
) -> None:
    events = fill(tenant, clock, 100)
    oldest = iter(sorted(events, key=lambda event: tenant.live[event]["_metadata"]["createdTimestamp"]))
    cuts = {5} if times == 1 else {5, 8}

    def cut() -> None:
        if len([one for one in tenant.requests if one == "search"]) in cuts:
            for _ in range(8):
                tenant.delete(next(oldest))

    tenant.before_search = cut
    follower = reader(page_size=10)
    if times == 1:
        await listed(follower)
        assert set(tenant.live) <= set(follower.told)
    else:
        with pytest.raises(Retry, match="fewer appointments than it counts"):
            await listed(follower)


async def test_a_count_that_is_not_reached(tenant: Any, reader: Any, clock: FakeClock) -> None:
    fill(tenant, clock, 12)
    search = tenant.search

    async def short(query: Any, offset: int, size: int) -> Any:
        hits = await search(query, offset, size)
        return type(hits)(hits.entities[:-1] if size > 1 else hits.entities, hits.total, hits.at)

    tenant.search = short
    with pytest.raises(Retry, match="fewer appointments than it counts"):
        await listed(reader(page_size=10))
