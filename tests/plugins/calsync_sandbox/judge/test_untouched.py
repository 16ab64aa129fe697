from __future__ import annotations

from typing import Any

import pytest

from calsync_sandbox.judge import flowfact_untouched, mailbox_untouched, touched, whole

WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "monday"},
    "range": {"type": "noEnd", "startDate": "2026-12-07"},
}


@pytest.mark.parametrize(
    ("change", "is_touched"),
    [
        ({"subject": "neu"}, False),
        ({"body": {"contentType": "text", "content": "neu"}}, False),
        ({"isAllDay": False}, False),
        ({"location": {"displayName": "Köln"}}, True),
        ({"categories": ["Kunde"]}, True),
        ({"showAs": "free"}, True),
        ({"isReminderOn": False}, True),
        ({"attendees": [{"emailAddress": {"address": "karl@example.de", "name": "Karl"}}]}, True),
        ({"sensitivity": "private"}, True),
        ({"end": {"dateTime": "2030-01-01T10:00:00", "timeZone": "UTC"}}, False),
        ({"start": {"dateTime": "2026-01-01T10:00:00", "timeZone": "Tokyo Standard Time"}}, True),
    ],
)
def test_events_of_a_mailbox(sides: Any, change: dict[str, Any], is_touched: bool) -> None:
    event = sides.event()
    before = mailbox_untouched(sides.mailbox.events.values())
    sides.mailbox.edit(event["id"], change)
    assert touched(before, mailbox_untouched(sides.mailbox.events.values())) == (
        [event["id"]] if is_touched else []
    )


@pytest.mark.parametrize("special", [{"isOnlineMeeting": True}, {"recurrence": WEEKLY}, {"isCancelled": True}])
def test_notes_that_must_stay(sides: Any, special: dict[str, Any]) -> None:
    event = sides.event(body={"contentType": "text", "content": "alt"}, **special)
    before = mailbox_untouched([event])
    changed = sides.mailbox.edit(event["id"], {"body": {"contentType": "text", "content": "neu"}})
    assert touched(before, mailbox_untouched([changed])) == [event["id"]]


@pytest.mark.parametrize("change", [{"subject": "Privat"}, {"body": {"contentType": "text", "content": "neu"}}])
def test_the_texts_of_a_private_event_must_stay(sides: Any, change: dict[str, Any]) -> None:
    event = sides.event(sensitivity="private")
    before = mailbox_untouched([event])
    assert touched(before, mailbox_untouched([sides.mailbox.edit(event["id"], change)])) == [event["id"]]


@pytest.mark.parametrize("change", [{"subject": "Privat"}, {"message": ""}])
def test_the_texts_of_a_private_appointment_must_stay(sides: Any, change: dict[str, Any]) -> None:
    entity = sides.appointment(private=True)
    before = flowfact_untouched([entity])
    changed = sides.flowfact.patch(entity["id"], change, user=sides.user)
    assert touched(before, flowfact_untouched([changed])) == [entity["id"]]


@pytest.mark.parametrize(("name", "is_touched"), [("CalsyncMarker", False), ("SomebodyElses", True)])
def test_properties_of_other_programs_must_stay(sides: Any, name: str, is_touched: bool) -> None:
    event = sides.event()
    before = mailbox_untouched([event])
    tag = {"id": f"String {{6d4c1b52-0f0e-4b6b-9a3a-5c2f7e2f9b41}} Name {name}", "value": "v1"}
    changed = sides.mailbox.edit(event["id"], {"singleValueExtendedProperties": [tag]})
    assert bool(touched(before, mailbox_untouched([changed]))) is is_touched


@pytest.mark.parametrize(
    ("change", "is_touched"),
    [
        ({"subject": "neu", "message": "neu", "calsync_marker": "v1"}, False),
        ({"start_date": 1, "end_date": 2, "isFullDayAppointment": True}, False),
        ({"kind": "notary"}, True),
        ({"participants": ["k1"]}, True),
        ({"location_description": "Köln"}, True),
        ({"assignee": []}, True),
        ({"reminder_date": 5}, True),
    ],
)
def test_appointments(sides: Any, change: dict[str, Any], is_touched: bool) -> None:
    entity = sides.appointment()
    before = flowfact_untouched([entity])
    changed = sides.flowfact.patch(entity["id"], change, user=sides.user)
    assert touched(before, flowfact_untouched([changed])) == ([entity["id"]] if is_touched else [])


def test_a_series_and_what_was_linked_stay_whole(sides: Any) -> None:
    series, linked = sides.appointment(recurrence="FREQ=WEEKLY"), sides.appointment()
    before = flowfact_untouched([series]), whole([linked])
    after = [sides.flowfact.patch(e["id"], {"message": "neu"}, user=sides.user) for e in (series, linked)]
    assert touched(before[0], flowfact_untouched(after[:1])) == [series["id"]]
    assert touched(before[1], whole(after[1:])) == [linked["id"]]


def test_what_is_gone_is_touched(sides: Any) -> None:
    entity = sides.appointment()
    assert touched(flowfact_untouched([entity]), {}) == [entity["id"]]
