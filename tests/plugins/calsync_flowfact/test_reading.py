"""What a poll does not miss where a search lags, sorts otherwise, or moves while it is read."""

from __future__ import annotations

from typing import Any

import pytest

from calsync.errors import Retry, TokenLost
from tests.plugins.calsync_flowfact.conftest import OVERLAP

DAY = 86_400


async def polled(follower: Any, times: int) -> None:
    for _ in range(times):
        await follower.poll()


@pytest.mark.parametrize("others", [3, 30])
@pytest.mark.parametrize("habit", [{"missing_first": True}, {"sorts": False}])
async def test_an_edit_is_not_missed_where_a_search_sorts_otherwise(
    tenant: Any, reader: Any, habit: dict[str, bool], others: int
) -> None:
    """Whether on the first page or behind it: the calendar is listed in full in the end."""
    for name, value in habit.items():
        setattr(tenant, name, value)
    for _ in range(others):
        tenant.create()
    event, follower = tenant.create(), reader(page_size=10)
    await follower.poll()
    tenant.modify(event, subject="Neu")
    with pytest.raises(TokenLost):
        await polled(follower, 10)
    follower.token = None
    await follower.poll()
    assert follower.view[event] == str(tenant.live[event]["_metadata"]["lastModifiedTimestamp"])


async def test_a_late_modification_is_read_within_the_overlap(tenant: Any, reader: Any, clock: Any) -> None:
    late, prompt = tenant.create(), tenant.create()
    follower = reader()
    await follower.poll()
    tenant.modify(late, lag=100, subject="spät")
    clock.advance(5)
    tenant.modify(prompt, subject="sofort")
    await follower.poll()
    assert follower.told == [prompt]
    clock.advance(96)
    await follower.poll()
    assert follower.told == [late]


async def test_the_overlap_is_read_again_until_the_lag_has_passed(tenant: Any, reader: Any, clock: Any) -> None:
    events = [tenant.create() for _ in range(250)]
    follower = reader()
    await follower.poll()
    for event in events:
        tenant.modify(event, subject="Neu")
    tenant.requests.clear()
    await follower.poll()
    assert set(follower.told) == set(events)
    clock.advance(OVERLAP)
    tenant.requests.clear()
    await follower.poll()
    assert (follower.told, tenant.requests) == ([], ["search"] * 3)
    tenant.requests.clear()
    await follower.poll()
    assert (follower.told, tenant.requests) == ([], ["search"])


async def test_a_time_in_the_future_hides_nothing(tenant: Any, reader: Any, clock: Any) -> None:
    odd, plain = tenant.create(), tenant.create()
    tenant.modify(odd, subject="?")
    tenant.live[odd]["_metadata"]["lastModifiedTimestamp"] += 1000 * 365 * DAY
    follower = reader()
    await follower.poll()
    clock.advance(DAY)
    tenant._last = 0
    tenant.modify(plain, subject="Neu")
    await follower.poll()
    assert plain in follower.told


async def test_a_search_that_shows_the_trash_is_found_out(tenant: Any, reader: Any, clock: Any) -> None:
    kept, gone, later = (tenant.create() for _ in range(3))
    tenant._visible()
    tenant.shows_trash = True
    tenant.delete(gone)
    clock.advance(DAY)
    follower = reader()
    await follower.poll()
    assert follower.view.keys() == {kept, later}
    assert follower.shared.search_shows_trash is True
    tenant.delete(later)
    removed = []
    for _ in range(25):
        await follower.poll()
        removed += follower.removed
    assert later in removed
    assert follower.view.keys() == {kept}


async def test_a_creation_is_not_hidden_by_a_deletion_that_the_first_number_did_not_show(
    tenant: Any, reader: Any, clock: Any
) -> None:
    gone = tenant.create()
    tenant._visible()
    tenant.delete(gone, lag=1)
    follower = reader()
    await follower.poll()
    new = tenant.create()
    clock.advance(OVERLAP + 1)
    await follower.poll()
    assert new in follower.told


async def test_changes_while_a_poll_reads_are_told_by_the_next(tenant: Any, reader: Any, clock: Any) -> None:
    events = [tenant.create() for _ in range(60)]
    follower = reader(page_size=20)
    await follower.poll()
    for event in events:
        tenant.modify(event, subject="Neu")
    touched = iter(reversed(events))

    def touch() -> None:
        tenant.modify(next(touched), subject="Neuer")
        clock.advance(1)

    tenant.before_search = touch
    await follower.poll()
    tenant.before_search = None
    await follower.poll()
    current = {event: str(tenant.live[event]["_metadata"]["lastModifiedTimestamp"]) for event in events}
    assert follower.view == current


async def test_many_deletions_while_a_poll_reads_are_noticed(tenant: Any, reader: Any) -> None:
    events = [tenant.create() for _ in range(60)]
    follower = reader(page_size=20)
    await follower.poll()
    for event in events:
        tenant.modify(event, subject="Neu")
    newest = iter(reversed(events))

    def remove() -> None:
        for _ in range(10):
            tenant.delete(next(newest))

    tenant.before_search = remove
    with pytest.raises(Retry, match="deleted in FLOWFACT while"):
        await follower.poll()


async def test_a_clock_that_is_set_back_stops_nothing(tenant: Any, reader: Any, clock: Any) -> None:
    mine = tenant.create()
    anna = reader(poll_seconds=60)
    await anna.poll()
    clock.advance(60)
    await anna.poll()
    clock.advance(-3600)
    tenant.modify(mine, subject="Neu")
    clock.advance(1)
    await anna.poll()
    assert anna.told == [mine]
