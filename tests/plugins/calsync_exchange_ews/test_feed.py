from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.errors import AccountError, CalsyncError, Retry, TokenLost
from calsync.sync.model import Timed, Window
from tests.plugins.calsync_exchange_ews.conftest import answer, fault, item, message, read, soap

if TYPE_CHECKING:
    from calsync.ports import Page
    from calsync_exchange_ews.calendar import ExchangeCalendar
    from tests.plugins.calsync_exchange_ews.conftest import Script

WINDOW = Window(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC))


def told(state: str, *changes: tuple[str, str], last: str = "true") -> bytes:
    """Return a page of the feed: kinds and ids."""
    each = "".join(
        f'<t:{kind}><t:ItemId Id="{one}"/></t:{kind}>'
        if kind in ("Delete", "ReadFlagChange")
        else f'<t:{kind}><t:CalendarItem><t:ItemId Id="{one}"/></t:CalendarItem></t:{kind}>'
        for kind, one in changes
    )
    inside = (
        f"<m:SyncState>{state}</m:SyncState><m:IncludesLastItemInRange>{last}</m:IncludesLastItemInRange>"
        f"<m:Changes>{each}</m:Changes>"
    )
    return answer("SyncFolderItems", message("SyncFolderItems", inside))


def view(*items: str, last: str = "true") -> bytes:
    root = f'<m:RootFolder IncludesLastItemInRange="{last}"><t:Items>{"".join(items)}</t:Items></m:RootFolder>'
    return answer("FindItem", message("FindItem", root))


def shown(event_id: str, kind: str = "Single", uid: str = "u", start: str = "2026-03-10T09:00:00Z") -> str:
    return (
        f'<t:CalendarItem><t:ItemId Id="{event_id}"/><t:UID>{uid}</t:UID><t:Start>{start}</t:Start>'
        f"<t:End>{start}</t:End><t:CalendarItemType>{kind}</t:CalendarItemType></t:CalendarItem>"
    )


async def pages(calendar: ExchangeCalendar, token: str | None = None) -> list[Page]:
    return [page async for page in calendar.changes(token, WINDOW)]


def refused(code: str, operation: str = "SyncFolderItems") -> bytes:
    return answer(operation, message(operation, code=code))


async def test_the_feed_is_emptied_before_the_window_is_read(calendar: ExchangeCalendar, script: Script) -> None:
    script.on(
        "SyncFolderItems",
        told("s1", ("Create", "a"), ("Create", "old"), last="false"),
        told("s2", ("Create", "b")),
    )
    script.on("FindItem", view(shown("a"), shown("b")))
    script.on("GetItem", read(item("a"), item("b")))
    (events, end) = await pages(calendar)
    assert [seen.id for seen in events.observations] == ["a", "b"]
    assert (events.token, events.complete) == (None, False)
    assert (end.token, end.complete) == ("s2", True)
    assert [name for name, _ in script.requests] == ["SyncFolderItems"] * 2 + ["FindItem", "GetItem"]
    assert 'StartDate="2026-02-28T00:00:00Z" EndDate="2026-05-02T00:00:00Z"' in script.sent("FindItem")[0]


async def test_changes_carry_a_token_on_every_page(calendar: ExchangeCalendar, script: Script) -> None:
    script.on(
        "SyncFolderItems",
        told("s3", ("Update", "a"), ("Delete", "b"), ("ReadFlagChange", "c"), last="false"),
        told("s4", ("Delete", "d"), ("Create", "d"), ("Create", "e"), ("Delete", "e")),
    )
    script.on("GetItem", read(item("a")), read(item("d")))
    first, second = await pages(calendar, "s2")
    assert ([seen.id for seen in first.observations], first.removed, first.token) == (["a"], ["b"], "s3")
    assert ([seen.id for seen in second.observations], second.removed, second.token) == (["d"], ["e"], "s4")
    assert "<m:SyncState>s2</m:SyncState>" in script.sent("SyncFolderItems")[0]


