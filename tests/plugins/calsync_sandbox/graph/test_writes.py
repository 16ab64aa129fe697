"""Creating, changing and deleting by requests."""

from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest

from calsync_sandbox.faults import Fault
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mailbox import Mailbox

Ask = Callable[..., Awaitable[Any]]
Draft = Callable[..., dict[str, Any]]
Json = dict[str, Any]

MARKER = "String {7a2f3c54-4e0c-4a8e-9d32-5a8a4a6f3f11} Name CalsyncId"


async def test_a_create_answers_the_stored_event(ask: Ask, anna: Mailbox, draft: Draft) -> None:
    created = await ask("POST", "/events", draft(body={"contentType": "Text", "content": "Schlüssel"}))
    event = created.body
    assert created.status == 201
    assert event["subject"] == "Besichtigung Gartenstraße"
    assert event["start"] == {"dateTime": "2026-03-02T08:00:00.0000000", "timeZone": "UTC"}
    assert event["originalStartTimeZone"] == "W. Europe Standard Time"
    assert event["type"] == "singleInstance"
    assert event["isOrganizer"] is True
    assert event["@odata.etag"] == f'W/"{event["changeKey"]}"'
    assert created.headers["Location"].endswith(f"/events('{event['id']}')")
    stored = anna.events[event["id"]]
    assert stored["start"] == {"dateTime": "2026-03-02T09:00:00.0000000", "timeZone": "W. Europe Standard Time"}
    assert stored["body"]["contentType"] == "html"
    read = await ask("GET", f"/events/{event['id']}")
    assert read.body == event


async def test_a_create_without_reminder_gets_the_mailboxs_default(
    ask: Ask, server: GraphServer, draft: Draft
) -> None:
    server.add_mailbox("tim@example.de", default_reminder=30)
    created = await ask("POST", "/v1.0/users/tim@example.de/events", draft())
    assert (created.body["isReminderOn"], created.body["reminderMinutesBeforeStart"]) == (True, 30)
    without = await ask("POST", "/v1.0/users/tim@example.de/events", draft(isReminderOn=False))
    assert without.body["isReminderOn"] is False


async def test_enumerations_are_read_in_any_case_and_nulls_ignored(ask: Ask, draft: Draft) -> None:
    created = await ask(
        "POST",
        "/events",
        draft(sensitivity="PRIVATE", showAs="WorkingElsewhere", transactionId=None)
        | {"@odata.type": "#microsoft.graph.event", "importance": None},
    )
    assert (created.body["sensitivity"], created.body["showAs"]) == ("private", "workingElsewhere")
    assert "transactionId" not in created.body


async def test_the_same_transaction_with_the_same_content_makes_one_event(
    ask: Ask, anna: Mailbox, draft: Draft
) -> None:
    first = await ask("POST", "/events", draft(transactionId="t1"))
    again = await ask("POST", "/events", draft(transactionId="t1"))
    assert (again.status, again.body["id"], again.body["transactionId"]) == (201, first.body["id"], "t1")
    assert len(anna.events) == 1


async def test_the_same_transaction_with_other_content_is_refused(
    ask: Ask, anna: Mailbox, draft: Draft, server: GraphServer
) -> None:
    first = await ask("POST", "/events", draft(transactionId="t1"))
    other = await ask("POST", "/events", draft(transactionId="t1", subject="Anders"))
    assert (other.status, other.code) == (409, "ErrorDuplicateTransactionId")
    assert other.body["error"]["@event.existingEventId"] == first.body["id"]
    server.switches.duplicate_status, server.switches.duplicate_names_event = 400, False
    other = await ask("POST", "/events", draft(transactionId="t1", subject="Anders"))
    assert other.status == 400
    assert "@event.existingEventId" not in other.body["error"]
    assert len(anna.events) == 1


async def test_a_transaction_outlives_its_event_or_not(
    ask: Ask, anna: Mailbox, draft: Draft, server: GraphServer
) -> None:
    first = await ask("POST", "/events", draft(transactionId="t1"))
    anna.delete(first.body["id"])
    assert (await ask("POST", "/events", draft(transactionId="t1"))).status == 409
    server.switches.transactions_survive_delete = False
    second = await ask("POST", "/events", draft(transactionId="t2"))
    anna.delete(second.body["id"])
    assert (await ask("POST", "/events", draft(transactionId="t2"))).status == 201


async def test_a_transaction_may_be_forgotten(ask: Ask, server: GraphServer, draft: Draft) -> None:
    server.switches.transactions_remembered = False
    first, second = [await ask("POST", "/events", draft(transactionId="t1")) for _ in range(2)]
    assert first.body["id"] != second.body["id"]


