"""Live pages: a stream names the accounts that have changed, to those who may see them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from calsync.web import events
from calsync.web.events import Broadcaster, TooManyStreams, message
from calsync.web.pages import events as page

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.desk import Desk
    from calsync.people import Person
    from calsync.web.site import Site
    from tests.web.conftest import Browser


class Changes:
    """An iterator that a test feeds."""

    def __init__(self) -> None:
        self._names: asyncio.Queue[frozenset[str]] = asyncio.Queue()

    def tell(self, *names: str) -> None:
        self._names.put_nowait(frozenset(names))

    async def __aiter__(self) -> AsyncIterator[frozenset[str]]:
        while True:
            yield await self._names.get()


@pytest.fixture
async def changes(site: Site, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Changes]:
    monkeypatch.setattr(page, "pause_after", lambda _: 0)
    changes = Changes()
    task = asyncio.create_task(site.live(aiter(changes)))
    yield changes
    task.cancel()


async def listened(browser: Browser, changes: Changes, *names: str) -> list[str]:
    """Return the first message of a stream, in which these names have changed."""
    async with asyncio.timeout(20), browser.client.get("/events") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "text/event-stream"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert await answer.content.readline() == b":\n"
        changes.tell(*names)
        async for line in answer.content:
            if line.startswith(b"data: "):
                told: list[str] = json.loads(line[6:])
                return told
    pytest.fail("the stream has ended")


async def test_an_administrator_is_told_of_every_account(browser: Browser, chef: Person, changes: Changes) -> None:
    await browser.sign_in("chef")
    assert await listened(browser, changes, "bernd", "anna") == ["anna", "bernd"]


async def test_a_user_is_told_of_the_own_account_only(browser: Browser, anna: Person, changes: Changes) -> None:
    await browser.sign_in("anna")
    assert await listened(browser, changes, "bernd", "anna") == ["anna"]


async def test_a_stream_ends_with_its_session(
    browser: Browser, desk: Desk, anna: Person, changes: Changes
) -> None:
    await browser.sign_in("anna")
    async with asyncio.timeout(20), browser.client.get("/events") as answer:
        await answer.content.readline()
        await desk.people.remove("anna")
        changes.tell("anna")
        assert b"anna" not in await answer.content.read()


async def test_a_stream_ends_at_once_when_its_session_is_signed_out_of_elsewhere(
    browser: Browser, anna: Person
) -> None:
    await browser.sign_in("anna")
    csrf = (await browser.get("/profile")).csrf
    async with asyncio.timeout(20), browser.client.get("/events") as answer:
        await answer.content.readline()
        out = await browser.ask("POST", "/sign-out", headers={"Origin": browser.origin}, data={"csrf": csrf})
        assert out.status == 303
        await answer.content.read()


async def test_streams_end_when_the_service_stops(browser: Browser, site: Site, anna: Person) -> None:
    await browser.sign_in("anna")
    async with asyncio.timeout(20), browser.client.get("/events") as answer:
        await answer.content.readline()
        site.end()
        await answer.content.read()
    late = await browser.get("/events")
    assert (late.status, late.text) == (200, "")  # a browser that is refused would not try again by itself


async def test_what_changes_meanwhile_is_one_message_however_much_it_is() -> None:
    broadcaster = Broadcaster()
    async with broadcaster.stream() as stream:
        for number in range(1000):
            stream.add(frozenset({"anna", f"account {number % 3}"}))
        assert await stream.next(20) == {"anna", "account 0", "account 1", "account 2"}
        assert await stream.next(0.001) == frozenset()


async def test_what_a_page_may_not_see_does_not_wake_it() -> None:
    broadcaster = Broadcaster()
    async with broadcaster.stream() as stream:
        stream.watch(frozenset({"anna"}))
        broadcaster.tell(frozenset({"bernd", "clara"}))
        assert await stream.next(0.001) == frozenset()
        broadcaster.tell(frozenset({"bernd", "anna"}))
        assert await stream.next(20) == {"anna"}
        stream.watch(None)
        broadcaster.tell(frozenset({"bernd"}))
        assert await stream.next(20) == {"bernd"}


async def test_what_others_change_costs_a_user_no_reading_and_no_message(
    browser: Browser, desk: Desk, anna: Person, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    await browser.sign_in("anna")
    read: list[str] = []
    whose = desk.access.by_session

    async def by_session(session: str, *, used: bool = True) -> Person | None:
        read.append(session)
        return await whose(session, used=used)

    monkeypatch.setattr(desk.access, "by_session", by_session)
    async with asyncio.timeout(20), browser.client.get("/events") as answer:
        assert await answer.content.readuntil(b"\n\n") == b":\n\n"
        before = len(read)
        for _ in range(5):
            changes.tell("bernd")
        changes.tell("anna")
        assert await answer.content.readuntil(b"\n\n") == b'data: ["anna"]\n\n'
        assert len(read) == before + 1


async def test_an_account_that_is_given_meanwhile_is_told_of_after_a_while(
    browser: Browser, desk: Desk, anna: Person, changes: Changes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "HEARTBEAT", 0.01)
    await browser.sign_in("anna")
    async with asyncio.timeout(20), browser.client.get("/events") as answer:
        await answer.content.readuntil(b"\n\n")
        await desk.people.give("anna", "bernd")
        for _ in range(2):  # one may be on its way
            assert await answer.content.readuntil(b"\n\n") == b":\n\n"
        changes.tell("bernd")
        while (told := await answer.content.readuntil(b"\n\n")) == b":\n\n":
            pass
        assert told == b'data: ["bernd"]\n\n'


def test_who_is_told_that_all_has_changed_is_left_in_peace_for_longer() -> None:
    few, many = frozenset({"anna"}), frozenset(map(str, range(201)))
    assert (events.pause_after(frozenset()), events.pause_after(few), events.pause_after(many)) == (0.0, 1.0, 10.0)


async def test_there_are_only_so_many_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "MOST", 1)
    broadcaster = Broadcaster()
    async with broadcaster.stream():
        with pytest.raises(TooManyStreams):
            async with broadcaster.stream():
                pytest.fail("one too many")
    async with broadcaster.stream():
        pass


async def test_who_comes_when_the_service_ends_is_given_the_end_and_not_refused() -> None:
    broadcaster = Broadcaster()
    broadcaster.end()
    async with broadcaster.stream() as stream:
        assert stream.ended


def test_a_message_is_short_whatever_has_changed() -> None:
    assert message(frozenset()) == b":\n\n"
    assert message(frozenset({"b", "a"})) == b'data: ["a", "b"]\n\n'
    assert message(frozenset(map(str, range(201)))) == b'data: ["*"]\n\n'
