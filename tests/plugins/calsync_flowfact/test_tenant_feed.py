"""All calendars of a tenant are answered by what was read once, also over a restart."""

from __future__ import annotations

from typing import Any

import pytest

from calsync.errors import Retry, TokenLost
from tests.plugins.calsync_flowfact.conftest import OVERLAP


async def test_all_calendars_of_a_tenant_share_one_search(tenant: Any, reader: Any, clock: Any) -> None:
    anna = reader(poll_seconds=60)
    readers = [anna, *(anna.colleague(f"user{number}") for number in range(50))]
    for number in range(50):
        tenant.create(owner=f"user{number}")
    for one in readers:
        await one.poll()
    clock.advance(60)
    tenant.requests.clear()
    for one in readers:
        await one.poll()
        assert (one.told, one.removed) == ([], [])
    assert tenant.requests == ["search"]


async def test_another_pace_of_polls_counts_for_what_was_read_before(tenant: Any, reader: Any, clock: Any) -> None:
    pace = 3600.0
    anna = reader(poll_seconds=lambda: pace)
    await anna.poll()
    mine = tenant.create()
    clock.advance(60)
    await anna.poll()
    assert anna.told == []
    pace = 60.0
    await anna.poll()
    assert anna.told == [mine]


async def test_a_change_is_told_to_those_whom_it_concerns_and_once(tenant: Any, reader: Any, clock: Any) -> None:
    both, mine = tenant.create(), tenant.create()
    anna = reader(poll_seconds=60)
    ben, kai = anna.colleague("ben"), anna.colleague("kai")
    for one in (anna, ben, kai):
        await one.poll()
    tenant.live[both]["assignee"] = {"values": ["anna", "ben"]}
    tenant.modify(both, subject="Neu")
    tenant.modify(mine, assignee="kai")
    for told, removed in (([both], [mine]), ([], [])):
        clock.advance(60)
        await anna.poll()
        assert (anna.told, anna.removed) == (told, removed)
    await ben.poll()
    assert (ben.told, ben.view.keys()) == ([both], {both})
    await kai.poll()
    assert (kai.told, kai.view.keys()) == ([mine], {mine})


async def test_after_a_restart_equal_tokens_share_one_search(tenant: Any, reader: Any, clock: Any) -> None:
    for owner in ("anna", "ben", "kai"):
        tenant.create(owner=owner)
    anna = reader(poll_seconds=60)
    before = [anna, anna.colleague("ben"), anna.colleague("kai")]
    for seconds in (0, 60, 180, 60):
        clock.advance(seconds)
        for one in before:
            await one.poll()
    gone = tenant.create(owner="kai")
    tenant.delete(gone)
    again = reader(poll_seconds=60)
    after = [again, again.colleague("ben"), again.colleague("kai")]
    tenant.requests.clear()
    for old, new in zip(before, after, strict=True):
        new.token, new.view = old.token, old.view
        await new.poll()
        assert new.told == []
    assert tenant.requests == ["search"]


async def test_after_a_restart_an_older_token_is_read_back_to(tenant: Any, reader: Any, clock: Any) -> None:
    first, second = tenant.create(owner="ben"), tenant.create(owner="ben")
    anna = reader()
    ben, kai = anna.colleague("ben"), anna.colleague("kai")
    for one in (anna, ben, kai):
        await one.poll()
    clock.advance(1000)
    tenant.modify(first, subject="Neu")
    tenant.delete(second)
    third = tenant.create(owner="ben")
    clock.advance(1000)
    tenant.create(owner="anna")
    for _ in range(3):
        clock.advance(OVERLAP)
        await anna.poll()
    again = reader(poll_seconds=60)
    again.token = anna.token
    await again.poll()
    late, later = again.colleague("ben"), again.colleague("kai")
    late.token, later.token, late.view = ben.token, kai.token, ben.view
    tenant.requests.clear()
    await late.poll()
    assert (set(late.told), late.removed) == ({first, third}, [second])
    await later.poll()
    assert later.told == []
    assert tenant.requests == ["search", "search", "trash"]


async def test_a_change_while_a_calendar_is_listed_is_told_behind_it(tenant: Any, reader: Any) -> None:
    mine = tenant.create()
    anna = reader()
    ben = anna.colleague("ben")
    await ben.poll()

    def touch() -> None:
        tenant.before_search = None
        tenant.modify(mine, lag=1, subject="Neu")

    tenant.before_search = touch
    await anna.poll()
    tenant.clock.advance(1)
    await ben.poll()  # reads the change, for all
    await anna.poll()
    assert set(anna.told) == {mine}


