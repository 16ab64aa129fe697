"""Creations and deletions are found by the number of appointments, and a number that stays unexplained is told."""

from __future__ import annotations

from typing import Any

import pytest

from calsync.errors import TokenLost
from tests.plugins.calsync_flowfact.conftest import OVERLAP


async def test_a_creation_is_found_by_the_number(tenant: Any, reader: Any) -> None:
    tenant.create()
    follower = reader()
    await follower.poll()
    tenant.requests.clear()
    new = tenant.create()
    await follower.poll()
    assert new in follower.told
    assert tenant.requests == ["search", "search"]
    await follower.poll()
    assert tenant.requests == ["search"] * 3


async def test_a_creation_that_was_modified_needs_no_second_search(tenant: Any, reader: Any) -> None:
    tenant.create()
    follower = reader()
    await follower.poll()
    tenant.requests.clear()
    new = tenant.create()
    tenant.modify(new, subject="Neu")
    await follower.poll()
    assert follower.told == [new]
    assert tenant.requests == ["search"]


async def test_a_deletion_is_found_by_the_number_and_told_by_the_trash(tenant: Any, reader: Any) -> None:
    events = [tenant.create() for _ in range(3)]
    follower = reader()
    await follower.poll()
    tenant.requests.clear()
    tenant.delete(events[1])
    await follower.poll()
    assert follower.removed == [events[1]]
    assert tenant.requests == ["search", "trash"]
    await follower.poll()
    assert tenant.requests == ["search", "trash", "search"]


async def test_deletions_of_others_are_told_as_they_may_have_been_ours(
    tenant: Any, reader: Any, clock: Any
) -> None:
    mine, other = tenant.create(), tenant.create(owner="ben")
    follower = reader()
    await follower.poll()
    assert follower.view.keys() == {mine}
    tenant.modify(mine, lag=60, assignee="ben")
    tenant.delete(mine, lag=60)
    tenant.delete(other)
    clock.advance(60)
    await follower.poll()
    assert set(follower.removed) == {mine, other}
    assert follower.view == {}


async def test_a_creation_that_hides_a_deletion_is_found_in_ten_polls(tenant: Any, reader: Any) -> None:
    old = tenant.create()
    follower = reader()
    await follower.poll()
    new = tenant.create()
    tenant.delete(old)
    for _ in range(10):
        await follower.poll()
    assert follower.view.keys() == {new}


async def test_what_was_created_and_deleted_between_two_polls_is_no_evidence(tenant: Any, reader: Any) -> None:
    tenant.create()
    follower = reader()
    await follower.poll()
    for _ in range(30):
        tenant.delete(tenant.create())
        await follower.poll()
    assert len(follower.view) == 1


async def test_a_restored_event_is_told_where_its_deletion_was(tenant: Any, reader: Any, clock: Any) -> None:
    first = tenant.create()
    entity = tenant.live[first]
    clock.advance(1000)
    tenant.create()
    follower = reader()
    await follower.poll()
    tenant.delete(first)
    await follower.poll()
    assert follower.removed == [first]
    clock.advance(OVERLAP)
    await follower.poll()
    tenant.live[first] = entity
    tenant.index(first, entity)
    await follower.poll()
    assert first in follower.told


async def test_a_number_that_stays_unexplained_costs_the_token_of_the_calendar_it_is_about(
    tenant: Any, reader: Any, clock: Any
) -> None:
    first = tenant.create()
    entity = tenant.live[first]
    tenant.create()
    tenant.create(owner="ben")
    tenant.delete(first)
    clock.advance(1000)
    anna = reader()
    ben = anna.colleague("ben")
    await anna.poll()
    await ben.poll()
    clock.advance(OVERLAP)
    await ben.poll()
    tenant.live[first] = entity
    tenant.index(first, entity)
    tenant.requests.clear()
    await ben.poll()
    assert tenant.requests == ["search"] * 3  # what changed, what was created, and how many are Ben's
    with pytest.raises(TokenLost):
        await anna.poll()
    tenant.requests.clear()
    await ben.poll()
    assert tenant.requests == ["search"]


