"""The change feed over a window."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

import pytest

from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mailbox import Mailbox

Ask = Callable[..., Awaitable[Any]]
Drain = Callable[..., Awaitable[tuple[list[dict[str, Any]], str]]]
Draft = Callable[..., dict[str, Any]]
Json = dict[str, Any]

DAILY = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-30"}}
WEEK = {
    "start": {"dateTime": "2026-03-30T09:00:00", "timeZone": "W. Europe Standard Time"},
    "end": {"dateTime": "2026-03-30T10:00:00", "timeZone": "W. Europe Standard Time"},
}
APRIL = {
    "start": {"dateTime": "2026-04-02T09:00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2026-04-02T10:00:00", "timeZone": "UTC"},
}


def told(entities: list[Json]) -> list[tuple[str, bool]]:
    return [(entity["id"], "@removed" in entity) for entity in entities]


async def test_a_round_tells_the_window_in_pages(
    anna: Mailbox, ask: Ask, drain: Drain, draft: Draft, march: str
) -> None:
    ids = [anna.create(draft(subject=str(number)))["id"] for number in range(7)]
    anna.create(draft(**APRIL))
    first = await ask("GET", march, prefer="odata.maxpagesize=3")
    assert [event["subject"] for event in first.body["value"]] == ["0", "1", "2"]
    assert "odata.maxpagesize" in first.headers["Preference-Applied"]
    entities, _ = await drain(march, "odata.maxpagesize=3")
    assert told(entities) == [(event_id, False) for event_id in ids]


async def test_a_nextlink_can_be_repeated(anna: Mailbox, ask: Ask, draft: Draft, march: str) -> None:
    for number in range(4):
        anna.create(draft(subject=str(number)))
    link = (await ask("GET", march, prefer="odata.maxpagesize=2")).body["@odata.nextLink"]
    pages = [await ask("GET", link, prefer="odata.maxpagesize=2") for _ in range(2)]
    assert pages[0].body["value"] == pages[1].body["value"]


async def test_a_round_without_changes_is_one_empty_page(
    anna: Mailbox, ask: Ask, drain: Drain, draft: Draft, march: str
) -> None:
    anna.create(draft())
    _, link = await drain(march)
    again = await ask("GET", link)
    assert again.body["value"] == []
    assert "@odata.deltaLink" in again.body


async def test_changes_come_once_with_the_clients_own(
    anna: Mailbox, ask: Ask, drain: Drain, draft: Draft, march: str
) -> None:
    old = anna.create(draft())["id"]
    _, link = await drain(march)
    new = (await ask("POST", "/events", draft())).body["id"]
    anna.edit(old, {"subject": "A"})
    await ask("PATCH", f"/events/{old}", {"subject": "B"})
    entities, link = await drain(link)
    assert [(entity["id"], entity["subject"]) for entity in entities] == [
        (new, "Besichtigung Gartenstraße"),
        (old, "B"),
    ]
    assert (await drain(link))[0] == []


async def test_removed_stands_for_deleted_and_for_moved_out_of_the_window(
    anna: Mailbox, ask: Ask, drain: Drain, draft: Draft, march: str
) -> None:
    deleted, moved = anna.create(draft())["id"], anna.create(draft())["id"]
    _, link = await drain(march)
    anna.delete(deleted)
    anna.edit(moved, APRIL)
    entities, _ = await drain(link)
    assert told(entities) == [(deleted, True), (moved, True)]
    assert entities[0]["@removed"] == {"reason": "deleted"}
    assert (await ask("GET", f"/events/{moved}")).status == 200


async def test_an_event_created_and_deleted_between_rounds_is_removed(
    anna: Mailbox, drain: Drain, draft: Draft, march: str
) -> None:
    _, link = await drain(march)
    event_id = anna.create(draft())["id"]
    anna.delete(event_id)
    assert told((await drain(link))[0]) == [(event_id, True)]


async def test_an_event_that_ends_at_the_windows_start_is_told(
    anna: Mailbox, drain: Drain, draft: Draft, march: str
) -> None:
    at = {"dateTime": "2026-03-01T00:00:00", "timeZone": "UTC"}
    inside = anna.create(draft(start={**at, "dateTime": "2026-02-28T23:00:00"}, end=at))["id"]
    end = {"dateTime": "2026-04-01T00:00:00", "timeZone": "UTC"}
    anna.create(draft(start=end, end=end))
    assert told((await drain(march))[0]) == [(inside, False)]


async def test_the_window_is_frozen_in_the_token(
    anna: Mailbox, ask: Ask, drain: Drain, draft: Draft, march: str
) -> None:
    _, link = await drain(march)
    event_id = anna.create(draft())["id"]
    widened = f"{link}&startDateTime=2020-01-01&endDateTime=2020-02-01"
    assert told((await drain(widened))[0]) == [(event_id, False)]


async def test_series_are_told_as_stubs_and_whole_exceptions(
    anna: Mailbox, drain: Drain, draft: Draft, march: str
) -> None:
    master = anna.create(draft(**WEEK, recurrence=DAILY))["id"]
    changed = anna.edit(anna.occurrence_id(master, date(2026, 3, 31)), {"subject": "Anders"})["id"]
    entities, _ = await drain(march)
    by_id = {entity["id"]: entity for entity in entities}
    stub = anna.occurrence_id(master, date(2026, 3, 30))
    assert set(by_id) == {stub, changed}
    assert set(by_id[stub]) == {"@odata.type", "@odata.etag", "id", "type", "seriesMasterId", "start", "end"}
    assert (by_id[stub]["type"], by_id[stub]["seriesMasterId"]) == ("occurrence", master)
    assert by_id[stub]["start"]["dateTime"] == "2026-03-30T07:00:00.0000000"
    assert (by_id[changed]["type"], by_id[changed]["subject"]) == ("exception", "Anders")


async def test_a_shortened_series_removes_its_lost_occurrences(
    anna: Mailbox, drain: Drain, draft: Draft, march: str
) -> None:
    master = anna.create(draft(**WEEK, recurrence=DAILY))["id"]
    _, link = await drain(march)
    shorter = {**DAILY, "range": {"type": "numbered", "numberOfOccurrences": 1, "startDate": "2026-03-30"}}
    anna.edit(master, {"recurrence": shorter})
    entities, _ = await drain(link)
    kept, lost = (anna.occurrence_id(master, date(2026, 3, day)) for day in (30, 31))
    assert sorted(told(entities)) == [(kept, False), (lost, True)]


async def test_a_deleted_occurrence_is_removed_or_silent(
    anna: Mailbox, drain: Drain, draft: Draft, march: str, server: GraphServer
) -> None:
    master = anna.create(draft(**WEEK, recurrence=DAILY))["id"]
    _, link = await drain(march)
    first = anna.occurrence_id(master, date(2026, 3, 30))
    anna.delete(first)
    entities, link = await drain(link)
    assert told(entities) == [(first, True)]
    server.switches.silent_occurrence_delete = True
    anna.delete(anna.occurrence_id(master, date(2026, 3, 31)))
    assert (await drain(link))[0] == []
    assert (await drain(march))[0] == []


async def test_a_deleted_series_removes_all_it_showed(
    anna: Mailbox, drain: Drain, draft: Draft, march: str
) -> None:
    master = anna.create(draft(**WEEK, recurrence=DAILY))["id"]
    anna.edit(anna.occurrence_id(master, date(2026, 3, 31)), {"subject": "Anders"})
    shown, link = await drain(march)
    anna.delete(master)
    entities, _ = await drain(link)
    assert sorted(told(entities)) == sorted((entity["id"], True) for entity in shown)


async def test_an_exception_that_is_reset_by_its_series_is_a_stub_again(
    anna: Mailbox, drain: Drain, draft: Draft, march: str
) -> None:
    master = anna.create(draft(**WEEK, recurrence=DAILY))["id"]
    changed = anna.edit(anna.occurrence_id(master, date(2026, 3, 31)), {"subject": "Anders"})["id"]
    _, link = await drain(march)
    later = {"start": {**WEEK["start"], "dateTime": "2026-03-30T09:30:00"}}
    anna.edit(master, later)
    last = {entity["id"]: entity for entity in (await drain(link))[0]}
    assert last[changed]["type"] == "occurrence"


async def test_a_single_that_becomes_a_series_is_removed_by_its_old_id(
    anna: Mailbox, drain: Drain, draft: Draft, march: str, server: GraphServer
) -> None:
    event_id = anna.create(draft(**WEEK))["id"]
    _, link = await drain(march)
    anna.edit(event_id, {"recurrence": DAILY})
    assert (event_id, True) in told((await drain(link))[0])
    server.switches.series_change_removes = False
    assert (event_id, True) not in told((await drain(link))[0])
    _, link = await drain(march)
    anna.edit(event_id, {"recurrence": None})
    entities, _ = await drain(link)
    assert (event_id, False) in told(entities)
    assert (anna.occurrence_id(event_id, date(2026, 3, 31)), True) in told(entities)


async def test_other_calendars_have_feeds_of_their_own(
    anna: Mailbox, ask: Ask, drain: Drain, draft: Draft, march: str, server: GraphServer
) -> None:
    private = anna.add_calendar("Privat")
    event_id = anna.create(draft())["id"]
    _, main = await drain(march)
    _, other = await drain(f"/calendars/{private}{march}")
    anna.create(draft(), private)
    anna.move_to_calendar(event_id, private)
    assert told((await drain(main))[0]) == [(event_id, True)]
    assert len((await drain(other))[0]) == 2
    assert (await ask("GET", f"/calendars/{private}/events/{event_id}")).status == 200
    assert (await ask("GET", f"/calendar/events/{event_id}")).status == 404
    server.switches.calendar_delta = False
    assert (await ask("GET", f"/calendars/{private}{march}")).status == 400


async def test_a_moved_series_leaves_with_its_exceptions(
    anna: Mailbox, drain: Drain, draft: Draft, march: str
) -> None:
    private = anna.add_calendar("Privat")
    master = anna.create(draft(**WEEK, recurrence=DAILY))["id"]
    anna.edit(anna.occurrence_id(master, date(2026, 3, 31)), {"subject": "Anders"})
    shown, link = await drain(march)
    anna.move_to_calendar(master, private)
    assert sorted(told((await drain(link))[0])) == sorted((entity["id"], True) for entity in shown)
    assert len((await drain(f"/calendars/{private}{march}"))[0]) == 2


@pytest.mark.parametrize("spelling", ["delta()", "microsoft.graph.delta()", "microsoft.graph.delta"])
async def test_spellings_of_the_function(
    anna: Mailbox, drain: Drain, draft: Draft, march: str, spelling: str
) -> None:
    anna.create(draft())
    entities, link = await drain(march.replace("delta", spelling, 1))
    assert len(entities) == 1
    assert (await drain(link))[0] == []


@pytest.mark.parametrize(
    "option", ["$select=subject", "$filter=x", "$expand=x", "$orderby=x", "$search=x", "$top=5"]
)
async def test_other_query_options_are_refused(ask: Ask, march: str, option: str) -> None:
    assert (await ask("GET", f"{march}&{option}")).status == 400


async def test_windows_that_are_refused(ask: Ask, server: GraphServer) -> None:
    assert (await ask("GET", "/calendarView/delta")).status == 400
    assert (await ask("GET", "/calendarView/delta?startDateTime=x&endDateTime=2026-01-01")).status == 400
    assert (await ask("GET", "/calendarView/delta?startDateTime=2026-01-02&endDateTime=2026-01-01")).status == 400
    long = "?startDateTime=2020-01-01&endDateTime=2026-01-01"
    answer = await ask("GET", f"/calendarView/delta{long}")
    assert (answer.status, answer.body["error"]["message"]) == (400, "Maximum number of days: 1825")
    server.switches.delta_day_limit = False
    assert (await ask("GET", f"/calendarView/delta{long}")).status == 200
    assert (await ask("GET", f"/calendarView{long}")).status == 400
