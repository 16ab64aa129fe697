from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from calsync.sync.model import AllDay, Event, Timed
from calsync_exchange_ews.items import MARKER_NAME, MARKER_SET
from calsync_exchange_ews.mapping import Stored, Unreadable, stored
from calsync_exchange_ews.xml import child, parse
from tests.plugins.calsync_exchange_ews.conftest import BERLIN, item, soap

if TYPE_CHECKING:
    from calsync_exchange_ews.xml import Element


def element(text: str) -> Element:
    found = child(parse(soap(text)), "soap:Body/t:CalendarItem")
    assert found is not None
    return found


def seen(**fields: str) -> Event:
    return stored(element(item(**fields)), BERLIN).observation.event


def zoned(start: str, end: str, zone: str) -> Stored:
    text = item(Start=start, End=end, IsAllDayEvent="true").replace("W. Europe Standard Time", zone)
    return stored(element(text), BERLIN)


def test_a_plain_appointment() -> None:
    found = stored(element(item(DateTimeCreated="2026-01-02T03:04:05.123456789Z")), BERLIN)
    seen = found.observation
    assert (seen.id, seen.revision, seen.marker) == ("one", "k1", "")
    assert seen.event == Event(
        summary="Notartermin",
        when=Timed(datetime(2026, 3, 10, 9, tzinfo=UTC), datetime(2026, 3, 10, 10, tzinfo=UTC)),
        description="Ausweise",
        reminder=True,
        attendee_count=0,
        organised_here=True,
        created=datetime(2026, 1, 2, 3, 4, 5, 123456, tzinfo=UTC),
        uid="uid-one",
    )
    assert (found.folder_id, found.ours) == ("calendar-id", True)
    assert found.start_zone == found.end_zone == ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("fields", "attendees", "ours"),
    [
        ({"IsMeeting": "false", "MyResponseType": ""}, 0, True),
        ({"IsMeeting": "true", "MyResponseType": "Organizer"}, 1, True),
        ({"IsMeeting": "true", "MyResponseType": "Organizer", "AppointmentState": "1"}, 1, True),
        ({"IsMeeting": "true", "MyResponseType": "Accept"}, 1, False),
        ({"IsMeeting": "true", "MyResponseType": "Organizer", "AppointmentState": "3"}, 1, False),
        ({"IsMeeting": "true", "MyResponseType": "Unknown"}, 1, False),
        ({"IsMeeting": "false", "MyResponseType": "NoResponseReceived"}, 0, False),
        ({"IsMeeting": "false", "MyResponseType": "Organizer"}, 0, True),
        ({"IsMeeting": "", "MyResponseType": ""}, 0, True),
        ({"IsMeeting": "", "MyResponseType": "Organizer", "AppointmentState": "1"}, 1, True),
        ({"IsMeeting": "", "MyResponseType": "", "AppointmentState": ""}, None, False),
        ({"IsMeeting": "maybe", "MyResponseType": "Organizer", "AppointmentState": ""}, None, True),
    ],
)
def test_unknown_attendees_count_as_some(fields: dict[str, str], attendees: int | None, ours: bool) -> None:
    event = seen(**fields)
    assert (event.attendee_count, event.organised_here) == (attendees, ours)


def test_what_else_an_item_says() -> None:
    assert seen(Sensitivity="Private").private
    assert seen(Sensitivity="Confidential").private
    assert not seen(Sensitivity="Personal").private
    assert seen(IsCancelled="true").cancelled
    assert seen(AppointmentState="7").cancelled
    assert seen(ReminderIsSet="").reminder is None
    assert seen(ReminderIsSet="false").reminder is False
    assert seen(Subject="", Body="", UID="") == seen(Subject="", Body="", UID="")
    assert seen(Subject="").summary == ""


def test_notes_that_come_as_html_become_text() -> None:
    html = item().replace("<t:Body>Ausweise", '<t:Body BodyType="HTML">&lt;p&gt;Ausweise&lt;br&gt;&amp;amp; Plan')
    assert stored(element(html), BERLIN).observation.event.description == "Ausweise\n& Plan"


@pytest.mark.parametrize("kind", ["RecurringMaster", "Occurrence", "Exception"])
def test_series(kind: str) -> None:
    assert seen(CalendarItemType=kind).series
    assert seen(CalendarItemType="", IsRecurring="true").series