async def test_a_patch_changes_only_what_it_names(ask: Ask, anna: Mailbox, draft: Draft) -> None:
    created = (await ask("POST", "/events", draft(location={"displayName": "Büro"}, categories=["Blau"]))).body
    changed = (await ask("PATCH", f"/events/{created['id']}", {"subject": "Neu"})).body
    moved = {"subject", "changeKey", "@odata.etag", "lastModifiedDateTime"}
    assert {key for key in created if created[key] != changed[key]} <= moved
    assert changed["subject"] == "Neu"
    assert changed["changeKey"] != created["changeKey"]


async def test_a_patch_without_times_keeps_the_zone_and_one_with_times_changes_it(
    ask: Ask, anna: Mailbox, draft: Draft
) -> None:
    event_id = anna.create(draft())["id"]
    await ask("PATCH", f"/events/{event_id}", {"subject": "Neu"})
    assert anna.events[event_id]["originalStartTimeZone"] == "W. Europe Standard Time"
    times = {
        "start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-02T09:30:00.0000000", "timeZone": "UTC"},
    }
    changed = (await ask("PATCH", f"/events/{event_id}", times)).body
    assert (changed["originalStartTimeZone"], changed["originalEndTimeZone"]) == ("UTC", "UTC")
    assert anna.events[event_id]["end"] == {"dateTime": "2026-03-02T09:30:00.0000000", "timeZone": "UTC"}


async def test_if_match_is_honoured_unless_switched_off(
    ask: Ask, anna: Mailbox, draft: Draft, server: GraphServer
) -> None:
    event_id = anna.create(draft())["id"]
    etag = (await ask("GET", f"/events/{event_id}")).body["@odata.etag"]
    fresh = await ask("PATCH", f"/events/{event_id}", {"subject": "Neu"}, If_Match=etag)
    assert fresh.status == 200
    for method, body in (("PATCH", {"subject": "Alt"}), ("DELETE", None)):
        for wrong in (etag, anna.events[event_id]["changeKey"]):  # an old version; the right one that is no etag
            stale = await ask(method, f"/events/{event_id}", body, If_Match=wrong)
            assert (stale.status, stale.code) == (412, "ErrorIrresolvableConflict")
    assert (await ask("PATCH", f"/events/{event_id}", {}, If_Match="*")).status == 200
    server.switches.if_match = False
    assert (await ask("DELETE", f"/events/{event_id}", If_Match=etag)).status == 204


async def test_a_deleted_event_lies_in_deleted_items(
    ask: Ask, anna: Mailbox, draft: Draft, server: GraphServer
) -> None:
    event_id = anna.create(draft())["id"]
    assert (await ask("DELETE", f"/events/{event_id}")).status == 204
    assert (list(anna.events), list(anna.deleted)) == ([], [event_id])
    for method in ("GET", "DELETE", "PATCH"):
        gone = await ask(method, f"/events/{event_id}", {} if method == "PATCH" else None)
        assert (gone.status, gone.code) == (404, "ErrorItemNotFound")
    server.switches.deleted_get = "found"
    found = await ask("GET", f"/events/{event_id}")
    assert (found.status, found.body["id"], found.body["parentFolderId"]) == (200, event_id, "deleteditems")
    assert "calendar@odata.navigationLink" not in found.body
    assert (await ask("GET", f"/calendar/events/{event_id}")).status == 404
    server.switches.deleted_get = "forbidden"
    assert (await ask("GET", f"/events/{event_id}")).status == 403


async def test_what_a_client_may_not_write_is_refused(ask: Ask, anna: Mailbox, draft: Draft) -> None:
    event_id = anna.create(draft())["id"]
    for name, value in {
        "color": "blue",
        "id": "x",
        "iCalUId": "x",
        "isOrganizer": False,
        "isDraft": True,
        "changeKey": "x",
        "originalStartTimeZone": "UTC",
        "sendInvitations": False,
        "lastModifiedDateTime": "2026-03-02T09:00:00Z",
    }.items():
        assert (await ask("POST", "/events", draft(**{name: value}))).status == 400, name
        assert (await ask("PATCH", f"/events/{event_id}", {name: value})).status == 400, name
    for name, value in {"transactionId": "t", "allowNewTimeProposals": False}.items():
        assert (await ask("PATCH", f"/events/{event_id}", {name: value})).status == 400, name
        assert (await ask("POST", "/events", draft(**{name: value}))).status == 201, name