async def test_a_late_deletion_is_told_once_the_number_falls(tenant: Any, reader: Any, clock: Any) -> None:
    event = tenant.create()
    follower = reader()
    await follower.poll()
    tenant.delete(event, lag=60)
    await follower.poll()
    assert follower.removed == []
    clock.advance(61)
    await follower.poll()
    assert follower.removed == [event]


async def test_a_deletion_that_the_trash_told_first_explains_a_later_fall(
    tenant: Any, reader: Any, clock: Any
) -> None:
    event = tenant.create()
    follower = reader()
    await follower.poll()
    for _ in range(8):
        await follower.poll()
    tenant.delete(event, lag=60)
    await follower.poll()
    await follower.poll()
    assert follower.removed == [event]
    clock.advance(61)
    tenant.requests.clear()
    await follower.poll()
    assert tenant.requests == ["search"]


async def test_a_fall_without_a_right_to_see_the_trash_costs_the_token(tenant: Any, reader: Any) -> None:
    event = tenant.create()
    tenant.trash_visible = False
    follower = reader()
    for _ in range(15):
        await follower.poll()
    tenant.delete(event)
    with pytest.raises(TokenLost):
        await follower.poll()


async def test_the_right_to_see_the_trash_may_be_lost(tenant: Any, reader: Any) -> None:
    event = tenant.create()
    follower = reader()
    await follower.poll()
    tenant.trash_visible = False
    tenant.delete(event)
    with pytest.raises(TokenLost):
        await follower.poll()


async def test_a_number_that_may_be_the_most_that_is_counted_proves_nothing(
    tenant: Any, reader: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync_flowfact.tally.MOST_COUNTED", 3)
    events = [tenant.create() for _ in range(3)]
    follower = reader()
    await follower.poll()
    tenant.delete(events[0])
    new = tenant.create()
    await follower.poll()
    assert follower.removed == [events[0]]
    assert new in follower.told


async def test_a_deletion_that_nobody_may_see_is_noticed_over_a_restart(
    tenant: Any, reader: Any, clock: Any
) -> None:
    tenant.trash_visible = False
    gone = tenant.create(owner="kai")
    tenant.create()
    anna = reader()
    kai = anna.colleague("kai")
    for one in (anna, kai):
        await one.poll()
    clock.advance(1000)
    tenant.delete(gone)
    await anna.poll()
    again = reader()
    new_kai = again.colleague("kai")
    again.token, new_kai.token = anna.token, kai.token
    await again.poll()
    with pytest.raises(TokenLost):
        await new_kai.poll()


async def test_a_calendar_that_changed_since_its_listing_is_not_believed_by_its_number(
    tenant: Any, reader: Any, clock: Any
) -> None:
    first = tenant.create()
    entity = tenant.live[first]
    tenant.create()
    anna = reader()
    await anna.poll()
    tenant.delete(first)
    await anna.poll()
    assert anna.removed == [first]
    for _ in range(2):
        clock.advance(OVERLAP)
        await anna.poll()
    again = reader()
    again.token = anna.token
    await again.poll()
    tenant.live[first] = entity
    tenant.index(first, entity)  # restored: there are as many as when anna was listed
    with pytest.raises(TokenLost):
        await again.poll()


async def test_what_a_poll_has_shown_before_explains_no_rise(tenant: Any, reader: Any, clock: Any) -> None:
    first = tenant.create()
    entity = tenant.live[first]
    tenant.delete(first)
    clock.advance(1000)
    anna = reader()
    ben = anna.colleague("ben")
    for one in (anna, ben):
        await one.poll()
    recent = tenant.create(owner="ben")
    await ben.poll()
    tenant.modify(recent, subject="Neu")
    tenant.live[first] = entity
    tenant.index(first, entity)
    with pytest.raises(TokenLost):
        await anna.poll()
