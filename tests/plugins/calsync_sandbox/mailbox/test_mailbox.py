"""What a person does in Outlook, and series as they are imported."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from calsync_sandbox.mailbox import Mailbox
from calsync_sandbox.mailbox.errors import MailboxError

Draft = Callable[..., dict[str, Any]]
Json = dict[str, Any]

DAILY = {"pattern": {"type": "daily", "interval": 2}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}


def at(text: str) -> Json:
    return {"dateTime": text, "timeZone": "Europe/Berlin"}


def test_an_imported_exception_takes_its_occurrences_place(anna: Mailbox, draft: Draft) -> None:
    master = anna.create(draft(recurrence=DAILY))["id"]
    moved = draft(start=at("2026-03-05T09:00:00"), end=at("2026-03-05T10:00:00"), seriesMasterId=master)
    for original in ("2026-03-04T08:00:00+00:00", "2026-03-06T09:00:00", "2026-03-08"):
        exception = anna.create(moved | {"originalStart": original})
        assert (exception["type"], exception["seriesMasterId"]) == ("exception", master)
        assert exception["id"] == anna.occurrence_id(master, date.fromisoformat(original[:10]))


def test_an_exception_without_its_series_or_with_a_double_is_kept(anna: Mailbox, draft: Draft) -> None:
    exception = draft(seriesMasterId="uid.with@dots", originalStart="2026-03-04T08:00:00Z")
    orphan, double = anna.create(exception), anna.create(exception)
    assert orphan["id"] != double["id"]
    assert orphan["seriesMasterId"] == double["seriesMasterId"]
    anna.delete(orphan["id"])
    anna.delete(double["id"])
    assert anna.events == {}


def test_a_changed_occurrence_is_an_exception(anna: Mailbox, draft: Draft) -> None:
    master = anna.create(draft(recurrence=DAILY))["id"]
    occurrence = anna.occurrence_id(master, date(2026, 3, 4))
    exception = anna.edit(occurrence, {"start": at("2026-03-05T09:00:00"), "end": at("2026-03-05T10:00:00")})
    assert (exception["id"], exception["type"]) == (occurrence, "exception")
    with pytest.raises(MailboxError) as crossing:
        anna.edit(occurrence, {"start": at("2026-03-06T09:00:00"), "end": at("2026-03-06T10:00:00")})
    assert crossing.value.code == "ErrorOccurrenceCrossingBoundary"
    with pytest.raises(MailboxError):
        anna.edit(occurrence, {"recurrence": DAILY})
    anna.delete(occurrence)
    assert list(anna.events) == [master]
    with pytest.raises(MailboxError):
        anna.edit(occurrence, {"subject": "weg"})


def test_a_series_goes_with_its_exceptions(anna: Mailbox, draft: Draft) -> None:
    master = anna.create(draft(recurrence=DAILY))["id"]
    anna.edit(anna.occurrence_id(master, date(2026, 3, 4)), {"subject": "Anders"})
    anna.delete(master)
    assert (anna.events, list(anna.deleted)) == ({}, [master])


def test_attendees_come_and_go(anna: Mailbox, draft: Draft) -> None:
    event_id = anna.create(draft())["id"]
    anna.add_attendee(event_id, "eva@example.org")
    assert [a["emailAddress"]["address"] for a in anna.add_attendee(event_id, "max@example.org")["attendees"]] == [
        "eva@example.org",
        "max@example.org",
    ]
    assert anna.remove_attendees(event_id)["attendees"] == []


def test_what_only_mail_or_the_server_sets(anna: Mailbox, draft: Draft) -> None:
    event = anna.create(
        draft(
            isCancelled=True, iCalUId="abc", isDraft=True, hasAttachments=True, attachments=[{"name": "plan.pdf"}]
        )
    )
    assert (event["isCancelled"], event["iCalUId"], event["isDraft"], event["hasAttachments"]) == (
        True,
        "abc",
        True,
        True,
    )


def test_a_stored_event_is_replaced_and_never_changed_in_place(anna: Mailbox, draft: Draft) -> None:
    before = anna.create(draft())
    copy = dict(before)
    anna.edit(before["id"], {"subject": "Neu"})
    assert before == copy
    assert anna.events[before["id"]]["subject"] == "Neu"


def test_an_exception_whose_series_is_elsewhere_can_be_changed(anna: Mailbox, draft: Draft) -> None:
    orphan = anna.create(draft(seriesMasterId="elsewhere"))
    changed = anna.edit(orphan["id"], {"start": at("2026-03-01T09:00:00")})
    assert (changed["type"], changed["originalStart"]) == ("exception", "2026-03-02T08:00:00.0000000Z")


def test_an_unknown_calendar(anna: Mailbox, draft: Draft) -> None:
    event_id = anna.create(draft())["id"]
    with pytest.raises(MailboxError):
        anna.move_to_calendar(event_id, "unknown")


def test_a_deleted_event_is_restored(anna: Mailbox, draft: Draft) -> None:
    event_id = anna.create(draft())["id"]
    anna.delete(event_id)
    restored = anna.restore(event_id)
    assert (list(anna.events), anna.deleted, restored["subject"]) == ([event_id], {}, draft()["subject"])
    with pytest.raises(MailboxError):
        anna.restore(event_id)


def test_a_copy_has_all_but_identity_and_attendees(anna: Mailbox, draft: Draft) -> None:
    marked = [{"id": "String {x} Name marker", "value": "1"}]
    attendees = [{"emailAddress": {"address": "eva@example.org"}}]
    event = anna.create(draft(singleValueExtendedProperties=marked, attendees=attendees, categories=["Rot"]))
    copy = anna.copy(event["id"])
    assert copy["id"] != event["id"]
    assert copy["iCalUId"] != event["iCalUId"]
    assert (copy["attendees"], copy["categories"], copy["singleValueExtendedProperties"]) == ([], ["Rot"], marked)
