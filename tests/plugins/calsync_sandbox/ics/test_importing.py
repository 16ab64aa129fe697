from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING

import pytest

from calsync_sandbox.ics import Imported, Owner, Reach, import_calendar, totals, write_table

if TYPE_CHECKING:
    from pathlib import Path

Import = Callable[[str], Imported]
RICH = r"""
BEGIN:VEVENT
UID:1@example.de
DTSTART:20261201T090000
DTEND:20261201T100000
SUMMARY:Besichtigung Müllerstraße\, 3. OG
DESCRIPTION:Schlüssel\nbeim Hausmeister <b>\;-)</b>
LOCATION:Müllerstraße 5
CATEGORIES:Besichtigung,Kunde\, neu
CATEGORIES:Kunde\, neu
CLASS:PRIVATE
TRANSP:TRANSPARENT
ORGANIZER;CN=Anna:mailto:ANNA@example.de
ATTENDEE;CN="Karl, Kunde";ROLE=OPT-PARTICIPANT;PARTSTAT=ACCEPTED:mailto:karl@example.de
ATTENDEE;CUTYPE=ROOM:MAILTO:raum@example.de
ATTENDEE:
BEGIN:VALARM
ACTION:NONE
TRIGGER;VALUE=DATE-TIME:19760401T005545Z
END:VALARM
BEGIN:VALARM
TRIGGER:gleich
END:VALARM
BEGIN:VALARM
TRIGGER;RELATED=END:-PT1H30M
END:VALARM
END:VEVENT
"""


def event(*lines: str) -> str:
    return "\n".join(["BEGIN:VEVENT", "DTSTART:20261201T090000", "DTEND:20261201T100000", *lines, "END:VEVENT"])


def test_everything_that_a_mailbox_keeps(import_events: Import) -> None:
    (single,) = import_events(RICH.strip()).singles
    people = [(a["emailAddress"], a["type"], a["status"]["response"]) for a in single.pop("attendees")]
    assert people == [
        ({"name": "Karl, Kunde", "address": "karl@example.de"}, "optional", "accepted"),
        ({"name": "raum@example.de", "address": "raum@example.de"}, "resource", "none"),
    ]
    assert single == {
        "subject": "Besichtigung Müllerstraße, 3. OG",
        "body": {"contentType": "text", "content": "Schlüssel\nbeim Hausmeister <b>;-)</b>"},
        "start": {"dateTime": "2026-12-01T09:00:00.0000000", "timeZone": "Europe/Berlin"},
        "end": {"dateTime": "2026-12-01T10:00:00.0000000", "timeZone": "Europe/Berlin"},
        "isAllDay": False,
        "isReminderOn": True,
        "reminderMinutesBeforeStart": 30,
        "location": {"displayName": "Müllerstraße 5"},
        "categories": ["Besichtigung", "Kunde, neu"],
        "sensitivity": "private",
        "showAs": "free",
        "organizer": {"emailAddress": {"name": "anna@example.de", "address": "anna@example.de"}},
        "isOrganizer": True,
        "isCancelled": False,
    }


@pytest.mark.parametrize(
    ("trigger", "minutes"),
    [("-PT15M", 15), ("PT5M", 0), ("-P1DT1H", 1500), ("20261201T073000Z", 30), ("-PT1S", 0), ("-P1W", 10080)],
)
def test_alarms(import_events: Import, trigger: str, minutes: int) -> None:
    (single,) = import_events(event("BEGIN:VALARM", f"TRIGGER:{trigger}", "END:VALARM")).singles
    assert (single["isReminderOn"], single["reminderMinutesBeforeStart"]) == (True, minutes)


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([], "busy"),
        (["STATUS:TENTATIVE"], "tentative"),
        (["TRANSP:OPAQUE", "X-MICROSOFT-CDO-BUSYSTATUS:OOF"], "oof"),
        (["TRANSP:TRANSPARENT", "STATUS:TENTATIVE"], "free"),
    ],
)
def test_shown_as(import_events: Import, lines: list[str], shown: str) -> None:
    assert import_events(event(*lines)).singles[0]["showAs"] == shown


def test_a_meeting_that_somebody_else_organises(import_events: Import) -> None:
    meeting = event("ORGANIZER:mailto:chef@example.de", "ATTENDEE:mailto:anna@example.de")
    published = event("ORGANIZER:mailto:chef@example.de")
    invited, copied = import_events(f"{meeting}\n{published}").singles
    assert (invited["isOrganizer"], invited["organizer"]["emailAddress"]["address"]) == (False, "chef@example.de")
    assert (copied["isOrganizer"], copied["organizer"]["emailAddress"]["address"]) == (True, "anna@example.de")