@pytest.mark.parametrize(
    "fields",
    [
        {"IsOnlineMeeting": "true"},
        {"HasAttachments": "true"},
        {"Body": "Bitte hier: https://teams.microsoft.com/l/meetup-join/19%3a"},
        {"Body": "https://teams.microsoft.com/meet/3421177?p=Xy"},
        {"Body": "https://teams.cloud.microsoft/meet/3421177?p=Xy"},
        {"Body": "https://gov.teams.microsoft.us/l/meetup-join/19%3a"},
        {"Body": "https://teams.live.com/meet/9412"},
        {
            "Body": "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fteams.microsoft.com%2Fl%2Fmeetup-join%2F1"
        },
        {"Body": "https://meet.lync.com/makler/anna/ABC123"},
        {"Body": "https://meet.makler.example/anna/5K2HP7QD"},
    ],
)
def test_a_body_that_must_not_be_written(fields: dict[str, str]) -> None:
    assert seen(**fields).online_meeting


@pytest.mark.parametrize(
    "body",
    [
        "https://teams.microsoft.com/downloads",
        "https://meet.makler.example/",
        "https://makler.example/meet/1",
        "https://meet.jit.si/Makler/Besprechung",
        "https://meet.makler.example/rooms/ABCDEF-2",
    ],
)
def test_other_links_are_text_like_any_other(body: str) -> None:
    assert not seen(Body=body).online_meeting


@pytest.mark.parametrize(
    ("start", "end", "zone"),
    [
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "W. Europe Standard Time"),
        ("2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", "W. Europe Standard Time"),
        ("2026-03-29T00:00:00", "2026-03-30T00:00:00", "W. Europe Standard Time"),
        ("2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z", "UTC"),
        ("2026-03-29T00:00:00Z", "2026-03-30T00:00:00Z", "tzone://Microsoft/Utc"),
        ("2026-03-29T05:00:00Z", "2026-03-30T04:00:00Z", "Eastern Standard Time"),
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "Customized Time Zone"),
        ("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z", "UTC"),
        ("2026-03-29T01:00:00Z", "2026-03-30T01:00:00Z", "Customized Time Zone"),
        ("2026-03-28T13:00:00Z", "2026-03-29T13:00:00Z", "Tokyo Standard Time"),
    ],
)
def test_days_are_those_of_the_item_s_zone(start: str, end: str, zone: str) -> None:
    assert zoned(start, end, zone).observation.event.when == AllDay(date(2026, 3, 29), date(2026, 3, 30))


def test_a_zone_that_nobody_knows_is_not_given_back() -> None:
    found = zoned("2026-03-29T00:00:00", "2026-03-30T00:00:00", "Customized Time Zone")
    assert (found.start_zone, found.end_zone) == (None, None)


def test_an_end_before_the_start_is_an_end_at_once() -> None:
    event = seen(Start="2026-03-10T10:00:00Z", End="2026-03-10T09:00:00Z")
    assert event.when == Timed(datetime(2026, 3, 10, 10, tzinfo=UTC), datetime(2026, 3, 10, 10, tzinfo=UTC))


@pytest.mark.parametrize("fields", [{"Start": ""}, {"End": "bald"}, {"event_id": ""}])
def test_what_cannot_be_read_says_so(fields: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        seen(**fields)


def marked(**uri: str) -> str:
    attributes = " ".join(f'{name}="{value}"' for name, value in uri.items())
    value = f"<t:ExtendedProperty><t:ExtendedFieldURI {attributes}/><t:Value>v1:m</t:Value></t:ExtendedProperty>"
    return stored(element(item().replace("<t:UID>", f"{value}<t:UID>")), BERLIN).observation.marker or ""


def test_the_marker_is_ours_only() -> None:
    assert marked(PropertySetId=MARKER_SET.upper(), PropertyName=MARKER_NAME, PropertyType="String") == "v1:m"
    assert marked(PropertySetId=f"{{{MARKER_SET}}}", PropertyName=MARKER_NAME, PropertyType="String") == "v1:m"
    assert marked(PropertySetId=MARKER_SET, PropertyName="other", PropertyType="String") == ""
    assert marked(DistinguishedPropertySetId="PublicStrings", PropertyName=MARKER_NAME) == ""


def test_other_things_of_a_calendar_are_not_ours() -> None:
    assert not stored(element(item(ItemClass="IPM.Schedule.Meeting.Request")), BERLIN).ours
    assert stored(element(item(ItemClass="IPM.Appointment.Custom")), BERLIN).ours
