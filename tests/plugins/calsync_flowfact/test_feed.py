"""What a poll tells, what it costs, and what it does not miss, on a tenant whose search lags."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calsync.errors import Retry, TokenLost
from calsync.ports import NOTHING_NEW
from calsync_flowfact.habits import Habits

if TYPE_CHECKING:
    from collections.abc import Callable

OVERLAP = 120
DAY = 86_400


async def polled(follower: Any, times: int) -> None:
    for _ in range(times):
        await follower.poll()


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


@pytest.mark.parametrize("modified", [True, False])
async def test_a_tenth_poll_looks_at_the_trash_and_makes_sure_that_nothing_was_ever_modified(
    tenant: Any, reader: Any, modified: bool
) -> None:
    event, follower = tenant.create(), reader()
    if modified:
        tenant.modify(event, subject="Neu")
    await follower.poll()
    tenant.requests.clear()
    await polled(follower, 10)
    assert tenant.requests == ["search"] * (10 if modified else 11) + ["trash"]


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


@pytest.mark.parametrize("habit", ["sorts", "modified_moves"])
async def test_what_is_known_not_to_tell_changes_is_read_in_full_each_time(
    tenant: Any, reader: Any, clock: Any, habit: str
) -> None:
    tenant.create()
    follower = reader(poll_seconds=60, habits=Habits(**{habit: False}))
    await follower.poll()
    tenant.requests.clear()
    with pytest.raises(TokenLost, match="everything is read"):
        await follower.poll()
    await follower.feed.listen(pytest.fail)
    assert tenant.requests == []


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


async def test_what_is_received_and_what_is_given_away_is_told(tenant: Any, reader: Any) -> None:
    mine, other = tenant.create(), tenant.create(owner="ben")
    follower = reader()
    await follower.poll()
    tenant.modify(other, assignee="anna")
    await follower.poll()
    assert (follower.told, follower.removed) == ([other], [])
    tenant.modify(mine, assignee="ben")
    tenant.requests.clear()
    await follower.poll()
    assert (follower.told, follower.removed) == ([], [mine])
    assert tenant.requests == ["search"]


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
    assert follower.shared.search_shows_trash is True
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
        lambda token: json.dumps(json.loads(token) | {"v": 1}),
        lambda token: json.dumps(json.loads(token) | {"reads": "ben"}),
        lambda token: json.dumps(json.loads(token) | {"owned": "x"}),
        lambda token: json.dumps(json.loads(token) | {"feed": None}),
        lambda token: json.dumps(json.loads(token) | {"position": {}}),
        lambda token: token.replace('"total":1', '"total":"x"'),
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


async def test_whoever_listens_heeds_another_pace_of_polls_within_a_minute(
    tenant: Any, reader: Any, clock: Any
) -> None:
    pace = 3600.0
    anna, rings = reader(poll_seconds=lambda: pace), asyncio.Queue[str]()
    await anna.poll()
    listening = asyncio.create_task(anna.feed.listen(rings.put_nowait))
    await clock.until_sleeping()
    while not rings.empty():
        rings.get_nowait()
    tenant.create()
    pace = 120.0
    for _ in range(2):
        await clock.until_sleeping()
        clock.advance(60)
        await asyncio.sleep(0)
    assert await asyncio.wait_for(rings.get(), 5) == "FLOWFACT tells of a change"
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


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


async def test_a_poll_without_changes_leaves_nothing_to_store(tenant: Any, reader: Any, clock: Any) -> None:
    mine = tenant.create()
    anna = reader()
    for _ in range(2):
        await anna.poll()
    token = anna.token
    for _ in range(3):
        clock.advance(60)
        await anna.poll()
        assert anna.token == token
    again = reader()  # another process goes on counting polls, so that the trash is looked at in time
    again.token = token
    await again.poll()
    assert again.token != token
    tenant.modify(mine, subject="Neu")
    await anna.poll()
    assert (anna.told, anna.token == token) == ([mine], False)


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


async def asleep(clock: Any, tasks: int) -> None:
    """Wait until so many tasks sleep, none of them to the present moment."""
    async with asyncio.timeout(10):
        while clock.sleepers != tasks or clock.waking:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0)


async def rings(follower: Any) -> tuple[list[str], asyncio.Task[None]]:
    """Listen; return the rings that wake somebody."""
    heard: list[str] = []
    return heard, asyncio.create_task(follower.feed.listen(lambda why: heard.append(why) if why else None))


async def test_who_was_told_everything_hears_at_once_and_nothing_is_new(
    tenant: Any, reader: Any, clock: Any
) -> None:
    anna = reader(poll_seconds=60)
    mine = tenant.create()
    await anna.poll()
    heard: list[str] = []
    ear = asyncio.create_task(anna.feed.listen(heard.append))
    await asleep(clock, 1)
    assert heard == [NOTHING_NEW]
    clock.advance(60)
    await asleep(clock, 1)
    assert heard == [NOTHING_NEW]
    tenant.modify(mine, subject="Neu")
    clock.advance(60)
    await asleep(clock, 1)
    assert heard == [NOTHING_NEW, "FLOWFACT tells of a change"]
    ear.cancel()
    await asyncio.gather(ear, return_exceptions=True)


async def test_a_change_rings_at_exactly_its_calendar(tenant: Any, reader: Any, clock: Any) -> None:
    anna = reader(poll_seconds=60)
    colleagues = [anna.colleague(f"user{number}") for number in range(20)]
    events = [tenant.create(owner=f"user{number}") for number in range(20)]
    for one in (anna, *colleagues):
        await one.poll()
    ears = [await rings(one) for one in (anna, *colleagues)]
    await asleep(clock, 1)  # one waits for all
    tenant.modify(events[7], subject="Neu")
    tenant.requests.clear()
    clock.advance(60)
    await asleep(clock, 1)  # one waits for all
    assert [len(heard) for heard, _ in ears] == [1 if number == 8 else 0 for number in range(21)]
    await colleagues[7].poll()
    assert colleagues[7].told == [events[7]]
    assert tenant.requests == ["search"]
    tenant.modify(events[7], assignee="user3")  # rings at both, the old owner is known
    clock.advance(60)
    await asleep(clock, 1)  # one waits for all
    assert [number for number, (heard, _) in enumerate(ears) if heard] == [4, 8]
    for _, ear in ears:
        ear.cancel()
    await asyncio.gather(*(ear for _, ear in ears), return_exceptions=True)


async def test_who_begins_to_listen_hears_of_what_was_read_meanwhile(tenant: Any, reader: Any, clock: Any) -> None:
    mine = tenant.create()
    anna = reader(poll_seconds=60)
    ben = anna.colleague("ben")
    for one in (anna, ben):
        await one.poll()
    tenant.modify(mine, subject="Neu")
    clock.advance(60)
    await ben.poll()
    heard, ear = await rings(anna)
    await clock.until_sleeping()
    assert len(heard) == 1
    ear.cancel()
    await asyncio.gather(ear, return_exceptions=True)


async def test_without_a_poll_there_is_no_doorbell(reader: Any) -> None:
    _, ear = await rings(reader())
    await ear


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


async def test_a_run_that_asks_anyway_is_not_rung_for(
    tenant: Any, reader: Any, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tenant.create()
    anna = reader(poll_seconds=60)
    await anna.poll()
    heard, ear = await rings(anna)
    await asleep(clock, 1)
    answered, search = asyncio.Event(), tenant.search

    async def slowly(*question: Any) -> Any:
        await answered.wait()
        return await search(*question)

    monkeypatch.setattr(tenant, "search", slowly)
    tenant.modify(mine, subject="Neu")
    clock.advance(60)
    await asyncio.sleep(0)  # the doorbell begins to search
    run = asyncio.create_task(anna.poll())
    await asyncio.sleep(0)
    answered.set()
    await run
    await asleep(clock, 1)
    assert (anna.told, heard) == ([mine], [])
    ear.cancel()
    await asyncio.gather(ear, return_exceptions=True)


EVENT = st.integers(0, 30)
LAG = st.floats(0, OVERLAP)
OWNERS = ("anna", "ben", "kai")
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("create"), EVENT, LAG),
        st.tuples(st.just("modify"), EVENT, LAG),
        st.tuples(st.just("give"), EVENT, LAG),
        st.tuples(st.just("delete"), EVENT, LAG),
        st.tuples(st.just("wait"), EVENT, st.sampled_from([0.0, 1.0, 30.0, 119.0, 121.0, 400.0])),
        st.tuples(st.just("poll"), EVENT, st.just(0.0)),
        st.tuples(st.just("list"), EVENT, st.just(0.0)),
        st.tuples(st.just("restart"), EVENT, st.just(0.0)),
    ),
    max_size=60,
)


@settings(max_examples=200, deadline=None)
@given(steps=STEPS, forgetful=st.booleans())
def test_each_view_becomes_true_whatever_happened(
    new_history: Callable[[], tuple[Any, Callable[[], list[Any]], Any]],
    steps: list[tuple[str, int, float]],
    forgetful: bool,
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if forgetful:
            patch.setattr("calsync_flowfact.log.MOST", 3)
        asyncio.run(_follow(*new_history(), steps))


async def _follow(
    tenant: Any, start: Callable[[], list[Any]], clock: Any, steps: list[tuple[str, int, float]]
) -> None:
    """Let people work and calendars be read, each at its own times, by one process after the other."""
    followers = start()
    for kind, number, value in steps:
        follower = followers[number % len(OWNERS)]
        if kind == "wait":
            clock.advance(value)
        elif kind == "restart":
            old, followers = followers, start()
            for before, after in zip(old, followers, strict=True):
                after.token, after.view = before.token, before.view
        elif kind in ("poll", "list"):
            follower.token = None if kind == "list" else follower.token
            await _poll(follower)
        else:
            _work(tenant, kind, number, value)
    for _ in range(15):
        clock.advance(OVERLAP + 1)
        for follower in followers:
            await _poll(follower)
    for follower, owner in zip(followers, OWNERS, strict=True):
        owned = {found: one for found, one in tenant.live.items() if one["assignee"]["values"] == [owner]}
        assert follower.view == {found: str(tenant._version(entity)) for found, entity in owned.items()}
        assert follower.told == []


async def _poll(follower: Any) -> None:
    try:
        await follower.poll()
    except TokenLost:
        follower.token = None
        await follower.poll()


def _work(tenant: Any, kind: str, number: int, lag: float) -> None:
    known, owner = sorted(tenant.live), OWNERS[number % len(OWNERS)]
    if kind == "create":
        tenant.create(lag=lag, owner=owner)
    elif known and kind == "modify":
        tenant.modify(known[number % len(known)], lag=lag, subject="Neu")
    elif known and kind == "give":
        tenant.modify(known[number % len(known)], lag=lag, assignee=owner)
    elif known:
        tenant.delete(known[number % len(known)], lag=lag)
