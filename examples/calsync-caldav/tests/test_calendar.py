"""What CalDAV servers and their users do that the suite of promises does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from calsync.errors import AccountError, Blocked, LoginError, Stale, TokenLost
from calsync.ports import CalendarRequest, Elsewhere, Gone, NoAccess
from calsync.testing.contract.case import DRAFT, EVENT, MARKER, STAMP, listen, observed
from calsync.testing.lent import lent
from calsync.testing.proxy import Trouble
from calsync_caldav import PROVIDER
from tests.person import TEMPLATE, CaldavUnderTest, opened
from tests.servers import PASSWORD, USER, DavServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.ports import Provider


@pytest.fixture
async def tried(server: DavServer) -> AsyncIterator[CaldavUnderTest]:
    async with opened(server) as under_test:
        yield under_test


async def test_what_calsync_does_not_sync_keeps_its_text(tried: CaldavUnderTest) -> None:
    await tried.person.store(
        "a.ics",
        TEMPLATE.format(
            uid="a",
            lines="DTSTART:20260310T090000Z\nDTEND:20260310T100000Z\nSUMMARY:Alt\nCATEGORIES:Eins,Zwei\nPRIORITY:3\n"
            "GEO:50.9;6.9\nURL:https://example.de/a?b=c\nTRANSP:TRANSPARENT",
        ),
    )
    before = {line for line in (await tried.person.text("a.ics")).splitlines() if ":" in line}
    await tried.calendar.update(await observed(tried.calendar, "a.ics"), {"summary": "Neu"}, STAMP)
    after = {line for line in (await tried.person.text("a.ics")).splitlines() if ":" in line}
    assert {line.partition(":")[0] for line in before - after} == {"SUMMARY", "DTSTAMP"}
    assert {line.partition(":")[0] for line in after - before} == {
        "SUMMARY",
        "DTSTAMP",
        "SEQUENCE",
        "LAST-MODIFIED",
    }


async def test_a_series_is_told_as_one_and_never_written(tried: CaldavUnderTest) -> None:
    lines = "DTSTART:20260310T090000Z\nDTEND:20260310T100000Z\nSUMMARY:Jour fixe\nRRULE:FREQ=WEEKLY;COUNT=5"
    await tried.person.store("s.ics", TEMPLATE.format(uid="s", lines=lines))
    seen = (await listen(tried.calendar)).observations["s.ics"]
    assert seen.event.series
    with pytest.raises(Blocked, match="series"):
        await tried.calendar.update(seen, {"summary": "Neu"}, STAMP)
    with pytest.raises(Blocked, match="series"):
        await tried.calendar.delete(seen)


async def test_an_event_that_moved_to_another_calendar_is_not_gone(tried: CaldavUnderTest) -> None:
    event_id = await tried.person.create(EVENT)
    uid = (await observed(tried.calendar, event_id)).event.uid
    other = tried.person.beside()
    await other.make_calendar()
    try:
        text = await tried.person.text(event_id)
        await tried.person.delete(event_id)
        assert isinstance(await tried.calendar.locate(event_id, uid), Gone)
        await other.store("moved.ics", text.replace("\r\n", "\n"))
        assert isinstance(await tried.calendar.locate(event_id, uid), Elsewhere)
    finally:
        await other.remove_calendar()


async def test_a_calendar_that_is_gone_proves_nothing_about_its_events(server: DavServer) -> None:
    async with opened(server) as tried:
        event_id = await tried.person.create(EVENT)
        await tried.person.remove_calendar()
        assert isinstance(await tried.calendar.locate(event_id), NoAccess)
        for asking in (
            listen(tried.calendar),
            tried.calendar.read([event_id]),
            tried.calendar.find_marker(MARKER),
        ):
            with pytest.raises(AccountError):
                await asking
        with pytest.raises(AccountError):
            await tried.calendar.create(DRAFT, MARKER)
        await tried.person.make_calendar()  # so that it can be removed behind the test


async def test_a_write_that_is_refused_for_its_etag_says_what_stands_there(tried: CaldavUnderTest) -> None:
    event_id = await tried.person.create(EVENT)
    target = await observed(tried.calendar, event_id)
    for write in (tried.calendar.update(target, {"description": "Neu"}, STAMP), tried.calendar.delete(target)):
        tried.proxy.add(Trouble(matches=tried.writes, status=412))
        with pytest.raises(Stale) as stale:
            await write
        assert stale.value.fresh == await observed(tried.calendar, event_id)


async def test_a_server_that_takes_no_token_is_listed_anew(tried: CaldavUnderTest) -> None:
    with pytest.raises(TokenLost):
        await listen(tried.calendar, "listed without sync reports")


def connection(server: DavServer, **keys: str) -> Provider:
    settings = {"url": f"{server.url}/", "username": USER, "password": PASSWORD, **keys}
    return PROVIDER.open(vol.Schema(PROVIDER.connection_schema)(settings), lent("dav"))


async def test_a_wrong_password_and_a_wrong_address_stop_the_connection(servers: dict[str, DavServer]) -> None:
    for keys in ({"password": "wrong"}, {"url": f"{servers['radicale'].url}/nobody/nothing/"}):
        provider = connection(servers["radicale"], **keys)
        with pytest.raises(LoginError):
            await provider.login()
        await provider.close()


async def test_a_calendar_is_found_by_its_name_and_an_unknown_one_is_named(tried: CaldavUnderTest) -> None:
    name = tried.person.path.rstrip("/").rpartition("/")[2]
    found = {one.id: one.name for one in await tried.provider.calendars({})}
    assert list(found) == [tried.person.path]
    for wanted, good in ((found[tried.person.path], True), (tried.person.path, True), ("Nirgends", False)):
        request = CalendarRequest(account="a", settings={"calendar": wanted}, timezone=ZoneInfo("Europe/Berlin"))
        if good:
            assert (await tried.provider.open(request)).key.endswith(f"{name}/")
        else:
            with pytest.raises(AccountError, match="no calendar of the path or name"):
                await tried.provider.open(request)


async def test_a_private_and_a_cancelled_event_are_told_as_such(tried: CaldavUnderTest) -> None:
    event_id = await tried.person.create(EVENT)
    await tried.person.edit(event_id, {"CLASS": "PRIVATE", "STATUS": "CANCELLED"})
    event = (await observed(tried.calendar, event_id)).event
    assert (event.private, event.cancelled) == (True, True)