def test_notes_as_html_where_there_are_no_plain_ones(import_events: Import) -> None:
    html = "X-ALT-DESC;FMTTYPE=text/html:<p>Grüße</p>"
    first, second = import_events(event(html) + "\n" + event(html, "DESCRIPTION:Gruß")).singles
    assert first["body"] == {"contentType": "html", "content": "<p>Grüße</p>"}
    assert second["body"] == {"contentType": "text", "content": "Gruß"}
    third = import_events(event("X-ALT-DESC:nichts")).singles[0]
    assert third["body"] == {"contentType": "text", "content": ""}


def test_tasks_and_journals_are_no_events(import_events: Import) -> None:
    imported = import_events("BEGIN:VTODO\nSUMMARY:x\nEND:VTODO\nBEGIN:VJOURNAL\nEND:VJOURNAL")
    assert (imported.singles, imported.table) == ([], [])


def test_equal_events_stay_two(import_events: Import) -> None:
    same = event("UID:1", "SUMMARY:test")
    assert len(import_events(f"{same}\n{same}").singles) == 2


def test_series_by_dates_alone_and_orphaned_exceptions_stay_series(import_events: Import) -> None:
    dates = event("UID:1", "RDATE:20261208T090000")
    orphan = event("UID:2", "RECURRENCE-ID:20261201T090000Z", "SUMMARY:verwaist")
    by_dates, orphaned = import_events(f"{dates}\n{orphan}").series
    assert by_dates.master is not None
    assert by_dates.master["recurrence"]["range"]["numberOfOccurrences"] == 1
    (exception,) = orphaned.exceptions
    assert orphaned.master is None
    assert (exception["originalStart"], exception["subject"]) == ("2026-12-01T08:00:00+00:00", "verwaist")
    assert "recurrence" not in exception


def test_a_second_series_of_the_same_uid_and_a_cancelled_occurrence(import_events: Import) -> None:
    master = event("UID:1", "RRULE:FREQ=WEEKLY", "EXDATE:bald")
    gone = event("UID:1", "RECURRENCE-ID;VALUE=DATE:20261208", "STATUS:CANCELLED")
    first, second = import_events(f"{master}\n{master}\n{gone}").series
    assert first.cancelled == (date(2026, 12, 8),)
    assert (first.exceptions, second.exceptions, second.cancelled) == ((), (), ())


def test_an_all_day_series_with_exceptions_in_either_form(import_events: Import) -> None:
    lines = ["BEGIN:VEVENT", "UID:1", "DTSTART;VALUE=DATE:20261201", "RRULE:FREQ=DAILY", "EXDATE:20261203T000000Z"]
    changed = event("UID:1", "RECURRENCE-ID;VALUE=DATE:20261202")
    (series,) = import_events("\n".join([*lines, "END:VEVENT", changed])).series
    assert series.exceptions[0]["originalStart"] == "2026-12-01T23:00:00+00:00"
    assert series.cancelled == (date(2026, 12, 3),)


def test_the_table_is_kept(import_events: Import, tmp_path: Path) -> None:
    imported = import_events(RICH.strip() + "\n" + event().replace("20261201T090000", "bald"))
    write_table(tmp_path / "table.csv", imported.table)
    with (tmp_path / "table.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["line"], row["outcome"], row["attendees"]) for row in rows] == [
        ("3", "imported", "2"),
        ("29", "refused", "0"),
    ]
    found = totals(imported.table)
    assert (found.entries, found.singles, found.refused, found.with_reminder, found.private) == (2, 1, 1, 1, 1)
    assert found.reasons == {"DTSTART is no date: 'bald'": 1}


def test_every_real_calendar_is_imported_whole(calendars: Path, owner: Owner, reach: Reach) -> None:
    for path in sorted(calendars.glob("*.ics")):
        imported = import_calendar(path.read_bytes(), path.name, owner, reach)
        found = totals(imported.table)
        assert found.refused == 0, path.name
        assert found.entries == found.singles + found.series + found.exceptions
        assert (len(imported.singles), len(imported.table)) == (found.singles, found.entries)


def test_the_long_history(calendars: Path, owner: Owner, reach: Reach) -> None:
    content = (calendars / "google_long_history.ics").read_bytes()
    found = totals(import_calendar(content, "google_long_history.ics", owner, reach).table)
    assert (found.entries, found.singles, found.series, found.exceptions) == (4778, 4604, 166, 8)
    assert (found.with_attendees, found.with_reminder) == (333, 413)