async def test_nothing_new_costs_one_request(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("SyncFolderItems", told("s2"))
    (page,) = await pages(calendar, "s2")
    assert (page.observations, page.removed, page.token) == ([], [], "s2")
    assert len(script.requests) == 1


async def test_an_event_that_cannot_be_read_stops_no_other(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("SyncFolderItems", told("s3", *(("Update", each) for each in "abcdef")))
    script.on(
        "GetItem",
        answer(
            "GetItem",
            message("GetItem", code="ErrorItemNotFound"),
            message("GetItem", code="ErrorItemCorrupt"),
            message("GetItem", code="ErrorNobodyKnows"),
            message("GetItem", "<m:Items><t:MeetingRequest><t:ItemId Id='d'/></t:MeetingRequest></m:Items>"),
            message("GetItem", f"<m:Items>{item('e', Start='')}</m:Items>"),
            message("GetItem", f"<m:Items>{item('f')}</m:Items>"),
        ),
    )
    (page,) = await pages(calendar, "s2")
    assert [seen.id for seen in page.observations] == ["f"]
    assert (page.removed, page.token) == ([], "s3")


async def test_an_event_that_breaks_the_server_is_left_out_at_the_third_time(
    calendar: ExchangeCalendar, script: Script
) -> None:
    script.on("SyncFolderItems", told("s3", ("Update", "a"), ("Update", "b")))
    found = message("GetItem", f"<m:Items>{item('b')}</m:Items>")
    script.on("GetItem", answer("GetItem", message("GetItem", code="ErrorInternalServerError"), found))
    for _ in range(2):
        with pytest.raises(Retry):
            await pages(calendar, "s2")
    (page,) = await pages(calendar, "s2")
    assert [seen.id for seen in page.observations] == ["b"]


@pytest.mark.parametrize("code", ["ErrorMailboxStoreUnavailable", "ErrorServerBusy", "ErrorMailboxMoveInProgress"])
async def test_no_event_is_left_out_because_its_mailbox_is_down(
    calendar: ExchangeCalendar, script: Script, code: str
) -> None:
    script.on("SyncFolderItems", told("s3", ("Update", "a"), ("Update", "b")))
    script.on("GetItem", answer("GetItem", *[message("GetItem", code=code)] * 2))
    for _ in range(5):
        with pytest.raises(Retry):
            await pages(calendar, "s2")


@pytest.mark.parametrize("code", ["", "ErrorTimeoutExpired", "ErrorInternalServerError"])
async def test_an_event_that_fails_the_whole_request_is_left_out_at_the_third_time(
    calendar: ExchangeCalendar, script: Script, code: str
) -> None:
    script.on("SyncFolderItems", told("s3", ("Update", "a"), ("Update", "b")))
    for number in range(3):
        script.on("GetItem", fault(code), fault(code), read(item("b")))
        if number < 2:
            with pytest.raises(Retry):
                await pages(calendar, "s2")
    (page,) = await pages(calendar, "s2")
    assert [seen.id for seen in page.observations] == ["b"]


async def test_answers_in_another_order_are_not_believed(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("SyncFolderItems", told("s3", ("Update", "a"), ("Update", "b")))
    script.on("GetItem", read(item("b"), item("a")))
    with pytest.raises(Retry, match="another event"):
        await pages(calendar, "s2")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused("ErrorInvalidSyncStateData"), TokenLost),
        (fault("ErrorInvalidSyncStateData"), TokenLost),
        (refused("ErrorSyncFolderNotFound"), AccountError),
        (refused("ErrorAccessDenied"), AccountError),
        (refused("ErrorSchemaValidation"), AccountError),
        (fault("ErrorSchemaValidation"), AccountError),
        (refused("ErrorServerBusy"), Retry),
        (refused("ErrorNobodyKnows"), Retry),
        (told(""), Retry),
        (told("s2", last="false"), Retry),
        (told("s2", last=""), Retry),
    ],
)
async def test_a_feed_that_breaks_off(
    calendar: ExchangeCalendar, script: Script, reply: bytes, error: type[CalsyncError]
) -> None:
    script.on("SyncFolderItems", reply)
    with pytest.raises(error):
        await pages(calendar, "s2")


