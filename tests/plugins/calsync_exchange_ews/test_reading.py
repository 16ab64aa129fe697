from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from aioresponses import CallbackResult

from calsync.errors import Retry
from calsync.ports import Elsewhere, Here, NoAccess, Trashed
from calsync_exchange_ews.items import MARKER_NAME, MARKER_SET
from tests.plugins.calsync_exchange_ews.conftest import answer, fault, folder, folders, item, message, read
from tests.plugins.calsync_exchange_ews.test_feed import refused, shown, view

if TYPE_CHECKING:
    from calsync.ports import Whereabouts
    from calsync_exchange_ews.calendar import ExchangeCalendar
    from tests.plugins.calsync_exchange_ews.conftest import Script

MISSING = answer("GetItem", message("GetItem", code="ErrorItemNotFound"))


def standing(folder_id: str) -> bytes:
    return read(item("a").replace("calendar-id", folder_id))


def marked(event_id: str, marker: str) -> str:
    uri = f'<t:ExtendedFieldURI PropertySetId="{MARKER_SET}" PropertyName="{MARKER_NAME}" PropertyType="String"/>'
    return item(event_id).replace(
        "<t:UID>", f"<t:ExtendedProperty>{uri}<t:Value>{marker}</t:Value></t:ExtendedProperty><t:UID>"
    )


@pytest.mark.parametrize(
    ("reply", "place"),
    [
        (standing("calendar-id"), Here),
        (read(item("a").replace('<t:ParentFolderId Id="calendar-id"/>', "")), Here),
        (standing("trash-id"), Trashed),
        (standing("another"), Elsewhere),
        (read(item("a", ItemClass="IPM.Note")), Elsewhere),
        (answer("GetItem", message("GetItem", code="ErrorAccessDenied")), NoAccess),
        (answer("GetItem", message("GetItem", code="ErrorItemCorrupt")), NoAccess),
        (answer("GetItem", message("GetItem", code="ErrorNobodyKnows")), NoAccess),
        (answer("GetItem", message("GetItem", code="ErrorNonExistentMailbox")), NoAccess),
        (fault("ErrorImpersonateUserDenied"), NoAccess),
        (read(item("a", Start="")), NoAccess),
        (answer("GetItem", message("GetItem", "<m:Items/>")), NoAccess),
    ],
)
async def test_where_an_event_is(
    calendar: ExchangeCalendar, script: Script, reply: bytes, place: type[Whereabouts]
) -> None:
    script.on("GetItem", reply)
    script.on("GetFolder", folders(folder("another" if place is Elsewhere else "calendar-id")))
    assert isinstance(await calendar.locate("a", "uid-a"), place)