async def test_wrong_values_are_refused(ask: Ask, draft: Draft) -> None:
    for name, value in {
        "subject": 5,
        "isReminderOn": "yes",
        "reminderMinutesBeforeStart": 1.5,
        "showAs": "away",
        "body": "text",
        "start": {"dateTime": "2026-03-02T09:00:00"},
        "end": {"dateTime": "2026-03-02T10:00:00Z", "timeZone": "UTC"},
        "attendees": {},
        "categories": "Blau",
        "location": {"displayName": "x", "coordinates": {"latitude": "north"}},
        "singleValueExtendedProperties": [{"id": MARKER}],
        "recurrence": {"pattern": {"type": "weekly", "interval": 1}, "range": {"type": "noEnd"}},
    }.items():
        answer = await ask("POST", "/events", draft(**{name: value}))
        assert (answer.status, answer.code) == (400, "ErrorInvalidProperty"), name
    assert (await ask("POST", "/events", {"subject": "ohne Zeit"})).status == 400
    assert (await ask("POST", "/events", [])).status == 400


async def test_null_clears_what_can_be_cleared(ask: Ask, anna: Mailbox, draft: Draft) -> None:
    event_id = anna.create(draft(location={"displayName": "Büro"}, categories=["Blau"]))["id"]
    cleared = (
        await ask("PATCH", f"/events/{event_id}", {"subject": None, "location": None, "categories": None})
    ).body
    assert (cleared["subject"], cleared["location"]["displayName"], cleared["categories"]) == ("", "", [])
    assert cleared["locations"] == []


async def test_places_are_kept_in_both_properties(ask: Ask, anna: Mailbox, draft: Draft) -> None:
    created = (await ask("POST", "/events", draft(locations=[{"displayName": "A"}, {"displayName": "B"}]))).body
    assert (created["location"]["displayName"], len(created["locations"])) == ("A", 2)
    changed = (await ask("PATCH", f"/events/{created['id']}", {"location": {"displayName": "C"}})).body
    assert [place["displayName"] for place in changed["locations"]] == ["C"]


async def test_extended_properties_are_stored_but_not_echoed(ask: Ask, anna: Mailbox, draft: Draft) -> None:
    prop = {"id": MARKER, "value": "v1:a"}
    created = (await ask("POST", "/events", draft(singleValueExtendedProperties=[prop]))).body
    assert "singleValueExtendedProperties" not in created
    assert anna.events[created["id"]]["singleValueExtendedProperties"] == [prop]
    other = {"id": MARKER.replace("CalsyncId", "Stamp"), "value": "s"}
    await ask("PATCH", f"/events/{created['id']}", {"singleValueExtendedProperties": [other]})
    assert anna.events[created["id"]]["singleValueExtendedProperties"] == [prop, other]


async def test_all_day_events_need_whole_days(ask: Ask, draft: Draft) -> None:
    def at(start: str, end: str, zone: str = "W. Europe Standard Time", end_zone: str | None = None) -> Json:
        return {
            "isAllDay": True,
            "start": {"dateTime": start, "timeZone": zone},
            "end": {"dateTime": end, "timeZone": end_zone or zone},
        }

    good = await ask("POST", "/events", draft(**at("2026-03-02T00:00:00", "2026-03-03T00:00:00")))
    assert good.status == 201
    for wrong in (
        at("2026-03-02T00:00:00", "2026-03-02T00:00:00"),
        at("2026-03-02T09:00:00", "2026-03-03T00:00:00"),
        at("2026-03-02T00:00:00", "2026-03-03T09:00:00"),
        at("2026-03-02T00:00:00", "2026-03-03T00:00:00", end_zone="UTC"),
    ):
        assert (await ask("POST", "/events", draft(**wrong))).status == 400
    one_way = await ask("PATCH", f"/events/{good.body['id']}", {"start": at("2026-03-01T12:00:00", "")["start"]})
    assert one_way.status == 400


async def test_an_event_cannot_end_before_it_starts(ask: Ask, draft: Draft) -> None:
    end = {"dateTime": "2026-03-02T08:00:00", "timeZone": "W. Europe Standard Time"}
    assert (await ask("POST", "/events", draft(end=end))).code == "ErrorCalendarEndDateIsEarlierThanStartDate"
    end["timeZone"] = "Pacific Standard Time"
    assert (await ask("POST", "/events", draft(end=end))).status == 201


