"""Writes: what is sent, what is refused, and what is known after an answer was lost."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import (
    AccountError,
    Blocked,
    CalsyncError,
    EventError,
    Missing,
    Retry,
    Stale,
    UnknownOutcome,
)
from calsync.ports import Gone
from calsync.sync.model import AllDay, Changes, Draft, Observation, Timed
from calsync_graph.bodies import PATCH_KEYS, POST_KEYS, UNMARK_KEYS
from calsync_graph.refusals import EventDenied
from calsync_sandbox.faults import Fault

if TYPE_CHECKING:
    from calsync.ports import Calendar
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mailbox import Mailbox

MARKER = "v1:anna:5f0c9a7e1f2b4c3d:0123"
LATER = Timed(datetime(2026, 7, 10, 8, tzinfo=UTC), datetime(2026, 7, 10, 9, tzinfo=UTC))
CHANGES: list[Changes] = [{"summary": "Neu"}, {"description": "Neu"}, {"when": LATER}]
PERSON = {"emailAddress": {"address": "kunde@example.org", "name": "Kunde"}, "type": "required"}
CONFLICT = b'{"error": {"code": "ErrorIrresolvableConflict"}}'
AS_HTML = json.dumps(
    {
        "id": "1",
        "@odata.etag": "r",
        "body": {"contentType": "html", "content": "<p>x</p>"},
        "start": {"dateTime": "2026-03-10T10:00:00", "timeZone": "UTC"},
        "end": {"dateTime": "2026-03-10T10:00:00", "timeZone": "UTC"},
    }
).encode()
NOT_FOUND = b'{"error": {"code": "ErrorItemNotFound"}}'


async def seen(calendar: Calendar, event_id: str) -> Observation:
    return (await calendar.read([event_id]))[event_id]


def bodies(server: GraphServer, method: str) -> list[dict[str, Any]]:
    """Return what was sent in requests of one method."""
    return [json.loads(request.body) for request in server.sent(method) if request.body]


def writes(server: GraphServer) -> int:
    return sum(len(server.sent(method, "/events")) for method in ("POST", "PATCH", "DELETE"))


@pytest.fixture
def event_id(mailbox: Mailbox, outlook: dict[str, Any]) -> str:
    return str(mailbox.create(outlook)["id"])


class TestCreate:
    async def test_one_request_and_its_answer_is_the_stored_event(
        self, calendar: Calendar, server: GraphServer, draft: Draft
    ) -> None:
        server.clear()
        written = await calendar.create(draft, MARKER)
        assert len(server.requests) == 1
        assert written.stored is not None
        assert written.stored == await seen(calendar, written.id)
        assert written.stored.marker == MARKER
        (body,) = bodies(server, "POST")
        assert set(body) == POST_KEYS - {"location"}

    @pytest.mark.parametrize("after_commit", [False, True])
    async def test_a_lost_answer_is_found_by_repeating(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, draft: Draft, after_commit: bool
    ) -> None:
        server.faults.add(Fault(method="POST", drop=True, after_commit=after_commit))
        with pytest.raises(UnknownOutcome):
            await calendar.create(draft, MARKER)
        assert len(await calendar.find_marker(MARKER)) == after_commit
        written = await calendar.create(draft, MARKER)
        assert list(mailbox.events) == [written.id]

    @pytest.mark.parametrize("status", [500, 502, 503, 504])
    async def test_a_server_that_fails_may_have_written(
        self, calendar: Calendar, server: GraphServer, draft: Draft, status: int
    ) -> None:
        server.faults.add(Fault(method="POST", status=status))
        with pytest.raises(UnknownOutcome):
            await calendar.create(draft, MARKER)

    async def test_a_create_without_an_answer_has_an_unknown_outcome(
        self, calendar: Calendar, server: GraphServer, draft: Draft
    ) -> None:
        server.faults.add(Fault(method="POST", status=201, body=b"{}"))
        with pytest.raises(UnknownOutcome):
            await calendar.create(draft, MARKER)

    @pytest.mark.parametrize("names", [True, False])
    @pytest.mark.parametrize("status", [400, 409])
    async def test_a_used_transaction_is_its_first_event(
        self, calendar: Calendar, server: GraphServer, draft: Draft, status: int, names: bool
    ) -> None:
        server.switches.duplicate_status, server.switches.duplicate_names_event = status, names
        first = await calendar.create(draft, MARKER)
        other = Draft(summary="anders", when=draft.when, description="", reminder=None)
        assert (await calendar.create(other, MARKER)).id == first.id

    async def test_an_event_that_was_deleted_meanwhile_is_not_answered(
        self, calendar: Calendar, mailbox: Mailbox, draft: Draft
    ) -> None:
        first = await calendar.create(draft, MARKER)
        mailbox.delete(first.id)
        with pytest.raises(Retry, match="gone"):
            await calendar.create(draft, MARKER)
        assert mailbox.events == {}

    @pytest.mark.parametrize(
        ("status", "code", "expected"),
        [
            (400, "ErrorInvalidProperty", EventError),
            (409, "ErrorIrresolvableConflict", Retry),
            (404, "ErrorFolderNotFound", AccountError),
            (403, "ErrorAccessDenied", AccountError),
            (507, "quotaLimitReached", AccountError),
            (429, "ApplicationThrottled", Retry),
        ],
    )
    async def test_a_refused_create_says_what_to_do(
        self,
        calendar: Calendar,
        server: GraphServer,
        draft: Draft,
        status: int,
        code: str,
        expected: type[CalsyncError],
    ) -> None:
        server.faults.add(Fault(method="POST", status=status, body=b'{"error": {"code": "%s"}}' % code.encode()))
        with pytest.raises(expected):
            await calendar.create(draft, MARKER)


class TestUpdate:
    @pytest.mark.parametrize("changes", CHANGES)
    async def test_only_what_changed_is_sent(
        self, calendar: Calendar, server: GraphServer, event_id: str, changes: Changes
    ) -> None:
        await calendar.update(await seen(calendar, event_id), changes, "stamp")
        (body,) = bodies(server, "PATCH")
        keys = {"summary": {"subject"}, "description": {"body"}, "when": {"start", "end", "isAllDay"}}
        assert set(body) == set().union(*(keys[name] for name in changes)) <= PATCH_KEYS
        (request,) = server.sent("PATCH")
        assert request.headers["if-match"]

    async def test_times_keep_the_zone_that_the_user_chose(
        self, calendar: Calendar, mailbox: Mailbox, event_id: str
    ) -> None:
        mailbox.edit(event_id, {"start": tokyo("2026-03-10T18:00:00"), "end": tokyo("2026-03-10T19:00:00")})
        await calendar.update(await seen(calendar, event_id), {"when": LATER}, "stamp")
        stored = mailbox.events[event_id]
        assert stored["start"]["dateTime"].startswith("2026-07-10T17:00:00")
        assert stored["originalStartTimeZone"] == "Tokyo Standard Time"

    async def test_hours_become_days_and_days_hours(
        self, calendar: Calendar, mailbox: Mailbox, event_id: str
    ) -> None:
        days = AllDay(date(2026, 3, 29), date(2026, 3, 31))
        for when in (days, LATER, days):
            written = await calendar.update(await seen(calendar, event_id), {"when": when}, "stamp")
            assert written.stored is not None
            assert written.stored.event.when == when
            assert mailbox.events[event_id]["originalStartTimeZone"] == "W. Europe Standard Time"

    @pytest.mark.parametrize("changes", CHANGES)
    async def test_attendees_block_every_write(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, event_id: str, changes: Changes
    ) -> None:
        mailbox.add_attendee(event_id, "kunde@example.org")
        target = await seen(calendar, event_id)
        with pytest.raises(Blocked, match="has_attendees"):
            await calendar.update(target, changes, "stamp")
        with pytest.raises(Blocked, match="has_attendees"):
            await calendar.delete(target)
        assert writes(server) == 0

    async def test_attendees_who_were_added_since_are_seen_before_the_write(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, event_id: str
    ) -> None:
        target = await seen(calendar, event_id)
        mailbox.add_attendee(event_id, "kunde@example.org")
        with pytest.raises(Stale) as stale:
            await calendar.update(target, {"summary": "Neu"}, "stamp")
        assert stale.value.fresh.event.attendee_count == 1
        with pytest.raises(Stale):
            await calendar.delete(target)
        assert writes(server) == 0

    async def test_somebody_elses_meeting_is_not_written(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any]
    ) -> None:
        organiser = {"emailAddress": {"address": "boss@example.org", "name": "Boss"}}
        for attendees, reason in (([PERSON], "has_attendees"), ([], "not_organised_here")):
            meeting = {**outlook, "isOrganizer": False, "organizer": organiser, "attendees": attendees}
            target = await seen(calendar, mailbox.create(meeting)["id"])
            with pytest.raises(Blocked, match=reason):
                await calendar.update(target, {"summary": "Neu"}, "stamp")
            with pytest.raises(Blocked, match=reason):
                await calendar.delete(target)
        assert writes(server) == 0

    async def test_a_series_is_not_written(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any]
    ) -> None:
        rule = {
            "pattern": {"type": "daily", "interval": 1},
            "range": {"type": "noEnd", "startDate": "2026-03-10"},
        }
        target = await seen(calendar, mailbox.create({**outlook, "recurrence": rule})["id"])
        with pytest.raises(Blocked, match="series"):
            await calendar.update(target, {"summary": "Neu"}, "stamp")
        with pytest.raises(Blocked, match="series"):
            await calendar.delete(target)
        assert writes(server) == 0

    async def test_an_online_meetings_notes_are_not_written(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, event_id: str
    ) -> None:
        mailbox.edit(event_id, {"isOnlineMeeting": True, "onlineMeetingProvider": "teamsForBusiness"})
        target = await seen(calendar, event_id)
        with pytest.raises(Blocked, match="online_meeting"):
            await calendar.update(target, {"summary": "Neu", "description": "Neu"}, "stamp")
        assert writes(server) == 0
        await calendar.update(target, {"summary": "Neu"}, "stamp")
        assert mailbox.lost_join_links == []

    async def test_an_unknown_revision_is_stale(self, calendar: Calendar, event_id: str) -> None:
        target = await seen(calendar, event_id)
        unknown = Observation(id=target.id, event=target.event, revision=None)
        with pytest.raises(Stale):
            await calendar.update(unknown, {"summary": "Neu"}, "stamp")

    @pytest.mark.parametrize("status", [409, 412])
    async def test_a_conflict_is_answered_with_a_fresh_read(
        self, calendar: Calendar, server: GraphServer, event_id: str, status: int
    ) -> None:
        target = await seen(calendar, event_id)
        for method in ("PATCH", "DELETE"):
            server.faults.add(Fault(method=method, status=status, body=CONFLICT))
        with pytest.raises(Stale) as stale:
            await calendar.update(target, {"summary": "Neu"}, "stamp")
        assert stale.value.fresh == target
        with pytest.raises(Stale):
            await calendar.delete(target)

    async def test_a_conflict_with_a_delete_is_a_missing_event(
        self, calendar: Calendar, server: GraphServer, event_id: str
    ) -> None:
        target = await seen(calendar, event_id)
        server.faults.add(Fault(method="PATCH", status=412, body=CONFLICT))
        server.faults.add(Fault(method="GET", status=None))
        server.faults.add(Fault(method="GET", status=404, body=NOT_FOUND))
        with pytest.raises(Missing):
            await calendar.update(target, {"summary": "Neu"}, "stamp")

    @pytest.mark.parametrize(
        ("fault", "expected"),
        [
            (Fault(method="PATCH", status=404, body=NOT_FOUND), Missing),
            (Fault(method="PATCH", status=400, body=b'{"error": {"code": "ErrorInvalidProperty"}}'), EventError),
            (Fault(method="PATCH", status=503), UnknownOutcome),
            (Fault(method="PATCH", drop=True), UnknownOutcome),
            (Fault(method="PATCH", status=429), Retry),
            (Fault(method="GET", status=503), EventError),
            (Fault(method="GET", times=None, status=503), Retry),
            (Fault(method="PATCH", status=403), EventError),
            (Fault(method="GET", path="/events/", status=403), EventError),
            (Fault(path="/calendars/", times=None, status=403), AccountError),
        ],
    )
    async def test_a_failed_update_says_what_to_do(
        self, calendar: Calendar, server: GraphServer, event_id: str, fault: Fault, expected: type[CalsyncError]
    ) -> None:
        target = await seen(calendar, event_id)
        server.faults.add(fault)
        with pytest.raises(expected):
            await calendar.update(target, {"summary": "Neu"}, "stamp")

    async def test_many_denied_updates_cost_one_question(
        self, calendar: Calendar, server: GraphServer, mailbox: Mailbox, outlook: dict[str, Any]
    ) -> None:
        targets = [await seen(calendar, mailbox.create(outlook)["id"]) for _ in range(8)]
        server.faults.add(Fault(method="PATCH", times=None, status=403))
        server.clear()
        changes: Changes = {"summary": "Neu"}
        results = await asyncio.gather(
            *(calendar.update(target, changes, "stamp") for target in targets), return_exceptions=True
        )
        assert {type(result) for result in results} == {EventDenied}
        assert len(server.requests) == 8 + 8 + 1

    @pytest.mark.parametrize(
        ("answer", "revision"),
        [
            (b"", None),
            (b'{"id": "1"}', None),
            (AS_HTML, "r"),
        ],
    )
    async def test_an_answer_that_is_not_the_stored_event_is_left_to_a_read(
        self, calendar: Calendar, server: GraphServer, event_id: str, answer: bytes, revision: str | None
    ) -> None:
        target = await seen(calendar, event_id)
        server.faults.add(Fault(method="PATCH", status=200, body=answer, after_commit=True))
        written = await calendar.update(target, {"summary": "Neu"}, "stamp")
        assert (written.id, written.revision, written.stored) == (event_id, revision, None)


class TestDelete:
    async def test_it_is_sent_on_condition_of_the_revision(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, event_id: str
    ) -> None:
        await calendar.delete(await seen(calendar, event_id))
        (request,) = server.sent("DELETE")
        assert request.headers["if-match"]
        assert list(mailbox.deleted) == [event_id]

    @pytest.mark.parametrize(("status", "body"), [(404, NOT_FOUND), (410, NOT_FOUND)])
    async def test_an_event_that_goes_meanwhile_is_a_success(
        self, calendar: Calendar, server: GraphServer, event_id: str, status: int, body: bytes
    ) -> None:
        target = await seen(calendar, event_id)
        server.faults.add(Fault(method="DELETE", status=status, body=body, after_commit=True))
        await calendar.delete(target)
        assert await calendar.locate(event_id) == Gone()

    async def test_an_event_that_was_moved_away_is_not_deleted(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, event_id: str
    ) -> None:
        target = await seen(calendar, event_id)
        mailbox.move_to_calendar(event_id, mailbox.add_calendar("Büro"))
        with pytest.raises(Missing):
            await calendar.delete(target)
        assert writes(server) == 0

    async def test_a_denied_delete_of_a_cancelled_meeting_is_a_success(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, event_id: str
    ) -> None:
        mailbox.edit(event_id, {"isCancelled": True})
        target = await seen(calendar, event_id)
        server.faults.add(Fault(method="DELETE", status=403))
        await calendar.delete(target)

    @pytest.mark.parametrize(
        ("denied", "expected"),
        [
            (Fault(method="DELETE", times=None, status=403), EventDenied),
            (Fault(path="/events/", times=None, status=403), EventDenied),
            (Fault(path="/calendars/", times=None, status=403), AccountError),
        ],
    )
    async def test_a_denied_delete_stops_the_account_where_the_calendar_is_denied_too(
        self,
        calendar: Calendar,
        server: GraphServer,
        event_id: str,
        denied: Fault,
        expected: type[CalsyncError],
    ) -> None:
        target = await seen(calendar, event_id)
        server.faults.add(denied)
        with pytest.raises(expected):
            await calendar.delete(target)

    async def test_a_lost_answer_has_an_unknown_outcome(
        self, calendar: Calendar, server: GraphServer, event_id: str
    ) -> None:
        target = await seen(calendar, event_id)
        server.faults.add(Fault(method="DELETE", status=504, after_commit=True))
        with pytest.raises(UnknownOutcome):
            await calendar.delete(target)
        assert await calendar.locate(event_id) == Gone()


def tokyo(wall: str) -> dict[str, str]:
    return {"dateTime": wall, "timeZone": "Tokyo Standard Time"}


@pytest.mark.parametrize("days", [1, 2])
async def test_what_is_outside_the_projection_is_untouched(
    calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any], days: int
) -> None:
    rich = {
        **outlook,
        "categories": ["Wichtig"],
        "location": {"displayName": "Kanzlei"},
        "showAs": "oof",
        "importance": "high",
        "sensitivity": "private",
        "isReminderOn": True,
        "reminderMinutesBeforeStart": 90,
    }
    event_id = mailbox.create(rich)["id"]
    before = dict(mailbox.events[event_id])
    when = AllDay(date(2026, 3, 12), date(2026, 3, 12) + timedelta(days=days))
    await calendar.update(
        await seen(calendar, event_id), {"summary": "Neu", "description": "Neu", "when": when}, "stamp"
    )
    written = {"subject", "body", "start", "end", "isAllDay", "changeKey", "lastModifiedDateTime"}
    after = mailbox.events[event_id]
    assert {key: after[key] for key in before if key not in written} == {
        key: value for key, value in before.items() if key not in written
    }


class TestUnmark:
    async def test_only_the_marker_is_sent_on_condition_of_the_revision(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, draft: Draft
    ) -> None:
        written = await calendar.create(draft, MARKER)
        server.clear()
        await calendar.unmark(written.id)
        (request,) = server.sent("PATCH")
        assert request.headers["if-match"] == written.revision
        (body,) = bodies(server, "PATCH")
        assert set(body) == UNMARK_KEYS
        assert MARKER not in json.dumps(mailbox.events[written.id])
        assert (await seen(calendar, written.id)).event == (written.stored and written.stored.event)

    async def test_an_event_that_changes_meanwhile_is_tried_again_later(
        self, calendar: Calendar, server: GraphServer, draft: Draft
    ) -> None:
        written = await calendar.create(draft, MARKER)
        server.faults.add(Fault(method="PATCH", status=412, body=CONFLICT))
        with pytest.raises(Retry):
            await calendar.unmark(written.id)
        await calendar.unmark(written.id)
        assert not (await seen(calendar, written.id)).marker

    async def test_a_marker_that_the_server_keeps_is_told(
        self, calendar: Calendar, server: GraphServer, draft: Draft
    ) -> None:
        written = await calendar.create(draft, MARKER)
        server.faults.add(Fault(method="PATCH", status=200, body=b"{}"))
        with pytest.raises(EventError, match="keeps an event's marker"):
            await calendar.unmark(written.id)

    async def test_what_might_mail_is_not_written(
        self, calendar: Calendar, mailbox: Mailbox, server: GraphServer, draft: Draft
    ) -> None:
        written = await calendar.create(draft, MARKER)
        mailbox.edit(written.id, {"attendees": [PERSON]})
        server.clear()
        with pytest.raises(Blocked):
            await calendar.unmark(written.id)
        assert writes(server) == 0
