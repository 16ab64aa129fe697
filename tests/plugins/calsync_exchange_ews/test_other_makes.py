"""What a server of another make does not say by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.ports import Here, Trashed
from tests.plugins.calsync_exchange_ews.conftest import answer, fault, item, message, read
from tests.plugins.calsync_exchange_ews.test_feed import refused, shown, view

if TYPE_CHECKING:
    from calsync.ports import Whereabouts
    from calsync_exchange_ews.calendar import ExchangeCalendar
    from tests.plugins.calsync_exchange_ews.conftest import Script

SILENT = {"IsMeeting": "", "AppointmentState": "", "MyResponseType": ""}


def named(*names: str) -> bytes:
    """Return the answer to who is invited."""
    told = "".join(
        f'<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0xe0{4 - place}" PropertyType="String"/>'
        f"<t:Value>{each}</t:Value></t:ExtendedProperty>"
        for place, each in enumerate(names)
    )
    return read(f'<t:CalendarItem><t:ItemId Id="one" ChangeKey="k1"/>{told}</t:CalendarItem>')


@pytest.mark.parametrize(
    ("told", "attendees"),
    [
        (named("", "", ""), 0),
        (named("Frau Kunde", "", ""), 1),
        (named("", "", "Saal"), 1),
        (named("", ""), None),
        (named(), None),
        (refused("ErrorInvalidPropertyRequest", "GetItem"), None),
        (fault(""), None),
    ],
)
async def test_a_plain_appointment_that_says_nothing_about_meetings(
    calendar: ExchangeCalendar, script: Script, told: bytes, attendees: int | None
) -> None:
    script.on("GetItem", read(item(**SILENT)), told)
    event = (await calendar.read(["one"]))["one"].event
    assert event.attendee_count == attendees
    assert event.organised_here == (attendees == 0)
    assert "0x0E04" in script.sent("GetItem")[1]


def stamped(deleted_on: str) -> bytes:
    """Return the answer to when an item was deleted."""
    uri = '<t:ExtendedFieldURI PropertyTag="0x668f" PropertyType="SystemTime"/>'
    told = f"<t:ExtendedProperty>{uri}<t:Value>{deleted_on}</t:Value></t:ExtendedProperty>" if deleted_on else ""
    return read(f'<t:CalendarItem><t:ItemId Id="a" ChangeKey="k1"/>{told}</t:CalendarItem>')


@pytest.mark.parametrize("all_day", [False, True])
@pytest.mark.parametrize(
    ("stamp", "listed", "place"),
    [
        (stamped("2026-03-01T00:00:00.123456789Z"), view(), Trashed),
        (stamped("2026-03-01T00:00:00Z"), view(shown("a")), Here),
        (stamped("2026-03-01T00:00:00Z"), view(shown("b"), last="false"), Here),
        (stamped(""), view(), Here),
        (answer("GetItem", message("GetItem", code="ErrorInvalidPropertyRequest")), view(), Here),
        (fault(""), view(), Here),
    ],
)
async def test_what_is_deleted_may_be_readable_still(
    calendar: ExchangeCalendar,
    script: Script,
    stamp: bytes,
    listed: bytes,
    place: type[Whereabouts],
    all_day: bool,
) -> None:
    fields = {"Start": "2026-03-09T23:00:00Z", "End": "2026-03-10T23:00:00Z", "IsAllDayEvent": "true"}
    script.on("GetItem", read(item("a", **(fields if all_day else {}))), stamp)
    script.on("FindItem", listed)
    assert isinstance(await calendar.locate("a"), place)
