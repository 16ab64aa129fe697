"""Graph's JSON as observations."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calsync.sync.model import AllDay, Event, Timed
from calsync_graph.mapping import (
    MARKER_PROPERTY,
    Unreadable,
    is_text,
    observation,
    series_observation,
    stored,
    when_of,
)

ROW: dict[str, Any] = {
    "@odata.etag": 'W/"abc=="',
    "id": "AAkALgAA",
    "createdDateTime": "2026-02-01T08:00:00.1234567Z",
    "lastModifiedDateTime": "2026-02-02T08:00:00Z",
    "changeKey": "abc==",
    "originalStartTimeZone": "W. Europe Standard Time",
    "originalEndTimeZone": "GMT Standard Time",
    "iCalUId": "040000008200E0",
    "reminderMinutesBeforeStart": 30,
    "isReminderOn": True,
    "subject": "Besichtigung  Gartenstraße 5",
    "sensitivity": "normal",
    "isAllDay": False,
    "isCancelled": False,
    "isOrganizer": True,
    "seriesMasterId": None,
    "type": "singleInstance",
    "isOnlineMeeting": False,
    "onlineMeeting": None,
    "onlineMeetingUrl": None,
    "body": {"contentType": "text", "content": "Schlüssel\r\nmitnehmen\r\n"},
    "start": {"dateTime": "2026-03-10T09:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-10T10:00:00.0000000", "timeZone": "UTC"},
    "recurrence": None,
    "attendees": [],
    "organizer": {"emailAddress": {"name": "Anna", "address": "anna@example.de"}},
}
"""An event as the server answers a read by id."""


def in_utc(text: str) -> dict[str, str]:
    return {"dateTime": text, "timeZone": "UTC"}


def event(**fields: Any) -> Event:
    return observation({**ROW, **fields}).event


def test_an_event_is_read_with_all_that_calsync_may_know() -> None:
    seen = observation(ROW)
    assert (seen.id, seen.revision, seen.marker, seen.written_by_us) == ("AAkALgAA", 'W/"abc=="', None, None)
    assert seen.modified == datetime(2026, 2, 2, 8, tzinfo=UTC)
    assert seen.event == Event(
        summary="Besichtigung Gartenstraße 5",
        when=Timed(datetime(2026, 3, 10, 9, tzinfo=UTC), datetime(2026, 3, 10, 10, tzinfo=UTC)),
        description="Schlüssel\nmitnehmen",
        reminder=True,
        attendee_count=0,
        organised_here=True,
        created=datetime(2026, 2, 1, 8, 0, 0, 123456, tzinfo=UTC),
        uid="040000008200E0",
    )


def test_the_zones_of_a_read_event_are_kept_for_writes() -> None:
    read = stored(ROW)
    assert (read.start_zone, read.end_zone) == ("W. Europe Standard Time", "GMT Standard Time")
    assert stored({**ROW, "originalEndTimeZone": None}).end_zone == "W. Europe Standard Time"
    assert stored({**ROW, "originalStartTimeZone": None, "originalEndTimeZone": None}).start_zone == ""


def test_attendees_are_counted_and_forgotten() -> None:
    people = [{"emailAddress": {"name": "Kunde", "address": "kunde@example.org"}, "type": "required"}] * 2
    seen = observation({**ROW, "attendees": people})
    assert seen.event.attendee_count == 2
    assert "kunde" not in repr(seen).lower()
    assert "anna" not in repr(seen).lower()


@pytest.mark.parametrize("attendees", [None, "?"])
def test_attendees_that_are_not_told_are_unknown(attendees: object) -> None:
    assert event(attendees=attendees).attendee_count is None


@pytest.mark.parametrize(("told", "here"), [(True, True), (False, False), (None, False)])
def test_an_organiser_that_is_not_told_is_somebody_else(told: object, here: bool) -> None:
    assert event(isOrganizer=told).organised_here is here


@pytest.mark.parametrize(
    ("sensitivity", "private"),
    [("normal", False), ("personal", False), ("private", True), ("Confidential", True), (None, False)],
)
def test_private_and_confidential_events_are_private(sensitivity: object, private: bool) -> None:
    assert event(sensitivity=sensitivity).private is private


@pytest.mark.parametrize(
    "fields",
    [
        {"isOnlineMeeting": True},
        {"onlineMeeting": {"joinUrl": "https://teams.example/1"}},
        {"onlineMeetingUrl": "https://meet.example/1"},
    ],
)
def test_every_sign_of_an_online_meeting_counts(fields: dict[str, Any]) -> None:
    assert not event().online_meeting
    assert event(**fields).online_meeting


@pytest.mark.parametrize(
    "fields",
    [
        {"type": "seriesMaster"},
        {"type": "exception"},
        {"seriesMasterId": "AAkAM"},
        {"recurrence": {"pattern": {}}},
    ],
)
def test_every_part_of_a_series_is_known(fields: dict[str, Any]) -> None:
    assert not event(type=None).series
    assert event(**fields).series


def test_cancelled_meetings_are_known() -> None:
    assert event(isCancelled=True).cancelled


@pytest.mark.parametrize(("told", "reminder"), [(True, True), (False, False), (None, None)])
def test_a_reminder_is_known_or_not(told: object, reminder: bool | None) -> None:
    assert event(isReminderOn=told).reminder is reminder


def test_empty_texts_are_empty() -> None:
    assert event(subject=None, body=None).summary == ""
    assert event(subject=None, body={"contentType": "text", "content": None}).description == ""


@given(first=st.dates(date(1990, 1, 1), date(2090, 1, 1)), days=st.integers(1, 40))
def test_all_day_events_are_dates_in_whatever_zone_they_come(first: date, days: int) -> None:
    after = date.fromordinal(first.toordinal() + days)
    for zone in ("UTC", "Tokyo Standard Time", "tzone://Microsoft/Custom"):
        start = {"dateTime": f"{first}T00:00:00.0000000", "timeZone": zone}
        end = {"dateTime": f"{after}T00:00:00.0000000", "timeZone": zone}
        assert event(isAllDay=True, start=start, end=end).when == AllDay(first, after)


def test_an_event_that_ends_before_it_starts_ends_at_once() -> None:
    moment = datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert event(end=in_utc("2026-03-10T08:00:00")).when == Timed(moment, moment)
    days = {"isAllDay": True, "start": in_utc("2026-03-10T00:00:00"), "end": in_utc("2026-03-10T00:00:00")}
    assert event(**days).when == AllDay(date(2026, 3, 10), date(2026, 3, 11))


@pytest.mark.parametrize(
    "start",
    [
        None,
        {},
        {"dateTime": None, "timeZone": "UTC"},
        {"dateTime": "morgen", "timeZone": "UTC"},
        {"dateTime": "2026-03-10T09:00:00", "timeZone": "tzone://Microsoft/Custom"},
        {"dateTime": "0001-01-01T00:00:00", "timeZone": "Tokyo Standard Time"},
    ],
)
def test_times_that_cannot_be_read_say_so(start: object) -> None:
    with pytest.raises(Unreadable):
        when_of({**ROW, "start": start})


def test_an_event_without_an_id_says_so() -> None:
    with pytest.raises(Unreadable):
        observation({**ROW, "id": None})


def test_moments_that_cannot_be_read_are_unknown() -> None:
    seen = observation({**ROW, "createdDateTime": "gestern", "lastModifiedDateTime": None})
    assert (seen.event.created, seen.modified) == (None, None)


def test_a_revision_comes_from_either_key() -> None:
    assert observation({**ROW, "@odata.etag": None}).revision == 'W/"abc=="'
    assert observation({**ROW, "@odata.etag": None, "changeKey": None}).revision is None


def test_only_our_own_property_is_a_marker() -> None:
    foreign = {"id": "String {6d4c1b52-0f0e-4b6b-9a3a-5c2f7e2f9b41} Name Other", "value": "x"}
    ours = {"id": MARKER_PROPERTY.replace("{6d4c", "{6D4C"), "value": "v1:anna:1:2"}
    assert observation({**ROW, "singleValueExtendedProperties": [foreign]}).marker is None
    assert observation({**ROW, "singleValueExtendedProperties": [foreign, ours]}).marker == "v1:anna:1:2"
    assert observation({**ROW, "singleValueExtendedProperties": [{**ours, "value": ""}]}).marker is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"contentType": "text", "content": "x"}, True),
        ({"contentType": "html", "content": "<p>x</p>"}, False),
        ({"contentType": "html", "content": ""}, True),
        (None, False),
    ],
)
def test_notes_are_text_or_have_to_be_read_again(body: object, text: bool) -> None:
    assert is_text({**ROW, "body": body}) is text


STUB = {
    "@odata.etag": 'W/"def=="',
    "id": "AAkALgAA.20270105",
    "type": "occurrence",
    "seriesMasterId": "AAkALgAA",
    "start": in_utc("2027-01-05T09:00:00"),
    "end": in_utc("2027-01-05T10:00:00"),
}


def test_a_series_is_its_master_at_the_time_of_an_occurrence() -> None:
    master = observation({**ROW, "type": "seriesMaster"})
    seen = series_observation(STUB, master)
    assert (seen.id, seen.revision, seen.event.summary) == (master.id, master.revision, master.event.summary)
    assert seen.event.series
    assert seen.event.when == when_of(STUB)


def test_a_series_without_a_readable_master_is_told_by_its_stub() -> None:
    seen = series_observation(STUB, None)
    assert (seen.id, seen.revision, seen.event.summary) == ("AAkALgAA", None, "")
    assert seen.event.series


def test_a_master_that_became_a_single_event_is_told_as_that() -> None:
    single = observation(ROW)
    assert series_observation(STUB, single) == single
