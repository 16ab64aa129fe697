"""exchangelib, which most people use: over plain HTTP with Basic, over TLS with NTLM bound to its channel."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from typing import TYPE_CHECKING, Any

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import exchangelib as xl
    from exchangelib.errors import ErrorItemNotFound, UnauthorizedError
    from exchangelib.recurrence import Recurrence, RelativeMonthlyPattern, WeeklyPattern
    from exchangelib.version import EXCHANGE_2019

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from calsync_sandbox.ews import EwsServer
    from calsync_sandbox.mail import MailLog
    from calsync_sandbox.mailbox import Mailbox

pytestmark = pytest.mark.filterwarnings("ignore")
TIMES = {
    "start": {"dateTime": "2026-03-02T09:00:00", "timeZone": "W. Europe Standard Time"},
    "end": {"dateTime": "2026-03-02T10:00:00", "timeZone": "W. Europe Standard Time"},
}
"""What somebody makes in Outlook."""
BERLIN = xl.EWSTimeZone("Europe/Berlin")


class ForeignId(xl.ExtendedProperty):  # type: ignore[misc]
    property_set_id = "c11ff724-aa03-4555-9952-8fa248a11c3e"
    property_name = "calsync-foreign-id"
    property_type = "String"


@pytest.fixture(scope="module", autouse=True)
def foreign_id() -> Iterator[None]:
    xl.CalendarItem.register("foreign_id", ForeignId)
    yield
    xl.CalendarItem.deregister("foreign_id")


@pytest.fixture(autouse=True)
def connections() -> Iterator[None]:
    """Close what the client would keep for ever."""
    yield
    xl.close_connections()
    gc.collect()


@pytest.fixture(params=["basic", "ntlm"])
def account(
    server: EwsServer, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Any]:
    """Return a function that signs in; it is to be called in the client's thread."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.authority))
    url = server.ews_url if request.param == "basic" else server.tls_url
    kind = xl.BASIC if request.param == "basic" else xl.NTLM
    return lambda: sign_in(url, kind)


def sign_in(url: str, kind: str, *, login: str = "EX\\anna", password: str = "streng geheim", **more: Any) -> Any:  # noqa: S107
    configuration = xl.Configuration(
        service_endpoint=url,
        credentials=xl.Credentials(login, password),
        auth_type=kind,
        version=xl.Version(build=EXCHANGE_2019),
        max_connections=2,
    )
    options = {"access_type": xl.DELEGATE, "default_timezone": BERLIN, **more}
    return xl.Account("anna@example.de", config=configuration, autodiscover=False, **options)


def at(day: int, hour: int) -> Any:
    return xl.EWSDateTime(2026, 3, day, hour, 0, tzinfo=BERLIN)


def draft(account: Any, **more: Any) -> Any:
    fields = {"subject": "Besichtigung", "start": at(2, 9), "end": at(2, 10)} | more
    return xl.CalendarItem(account=account, folder=account.calendar, **fields)


def only(anna: Mailbox) -> dict[str, Any]:
    (event,) = anna.events.values()
    return event


async def test_create_read_update_delete(
    account: Callable[[], Any], server: EwsServer, anna: Mailbox, mails: MailLog
) -> None:
    def work() -> None:
        signed_in = account()
        more = {"body": "Zeile eins\nZeile zwei", "location": "Büro", "categories": ["Rot"], "foreign_id": "t:a:1"}
        made = draft(signed_in, **more)
        made.save()
        (found,) = signed_in.calendar.filter(foreign_id="t:a:1")
        assert (found.id, found.changekey) == (made.id, made.changekey)
        assert (found.subject, found.start) == ("Besichtigung", at(2, 9))
        assert (found.categories, found.location, found.type) == (["Rot"], "Büro", "Single")
        assert list(signed_in.calendar.filter(foreign_id="t:a:2")) == []
        found.subject, found.start, found.end, found.location = "Zweitbesichtigung", at(3, 9), at(3, 10), None
        found.save(update_fields=["subject", "start", "end", "location"])
        made.refresh()
        assert (made.subject, made.start, made.location) == ("Zweitbesichtigung", at(3, 9), None)
        made.move_to_trash()
        with pytest.raises(ErrorItemNotFound):
            signed_in.calendar.get(id=found.id)
        draft(signed_in, subject="weg").save().delete()

    await asyncio.to_thread(work)
    assert anna.events == {}
    (deleted,) = anna.deleted.values()
    assert deleted["subject"] == "Zweitbesichtigung"
    assert deleted["start"] == {"dateTime": "2026-03-03T09:00:00.0000000", "timeZone": "W. Europe Standard Time"}
    assert mails.count == 0
    schemes = {request.headers.get("authorization", "").partition(" ")[0] for request in server.requests}
    assert schemes in ({"Basic"}, {"", "NTLM"})
    assert {value for _, value in server.state.sends} == {"SendToNone"}


