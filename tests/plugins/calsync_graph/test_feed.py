"""The change feed: rounds, pages, tokens, and what is told of single events."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import AccountError, Retry
from calsync.http import door
from calsync.sync.model import Window
from calsync_graph.feed import Feed
from calsync_graph.home import Home
from calsync_graph.reading import EventReader
from tests.plugins.calsync_graph.listening import SERIES, WEEKLY, WINDOW, listen

if TYPE_CHECKING:
    from calsync.ports import Calendar
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mailbox import Mailbox


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


async def test_another_calendar_has_its_own_feed(
    provider: Any, mailbox: Mailbox, calendar: Calendar, outlook: dict[str, Any]
) -> None:
    other = mailbox.add_calendar("Büro")
    event_id = mailbox.create(outlook, other)["id"]
    client = provider._client
    home = Home(client, f"/users/{mailbox.address}", other, primary=False)
    assert set((await listen(Feed(client, home, EventReader(client, home)))).observations) == {event_id}
    assert (await listen(calendar)).observations == {}


LONG_NOTES = {"contentType": "text", "content": "Schlüssel " * 1000}


async def test_pages_that_are_too_large_are_listed_as_smaller_ones(
    calendar: Calendar, mailbox: Mailbox, outlook: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = {mailbox.create({**outlook, "body": LONG_NOTES})["id"] for _ in range(50)}
    monkeypatch.setattr(door, "MAX_ANSWER_BYTES", 60 * len(LONG_NOTES["content"]))
    told = await listen(calendar)
    assert set(told.observations) == ids
    assert told.pages[-1].complete
