"""How an event's text is read."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from calsync.sync.model import AllDay, Timed
from calsync_caldav.mapping import Reading, Unreadable, read
from tests.person import TEMPLATE

BERLIN = ZoneInfo("Europe/Berlin")


def reading(lines: str, *, location: bool = False) -> Reading:
    return read(TEMPLATE.format(uid="u", lines=lines).encode(), BERLIN, {"anna@example.de"}, location=location)


NINE = Timed(datetime(2026, 3, 10, 9, tzinfo=UTC), datetime(2026, 3, 10, 10, tzinfo=UTC))


@pytest.mark.parametrize(
    ("lines", "when"),
    [
        ("DTSTART:20260310T090000Z\nDTEND:20260310T100000Z", NINE),
        ("DTSTART:20260310T090000Z\nDURATION:PT1H", NINE),
        ("DTSTART;TZID=Europe/Berlin:20260310T100000\nDTEND;TZID=Europe/Berlin:20260310T110000", NINE),
        ("DTSTART;TZID=W. Europe Standard Time:20260310T100000\nDURATION:PT60M", NINE),
        ("DTSTART:20260310T100000\nDTEND:20260310T110000", NINE),
        ("DTSTART:20260310T090000Z", Timed(NINE.start, NINE.start)),
        ("DTSTART:20260310T090000Z\nDTEND:20260310T080000Z", Timed(NINE.start, NINE.start)),
        ("DTSTART;VALUE=DATE:20260310", AllDay(date(2026, 3, 10), date(2026, 3, 11))),
        ("DTSTART;VALUE=DATE:20260310\nDURATION:P2D", AllDay(date(2026, 3, 10), date(2026, 3, 12))),
        ("DTSTART;VALUE=DATE:20260310\nDTEND;VALUE=DATE:20260310", AllDay(date(2026, 3, 10), date(2026, 3, 11))),
        (
            "DTSTART;TZID=Europe/Berlin:20260329T013000\nDTEND;TZID=Europe/Berlin:20260329T033000",
            Timed(datetime(2026, 3, 29, 0, 30, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ),
    ],
)
def test_times_are_read_in_every_form(lines: str, when: object) -> None:
    assert reading(lines).event.when == when


@pytest.mark.parametrize(
    "lines", ["SUMMARY:nie", "DTSTART:gestern", "DTSTART;VALUE=DATE:20260310\nDTEND:20260310T100000Z"]
)
def test_an_event_without_a_time_that_can_be_understood_is_refused(lines: str) -> None:
    with pytest.raises(Unreadable):
        reading(lines)


@pytest.mark.parametrize("text", [b"", b"no calendar", b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", b"\xff\xfe"])
def test_what_is_no_event_is_refused(text: bytes) -> None:
    with pytest.raises(Unreadable):
        read(text, BERLIN, (), location=False)


def test_attendees_and_who_organises() -> None:
    invited = "ATTENDEE:mailto:a@b.de\nATTENDEE:mailto:c@d.de"
    lines = f"DTSTART:20260310T090000Z\nORGANIZER:MAILTO:Anna@example.de\n{invited}"
    event = reading(lines).event
    assert (event.attendee_count, event.organised_here) == (2, True)
    assert not reading("DTSTART:20260310T090000Z\nORGANIZER:mailto:chef@example.de").event.organised_here


def test_a_location_is_read_only_where_it_is_asked_for() -> None:
    lines = "DTSTART:20260310T090000Z\nLOCATION:Köln"
    assert (reading(lines).event.location, reading(lines, location=True).event.location) == ("", "Köln")


def test_a_join_link_is_noticed() -> None:
    assert reading("DTSTART:20260310T090000Z\nCONFERENCE;VALUE=URI:https://meet.example.de/a").event.online_meeting


def test_an_exception_alone_is_a_series() -> None:
    assert reading("DTSTART:20260310T090000Z\nRECURRENCE-ID:20260310T090000Z").event.series