async def test_what_exchangelib_writes_stands_in_the_mailbox(account: Callable[[], Any], anna: Mailbox) -> None:
    weekly = Recurrence(
        pattern=WeeklyPattern(interval=1, weekdays=["Monday"]), start=xl.EWSDate(2026, 3, 2), number=4
    )
    kathmandu = xl.EWSTimeZone("Asia/Kathmandu")
    odd = {name: xl.EWSDateTime(2026, 3, 2, hour, tzinfo=kathmandu) for name, hour in (("start", 9), ("end", 10))}

    def work() -> None:
        signed_in = account()
        days = {"start": xl.EWSDate(2026, 3, 5), "end": xl.EWSDate(2026, 3, 6)}
        draft(signed_in, subject="Tage", is_all_day=True, **days).save()
        guests = {"required_attendees": ["eva@example.org"], "optional_attendees": ["max@example.org"]}
        draft(signed_in, subject="Treffen", **guests).save(send_meeting_invitations="SendToNone")
        draft(signed_in, subject="Serie", recurrence=weekly).save()
        draft(signed_in, subject="Kathmandu", **odd).save()
        read = {one.subject: one for one in signed_in.calendar.all()}
        assert (read["Tage"].start, read["Tage"].end, read["Tage"].is_all_day) == (*days.values(), True)
        assert read["Treffen"].required_attendees[0].mailbox.email_address == "eva@example.org"
        assert (read["Treffen"].is_meeting, read["Treffen"].meeting_request_was_sent) == (True, False)
        assert read["Serie"].recurrence.pattern == weekly.pattern
        assert read["Serie"].last_occurrence.start == at(23, 9)
        assert (read["Kathmandu"].start, read["Kathmandu"]._start_timezone) == (odd["start"], kathmandu)

    await asyncio.to_thread(work)
    events = {event["subject"]: event for event in anna.events.values()}
    days = [events["Tage"][edge]["dateTime"][:10] for edge in ("start", "end")]
    assert days == ["2026-03-05", "2026-03-07"]
    assert [one["type"] for one in events["Treffen"]["attendees"]] == ["required", "optional"]
    assert events["Serie"]["type"] == "seriesMaster"
    assert events["Serie"]["recurrence"]["range"]["numberOfOccurrences"] == 4
    assert events["Kathmandu"]["start"]["timeZone"] == "Nepal Standard Time"
    assert [event["isReminderOn"] for event in events.values()] == [False] * 4


async def test_what_stands_in_the_mailbox_is_read(account: Callable[[], Any], anna: Mailbox) -> None:
    monthly = {
        "pattern": {"type": "relativeMonthly", "interval": 1, "daysOfWeek": ["monday"], "index": "first"},
        "range": {"type": "noEnd", "startDate": "2026-03-02"},
    }
    anna.create({"subject": "Notizen", "body": {"contentType": "text", "content": "eins\n zwei"}, **TIMES})
    anna.create({"subject": "Privat", "sensitivity": "private", "showAs": "oof", **TIMES})
    anna.create({"subject": "Serie", "recurrence": monthly, **TIMES})
    chef = {"emailAddress": {"address": "chef@example.org", "name": "Chef"}}
    anna.create({"subject": "Fremd", "isOrganizer": False, "organizer": chef, "isCancelled": True, **TIMES})

    def work() -> None:
        read = {one.subject: one for one in account().calendar.all()}
        assert "eins<br>" in read["Notizen"].body
        assert (read["Notizen"].reminder_is_set, read["Notizen"].reminder_minutes_before_start) == (True, 15)
        assert (read["Privat"].sensitivity, read["Privat"].legacy_free_busy_status) == ("Private", "OOF")
        assert isinstance(read["Serie"].recurrence.pattern, RelativeMonthlyPattern)
        assert (read["Fremd"].organizer.name, read["Fremd"].my_response_type) == ("Chef", "NoResponseReceived")
        assert (read["Fremd"].is_cancelled, "Canceled" in read["Fremd"].appointment_state) == (True, True)

    await asyncio.to_thread(work)