async def test_an_online_meeting_loses_its_link_with_the_body(ask: Ask, anna: Mailbox, draft: Draft) -> None:
    created = (await ask("POST", "/events", draft(isOnlineMeeting=True))).body
    url = created["onlineMeeting"]["joinUrl"]
    assert (created["isOnlineMeeting"], created["onlineMeetingProvider"]) == (True, "teamsForBusiness")
    assert url in created["body"]["content"]
    path = f"/events/{created['id']}"
    kept = (await ask("PATCH", path, {"subject": "Neu", "isOnlineMeeting": False})).body
    assert kept["onlineMeeting"]["joinUrl"] == url
    rewritten = {"contentType": "html", "content": created["body"]["content"] + "<p>mehr</p>"}
    await ask("PATCH", path, {"body": rewritten})
    assert anna.lost_join_links == []
    lost = (await ask("PATCH", path, {"body": {"contentType": "text", "content": "nur Text"}})).body
    assert (lost["isOnlineMeeting"], lost["onlineMeeting"]) == (False, None)
    assert anna.lost_join_links == [created["id"]]


async def test_a_read_only_mailbox_refuses_writes(ask: Ask, server: GraphServer, draft: Draft) -> None:
    boss = server.add_mailbox("chef@example.de", can_edit=False)
    event_id = boss.create(draft())["id"]
    path = "/v1.0/users/chef@example.de"
    assert (await ask("GET", f"{path}/calendar")).body["canEdit"] is False
    for answer in (
        await ask("POST", f"{path}/events", draft()),
        await ask("PATCH", f"{path}/events/{event_id}", {"subject": "x"}),
        await ask("DELETE", f"{path}/events/{event_id}"),
    ):
        assert (answer.status, answer.code) == (403, "ErrorAccessDenied")
    assert boss.events[event_id]["subject"] == "Besichtigung Gartenstraße"


DAILY: Json = {"type": "daily", "interval": 1}
NO_END: Json = {"type": "noEnd", "startDate": "2026-03-02"}


@pytest.mark.parametrize(
    ("pattern", "span"),
    [
        ({**DAILY, "interval": 0}, NO_END),
        ({"interval": 1}, NO_END),
        ({"type": "absoluteYearly", "interval": 1, "dayOfMonth": 3}, NO_END),
        ({**DAILY, "month": "May"}, NO_END),
        (DAILY, {"type": "noEnd"}),
        (DAILY, {"type": "noEnd", "startDate": "2026-02-30"}),
        (DAILY, {**NO_END, "type": "endDate"}),
        (DAILY, {**NO_END, "type": "numbered"}),
        (DAILY, {**NO_END, "until": "2027-01-01"}),
    ],
)
async def test_incomplete_recurrences_are_refused(ask: Ask, draft: Draft, pattern: Json, span: Json) -> None:
    answer = await ask("POST", "/events", draft(recurrence={"pattern": pattern, "range": span}))
    assert (answer.status, answer.code) == (400, "ErrorInvalidProperty")


async def test_a_series_begins_where_its_first_event_does(ask: Ask, draft: Draft) -> None:
    rule = {"pattern": DAILY, "range": {**NO_END, "startDate": "2020-01-01", "recurrenceTimeZone": "UTC"}}
    created = (await ask("POST", "/events", draft(recurrence=rule))).body
    assert created["type"] == "seriesMaster"
    assert created["recurrence"]["range"]["startDate"] == "2026-03-02"
    assert created["recurrence"]["range"]["recurrenceTimeZone"] == "W. Europe Standard Time"


async def test_attendees_need_an_address(ask: Ask, draft: Draft) -> None:
    for attendee in ({}, {"emailAddress": {"name": "Eva"}}, "eva@example.org"):
        assert (await ask("POST", "/events", draft(attendees=[attendee]))).status == 400


async def test_places_may_have_coordinates(ask: Ask, draft: Draft) -> None:
    place = {
        "displayName": "Büro",
        "coordinates": {"latitude": 52.5, "longitude": 13},
        "address": {"city": "Berlin"},
    }
    created = (await ask("POST", "/events", draft(location=place))).body
    assert created["location"]["coordinates"] == {"latitude": 52.5, "longitude": 13}


async def test_a_create_whose_answer_is_lost_can_be_repeated(
    ask: Ask, anna: Mailbox, draft: Draft, server: GraphServer
) -> None:
    server.faults.add(Fault(method="POST", after_commit=True, drop=True))
    with pytest.raises(aiohttp.ClientError):
        await ask("POST", "/events", draft(transactionId="t1"))
    again = await ask("POST", "/events", draft(transactionId="t1"))
    assert (again.status, list(anna.events)) == (201, [again.body["id"]])
