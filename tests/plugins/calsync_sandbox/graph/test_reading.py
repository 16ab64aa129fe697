"""Reading events, views, calendars and users."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any
from urllib.parse import quote

import pytest

from calsync_sandbox.mailbox import Mailbox

Ask = Callable[..., Awaitable[Any]]
Draft = Callable[..., dict[str, Any]]

MARKER = "String {7a2f3c54-4e0c-4a8e-9d32-5a8a4a6f3f11} Name CalsyncId"
VIEW = "/calendarView?startDateTime=2026-03-01&endDateTime=2026-04-01"
WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["Monday"]},
    "range": {"type": "numbered", "numberOfOccurrences": 3, "startDate": "2026-03-02"},
}


def search(value: str, name: str = MARKER) -> str:
    condition = f"singleValueExtendedProperties/Any(ep: ep/id eq '{name}' and ep/value eq '{value}')"
    return "$filter=" + quote(condition, safe="")


@pytest.fixture
def marked(anna: Mailbox, draft: Draft) -> str:
    return str(anna.create(draft(singleValueExtendedProperties=[{"id": MARKER, "value": "v1:Anna's"}]))["id"])


async def test_searching_an_extended_property(anna: Mailbox, ask: Ask, draft: Draft, marked: str) -> None:
    anna.create(draft())
    for value in ("v1:Anna''s", "V1:ANNA''S"):
        found = (await ask("GET", f"/events?{search(value)}")).body["value"]
        assert [event["id"] for event in found] == [marked]
    assert (await ask("GET", f"/events?{search('v1:anna')}")).body["value"] == []
    assert (await ask("GET", f"/events?{search('v1:anna', MARKER.lower())}")).body["value"] == []


async def test_a_search_follows_changes(anna: Mailbox, ask: Ask, marked: str) -> None:
    anna.edit(marked, {"singleValueExtendedProperties": [{"id": MARKER, "value": "neu"}]})
    assert (await ask("GET", f"/events?{search('v1:anna')}")).body["value"] == []
    assert len((await ask("GET", f"/events?{search('neu')}")).body["value"]) == 1
    anna.delete(marked)
    assert (await ask("GET", f"/events?{search('neu')}")).body["value"] == []


async def test_a_search_is_mailbox_wide_unless_a_calendar_is_named(anna: Mailbox, ask: Ask, marked: str) -> None:
    private = anna.add_calendar("Privat")
    anna.move_to_calendar(marked, private)
    query = search("v1:Anna''s")
    assert len((await ask("GET", f"/events?{query}")).body["value"]) == 1
    assert len((await ask("GET", f"/calendars/{private}/events?{query}")).body["value"]) == 1
    assert (await ask("GET", f"/calendar/events?{query}")).body["value"] == []


async def test_searches_that_are_refused(ask: Ask) -> None:
    assert (await ask("GET", "/events?$filter=subject%20eq%20'x'")).status == 400
    assert (await ask("GET", f"/events?{search('x').replace('%20', '+')}")).status == 400
    assert (await ask("GET", f"{VIEW}&{search('x')}")).status == 500


async def test_expanding_an_extended_property(ask: Ask, marked: str) -> None:
    condition = quote(f"id eq '{MARKER}'", safe="")
    expanded = f"$expand=singleValueExtendedProperties($filter={condition})"
    for path in (f"/events/{marked}?{expanded}", f"/events/{marked}?$select=subject&{expanded}"):
        event = (await ask("GET", path)).body
        assert event["singleValueExtendedProperties"] == [{"id": MARKER, "value": "v1:Anna's"}]
    assert "singleValueExtendedProperties" in (await ask("GET", f"{VIEW}&{expanded}")).body["value"][0]
    other = expanded.replace("CalsyncId", "Other")
    for query in (other, "$expand=singleValueExtendedProperties"):
        assert "singleValueExtendedProperties" not in (await ask("GET", f"/events/{marked}?{query}")).body
    assert (await ask("GET", f"/events/{marked}?$expand=attachments")).status == 400


async def test_selecting_properties(ask: Ask, marked: str) -> None:
    event = (await ask("GET", f"/events/{marked}?$select=subject,start")).body
    assert {key for key in event if "@" not in key} == {"id", "subject", "start"}


async def test_events_are_listed_in_pages(anna: Mailbox, ask: Ask, draft: Draft) -> None:
    made = [anna.create(draft())["id"] for _ in range(12)]
    first = (await ask("GET", "/events?$select=subject")).body
    second = (await ask("GET", first["@odata.nextLink"])).body
    assert [event["id"] for event in first["value"] + second["value"]] == made
    assert "@odata.nextLink" not in second
    assert len((await ask("GET", "/events?$top=5")).body["value"]) == 5
    assert len((await ask("GET", "/events", prefer="odata.maxpagesize=7")).body["value"]) == 7
    assert (await ask("GET", "/events?$top=x")).status == 400


async def test_a_view_expands_series_and_sorts_by_start(anna: Mailbox, ask: Ask, draft: Draft) -> None:
    master = anna.create(draft(recurrence=WEEKLY))["id"]
    changed = anna.edit(anna.occurrence_id(master, date(2026, 3, 9)), {"subject": "Anders"})["id"]
    anna.delete(anna.occurrence_id(master, date(2026, 3, 16)))
    last = anna.create(draft(start=(at := {"dateTime": "2026-03-20T09:00:00", "timeZone": "UTC"}), end=at))["id"]
    events = (await ask("GET", VIEW)).body["value"]
    first = anna.occurrence_id(master, date(2026, 3, 2))
    assert [(event["id"], event["type"]) for event in events] == [
        (first, "occurrence"),
        (changed, "exception"),
        (last, "singleInstance"),
    ]
    assert events[0]["subject"] == "Besichtigung Gartenstraße"
    assert events[0]["occurrenceId"] == f"OID.{master}.2026-03-02"
    assert events[0]["iCalUId"] != (await ask("GET", f"/events/{master}")).body["iCalUId"]
    listed = (await ask("GET", "/events")).body["value"]
    assert [event["type"] for event in listed] == ["seriesMaster", "singleInstance"]


async def test_one_occurrence(anna: Mailbox, ask: Ask, draft: Draft) -> None:
    master = anna.create(draft(recurrence=WEEKLY))["id"]
    occurrence = (await ask("GET", f"/events/{anna.occurrence_id(master, date(2026, 3, 9))}")).body
    assert (occurrence["type"], occurrence["seriesMasterId"]) == ("occurrence", master)
    assert occurrence["originalStart"] == "2026-03-09T08:00:00.0000000Z"
    for other in (date(2026, 3, 10), date(2026, 3, 23)):
        assert (await ask("GET", f"/events/{anna.occurrence_id(master, other)}")).status == 404
    single = anna.create(draft())["id"]
    assert (await ask("GET", f"/events/{anna.occurrence_id(single, date(2026, 3, 2))}")).status == 404


async def test_ids(anna: Mailbox, ask: Ask, draft: Draft) -> None:
    event_id = anna.create(draft())["id"]
    body = {"inputIds": [event_id], "sourceIdType": "restImmutableEntryId", "targetIdType": "restId"}
    translated = (await ask("POST", "/translateExchangeIds", body)).body["value"]
    capitals = {name[0].upper() + name[1:]: value for name, value in body.items()}
    assert (await ask("POST", "/translateExchangeIds", capitals)).body["value"] == translated
    default = translated[0]["targetId"]
    assert (translated[0]["sourceId"], default != event_id) == (event_id, True)
    assert (await ask("GET", f"/events/{default}")).body["id"] == event_id
    assert (await ask("GET", f"/events/{default}", Prefer="")).body["id"] == default
    anna.move_to_calendar(event_id, anna.add_calendar("Privat"))
    assert (await ask("GET", f"/events/{default}")).status == 404
    assert (await ask("GET", f"/events/{event_id}")).status == 200
    for malformed in ("x", "AAMk%C3%BC", "AAMk!"):
        assert (await ask("GET", f"/events/{malformed}")).code == "ErrorInvalidIdMalformed"
    assert (await ask("GET", "/events/AAkAx")).code == "ErrorItemNotFound"
    assert (await ask("GET", f"/events/{event_id.swapcase()}")).status in {400, 404}
    for wrong in ({}, {**body, "targetIdType": "ewsId"}, {**body, "sourceIdType": "ewsId"}):
        assert (await ask("POST", "/translateExchangeIds", wrong)).status == 400


async def test_default_ids_of_series(anna: Mailbox, ask: Ask, draft: Draft) -> None:
    master = anna.create(draft(recurrence=WEEKLY))["id"]
    view = (await ask("GET", VIEW, Prefer="")).body["value"]
    shown = (await ask("GET", f"/events/{view[0]['seriesMasterId']}")).body["id"]
    assert shown == master
    assert (await ask("GET", f"/events/{view[0]['id']}")).body["seriesMasterId"] == master


async def test_calendars_and_users(anna: Mailbox, ask: Ask) -> None:
    private = anna.add_calendar("Privat")
    calendar = (await ask("GET", "/calendar")).body
    assert (calendar["isDefaultCalendar"], calendar["canEdit"]) == (True, True)
    assert calendar["owner"]["address"] == "anna@example.de"
    listed = (await ask("GET", "/calendars")).body["value"]
    assert [(entry["id"], entry["name"]) for entry in listed] == [
        (calendar["id"], "Kalender"),
        (private, "Privat"),
    ]
    assert (await ask("GET", f"/calendars('{private}')")).body["name"] == "Privat"
    assert (await ask("GET", "/calendars/unknown")).code == "ErrorFolderNotFound"
    user = (await ask("GET", "")).body
    assert user["userPrincipalName"] == "anna@example.de"
    for name in (user["id"], "Anna.Muster@example.de", "anna%40example.de"):
        found = (await ask("GET", f"/v1.0/users/{name}/calendar")).body
        assert found["owner"]["address"] == "anna@example.de"


async def test_times_in_the_preferred_zone(anna: Mailbox, ask: Ask, draft: Draft) -> None:
    timed = anna.create(draft())["id"]
    days = {
        "isAllDay": True,
        "start": {"dateTime": "2026-03-29T00:00:00", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-03-30T00:00:00", "timeZone": "Europe/Berlin"},
    }
    whole = anna.create(draft(**days))["id"]
    for name, hour in (("W. Europe Standard Time", "09"), ("Europe/Berlin", "09"), ("Tokyo Standard Time", "17")):
        event = (await ask("GET", f"/events/{timed}", prefer=f'outlook.timezone="{name}"')).body
        assert event["start"] == {"dateTime": f"2026-03-02T{hour}:00:00.0000000", "timeZone": name}
        event = (await ask("GET", f"/events/{whole}", prefer=f'outlook.timezone="{name}"')).body
        assert event["start"] == {"dateTime": "2026-03-29T00:00:00.0000000", "timeZone": name}
        assert event["end"] == {"dateTime": "2026-03-30T00:00:00.0000000", "timeZone": name}
    wrong = await ask("GET", f"/events/{timed}", prefer='outlook.timezone="Middle-earth"')
    assert (wrong.status, wrong.code) == (400, "TimeZoneNotSupportedException")


async def test_bodies_as_preferred(anna: Mailbox, ask: Ask, draft: Draft) -> None:
    event_id = anna.create(draft(body={"contentType": "text", "content": "a\n<b>"}))["id"]
    text = (await ask("GET", f"/events/{event_id}", prefer='outlook.body-content-type="text"')).body
    assert text["body"] == {"contentType": "text", "content": "a\r\n<b>\r\n"}
    stored = (await ask("GET", f"/events/{event_id}")).body["body"]
    assert stored["contentType"] == "html"
    assert "a<br>\r\n&lt;b&gt;" in stored["content"]


async def test_attachments_are_not_shown(anna: Mailbox, ask: Ask, draft: Draft) -> None:
    event_id = anna.create(draft(hasAttachments=True, attachments=[{"name": "plan.pdf"}]))["id"]
    event = (await ask("GET", f"/events/{event_id}")).body
    assert event["hasAttachments"] is True
    assert "attachments" not in event
