"""Reading from a FLOWFACT server on loopback by id, by marker and by polls, whatever its search leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import AccountError, EventError, LoginError, Retry, TokenLost
from calsync.ports import NoAccess
from calsync_sandbox.faults import Fault
from tests.plugins.calsync_flowfact.appointments import DRAFT, MARKER, MS, created, known, pages

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Calendar, Provider


async def test_new_events_are_read_back_in_one_search(calendar: Calendar, loopback: Any) -> None:
    await known(calendar)
    ids = [(await calendar.create(DRAFT, f"{MARKER}{number}")).id for number in range(5)]
    loopback.server.clear()
    assert set(await calendar.read(ids)) == set(ids)
    assert len(loopback.server.requests) == 1


async def test_what_a_late_search_does_not_show_is_read_by_id(calendar: Calendar, loopback: Any) -> None:
    await known(calendar)
    loopback.server.switches.search_lag = 60.0
    ids = [(await calendar.create(DRAFT, f"{MARKER}{number}")).id for number in range(3)]
    seen = await calendar.read(ids)
    assert set(seen) == set(ids)
    assert seen[ids[0]].marker == f"{MARKER}0"


async def test_what_a_late_search_shows_as_it_was_before_our_write_is_read_by_id(
    calendar: Calendar, loopback: Any
) -> None:
    await known(calendar)
    loopback.server.switches.patch_response = "empty"
    edited, deleted, plain = (created(loopback) for _ in range(3))
    before = await calendar.read([edited, deleted, plain])
    loopback.server.switches.search_lag = 60.0
    assert (await calendar.update(before[edited], {"summary": "Neu"}, "s")).revision is None
    await calendar.delete(before[deleted])
    after = await calendar.read([edited, deleted, plain])
    assert after.keys() == {edited, plain}
    assert after[edited].event.summary == "Neu"


async def test_a_search_that_shows_the_trash_is_not_trusted(calendar: Calendar, loopback: Any) -> None:
    kept, gone = created(loopback), created(loopback)
    loopback.server.switches.trash_in_search = True
    loopback.server.delete(gone, user=loopback.anna)
    loopback.clock.advance(86_400)
    told = [seen.id for page in await pages(calendar) for seen in page.observations]
    assert told == [kept]
    assert (await calendar.read([kept, gone])).keys() == {kept}


async def test_an_appointment_without_an_end_is_in_doubt(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    seen = (await calendar.read([event_id]))[event_id]
    loopback.server.patch(event_id, {"end_date": None}, user=loopback.anna)
    assert isinstance(await calendar.locate(event_id), NoAccess)
    assert await calendar.read([event_id]) == {}
    with pytest.raises(EventError):
        await calendar.update(seen, {"summary": "x"}, "s")


async def test_a_search_finds_similar_markers_and_they_are_no_hits(calendar: Calendar, loopback: Any) -> None:
    created(loopback, calsync_marker=MARKER)
    loopback.server.patch(created(loopback), {"calsync_marker": MARKER.upper()}, user=loopback.anna)
    assert len(await calendar.find_marker(MARKER)) == 1


async def test_a_marker_is_found_behind_pages_of_similar_ones(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    loopback.provider = providers(page_size=5)
    await loopback.provider.login()
    calendar = await loopback.calendar()
    mine = created(loopback, calsync_marker=MARKER)
    for _ in range(17):  # a search that compares words without regard to their case finds these, too
        loopback.server.patch(created(loopback), {"calsync_marker": MARKER.upper()}, user=loopback.anna)
    loopback.server.clear()
    assert [seen.id for seen in await calendar.find_marker(MARKER)] == [mine]
    assert len(loopback.server.sent("GET", "/entity-service/")) == 1


async def test_a_session_that_ends_is_renewed_on_the_way(calendar: Calendar, loopback: Any) -> None:
    token = await known(calendar)
    loopback.clock.advance(7200)
    await pages(calendar, token)
    assert len(loopback.server.sent(path_contains="authenticate")) == 2


async def test_a_search_without_a_right_stops_the_connection(calendar: Calendar, loopback: Any) -> None:
    loopback.server.faults.add(Fault(path="search-service", status=403, times=None))
    with pytest.raises(LoginError):
        await pages(calendar)


async def test_a_schema_that_disappears_stops_the_account(calendar: Calendar, loopback: Any) -> None:
    loopback.server.faults.add(Fault(path="search-service", status=404, times=None))
    with pytest.raises(AccountError):
        await pages(calendar)


async def test_throttling_says_how_long_to_wait(calendar: Calendar, loopback: Any) -> None:
    loopback.server.faults.add(Fault(path="search-service", status=429, headers={"Retry-After": "70"}))
    with pytest.raises(Retry) as caught:
        await pages(calendar)
    assert caught.value.after == 70


@pytest.mark.parametrize("limits", [{"max_page_size": 7}, {"max_window": 40}])
async def test_servers_with_limits(
    loopback: Any, providers: Callable[..., Provider], limits: dict[str, int]
) -> None:
    for name, value in limits.items():
        setattr(loopback.server.switches, name, value)
    hours = [MS + number * 3_600_000 for number in range(120)]
    events = {created(loopback, start_date=hour, end_date=hour) for hour in hours}
    loopback.provider = providers(page_size=20)
    await loopback.provider.login()
    calendar = await loopback.calendar()
    answered = await pages(calendar)
    assert {seen.id for page in answered for seen in page.observations} == events
    assert answered[-1].complete
    for event in events:
        loopback.server.patch(event, {"subject": "Neu"}, user=loopback.anna)
    if "max_page_size" in limits:
        told = await pages(calendar, answered[-1].token)
        assert {seen.id for page in told for seen in page.observations} == events


async def test_a_poll_that_does_not_reach_its_cursor_lists_in_full(
    loopback: Any, providers: Callable[..., Provider]
) -> None:
    loopback.provider = providers(page_size=20)
    await loopback.provider.login()
    calendar = await loopback.calendar()
    token = await known(calendar)
    loopback.server.switches.max_window = 40
    events = [created(loopback, start_date=MS, end_date=MS) for _ in range(60)]
    for event in events:
        loopback.server.patch(event, {"subject": "Neu"}, user=loopback.anna)
    with pytest.raises(TokenLost):
        await pages(calendar, token)


async def test_a_read_that_fails_is_not_an_absence(calendar: Calendar, loopback: Any) -> None:
    event_id = created(loopback)
    loopback.server.faults.add(Fault(method="GET", path=event_id, status=500))
    with pytest.raises(Retry):
        await calendar.read([event_id, created(loopback)])


async def test_a_poll_that_is_refused_says_so(calendar: Calendar, loopback: Any) -> None:
    token = await known(calendar)
    loopback.server.faults.add(Fault(path="search-service", status=400))
    with pytest.raises(AccountError, match="does not take a query"):
        await pages(calendar, token)