async def test_a_feed_without_end_is_left(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("SyncFolderItems", told("s3", ("Update", "a"), last="false"))
    script.on("GetItem", read(item("a")))
    with pytest.raises(Retry, match="for ever"):
        await pages(calendar, "s2")
    assert len(script.sent("SyncFolderItems")) == 2


async def test_a_view_that_is_cut_is_asked_for_in_parts(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("SyncFolderItems", told("s1"))
    script.on(
        "FindItem",
        view(shown("a"), last="false"),
        view(shown("a")),
        refused("ErrorExceededFindCountLimit", "FindItem"),
        view(shown("a"), shown("b")),
        view(),
    )
    script.on("GetItem", read(item("a"), item("b")))
    events, end = await pages(calendar)
    assert [seen.id for seen in events.observations] == ["a", "b"]
    assert end.complete
    asked = script.sent("FindItem")
    assert [body.count('MaxEntriesReturned="1000"') for body in asked] == [1, 1, 1, 0, 0]
    assert [body.count('MaxEntriesReturned="500"') for body in asked] == [0, 0, 0, 1, 1]


async def test_behind_a_view_that_was_cut_views_are_as_short_while_they_are_full(
    calendar: ExchangeCalendar, script: Script
) -> None:
    script.on("SyncFolderItems", told("s1"))
    cut, full = view(last="false"), view(*[shown("a")] * 501)
    script.on("FindItem", cut, cut, full, full, view())
    script.on("GetItem", read(item("a")))
    window = Window(WINDOW.start, WINDOW.start + timedelta(days=403))
    assert [page.complete async for page in calendar.changes(None, window)] == [False, True]
    spans = [re.findall(r'(?:Start|End)Date="([^"]+)Z"', body) for body in script.sent("FindItem")]
    days = [(datetime.fromisoformat(end) - datetime.fromisoformat(start)).days for start, end in spans]
    assert days == [180, 90, 45, 45, 45, 90, 180]


async def test_what_has_no_id_is_left_out(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("SyncFolderItems", told("s1", ("Update", "")))
    script.on("FindItem", view(shown(""), shown("a"), shown("b").replace('<t:ItemId Id="b"/>', "")))
    script.on("GetItem", read(item("a")))
    events, _ = await pages(calendar)
    assert [seen.id for seen in events.observations] == ["a"]


@pytest.mark.parametrize("reply", [view(last="false"), refused("ErrorCalendarViewRangeTooBig", "FindItem")])
async def test_a_view_that_stays_cut_is_not_complete(
    calendar: ExchangeCalendar, script: Script, reply: bytes
) -> None:
    script.on("SyncFolderItems", told("s1"))
    script.on("FindItem", reply)
    with pytest.raises(Retry, match="one minute"):
        await pages(calendar)


async def test_a_series_is_told_once_at_its_first_occurrence_of_the_window(
    calendar: ExchangeCalendar, script: Script
) -> None:
    script.on("SyncFolderItems", told("s1"))
    occurrences = [shown(f"o{day}", "Occurrence", "series", f"2026-03-1{day}T09:00:00Z") for day in range(3)]
    script.on("FindItem", view(*occurrences, shown("x1", "Exception", "other", "2026-04-01T08:00:00Z")))
    master = item(
        "m", Start="2020-01-01T09:00:00Z", End="2020-01-01T10:00:00Z", CalendarItemType="RecurringMaster"
    )
    script.on(
        "GetItem",
        answer(
            "GetItem",
            message("GetItem", f"<m:Items>{master}</m:Items>"),
            message("GetItem", code="ErrorItemNotFound"),
        ),
        read(item("x1", CalendarItemType="Exception")),
    )
    (end,) = await pages(calendar)
    assert [(seen.id, seen.event.series) for seen in end.observations] == [("m", True), ("x1", True)]
    start = datetime(2026, 3, 10, 9, tzinfo=UTC)
    assert end.observations[0].event.when == Timed(start, start)
    assert script.sent("GetItem")[0].count("RecurringMasterItemId") == 2


@pytest.mark.parametrize("without", [fault("ErrorInvalidRequest"), fault(""), soap("")])
async def test_a_server_without_masters_tells_their_occurrences(
    calendar: ExchangeCalendar, script: Script, without: bytes
) -> None:
    script.on("SyncFolderItems", told("s1"))
    script.on("FindItem", view(shown("o1", "Occurrence", "series")))
    script.on("GetItem", without, read(item("o1", CalendarItemType="Occurrence")))
    (end,) = await pages(calendar)
    assert [(seen.id, seen.event.series) for seen in end.observations] == [("o1", True)]


async def test_a_long_window_is_looked_at_in_parts(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("SyncFolderItems", told("s1"))
    script.on("FindItem", view())
    wide = Window(WINDOW.start, WINDOW.start + timedelta(days=455))
    assert [page.complete async for page in calendar.changes(None, wide)] == [True]
    assert len(script.sent("FindItem")) == 3


async def test_a_master_that_cannot_be_read_is_stood_for(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("SyncFolderItems", told("s1"))
    script.on("FindItem", view(shown("o1", "Occurrence", "series", "gestern")))
    script.on("GetItem", read(item("m", Start="")), read(item("o1", CalendarItemType="Occurrence")))
    (end,) = await pages(calendar)
    assert [seen.id for seen in end.observations] == ["o1"]


async def test_an_occurrence_without_a_time_lies_where_the_view_begins(
    calendar: ExchangeCalendar, script: Script
) -> None:
    script.on("SyncFolderItems", told("s1"))
    script.on("FindItem", view(shown("o1", "Occurrence", "series", "gestern")))
    script.on("GetItem", read(item("m", CalendarItemType="RecurringMaster")))
    (end,) = await pages(calendar)
    start = WINDOW.start - timedelta(days=1)
    assert [seen.event.when for seen in end.observations] == [Timed(start, start)]


async def test_a_view_that_is_refused_is_no_empty_one(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("SyncFolderItems", told("s1"))
    script.on("FindItem", refused("ErrorCalendarFolderIsInvalidForCalendarView", "FindItem"))
    with pytest.raises(AccountError):
        await pages(calendar)
