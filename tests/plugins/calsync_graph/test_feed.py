"""The change feed: rounds, tokens, series, and the ways in which it misbehaves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import aiohttp
import pytest

from calsync.errors import AccountError, Retry, TokenLost
from calsync.http import door
from calsync.sync.model import Window
from calsync_graph import client as client_module
from calsync_graph import feed as feed_module
from calsync_graph.feed import Feed
from calsync_graph.home import Home
from calsync_graph.mapping import when_of
from calsync_graph.reading import EventReader
from calsync_sandbox.faults import Fault
from calsync_sandbox.graph import trouble
from calsync_sandbox.graph.errors import GraphError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aioresponses import aioresponses as Wire  # noqa: N812

    from calsync.ports import Calendar, Page
    from calsync.sync.model import Observation
    from calsync_graph.client import Client
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.graph.calls import Reply
    from calsync_sandbox.graph.routing import Request
    from calsync_sandbox.mailbox import Mailbox

WINDOW = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))
DELTA = "calendarView/delta"
WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["tuesday"], "firstDayOfWeek": "monday"},
    "range": {"type": "noEnd", "startDate": "2026-03-10"},
}


@dataclass
class Told:
    """What a round told, all its pages together."""

    pages: list[Page] = field(default_factory=list)

    @property
    def observations(self) -> dict[str, Observation]:
        return {seen.id: seen for page in self.pages for seen in page.observations}

    @property
    def removed(self) -> list[str]:
        return [event_id for page in self.pages for event_id in page.removed]

    @property
    def token(self) -> str:
        token = self.pages[-1].token
        assert token is not None
        return token


async def listen(calendar: Calendar | Feed, token: str | None = None) -> Told:
    return Told([page async for page in calendar.changes(token, WINDOW)])


@pytest.fixture
def small_pages(server: GraphServer) -> None:
    server.switches.max_page_size = 2


@pytest.mark.usefixtures("small_pages")
async def test_a_listing_in_full_gives_its_token_on_the_last_page(
    calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any]
) -> None:
    ids = [mailbox.create(outlook)["id"] for _ in range(5)]
    told = await listen(calendar)
    assert set(told.observations) == set(ids)
    assert [(page.token is not None, page.complete) for page in told.pages] == [
        (False, False),
        (False, False),
        (True, True),
    ]


@pytest.mark.usefixtures("small_pages")
async def test_changes_can_be_read_on_from_every_page(
    calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any]
) -> None:
    token = (await listen(calendar)).token
    ids = [mailbox.create(outlook)["id"] for _ in range(5)]
    pages = (await listen(calendar, token)).pages
    assert len(pages) == 3
    assert not any(page.complete for page in pages)
    rest = await listen(calendar, pages[0].token)
    first = {seen.id for seen in pages[0].observations}
    assert first | set(rest.observations) == set(ids)
    assert rest.token


async def test_no_change_is_one_request(calendar: Calendar, mailbox: Mailbox, server: GraphServer) -> None:
    mailbox.create({**SERIES, "recurrence": WEEKLY})
    token = (await listen(calendar)).token
    server.clear()
    told = await listen(calendar, token)
    assert (told.observations, told.removed, len(server.requests)) == ({}, [], 1)


SERIES: dict[str, Any] = {
    "subject": "Jour fixe",
    "start": {"dateTime": "2026-03-10T10:00:00", "timeZone": "W. Europe Standard Time"},
    "end": {"dateTime": "2026-03-10T11:00:00", "timeZone": "W. Europe Standard Time"},
}


@pytest.mark.usefixtures("small_pages")
async def test_a_series_is_told_once_a_round_as_its_master(
    calendar: Calendar, mailbox: Mailbox, server: GraphServer
) -> None:
    master = mailbox.create({**SERIES, "recurrence": WEEKLY})["id"]
    told = await listen(calendar)
    assert [seen.id for page in told.pages for seen in page.observations] == [master]
    event = told.observations[master].event
    assert (event.series, event.summary) == (True, "Jour fixe")
    assert WINDOW.holds(event.when)
    assert len(server.sent("GET", master)) == 1


async def test_masters_are_read_in_one_request(calendar: Calendar, mailbox: Mailbox, server: GraphServer) -> None:
    masters = {mailbox.create({**SERIES, "recurrence": WEEKLY})["id"] for _ in range(3)}
    assert set((await listen(calendar)).observations) == masters
    assert len(server.sent("POST", "$batch")) == 1


@pytest.mark.parametrize("series", [1, 2])
async def test_a_master_that_may_not_be_read_does_not_stop_the_round(
    calendar: Calendar, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any], series: int
) -> None:
    masters = [mailbox.create({**SERIES, "recurrence": WEEKLY})["id"] for _ in range(series)]
    single = mailbox.create(outlook)["id"]
    denied = GraphError(403, "ErrorAccessDenied", "Access is denied.")
    answer = server._carry_out

    def carry_out(asked: Request) -> Reply:
        if masters[0] in unquote(asked.path):
            raise denied
        return answer(asked)

    server._carry_out = carry_out  # type: ignore[method-assign]
    told = await listen(calendar)
    assert set(told.observations) == {single, *masters}
    assert told.observations[masters[0]].event.series
    assert told.pages[-1].complete


async def test_a_changed_occurrence_is_told_as_its_series(calendar: Calendar, mailbox: Mailbox) -> None:
    master = mailbox.create({**SERIES, "recurrence": WEEKLY})["id"]
    token = (await listen(calendar)).token
    occurrence = mailbox.occurrence_id(master, datetime(2026, 3, 17, tzinfo=UTC).date())
    mailbox.edit(occurrence, {"subject": "Verlegt"})
    told = await listen(calendar, token)
    assert list(told.observations) == [master]
    assert told.observations[master].event.series


async def test_an_exception_without_its_master_is_told_as_a_series(calendar: Calendar, mailbox: Mailbox) -> None:
    exception = mailbox.create(
        {**SERIES, "seriesMasterId": "elsewhere", "originalStart": "2026-03-10T09:00:00Z", "subject": "Einzeln"}
    )
    told = await listen(calendar)
    (seen,) = told.observations.values()
    assert (seen.id, seen.revision) == (exception["seriesMasterId"], None)
    assert (seen.event.series, seen.event.summary) == (True, "Einzeln")


@pytest.mark.parametrize("removes", [True, False])
async def test_a_single_event_that_becomes_a_series_is_no_tombstone(
    calendar: Calendar, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any], removes: bool
) -> None:
    server.switches.series_change_removes = removes
    event_id = mailbox.create(outlook)["id"]
    token = (await listen(calendar)).token
    mailbox.edit(event_id, {"recurrence": WEEKLY})
    told = await listen(calendar, token)
    assert told.removed == []
    assert told.observations[event_id].event.series
    mailbox.edit(event_id, {"recurrence": None})
    back = (await listen(calendar, told.token)).observations[event_id]
    assert not back.event.series


async def test_drafts_are_left_out(calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any]) -> None:
    mailbox.create({**outlook, "isDraft": True})
    assert (await listen(calendar)).observations == {}


async def test_cancelled_meetings_are_told(calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any]) -> None:
    event_id = mailbox.create({**outlook, "isCancelled": True})["id"]
    assert (await listen(calendar)).observations[event_id].event.cancelled


async def test_notes_that_came_as_html_are_read_again_as_text(
    calendar: Calendar, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any]
) -> None:
    server.switches.delta_text_body = False
    ids = [mailbox.create(outlook)["id"] for _ in range(3)]
    told = (await listen(calendar)).observations
    assert {event_id: told[event_id].event.description for event_id in ids} == dict.fromkeys(ids, "Ausweise")
    assert len(server.sent("POST", "$batch")) == 1


async def test_a_removed_event_is_a_tombstone_and_no_more(
    calendar: Calendar, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any]
) -> None:
    event_id = mailbox.create(outlook)["id"]
    token = (await listen(calendar)).token
    server.switches.false_removed.add(event_id)
    told = await listen(calendar, token)
    assert told.removed == [event_id]
    assert told.observations == {}


def endless(server: GraphServer) -> None:
    server.switches.endless_pages = True


def broken(status: int, code: str) -> Callable[[GraphServer], None]:
    def begin(server: GraphServer) -> None:
        server.switches.later_pages = (status, code)

    return begin


def refused(status: int, code: str) -> Callable[[GraphServer], None]:
    return lambda server: server.faults.add(trouble.refused(status, code, path=DELTA, times=None))


NO_END = [
    endless,
    broken(503, "ErrorServerBusy"),
    broken(504, ""),
    broken(410, "SyncStateNotFound"),
    refused(500, "UnknownError"),
    refused(503, ""),
    refused(400, "ErrorInvalidRequest"),
]


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("begin", NO_END)
async def test_a_calendar_whose_feed_has_no_end_is_listed_without_it(
    calendar: Calendar,
    mailbox: Mailbox,
    server: GraphServer,
    outlook: dict[str, Any],
    begin: Callable[[GraphServer], None],
) -> None:
    ids = {mailbox.create(outlook)["id"] for _ in range(5)}
    master = mailbox.create({**SERIES, "recurrence": WEEKLY})["id"]
    begin(server)
    told = await listen(calendar)
    assert told.observations.keys() == {*ids, master}
    assert told.observations[master].event.series
    assert [page.complete for page in told.pages] == [False] * (len(told.pages) - 1) + [True]
    assert len(server.requests) < 30
    with pytest.raises(TokenLost):
        await listen(calendar, told.token)


@pytest.mark.usefixtures("small_pages")
@pytest.mark.parametrize("begin", NO_END[:4])
async def test_changes_that_have_no_end_are_listed_in_full(
    calendar: Calendar,
    mailbox: Mailbox,
    server: GraphServer,
    outlook: dict[str, Any],
    begin: Callable[[GraphServer], None],
) -> None:
    token = (await listen(calendar)).token
    for _ in range(3):
        mailbox.create(outlook)
    begin(server)
    with pytest.raises(TokenLost):
        await listen(calendar, token)


async def test_a_server_that_is_away_keeps_its_token(calendar: Calendar, server: GraphServer) -> None:
    token = (await listen(calendar)).token
    server.faults.add(trouble.refused(503, "ErrorServerBusy"))
    with pytest.raises(Retry):
        await listen(calendar, token)
    assert (await listen(calendar, token)).token


async def test_a_token_that_is_never_answered_is_given_up(calendar: Calendar, server: GraphServer) -> None:
    token = (await listen(calendar)).token
    for fails in (2, 3):
        server.faults.add(trouble.refused(504, path=DELTA, times=fails))
        for _ in range(2):
            with pytest.raises(Retry):
                await listen(calendar, token)
        if fails == 2:
            await listen(calendar, token)
    with pytest.raises(TokenLost):
        await listen(calendar, token)
    assert (await listen(calendar)).pages[-1].complete


async def test_a_server_that_asks_to_wait_is_not_asked_otherwise(calendar: Calendar, server: GraphServer) -> None:
    server.faults.add(trouble.refused(503, "ErrorServerBusy", after=600))
    server.clear()
    with pytest.raises(Retry):
        await listen(calendar)
    assert len(server.requests) == 1


async def test_a_window_that_is_too_long_says_so(calendar: Calendar) -> None:
    with pytest.raises(AccountError, match="choose a shorter window"):
        async for _ in calendar.changes(None, Window(WINDOW.start, WINDOW.start + timedelta(days=1825))):
            pass


async def test_a_foreign_link_is_not_followed(
    calendar: Calendar, mailbox: Mailbox, server: GraphServer, outlook: dict[str, Any]
) -> None:
    server.switches.max_page_size = 1
    server.switches.foreign_next_link = "http://127.0.0.1:9"
    for _ in range(2):
        mailbox.create(outlook)
    with pytest.raises(Retry, match="another host"):
        await listen(calendar)


LOST = [
    (410, ""),
    (410, "SyncStateNotFound"),
    (400, "SyncStateInvalid"),
    (400, "resyncRequired"),
    (400, "FullSyncRequired"),
    (400, "InvalidDeltaToken"),
    (400, "BadRequest"),
    (404, "ErrorItemNotFound"),
]


@pytest.mark.parametrize(("status", "code"), LOST)
async def test_a_refused_token_is_lost(calendar: Calendar, server: GraphServer, status: int, code: str) -> None:
    token = (await listen(calendar)).token
    server.faults.add(Fault(path=DELTA, status=status, body=b'{"error": {"code": "%s"}}' % code.encode()))
    with pytest.raises(TokenLost):
        await listen(calendar, token)


async def test_a_token_is_lost_with_the_address_it_was_given_for(
    calendar: Calendar, server: GraphServer, mailbox: Mailbox
) -> None:
    token = (await listen(calendar)).token
    server.readdress(mailbox, "anna.neu@example.de")
    with pytest.raises(TokenLost):
        await listen(calendar, token)
    with pytest.raises(AccountError, match="no active mailbox"):
        await listen(calendar)


async def test_a_token_of_another_server_is_lost(calendar: Calendar) -> None:
    with pytest.raises(TokenLost):
        await listen(calendar, "https://graph.microsoft.us/v1.0/users/a/calendarView/delta?$deltatoken=1")


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (503, "ErrorServerBusy", Retry),
        (504, "", Retry),
        (429, "ApplicationThrottled", Retry),
        (400, "ErrorInvalidRequest", AccountError),
        (404, "ErrorFolderNotFound", AccountError),
        (403, "ErrorAccessDenied", AccountError),
    ],
)
async def test_what_ends_a_listing_in_full(
    calendar: Calendar, server: GraphServer, status: int, code: str, expected: type[Exception]
) -> None:
    server.faults.add(trouble.refused(status, code, path="calendarView", times=None))
    with pytest.raises(expected, match="m365"):
        await listen(calendar)


async def test_another_calendar_has_its_own_feed(
    provider: Any, mailbox: Mailbox, calendar: Calendar, outlook: dict[str, Any]
) -> None:
    other = mailbox.add_calendar("Büro")
    event_id = mailbox.create(outlook, other)["id"]
    client = provider._client
    home = Home(client, f"/users/{mailbox.address}", other, primary=False)
    assert set((await listen(Feed(client, home, EventReader(client, home)))).observations) == {event_id}
    assert (await listen(calendar)).observations == {}


ROW = {
    "id": "1",
    "type": "singleInstance",
    "body": {"contentType": "text", "content": ""},
    "start": {"dateTime": "2026-03-10T09:00:00.0000000", "timeZone": "UTC"},
    "end": {"dateTime": "2026-03-10T10:00:00.0000000", "timeZone": "UTC"},
}
MASTER = {**ROW, "id": "3", "type": "seriesMaster"}
LINK = "https://graph.microsoft.com/v1.0/users/a/calendarView/delta?"
SPAN = "startDateTime=2026-02-28T00:00:00Z&endDateTime=2026-05-02T00:00:00Z"
FIRST = LINK + SPAN
VIEW = f"https://graph.microsoft.com/v1.0/users/a/calendars/c/calendarView?{SPAN}&$top=20"
LONG_NOTES = {"contentType": "text", "content": "Schlüssel " * 1000}


@pytest.fixture
def feed(client: Client, wire: Wire) -> Feed:
    wire.get("https://graph.microsoft.com/v1.0/users/a/calendar?$select=id", payload={"id": "c"}, repeat=True)
    home = Home(client, "/users/a", "c", primary=True)
    return Feed(client, home, EventReader(client, home))


async def test_one_broken_event_does_not_stop_the_others(
    feed: Feed, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    rows = [
        {**ROW, "id": "1", "start": None, "subject": "Notar Müller"},
        {**ROW, "id": "2"},
        {**ROW, "id": "3.1", "seriesMasterId": "3", "start": None},
    ]
    following = {
        "value": [{**ROW, "id": "3.2", "seriesMasterId": "3"}],
        "@odata.deltaLink": LINK + "$deltatoken=1",
    }
    wire.get(FIRST, payload={"value": rows, "@odata.deltaLink": LINK + "$deltatoken=1"})
    wire.get(f"https://graph.microsoft.com/v1.0/users/a/calendars/c/events/3?{EXPAND}", status=500)
    wire.get(
        f"https://graph.microsoft.com/v1.0/users/a/calendars/c/events/3?{EXPAND}", payload=MASTER, repeat=True
    )
    wire.get("https://graph.microsoft.com/v1.0/users/a/calendars/c?$select=id", payload={"id": "c"})
    assert set((await listen(feed)).observations) == {"2"}
    wire.get(FIRST, payload={"value": rows, "@odata.nextLink": LINK + "$skiptoken=1"})
    wire.get(LINK + "$skiptoken=1", payload=following)
    told = await listen(feed)
    assert set(told.observations) == {"2", "3"}
    assert told.observations["3"].event.when == when_of(ROW)
    assert "left out" in caplog.text
    assert "Müller" not in caplog.text


EXPAND = (
    "$expand=singleValueExtendedProperties%28%24filter%3Did%20eq%20%27String%20"
    "%7B6d4c1b52-0f0e-4b6b-9a3a-5c2f7e2f9b41%7D%20Name%20CalsyncMarker%27%29"
)


async def test_of_several_rows_of_one_event_the_last_one_counts(feed: Feed, wire: Wire) -> None:
    gone = {"id": "1", "@removed": {"reason": "deleted"}}
    rows = [{**ROW, "subject": "alt"}, gone, {**ROW, "subject": "neu"}, {**ROW, "id": "2"}, {**gone, "id": "2"}]
    wire.get(FIRST, payload={"value": rows, "@odata.deltaLink": LINK + "$deltatoken=1"})
    told = await listen(feed)
    assert told.removed == ["2"]
    assert {event_id: seen.event.summary for event_id, seen in told.observations.items()} == {"1": "neu"}


async def expect_a_view(feed: Feed, wire: Wire) -> None:
    """Expect that the calendar is listed without its feed."""
    wire.get(VIEW, payload={"value": [{**ROW, "id": "9"}]})
    told = await listen(feed)
    assert "9" in told.observations
    assert [page.complete for page in told.pages][-2:] == [False, True]


async def test_a_round_that_breaks_off_is_not_believed(feed: Feed, wire: Wire) -> None:
    wire.get(FIRST, payload={"value": [ROW]})
    await expect_a_view(feed, wire)


async def test_a_link_that_comes_twice_is_a_circle(feed: Feed, wire: Wire) -> None:
    again = LINK + "$skiptoken=1"
    wire.get(FIRST, payload={"value": [], "@odata.nextLink": again})
    wire.get(again, payload={"value": [], "@odata.nextLink": again}, repeat=True)
    await expect_a_view(feed, wire)


async def test_empty_pages_end_some_day(feed: Feed, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "MAX_PAGES", 3)
    wire.get(FIRST, payload={"value": [], "@odata.nextLink": LINK + "$skiptoken=1"})
    for number in range(1, 4):
        following = f"{LINK}$skiptoken={number + 1}"
        wire.get(f"{LINK}$skiptoken={number}", payload={"value": [], "@odata.nextLink": following})
    await expect_a_view(feed, wire)
    assert client_module.MAX_PAGES > 3


@pytest.mark.parametrize("content", [{}, {"value": "x"}, {"value": [1]}])
async def test_a_page_without_rows_is_no_page(feed: Feed, wire: Wire, content: Any) -> None:
    wire.get(FIRST, payload=content)
    with pytest.raises(Retry):
        await listen(feed)


@pytest.mark.parametrize("trouble", [TimeoutError(), aiohttp.ServerDisconnectedError()], ids=["late", "lost"])
async def test_a_calendar_whose_feed_gives_no_answer_is_listed_without_it(
    feed: Feed, wire: Wire, trouble: Exception
) -> None:
    wire.get(FIRST, exception=trouble)
    await expect_a_view(feed, wire)


async def test_an_answer_to_a_token_that_is_lost_again_and_again_is_given_up(feed: Feed, wire: Wire) -> None:
    token = LINK + "$deltatoken=1"
    for expected in (Retry, Retry, TokenLost):
        wire.get(token, exception=TimeoutError())
        with pytest.raises(expected):
            await listen(feed, token)
    wire.get(token, payload={"value": [], "@odata.deltaLink": token})
    assert (await listen(feed, token)).token == token


async def test_pages_that_are_too_large_are_listed_as_smaller_ones(
    calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {mailbox.create({**outlook, "body": LONG_NOTES})["id"] for _ in range(50)}
    monkeypatch.setattr(door, "MAX_ANSWER_BYTES", 60 * len(LONG_NOTES["content"]))
    told = await listen(calendar)
    assert set(told.observations) == ids
    assert told.pages[-1].complete
