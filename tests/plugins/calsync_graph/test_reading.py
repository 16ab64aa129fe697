"""Reading by id and by marker, and where an event is."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, Literal
from zoneinfo import ZoneInfo

import pytest
from yarl import URL

from calsync.errors import AccountError, Missing, Retry
from calsync.ports import CalendarRequest, Elsewhere, Gone, Here, NoAccess, Trashed
from calsync_graph.home import Home, calendar_named, mailbox_path
from calsync_graph.reading import EXPAND, EventReader
from calsync_sandbox.faults import Fault

if TYPE_CHECKING:
    from aioresponses import aioresponses as Wire  # noqa: N812

    from calsync.ports import Calendar, Whereabouts
    from calsync.sync.model import Draft
    from calsync.testing import FakeClock
    from calsync_graph.client import Client
    from calsync_graph.provider import GraphProvider
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mailbox import Mailbox

ROOT = "https://graph.microsoft.com/v1.0/users/a"
ROW = {
    "id": "1",
    "@odata.etag": 'W/"1"',
    "body": {"contentType": "text", "content": ""},
    "start": {"dateTime": "2026-03-10T09:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-10T10:00:00.0000000", "timeZone": "UTC"},
}
NOT_FOUND = {"error": {"code": "ErrorItemNotFound"}}
DENIED = {"error": {"code": "ErrorAccessDenied"}}
HERE = f"{ROOT}/calendars/c/events/1"
NAVIGATION = "calendar@odata.navigationLink"
CALENDAR = f"{ROOT}/calendars/c?$select=id"
BATCH = "https://graph.microsoft.com/v1.0/$batch"


def part(number: int, status: int = 200) -> dict[str, Any]:
    """Return the answer to one read of a batch."""
    return {"id": str(number), "status": status, "body": {**ROW, "id": str(number)} if status == 200 else DENIED}


@pytest.fixture
def reader(client: Client) -> EventReader:
    return EventReader(client, Home(client, "/users/a", "c", primary=True))


async def test_many_events_are_one_request(
    calendar: Calendar, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any]
) -> None:
    ids = [mailbox.create(outlook)["id"] for _ in range(20)]
    server.clear()
    assert list(await calendar.read(ids)) == ids
    assert len(server.requests) == 1


async def test_an_event_of_another_calendar_is_not_read(
    calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any]
) -> None:
    kept, moved = (mailbox.create(outlook)["id"] for _ in range(2))
    mailbox.move_to_calendar(moved, mailbox.add_calendar("Büro"))
    assert set(await calendar.read([kept, moved])) == {kept}
    assert await calendar.read([moved]) == {}


async def test_an_id_that_is_none_is_not_found(
    calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any]
) -> None:
    kept = mailbox.create(outlook)["id"]
    assert set(await calendar.read([kept, "?"])) == {kept}
    assert await calendar.read(["?"]) == {}
    assert await calendar.locate("?") == NoAccess()


@pytest.mark.parametrize("denied", ["/events", "/calendars/"])
async def test_no_access_is_not_absence(
    calendar: Calendar, server: GraphServer, mailbox: Mailbox, outlook: dict[str, Any], denied: str
) -> None:
    """A permission that was lost stops the account; an event that may not be seen only hides itself."""
    event_id = mailbox.create(outlook)["id"]
    fault = Fault(path=denied, times=None, status=403, body=b'{"error": {"code": "ErrorAccessDenied"}}')
    server.faults.add(fault)
    if denied == "/events":
        assert await calendar.read([event_id]) == {}
    else:
        with pytest.raises(AccountError):
            await calendar.read([event_id])
    assert await calendar.locate(event_id) == NoAccess()


@pytest.mark.parametrize(("status", "payload"), [(403, DENIED), (404, {"error": {"code": "ErrorFolderNotFound"}})])
async def test_a_denied_event_of_many_stops_the_read_where_the_calendar_is_denied_too(
    reader: EventReader, wire: Wire, status: int, payload: Any
) -> None:
    wire.post(BATCH, payload={"responses": [part(0), part(1, 403)]})
    wire.get(CALENDAR, status=status, payload=payload)
    with pytest.raises(AccountError, match=r"Calendars\.ReadWrite"):
        await reader.many(["1", "2"])


async def test_denied_events_of_many_are_left_out_for_one_question(
    reader: EventReader, wire: Wire, clock: FakeClock
) -> None:
    wire.post(
        BATCH, payload={"responses": [part(0), *(part(number, 403) for number in range(1, 20))]}, repeat=True
    )
    wire.get(CALENDAR, payload={"id": "c"}, repeat=True)
    for seconds, questions in ((0, 1), (59, 1), (1, 2)):
        clock.advance(seconds)
        found = await asyncio.gather(*(reader.many([str(number) for number in range(20)]) for _ in range(3)))
        assert [list(one) for one in found] == [["0"]] * 3
        assert len(wire.requests["GET", URL(CALENDAR)]) == questions


async def test_a_server_in_trouble_does_not_decide_about_a_denied_event(reader: EventReader, wire: Wire) -> None:
    wire.post(BATCH, payload={"responses": [part(0), part(1, 403)]})
    wire.get(CALENDAR, status=503)
    with pytest.raises(Retry):
        await reader.many(["1", "2"])


@pytest.mark.parametrize(
    ("habit", "where"), [("not_found", Gone()), ("found", Trashed()), ("forbidden", NoAccess())]
)
async def test_a_deleted_event_is_what_the_server_says(
    calendar: Calendar,
    mailbox: Mailbox,
    server: GraphServer,
    outlook: dict[str, Any],
    habit: Literal["not_found", "found", "forbidden"],
    where: Whereabouts,
) -> None:
    server.switches.deleted_get = habit
    mailbox.add_calendar("Büro")
    event_id = mailbox.create(outlook)["id"]
    assert isinstance(await calendar.locate(event_id), Here)
    mailbox.delete(event_id)
    assert await calendar.locate(event_id) == where
    assert await calendar.read([event_id]) == {}


async def test_a_moved_event_lives_elsewhere(
    calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any]
) -> None:
    event_id = mailbox.create(outlook)["id"]
    mailbox.move_to_calendar(event_id, mailbox.add_calendar("Büro"))
    assert await calendar.locate(event_id) == Elsewhere()


async def test_a_cancelled_meeting_is_here(calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any]) -> None:
    event_id = mailbox.create({**outlook, "isCancelled": True})["id"]
    where = await calendar.locate(event_id)
    assert isinstance(where, Here)
    assert where.observation.event.cancelled


@pytest.mark.parametrize("path", ["/users/[^/]+/calendars/[^/]+/events/", "/users/[^/]+/events/"])
async def test_a_server_in_trouble_says_nothing(calendar: Calendar, server: GraphServer, path: str) -> None:
    server.faults.add(Fault(path=path, status=500))
    server.faults.add(Fault(path="/events/", times=None, status=404, body=json.dumps(NOT_FOUND).encode()))
    assert await calendar.locate("AAkA1") == NoAccess()
    server.faults.clear()
    server.faults.add(Fault(path=path, status=503, headers={"Retry-After": "600"}))
    server.faults.add(Fault(path="/events/", times=None, status=404, body=json.dumps(NOT_FOUND).encode()))
    with pytest.raises(Retry) as failed:
        await calendar.locate("AAkA1")
    assert failed.value.after == 600


async def test_a_server_that_is_away_says_nothing_about_one_event(calendar: Calendar, server: GraphServer) -> None:
    server.faults.add(Fault(times=None, status=503))
    with pytest.raises(Retry):
        await calendar.locate("AAkA1")


async def test_an_event_that_the_server_cannot_render_is_left_out(
    reader: EventReader, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    wire.post(BATCH, payload={"responses": [part(0), part(1, 500)]}, repeat=True)
    wire.get(f"{HERE}?{EXPAND}", status=500)
    wire.get(CALENDAR, payload={"id": "c"})
    assert set(await reader.many(["0", "1"])) == {"0"}
    assert "fails to read one event" in caplog.text
    wire.get(f"{HERE}?{EXPAND}", payload=ROW)
    assert set(await reader.many(["0", "1"])) == {"0", "1"}


async def test_a_failed_read_stops_the_others_where_the_calendar_fails_too(
    reader: EventReader, wire: Wire
) -> None:
    wire.post(BATCH, payload={"responses": [part(0), part(1, 500)]})
    wire.get(f"{HERE}?{EXPAND}", status=500)
    wire.get(CALENDAR, status=500)
    with pytest.raises(Retry):
        await reader.many(["0", "1"])


async def test_a_marker_with_quotes_is_found(calendar: Calendar, draft: Draft) -> None:
    marker = "v1:o'neil & co:+%20:1"
    written = await calendar.create(draft, marker)
    assert [seen.id for seen in await calendar.find_marker(marker)] == [written.id]
    assert await calendar.find_marker("v1:other") == []


async def test_a_marker_is_matched_exactly(reader: EventReader, wire: Wire) -> None:
    ours = {"id": "String {6d4c1b52-0f0e-4b6b-9a3a-5c2f7e2f9b41} Name CalsyncMarker", "value": "V1:A"}
    url = (
        f"{ROOT}/calendars/c/events?$filter=singleValueExtendedProperties%2FAny%28ep%3A%20ep%2Fid%20eq%20%27String%20"
        "%7B6d4c1b52-0f0e-4b6b-9a3a-5c2f7e2f9b41%7D%20Name%20CalsyncMarker%27%20and%20ep%2Fvalue%20eq%20%27v1%3Aa%27%29"
        f"&{EXPAND}"
    )
    rows = [{**ROW, "singleValueExtendedProperties": [ours]}, {**ROW, "start": None}]
    wire.get(url, payload={"value": rows})
    assert await reader.find("v1:a") == []


class TestWhereTheServerDoesNotLookAtTheCalendarInAPath:
    """Then the event itself names its calendar, if it does."""

    async def test_a_calendar_of_the_mailbox_counts(self, reader: EventReader, wire: Wire) -> None:
        row = {**ROW, NAVIGATION: f"{ROOT}/calendars('b%3D')"}
        wire.get(f"{HERE}?{EXPAND}", payload=row, repeat=True)
        wire.get(f"{ROOT}/calendars?$select=id", payload={"value": [{"id": "c"}, {"id": "b="}]}, repeat=True)
        wire.get(f"{ROOT}/events/1", payload=row)
        with pytest.raises(Missing):
            await reader.one("1")
        assert await reader.locate("1") == Elsewhere()

    async def test_an_unknown_form_of_an_id_says_nothing(self, reader: EventReader, wire: Wire) -> None:
        wire.get(f"{HERE}?{EXPAND}", payload={**ROW, NAVIGATION: f"{ROOT}/calendars('x')"}, repeat=True)
        wire.get(f"{ROOT}/calendars?$select=id", payload={"value": [{"id": "c"}]})
        for _ in range(2):  # the list is asked for once
            assert isinstance(await reader.locate("1"), Here)


async def located(reader: EventReader, wire: Wire, row: dict[str, Any], *others: tuple[int, Any]) -> Whereabouts:
    """Locate an event that the calendar does not have, but the mailbox."""
    wire.get(f"{HERE}?{EXPAND}", status=404, payload=NOT_FOUND)
    wire.get(HERE.replace("/calendars/c", ""), payload=row)
    listed = [{"id": "c"}, *({"id": f"o{number}"} for number in range(len(others)))]
    wire.get(f"{ROOT}/calendars?$select=id", payload={"value": listed})
    parts = [{"id": str(number), "status": status, "body": body} for number, (status, body) in enumerate(others)]
    wire.post("https://graph.microsoft.com/v1.0/$batch", payload={"responses": parts})
    return await reader.locate("1")


async def test_an_event_that_every_calendar_denies_is_in_the_trash(reader: EventReader, wire: Wire) -> None:
    assert await located(reader, wire, ROW, (404, NOT_FOUND), (404, NOT_FOUND)) == Trashed()


async def test_an_event_that_another_calendar_has_is_there(reader: EventReader, wire: Wire) -> None:
    assert await located(reader, wire, ROW, (404, NOT_FOUND), (200, ROW)) == Elsewhere()


@pytest.mark.parametrize("answer", [(403, DENIED), (404, {}), (400, {"error": {"code": "BadRequest"}})])
async def test_any_doubt_proves_nothing(reader: EventReader, wire: Wire, answer: tuple[int, Any]) -> None:
    assert await located(reader, wire, ROW, (404, NOT_FOUND), answer) == NoAccess()


@pytest.mark.parametrize("named", ["c", "x"])
async def test_an_event_that_names_its_calendar_is_not_in_the_trash(
    reader: EventReader, wire: Wire, named: str
) -> None:
    row = {**ROW, NAVIGATION: f"{ROOT}/calendars('{named}')"}
    assert await located(reader, wire, row) == NoAccess()


async def test_an_unknown_404_is_not_gone(reader: EventReader, wire: Wire) -> None:
    wire.get(f"{HERE}?{EXPAND}", status=404, payload=NOT_FOUND)
    wire.get(HERE.replace("/calendars/c", ""), status=404, body="<html>proxy</html>")
    assert await reader.locate("1") == NoAccess()


def test_calendars_are_named_in_either_form() -> None:
    assert calendar_named({NAVIGATION: f"{ROOT}/calendars('a%2Fb')"}) == "a/b"
    assert calendar_named({NAVIGATION: f"{ROOT}/calendars/a%2Fb"}) == "a/b"
    assert calendar_named({NAVIGATION: f"{ROOT}/calendar"}) is None
    assert calendar_named({}) is None


def test_addresses_are_quoted_in_paths() -> None:
    assert mailbox_path("anna+x/y@example.de") == "/users/anna%2Bx%2Fy@example.de"


@pytest.mark.parametrize("own", [True, False], ids=["the primary calendar", "another one"])
async def test_what_the_mailbox_of_somebody_else_does_not_have_is_not_gone(
    provider: GraphProvider, mailbox: Mailbox, server: GraphServer, own: bool
) -> None:
    """An address may be given to somebody else while a calendar is open; whose mailbox answers is asked for."""
    named = {} if own else {"calendar": mailbox.add_calendar("Büro")}
    settings = {"mailbox": mailbox.address, **named}
    calendar = await provider.open(CalendarRequest(account="anna", settings=settings, timezone=ZoneInfo("UTC")))
    server.faults.add(Fault(path="/events/", times=None, status=404, body=json.dumps(NOT_FOUND).encode()))
    assert await calendar.locate("1") == Gone()
    server.readdress(mailbox, "anna.neu@example.de")
    server.readdress(server.add_mailbox("chef@example.de"), "anna@example.de")
    with pytest.raises(AccountError, match="another calendar" if own else "no longer there"):
        await calendar.locate("1")
