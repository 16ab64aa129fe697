"""Answers of the change feed that no server on loopback gives: broken rows, circles, and rounds that break off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from calsync.errors import Retry, TokenLost
from calsync_graph import client as client_module
from calsync_graph import feed as feed_module
from calsync_graph.feed import Feed
from calsync_graph.home import Home
from calsync_graph.mapping import when_of
from calsync_graph.reading import EventReader
from tests.plugins.calsync_graph.listening import listen

if TYPE_CHECKING:
    from aioresponses import aioresponses as Wire  # noqa: N812

    from calsync_graph.client import Client

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