async def test_a_calendar_view_and_occurrences(account: Callable[[], Any], anna: Mailbox) -> None:
    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}
    anna.create({"subject": "täglich", "recurrence": daily, **TIMES})

    def work() -> None:
        signed_in = account()
        seen = list(signed_in.calendar.view(start=at(2, 0), end=at(5, 0)))
        assert [one.start for one in seen] == [at(2, 9), at(3, 9), at(4, 9)]
        assert {one.type for one in seen} == {"Occurrence"}
        (master,) = signed_in.calendar.all()
        second = master.occurrence(2)
        second.refresh()
        second.subject = "anders"
        second.save(update_fields=["subject"])
        third = master.occurrence(3)
        third.refresh()
        third.delete()
        master.refresh()
        assert [one.start for one in master.modified_occurrences] == [at(3, 9)]
        assert [one.start for one in master.deleted_occurrences] == [at(4, 9)]
        seen = list(signed_in.calendar.view(start=at(2, 0), end=at(6, 0)))
        assert [(one.subject, one.type) for one in seen] == [
            ("täglich", "Occurrence"),
            ("anders", "Exception"),
            ("täglich", "Occurrence"),
        ]

    await asyncio.to_thread(work)


async def test_changes_are_followed(account: Callable[[], Any], anna: Mailbox) -> None:
    def work() -> None:
        signed_in = account()
        calendar = signed_in.calendar
        items = [draft(signed_in, subject=str(number)) for number in range(130)]
        signed_in.bulk_create(folder=calendar, items=items)
        first = list(calendar.sync_items())
        assert [kind for kind, _ in first] == ["create"] * 130
        assert list(calendar.sync_items()) == []
        changed, gone = first[0][1], first[1][1]
        signed_in.calendar.get(id=gone.id).delete()
        again = signed_in.calendar.get(id=changed.id)
        again.subject = "neu"
        again.save(update_fields=["subject"])
        found = dict(calendar.sync_items())
        assert (found["delete"].id, found["update"].subject) == (gone.id, "neu")

    await asyncio.to_thread(work)
    assert len(anna.events) == 129


async def test_streaming_wakes(account: Callable[[], Any], anna: Mailbox, server: EwsServer) -> None:
    listening, told = threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def work() -> list[str]:
        signed_in = account()
        subscription = signed_in.calendar.subscribe_to_streaming()
        listening.set()
        notifications = signed_in.calendar.get_streaming_events(
            subscription, connection_timeout=1, max_notifications_returned=1
        )
        kinds = [event.ELEMENT_NAME for one in notifications for event in one.events]
        loop.call_soon_threadsafe(told.set)
        return kinds

    listener = asyncio.ensure_future(asyncio.to_thread(work))
    while not told.is_set() and not listener.done():
        if server.state.subscriptions.streams:
            anna.create(dict(TIMES))
        await asyncio.sleep(0.1)
    assert (await listener)[0] == "CreatedEvent"


async def test_impersonation_and_what_a_client_finds_out_itself(
    server: EwsServer, anna: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(server.authority))

    def work() -> None:
        signed_in = sign_in(server.tls_url, xl.NTLM, login="EX\\dienst", access_type=xl.IMPERSONATION)
        draft(signed_in).save()
        credentials = xl.Credentials("EX\\anna", "streng geheim")
        found_out = xl.Configuration(service_endpoint=server.tls_url, credentials=credentials)
        itself = xl.Account("anna@example.de", config=found_out, autodiscover=False, access_type=xl.DELEGATE)
        assert [one.subject for one in itself.calendar.all()] == ["Besichtigung"]
        assert itself.version.build.major_version == 15
        assert itself.protocol.auth_type == xl.NTLM

    await asyncio.to_thread(work)
    assert only(anna)["isOrganizer"]


async def test_a_wrong_password(server: EwsServer) -> None:
    def work() -> None:
        with pytest.raises(UnauthorizedError):
            sign_in(server.ews_url, xl.BASIC, password="falsch").calendar.all().count()

    await asyncio.to_thread(work)
