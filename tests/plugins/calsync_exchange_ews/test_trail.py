"""Where an event is that is not found by its id any more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.errors import Retry
from calsync.ports import Elsewhere, Gone, NoAccess, Trashed
from calsync.testing.contract.case import EVENT, listen
from calsync_exchange_ews.checks import PRIVATE_UNSEEN, about_calendar
from calsync_sandbox.ews import Trouble
from calsync_sandbox.ews.ids import read_item_id
from tests.plugins.calsync_exchange_ews.conftest import answer, folder, folders, listed, message
from tests.plugins.calsync_exchange_ews.test_contract import ExchangeUnderTest, opened
from tests.plugins.calsync_exchange_ews.test_feed import refused, shown

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.ports import Whereabouts
    from calsync.testing import FakeClock
    from calsync_exchange_ews.calendar import ExchangeCalendar
    from tests.plugins.calsync_exchange_ews.conftest import Script

MISSING = answer("GetItem", message("GetItem", code="ErrorItemNotFound"))
CALENDARS = listed(folder("calendar-id"), folder("team", "Team"), folder("house", "Haus"))


def found(*ids: str, last: str = "true") -> str:
    """Return what a search says of one folder."""
    items = "".join(shown(each, uid=f"uid-{each}") for each in ids)
    root = f'<m:RootFolder IncludesLastItemInRange="{last}"><t:Items>{items}</t:Items></m:RootFolder>'
    return message("FindItem", root)


@pytest.fixture
def lost(calendar: ExchangeCalendar, script: Script) -> ExchangeCalendar:
    """Return a calendar in which nothing is found by its id."""
    script.on("GetItem", MISSING)
    script.on("GetFolder", folders(folder("calendar-id")))
    script.on("FindFolder", CALENDARS)
    script.on("FindItem", answer("FindItem", found(), found(), found()))
    return calendar


async def test_where_private_events_are_hidden_only_what_is_found_is_proof(
    lost: ExchangeCalendar, script: Script
) -> None:
    """Its user may have made it private: whoever may not see that is answered as if it were gone."""
    script.on("GetFolder", folders(folder("calendar-id", private="false")))
    script.on("FindItem", answer("FindItem", found(), found(), found()), answer("FindItem", found()))
    for uid in ("uid-a", None):
        assert isinstance(await lost.locate("a", uid), NoAccess)
    script.on("FindItem", answer("FindItem", found(), found(), found("a")))
    assert isinstance(await lost.locate("a", "uid-a"), Trashed)
    script.on("FindItem", answer("FindItem", found(), found(), found()), answer("FindItem", found("b")))
    assert isinstance(await lost.locate("a", "uid-a"), Gone)  # it stands there under another id
    assert '<t:FolderId Id="calendar-id"' in script.sent("FindItem")[-1]
    assert PRIVATE_UNSEEN in await about_calendar(lost)


async def test_an_empty_page_that_is_not_the_last_is_looked_behind(lost: ExchangeCalendar, script: Script) -> None:
    cut = answer("FindItem", found(last="false"), found(), found())
    script.on("FindItem", cut, answer("FindItem", found("c", last="false")), answer("FindItem", found("a")))
    assert isinstance(await lost.locate("a", "uid-a"), Elsewhere)
    script.on("FindItem", cut, answer("FindItem", found(last="false")))
    with pytest.raises(Retry):
        await lost.locate("a", "uid-a")


@pytest.mark.parametrize(
    ("team", "house", "trash", "place"),
    [
        ((), (), (), Gone),
        ((), (), ("b",), Trashed),
        (("b",), (), (), Elsewhere),
        ((), ("b",), ("c",), Elsewhere),  # a copy in the trash proves nothing
    ],
)
async def test_it_is_searched_for_by_its_uid_where_it_may_have_been_moved(
    lost: ExchangeCalendar,
    script: Script,
    team: tuple[str],
    house: tuple[str],
    trash: tuple[str],
    place: type[Whereabouts],
) -> None:
    script.on("FindItem", answer("FindItem", found(*team), found(*house), found(*trash)))
    assert isinstance(await lost.locate("a", "uid-a"), place)
    (asked,) = script.sent("FindItem")
    assert [
        name for name in ("team", "house", "trash-id", "calendar-id") if f'<t:FolderId Id="{name}"' in asked
    ] == [
        "team",
        "house",
        "trash-id",
    ]


async def test_without_a_uid_it_is_gone(lost: ExchangeCalendar, script: Script) -> None:
    assert isinstance(await lost.locate("a", None), Gone)
    assert script.sent("FindItem") == []


async def test_many_lost_events_cost_one_list_of_calendars(
    lost: ExchangeCalendar, script: Script, clock: FakeClock
) -> None:
    for _ in range(5):
        assert isinstance(await lost.locate("a", "uid-a"), Gone)
    assert (len(script.sent("GetFolder")), len(script.sent("FindFolder"))) == (1, 1)
    clock.advance(61)
    await lost.locate("a", "uid-a")
    assert (len(script.sent("GetFolder")), len(script.sent("FindFolder"))) == (2, 2)


async def test_where_the_search_is_refused_nothing_is_known(lost: ExchangeCalendar, script: Script) -> None:
    denied = message("FindItem", code="ErrorAccessDenied")
    script.on("FindItem", answer("FindItem", found(), denied, found()), answer("FindItem", denied))
    assert isinstance(await lost.locate("a", "uid-a"), NoAccess)


async def test_where_the_calendars_cannot_be_listed_nothing_is_known(
    lost: ExchangeCalendar, script: Script
) -> None:
    script.on("FindFolder", refused("ErrorAccessDenied", "FindFolder"))
    assert isinstance(await lost.locate("a", "uid-a"), NoAccess)


async def test_trouble_of_a_search_is_no_answer(lost: ExchangeCalendar, script: Script) -> None:
    script.on("FindItem", answer("FindItem", *[message("FindItem", code="ErrorServerBusy")] * 3))
    with pytest.raises(Retry):
        await lost.locate("a", "uid-a")


@pytest.mark.parametrize("held", ["a", "b"])
async def test_where_a_server_cannot_search_for_it_all_uids_are_compared(
    lost: ExchangeCalendar, script: Script, held: str
) -> None:
    cannot = message("FindItem", code="ErrorInvalidRestriction")
    script.on(
        "FindItem", answer("FindItem", *[cannot] * 3), *[answer("FindItem", found(x)) for x in ("c", held, "d")]
    )
    assert isinstance(await lost.locate("a", "uid-a"), Elsewhere if held == "a" else Gone)


@pytest.fixture(params=[False, True], ids=["exchange", "another make"])
async def under_test(request: pytest.FixtureRequest) -> AsyncIterator[ExchangeUnderTest]:
    async with opened({}, {}, another_make=request.param) as it:
        yield it


@pytest.mark.parametrize("uid", ["termin-17@crm.example", "040000008200E00074C5B7101A82E00800000000C0FFEE"])
async def test_an_event_that_is_moved_lives_on_and_one_that_is_deleted_does_not(
    under_test: ExchangeUnderTest, uid: str
) -> None:
    calendar, mailbox = under_test.calendar, under_test.mailbox
    event_id = await under_test.user_create(EVENT)
    stored = read_item_id(event_id).event_id
    mailbox.events[stored]["iCalUId"] = uid
    (seen,) = (await listen(calendar)).observations.values()
    assert seen.event.uid == uid
    team = mailbox.add_calendar("Team")
    mailbox.move_to_calendar(stored, team)
    assert isinstance(await calendar.locate(event_id, uid), Elsewhere)
    mailbox.delete(stored)
    assert isinstance(await calendar.locate(event_id, uid), Trashed)
    del mailbox.deleted[stored]
    assert isinstance(await calendar.locate(event_id, uid), Gone)


async def test_a_server_that_is_busy_is_asked_again_later(under_test: ExchangeUnderTest) -> None:
    event_id = await under_test.user_create(EVENT)
    await under_test.user_delete(event_id)
    under_test.server.state.troubles.add(Trouble(code="ErrorServerBusy", operation="FindItem", times=None))
    with pytest.raises(Retry):
        await under_test.calendar.locate(event_id, "uid")
