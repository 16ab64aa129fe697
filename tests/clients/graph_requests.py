"""What the stories of Microsoft's Python client write and ask for."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import Any

from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_abstractions.headers_collection import HeadersCollection
from msgraph.generated.models.body_type import BodyType
from msgraph.generated.models.date_time_time_zone import DateTimeTimeZone
from msgraph.generated.models.day_of_week import DayOfWeek
from msgraph.generated.models.event import Event
from msgraph.generated.models.free_busy_status import FreeBusyStatus
from msgraph.generated.models.item_body import ItemBody
from msgraph.generated.models.location import Location
from msgraph.generated.models.patterned_recurrence import PatternedRecurrence
from msgraph.generated.models.recurrence_pattern import RecurrencePattern
from msgraph.generated.models.recurrence_pattern_type import RecurrencePatternType
from msgraph.generated.models.recurrence_range import RecurrenceRange
from msgraph.generated.models.recurrence_range_type import RecurrenceRangeType
from msgraph.generated.models.sensitivity import Sensitivity
from msgraph.generated.models.single_value_legacy_extended_property import SingleValueLegacyExtendedProperty

FOREIGN_ID = "String {c11ff724-aa03-4555-9952-8fa248a11c3e} Name calsync-foreign-id"
ZONE = "W. Europe Standard Time"
PREFERENCES = ('IdType="ImmutableId"', f'outlook.timezone="{ZONE}"', 'outlook.body-content-type="text"')


def draft(subject: str) -> Any:
    foreign = SingleValueLegacyExtendedProperty(id=FOREIGN_ID, value="ff:1")
    return Event(
        subject=subject,
        body=ItemBody(content_type=BodyType.Text, content="Schlüssel liegt bei Frau Jäger"),
        start=DateTimeTimeZone(date_time="2026-03-02T09:00:00", time_zone=ZONE),
        end=DateTimeTimeZone(date_time="2026-03-02T10:00:00", time_zone=ZONE),
        is_reminder_on=True,
        reminder_minutes_before_start=15,
        single_value_extended_properties=[foreign],
        transaction_id=f"transaction-{subject}",
    )


def series() -> Any:
    return Event(
        subject="jeden Montag",
        start=DateTimeTimeZone(date_time="2026-03-02T18:00:00", time_zone=ZONE),
        end=DateTimeTimeZone(date_time="2026-03-02T19:00:00", time_zone=ZONE),
        recurrence=PatternedRecurrence(
            pattern=RecurrencePattern(
                type=RecurrencePatternType.Weekly, interval=1, days_of_week=[DayOfWeek.Monday]
            ),
            range=RecurrenceRange(
                type=RecurrenceRangeType.Numbered, start_date=date(2026, 3, 2), number_of_occurrences=3
            ),
        ),
    )


def day() -> Any:
    return Event(
        subject="Messe",
        is_all_day=True,
        location=Location(display_name="Köln"),
        categories=["Rot"],
        show_as=FreeBusyStatus.Oof,
        sensitivity=Sensitivity.Private,
        start=DateTimeTimeZone(date_time="2026-03-05T00:00:00", time_zone=ZONE),
        end=DateTimeTimeZone(date_time="2026-03-06T00:00:00", time_zone=ZONE),
    )


def march(builder: Any, **more: Any) -> Any:
    """Return a builder's query for March 2026, as far as it asks for a window."""
    parameters = getattr(builder, builder.__name__ + "GetQueryParameters")
    names = {field.name for field in fields(parameters)} & {"start_date_time", "end_date_time"}
    window = {"start_date_time": "2026-03-01T00:00:00Z", "end_date_time": "2026-04-01T00:00:00Z"}
    return parameters(**{name: window[name] for name in names}, **more)


def asking(query: Any = None, *, if_match: str | None = None, paged: bool = False) -> Any:
    headers = HeadersCollection()
    for preference in (*PREFERENCES, *(["odata.maxpagesize=2"] if paged else [])):
        headers.add("Prefer", preference)
    if if_match is not None:
        headers.add("If-Match", if_match)
    return RequestConfiguration(query_parameters=query, headers=headers)
