"""The mail counter, proved by raw requests before anything else trusts it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mail import MailLog
from calsync_sandbox.mailbox import Mailbox

Ask = Callable[..., Awaitable[Any]]
Draft = Callable[..., dict[str, Any]]
Guests = Callable[..., list[dict[str, Any]]]
Json = dict[str, Any]

EVENT = {"body": {"contentType": "text", "content": "Neue Notiz"}}
LATER = {
    "start": {"dateTime": "2026-03-02T11:00:00", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-02T12:00:00", "timeZone": "UTC"},
}


def kinds(mails: MailLog) -> list[tuple[str, str]]:
    return [(mail.kind, mail.recipient) for mail in mails.sent]


async def test_creating_with_attendees_invites_each(
    ask: Ask, draft: Draft, guests: Guests, mails: MailLog
) -> None:
    created = await ask("POST", "/events", draft(attendees=guests("eva", "max")))
    assert created.status == 201
    assert kinds(mails) == [("invitation", "eva@example.org"), ("invitation", "max@example.org")]
    assert {(mail.system, mail.mailbox, mail.event_id) for mail in mails.sent} == {
        ("graph", "anna@example.de", created.body["id"])
    }


@pytest.mark.parametrize("change", [LATER, EVENT, {"subject": "Neu"}, {"subject": "Besichtigung"}, {}])
async def test_every_patch_of_a_meeting_updates_each(
    ask: Ask, anna: Mailbox, draft: Draft, guests: Guests, mails: MailLog, change: Json
) -> None:
    event_id = anna.create(draft(attendees=guests("eva", "max")))["id"]
    assert (await ask("PATCH", f"/events/{event_id}", change)).status == 200
    assert kinds(mails) == [("update", "eva@example.org"), ("update", "max@example.org")]


async def test_deleting_a_meeting_cancels_it(
    ask: Ask, anna: Mailbox, draft: Draft, guests: Guests, mails: MailLog
) -> None:
    event_id = anna.create(draft(attendees=guests("eva")))["id"]
    assert (await ask("DELETE", f"/events/{event_id}")).status == 204
    assert kinds(mails) == [("cancellation", "eva@example.org")]


async def test_adding_an_attendee_invites_only_that_one(
    ask: Ask, anna: Mailbox, draft: Draft, guests: Guests, mails: MailLog
) -> None:
    event_id = anna.create(draft(attendees=guests("eva")))["id"]
    await ask("PATCH", f"/events/{event_id}", {"attendees": guests("eva", "max")})
    assert kinds(mails) == [("invitation", "max@example.org")]


async def test_adding_the_first_attendee_invites(
    ask: Ask, anna: Mailbox, draft: Draft, guests: Guests, mails: MailLog
) -> None:
    event_id = anna.create(draft())["id"]
    await ask("PATCH", f"/events/{event_id}", {"attendees": guests("eva")})
    assert kinds(mails) == [("invitation", "eva@example.org")]


async def test_removing_attendees_cancels_theirs(
    ask: Ask, anna: Mailbox, draft: Draft, guests: Guests, mails: MailLog
) -> None:
    event_id = anna.create(draft(attendees=guests("eva", "max")))["id"]
    await ask("PATCH", f"/events/{event_id}", {"attendees": guests("eva")})
    await ask("PATCH", f"/events/{event_id}", {"attendees": []})
    assert kinds(mails) == [("cancellation", "max@example.org"), ("cancellation", "eva@example.org")]


async def test_attendees_and_other_properties_in_one_patch(
    ask: Ask, anna: Mailbox, draft: Draft, guests: Guests, mails: MailLog
) -> None:
    event_id = anna.create(draft(attendees=guests("eva", "max")))["id"]
    await ask("PATCH", f"/events/{event_id}", {"attendees": guests("eva", "uli"), "subject": "Neu"})
    assert kinds(mails) == [
        ("invitation", "uli@example.org"),
        ("cancellation", "max@example.org"),
        ("update", "eva@example.org"),
    ]


async def test_writes_to_an_event_without_attendees_never_mail(
    ask: Ask, draft: Draft, mails: MailLog, server: GraphServer
) -> None:
    event_id = (await ask("POST", "/events", draft())).body["id"]
    changes: list[Json] = [LATER, EVENT, {"attendees": []}, {"isOnlineMeeting": True}]
    for change in changes:
        assert (await ask("PATCH", f"/events/{event_id}", change)).status == 200
    assert (await ask("DELETE", f"/events/{event_id}")).status == 204
    assert mails.count == 0
    assert server.people_mail.count == 0


async def test_the_organiser_among_the_attendees_is_not_mailed(
    ask: Ask, draft: Draft, guests: Guests, mails: MailLog
) -> None:
    herself = {"emailAddress": {"address": "Anna@example.de"}}
    await ask("POST", "/events", draft(attendees=[herself, *guests("eva")]))
    assert kinds(mails) == [("invitation", "eva@example.org")]


@pytest.fixture
def received(anna: Mailbox, draft: Draft, guests: Guests) -> Json:
    """A meeting that somebody else organises."""
    organizer = {"emailAddress": {"address": "chef@example.org", "name": "Chef"}}
    return anna.create(draft(organizer=organizer, isOrganizer=False, attendees=guests("anna")))


async def test_changing_an_attendees_copy_mails_nobody(ask: Ask, received: Json, mails: MailLog) -> None:
    assert received["responseStatus"]["response"] == "notResponded"
    await ask("PATCH", f"/events/{received['id']}", {"subject": "Meins"})
    assert mails.count == 0


async def test_deleting_an_attendees_copy_declines(ask: Ask, received: Json, mails: MailLog) -> None:
    await ask("DELETE", f"/events/{received['id']}")
    assert kinds(mails) == [("decline", "chef@example.org")]


async def test_deleting_an_attendees_copy_silently(
    ask: Ask, received: Json, mails: MailLog, server: GraphServer
) -> None:
    server.switches.decline_on_delete = False
    await ask("DELETE", f"/events/{received['id']}")
    assert mails.count == 0


async def test_deleting_a_cancelled_meeting_does_not_decline(
    ask: Ask, anna: Mailbox, received: Json, mails: MailLog
) -> None:
    anna.edit(received["id"], {"isCancelled": True})
    await ask("DELETE", f"/events/{received['id']}")
    assert mails.count == 0


async def test_silent_properties(
    ask: Ask, anna: Mailbox, draft: Draft, guests: Guests, mails: MailLog, server: GraphServer
) -> None:
    server.switches.silent_properties = frozenset({"categories"})
    event_id = anna.create(draft(attendees=guests("eva")))["id"]
    await ask("PATCH", f"/events/{event_id}", {"categories": ["Blau"]})
    assert mails.count == 0
    await ask("PATCH", f"/events/{event_id}", {"categories": ["Rot"], "showAs": "free"})
    assert mails.count == 1


async def test_a_series_with_changed_instances_mails_for_each(
    ask: Ask, anna: Mailbox, draft: Draft, guests: Guests, mails: MailLog
) -> None:
    from datetime import date

    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}
    master = anna.create(draft(recurrence=daily, attendees=guests("eva")))["id"]
    anna.edit(anna.occurrence_id(master, date(2026, 3, 4)), {"subject": "Anders"})
    await ask("PATCH", f"/events/{master}", {"subject": "Neu"})
    assert kinds(mails) == [("update", "eva@example.org")] * 2
    await ask("DELETE", f"/events/{anna.occurrence_id(master, date(2026, 3, 5))}")
    assert kinds(mails)[2:] == [("cancellation", "eva@example.org")]


async def test_what_people_do_is_not_counted_as_a_clients(
    anna: Mailbox, draft: Draft, guests: Guests, mails: MailLog, server: GraphServer
) -> None:
    event_id = anna.create(draft(attendees=guests("eva")))["id"]
    anna.edit(event_id, {"subject": "Neu"})
    anna.add_attendee(event_id, "max@example.org")
    anna.remove_attendees(event_id)
    anna.delete(event_id)
    assert mails.count == 0
    assert kinds(server.people_mail) == [
        ("invitation", "eva@example.org"),
        ("update", "eva@example.org"),
        ("invitation", "max@example.org"),
        ("cancellation", "eva@example.org"),
        ("cancellation", "max@example.org"),
    ]
