"""What a poll tells, what it costs, and what it does not miss, on a tenant whose search lags."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calsync.errors import Retry, TokenLost

if TYPE_CHECKING:
    from collections.abc import Callable

OVERLAP = 120
DAY = 86_400


async def test_an_idle_calendar_costs_one_search(tenant: Any, reader: Any) -> None:
    for _ in range(30):
        tenant.create()
    follower = reader()
    await follower.poll()
    tenant.requests.clear()
    for _ in range(9):
        await follower.poll()
        assert follower.told == []
    assert tenant.requests == ["search"] * 9
    await follower.poll()
    assert tenant.requests == ["search"] * 10 + ["trash"]


async def test_a_modification_costs_nothing_more(tenant: Any, reader: Any) -> None:
    first, _ = tenant.create(), tenant.create()
    follower = reader()
    await follower.poll()
    tenant.requests.clear()
    tenant.modify(first, subject="Neu")
    await follower.poll()
    assert follower.told == [first]
    assert tenant.requests == ["search"]


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


async def test_deletions_of_others_are_not_told(tenant: Any, reader: Any) -> None:
    mine, other = tenant.create(), tenant.create(owner="ben")
    follower = reader()
    await follower.poll()
    tenant.delete(other)
    tenant.delete(mine)
    await follower.poll()
    assert follower.removed == [mine]


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


async def test_what_is_received_is_told_and_what_is_given_away_costs_the_token(tenant: Any, reader: Any) -> None:
    mine, other = tenant.create(), tenant.create(owner="ben")
    follower = reader()
    await follower.poll()
    tenant.modify(other, assignee="anna")
    await follower.poll()
    assert follower.told == [other]
    tenant.modify(mine, assignee="ben")
    with pytest.raises(TokenLost):
        await follower.poll()


async def test_a_restored_event_costs_the_token(tenant: Any, reader: Any, clock: Any) -> None:
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
    with pytest.raises(TokenLost):
        await follower.poll()


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
    assert follower.told == [prompt, late]


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
    await follower.poll()
    assert set(follower.told) == set(events)
    tenant.requests.clear()
    await follower.poll()
    assert (follower.told, tenant.requests) == ([], ["search"])


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
    tenant._show = lambda found, entity: entity and tenant._index.update({found: entity})
    tenant.delete(gone)
    clock.advance(DAY)
    follower = reader()
    await follower.poll()
    assert follower.view.keys() == {kept, later}
    assert follower.feed.search_shows_trash is True
    tenant.delete(later)
    removed = []
    for _ in range(25):
        await follower.poll()
        removed += follower.removed
    assert later in removed
    assert follower.view.keys() == {kept}


async def test_events_that_cannot_be_read_are_left_out(tenant: Any, reader: Any) -> None:
    broken, fine = tenant.create(), tenant.create()
    tenant.live[broken].pop("start_date")
    follower = reader(fields={"start": {"codec": "iso"}, "end": {"codec": "iso"}})
    for event in (broken, fine):
        tenant.live[event] |= {"end_date": {"values": ["2026-03-02T10:00:00+01:00"]}}
    tenant.live[fine] |= {"start_date": {"values": ["2026-03-02T09:00:00+01:00"]}}
    await follower.poll()
    assert follower.told == [fine]
    tenant.modify(broken, subject="?")
    tenant.modify(fine, subject="!")
    await follower.poll()
    assert follower.told == [fine]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda _: "[]",
        lambda _: "null",
        lambda token: token[:-1],
        lambda token: json.dumps(json.loads(token) | {"v": 2}),
        lambda token: json.dumps(json.loads(token) | {"reads": "ben"}),
        lambda token: json.dumps(json.loads(token) | {"total": "x"}),
        lambda token: json.dumps(json.loads(token) | {"more": 1}),
    ],
)
async def test_another_token_is_lost(tenant: Any, reader: Any, damage: Callable[[str], str]) -> None:
    tenant.create()
    follower = reader()
    await follower.poll()
    follower.token = damage(follower.token)
    with pytest.raises(TokenLost):
        await follower.poll()


async def test_a_new_mapping_makes_the_token_useless(tenant: Any, reader: Any) -> None:
    follower, other = reader(), reader(fields={"description": {"codec": "html"}})
    await follower.poll()
    other.token = follower.token
    with pytest.raises(TokenLost):
        await other.poll()


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


EVENT = st.integers(0, 30)
LAG = st.floats(0, OVERLAP)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), EVENT, LAG),
        st.tuples(st.just("modify"), EVENT, LAG),
        st.tuples(st.just("delete"), EVENT, LAG),
        st.tuples(st.just("wait"), EVENT, st.sampled_from([0.0, 1.0, 30.0, 119.0, 121.0, 400.0])),
        st.tuples(st.just("poll"), EVENT, st.just(0.0)),
    ),
    max_size=60,
)


@settings(max_examples=150, deadline=None)
@given(steps=STEPS)
def test_the_view_becomes_true_whatever_happened(
    new_history: Callable[[], tuple[Any, Any, Any]], steps: list[tuple[str, int, float]]
) -> None:
    asyncio.run(_follow(*new_history(), steps))


async def _follow(tenant: Any, follower: Any, clock: Any, steps: list[tuple[str, int, float]]) -> None:
    async def poll() -> None:
        try:
            await follower.poll()
        except TokenLost:
            follower.token = None
            await follower.poll()

    for kind, number, value in steps:
        known = sorted(tenant.live)
        if kind == "create":
            tenant.create(lag=value)
        elif kind == "wait":
            clock.advance(value)
        elif kind == "poll":
            await poll()
        elif known and kind == "modify":
            tenant.modify(known[number % len(known)], lag=value, subject="Neu")
        elif known:
            tenant.delete(known[number % len(known)], lag=value)
    for _ in range(15):
        clock.advance(OVERLAP + 1)
        await poll()
    assert follower.view == {found: str(tenant._version(entity)) for found, entity in tenant.live.items()}
    assert follower.told == []