async def test_what_the_feed_has_forgotten_is_read_once_more(
    tenant: Any, reader: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync_flowfact.log.MOST", 5)
    mine = tenant.create()
    anna = reader()
    ben = anna.colleague("ben")
    await anna.poll()
    await ben.poll()
    clock.advance(1000)
    tenant.modify(mine, subject="Neu")
    for _ in range(4):
        clock.advance(OVERLAP)
        for _ in range(2):
            tenant.create(owner="ben")
        await ben.poll()
    assert anna.shared._log.whole_since > 0
    monkeypatch.setattr("calsync_flowfact.log.MOST", 20)
    await anna.poll()
    assert set(anna.told) == {mine}


async def test_a_failed_search_is_not_repeated_for_each_calendar(tenant: Any, reader: Any, clock: Any) -> None:
    anna = reader(poll_seconds=60)
    ben = anna.colleague("ben")
    for one in (anna, ben):
        await one.poll()

    def fail() -> None:
        raise Retry("the server is away")

    clock.advance(60)
    tenant.requests.clear()
    tenant.before_search = fail
    for one in (anna, ben, anna):
        with pytest.raises(Retry):
            await one.poll()
    assert tenant.requests == ["search"]
    tenant.before_search = None
    clock.advance(60)
    await ben.poll()


async def test_more_changes_than_a_search_reaches_cost_each_token_and_not_each_a_search(
    tenant: Any, reader: Any, clock: Any
) -> None:
    events = [tenant.create(owner=owner) for owner in ("anna", "ben", "kai") * 20]
    anna = reader(page_size=10, poll_seconds=60)
    readers = [anna, anna.colleague("ben"), anna.colleague("kai")]
    for one in readers:
        await one.poll()
    tenant.reach = 40
    for event in events:
        clock.advance(10)
        tenant.modify(event, subject="Neu")
    clock.advance(60)
    with pytest.raises(TokenLost):
        await anna.poll()
    tenant.requests.clear()
    for one in readers:
        with pytest.raises(TokenLost):
            await one.poll()
    assert tenant.requests == []
    for one in readers:
        one.token = None
        await one.poll()
    clock.advance(60)
    for one in readers:
        await one.poll()
        assert one.view.keys() == {
            found for found in tenant.live if tenant.live[found]["assignee"]["values"] == [one.owner]
        }


async def test_a_listing_behind_what_the_feed_has_read_is_told_the_overlap_again(tenant: Any, reader: Any) -> None:
    mine = tenant.create()
    before = tenant.live[mine]
    anna = reader()
    ben = anna.colleague("ben")
    await ben.poll()
    tenant.modify(mine, subject="Neu")
    await ben.poll()
    tenant.index(mine, before)  # another replica of the index answers the listing
    await anna.poll()
    tenant.index(mine, tenant.live[mine])
    await anna.poll()
    assert anna.told == [mine]
    await anna.poll()
    assert anna.told == []


async def test_whoever_lists_behind_a_deletion_is_told_nothing_without_it(
    tenant: Any, reader: Any, clock: Any
) -> None:
    """The search's lag is read again, the deletion is longer ago than that."""
    gone = tenant.create(owner="ben")
    tenant.modify(gone, subject="Neu")
    anna = reader()
    await anna.poll()
    await anna.poll()
    tenant.delete(gone, lag=1)
    clock.advance(OVERLAP + 1)
    tenant.delete(tenant.create())
    await anna.poll()
    ben = anna.colleague("ben")
    await ben.poll()
    await ben.poll()
    assert gone not in ben.told or gone in ben.removed
    assert ben.view == {}


async def test_what_a_search_shows_of_the_trash_is_not_read_back_to_without_its_deletion(
    tenant: Any, reader: Any, clock: Any
) -> None:
    tenant.shows_trash = True
    gone, later = tenant.create(owner="ben"), tenant.create()
    tenant.modify(gone, subject="Neu")
    tenant._visible()
    tenant.delete(gone)
    clock.advance(2 * OVERLAP + 1)
    tenant.delete(later)
    anna = reader()
    ben = anna.colleague("ben")
    await ben.poll()
    clock.advance(1000)
    tenant.modify(tenant.create(), subject="Neu")
    await anna.poll()
    again = reader()
    again.token = anna.token
    await again.poll()
    late = again.colleague("ben")
    late.token = ben.token
    await late.poll()
    assert late.view == {}


async def test_what_was_read_back_to_is_read_anew_once_the_feed_forgets(
    tenant: Any, reader: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync_flowfact.log.MOST", 6)
    old = reader()
    ben, kai = old.colleague("ben"), old.colleague("kai")
    mine = tenant.create(owner="kai")
    for one in (old, ben, kai):
        await one.poll()
    clock.advance(1000)
    tenant.create()
    for _ in range(3):
        clock.advance(OVERLAP)
        await old.poll()
    again = reader()
    again.token = old.token
    await again.poll()
    new_ben, new_kai = again.colleague("ben"), again.colleague("kai")
    new_ben.token, new_kai.token = ben.token, kai.token
    await new_ben.poll()
    tenant.modify(mine, subject="Neu")
    await again.poll()
    for _ in range(2):
        clock.advance(1000)
        for _ in range(4):
            tenant.modify(tenant.create(), subject="Neu")
        await again.poll()
    monkeypatch.setattr("calsync_flowfact.log.MOST", 60)
    await new_kai.poll()
    assert new_kai.view == {mine: str(tenant._version(tenant.live[mine]))}