async def test_a_folder_s_id_may_have_another_form(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("GetItem", standing("calendar-id-in-another-form"))
    script.on("GetFolder", folders(folder("calendar-id")))
    for _ in range(2):
        assert isinstance(await calendar.locate("a", "uid-a"), Here)
    assert len(script.sent("GetFolder")) == 1


@pytest.mark.parametrize(
    "unreadable",
    [
        refused("ErrorFolderNotFound", "GetFolder"),
        fault("ErrorNonExistentMailbox"),
        folders(folder("calendar-id").replace("<t:Read>true", "<t:Read>false")),
        answer("GetFolder", message("GetFolder", "<m:Folders/>")),
    ],
)
async def test_where_the_calendar_cannot_be_read_nothing_is_gone(
    calendar: ExchangeCalendar, script: Script, unreadable: bytes
) -> None:
    script.on("GetItem", MISSING)
    script.on("GetFolder", unreadable)
    assert isinstance(await calendar.locate("a", "uid-a"), NoAccess)


async def test_trouble_is_no_answer(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("GetItem", CallbackResult(status=502))
    with pytest.raises(Retry):
        await calendar.locate("a", "uid-a")


BROKEN = CallbackResult(status=500, body=fault("ErrorInternalServerError"))


@pytest.mark.parametrize("broken", [BROKEN, CallbackResult(body=read(item("b"))[:-9]), TimeoutError()])
async def test_events_that_break_the_server_are_given_up_at_the_third_time(
    calendar: ExchangeCalendar, script: Script, broken: Any
) -> None:
    script.on("GetFolder", folders(folder("calendar-id")))
    for number in range(3):
        good = read(item("a")), read(item("d"))
        script.on("GetItem", broken, broken, good[0], broken, broken, broken, good[1])
        if number < 2:
            with pytest.raises(Retry):
                await calendar.read(["a", "b", "c", "d"])
    assert list(await calendar.read(["a", "b", "c", "d"])) == ["a", "d"]
    script.on("GetItem", broken)
    assert isinstance(await calendar.locate("b", "uid-b"), NoAccess)
    script.on("GetItem", read(item("b")))
    assert list(await calendar.read(["b"])) == ["b"]


async def test_notes_that_the_server_makes_no_text_of_are_read_as_they_are_and_not_written(
    calendar: ExchangeCalendar, script: Script
) -> None:
    failed = message("GetItem", code="ErrorContentConversionFailed")
    good = message("GetItem", f"<m:Items>{item('a')}</m:Items>")
    html = item("b").replace(
        "<t:Body>Ausweise", '<t:Body BodyType="HTML">&lt;p&gt;Erst&lt;/p&gt;&lt;p&gt;dann&lt;/p&gt;'
    )
    script.on("GetItem", answer("GetItem", good, failed), read(html))
    found = await calendar.read(["a", "b"])
    assert [(one.event.description, one.event.online_meeting) for one in found.values()] == [
        ("Ausweise", False),
        ("Erst\ndann", True),
    ]
    assert "<t:BodyType>Best</t:BodyType>" in script.sent("GetItem")[1]
    script.on("GetItem", answer("GetItem", good, failed), answer("GetItem", failed))
    assert list(await calendar.read(["a", "b"])) == ["a"], "empty notes would be an edit"
    script.on("GetItem", read(item("b")))
    assert (await calendar.read(["b"]))["b"].event.online_meeting is False


async def test_only_present_events_are_read(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("GetFolder", folders(folder("another")))
    found = [item("a"), item("b").replace("calendar-id", "trash-id"), item("c").replace("calendar-id", "another")]
    script.on("GetItem", read(*found, item("d", ItemClass="IPM.Task")))
    assert list(await calendar.read(["a", "b", "c", "d"])) == ["a"]
    assert await calendar.read([]) == {}


async def test_reads_go_in_small_batches(calendar: ExchangeCalendar, script: Script) -> None:
    ids = [f"e{number}" for number in range(120)]
    script.on("GetItem", *(read(*map(item, ids[start : start + 50])) for start in (0, 50, 100)))
    assert list(await calendar.read(ids)) == ids
    assert [body.count("<t:ItemId ") for body in script.sent("GetItem")] == [50, 50, 20]


async def test_a_marker_is_matched_exactly_on_all_pages(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("FindItem", view(shown("a"), shown("b"), last="false"), view(shown("c")))
    script.on("GetItem", read(marked("a", "v1:M"), marked("b", "v1:m"), item("c")))
    found = await calendar.find_marker("v1:m")
    assert [(seen.id, seen.marker) for seen in found] == [("b", "v1:m")]
    first, second = script.sent("FindItem")
    assert 'Offset="0"' in first
    assert 'Offset="2"' in second
    assert 'Value="v1:m"' in first


async def test_what_a_search_found_must_be_read(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("FindItem", view(shown("a"), shown("b")))
    gone, corrupt = (message("GetItem", code=f"Error{code}") for code in ("ItemNotFound", "ItemCorrupt"))
    script.on("GetItem", answer("GetItem", gone, corrupt))
    with pytest.raises(Retry, match="carries a marker"):
        await calendar.find_marker("v1:m")
    script.on("GetItem", answer("GetItem", gone, gone))
    assert await calendar.find_marker("v1:m") == []


async def test_a_search_that_repeats_itself_ends_and_proves_nothing(
    calendar: ExchangeCalendar, script: Script
) -> None:
    script.on("FindItem", view(shown("a"), last="false"))
    with pytest.raises(Retry, match="has no end"):
        await calendar.find_marker("v1:m")
    assert len(script.sent("FindItem")) == 2


async def test_a_page_that_is_empty_and_not_the_last_is_no_miss(
    calendar: ExchangeCalendar, script: Script
) -> None:
    """A create whose answer was lost would be sent a second time."""
    script.on("FindItem", view(last="false"))
    with pytest.raises(Retry):
        await calendar.find_marker("v1:m")


async def test_a_folder_that_says_nothing_proves_nothing(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("GetItem", standing("another"))
    script.on("GetFolder", refused("ErrorAccessDenied", "GetFolder"))
    assert isinstance(await calendar.locate("a", "uid-a"), NoAccess)
    script.on("GetFolder", refused("ErrorServerBusy", "GetFolder"))
    with pytest.raises(Retry):
        await calendar.locate("a", "uid-a")
    script.on("GetFolder", folders(folder("another")))
    assert isinstance(await calendar.locate("a", "uid-a"), Elsewhere)


@pytest.mark.parametrize(
    "reply",
    [
        refused("ErrorInternalServerError", "FindItem"),
        answer("FindItem", message("FindItem")),
        view(shown("")),
    ],
)
async def test_a_search_that_fails_finds_nothing_out(
    calendar: ExchangeCalendar, script: Script, reply: bytes
) -> None:
    script.on("FindItem", reply)
    with pytest.raises(Retry):
        await calendar.find_marker("v1:m")


async def test_what_a_server_did_not_come_to_is_asked_for_again(
    calendar: ExchangeCalendar, script: Script
) -> None:
    busy = message("GetItem", code="ErrorServerBusy")
    first = message("GetItem", f"<m:Items>{item('a')}</m:Items>")
    script.on("GetItem", answer("GetItem", first, busy), read(item("b")))
    assert list(await calendar.read(["a", "b"])) == ["a", "b"]
    script.on("GetItem", answer("GetItem", busy, busy))
    with pytest.raises(Retry):
        await calendar.read(["a", "b"])
