"""A change feed that has no end, loses its token or is refused: the calendar is listed without it, or told why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import AccountError, Retry, TokenLost
from calsync_sandbox.faults import Fault
from calsync_sandbox.graph import trouble
from tests.plugins.calsync_graph.listening import SERIES, WEEKLY, listen

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.ports import Calendar
    from calsync_sandbox.graph import GraphServer
    from calsync_sandbox.mailbox import Mailbox

DELTA = "calendarView/delta"


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
