"""Writes: what they are conditional on, what they refuse, and what their answers mean."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import ServerDisconnectedError
from aioresponses import CallbackResult

from calsync.errors import AccountError, Blocked, CalsyncError, EventError, Missing, Retry, Stale, UnknownOutcome
from calsync.ports import may_change
from calsync.sync.model import Draft, Observation, Timed
from calsync.values import replace
from calsync_exchange_ews.items import MARKER_NAME, MARKER_SET
from tests.plugins.calsync_exchange_ews.conftest import (
    answer,
    fault,
    folder,
    folders,
    item,
    listed,
    message,
    read,
    soap,
)
from tests.plugins.calsync_exchange_ews.test_feed import shown, view

if TYPE_CHECKING:
    from calsync.sync.model import Changes
    from calsync_exchange_ews.calendar import ExchangeCalendar
    from tests.plugins.calsync_exchange_ews.conftest import Script

WHEN = Timed(datetime(2026, 3, 10, 14, tzinfo=UTC), datetime(2026, 3, 10, 15, tzinfo=UTC))
DRAFT = Draft(summary="Besichtigung", when=WHEN, description="Schlüssel", reminder=15)
CHANGES: Changes = {"summary": "Neu"}
MARKER = "v1:anna:m"
CONFLICT = "ErrorIrresolvableConflict"
MEETING = {"IsMeeting": "true", "MyResponseType": "Organizer"}


def written(operation: str, key: str = "k2", conflicts: int | None = 0, event_id: str = "one") -> bytes:
    count = (
        f"<m:ConflictResults><t:Count>{conflicts}</t:Count></m:ConflictResults>" if conflicts is not None else ""
    )
    inside = f'<m:Items><t:CalendarItem><t:ItemId Id="{event_id}" ChangeKey="{key}"/></t:CalendarItem></m:Items>'
    return answer(operation, message(operation, inside + count))


def refused(operation: str, code: str, values: str = "") -> bytes:
    return answer(operation, message(operation, f"<m:MessageXml>{values}</m:MessageXml>", code=code))


async def seen(
    calendar: ExchangeCalendar,
    script: Script,
    *,
    then: list[str] | None = None,
    fields: dict[str, str] | None = None,
) -> Observation:
    """Return the observation of an appointment; later reads find it again, or what is given."""
    script.on("GetItem", read(item(**(fields or {}))))
    found = await calendar.read(["one"])
    script.on("GetItem", *(read(each) for each in then or [item(**(fields or {}))]))
    script.requests.clear()
    return found["one"]


async def test_a_create_carries_its_marker(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("CreateItem", written("CreateItem", key="k1", event_id="new"))
    done = await calendar.create(DRAFT, MARKER)
    assert (done.id, done.revision) == ("new", "k1")
    (body,) = script.sent("CreateItem")
    assert f"<t:Value>{MARKER}</t:Value>" in body
    assert '<t:FolderId Id="calendar-id"/>' in body
    assert "<t:ReminderIsSet>true" in body


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused("CreateItem", "ErrorServerBusy"), Retry),
        (refused("CreateItem", "ErrorInternalServerError"), UnknownOutcome),
        (refused("CreateItem", "ErrorTimeoutExpired"), UnknownOutcome),
        (refused("CreateItem", CONFLICT), UnknownOutcome),
        (refused("CreateItem", "ErrorAccessDenied"), AccountError),
        (refused("CreateItem", "ErrorQuotaExceeded"), AccountError),
        (refused("CreateItem", "ErrorCalendarDurationIsTooLong"), EventError),
        (fault("ErrorSchemaValidation"), EventError),
        (fault("ErrorNobodyKnows"), UnknownOutcome),
        (fault(""), UnknownOutcome),
        (answer("CreateItem"), UnknownOutcome),
        (answer("CreateItem", message("CreateItem", "<m:Items/>")), UnknownOutcome),
        (soap("<m:Create"), UnknownOutcome),
        (CallbackResult(status=500), UnknownOutcome),
        (CallbackResult(status=503), UnknownOutcome),
        (CallbackResult(status=429, headers={"Retry-After": "60"}), Retry),
        (ServerDisconnectedError(), UnknownOutcome),
    ],
)
async def test_what_a_create_may_end_in(
    calendar: ExchangeCalendar, script: Script, reply: Any, error: type[CalsyncError]
) -> None:
    script.on("CreateItem", reply)
    with pytest.raises(error):
        await calendar.create(DRAFT, MARKER)
    assert len(script.sent("CreateItem")) == 1


async def test_zones_that_are_refused_are_left_out(calendar: ExchangeCalendar, script: Script) -> None:
    named = '<t:FieldURI FieldURI="calendar:StartTimeZone"/>'
    target = await seen(calendar, script)
    for operation in ("CreateItem", "UpdateItem"):
        script.on(operation, refused(operation, "ErrorInvalidPropertySet", named), written(operation))
    await calendar.create(DRAFT, MARKER)
    await calendar.update(target, {"when": WHEN}, "")
    for operation in ("CreateItem", "UpdateItem"):
        first, second = script.sent(operation)
        assert "W. Europe Standard Time" in first.partition("Body>")[2]
        assert "TimeZone" not in second.partition("Body>")[2]


async def test_another_property_that_is_refused_is_the_event_s(calendar: ExchangeCalendar, script: Script) -> None:
    named = '<t:FieldURI FieldURI="item:Subject"/>'
    script.on("CreateItem", refused("CreateItem", "ErrorInvalidPropertySet", named))
    with pytest.raises(EventError):
        await calendar.create(DRAFT, MARKER)
    assert len(script.sent("CreateItem")) == 1


async def test_an_update_sends_what_changed_on_condition_of_the_version(
    calendar: ExchangeCalendar, script: Script
) -> None:
    target = await seen(calendar, script)
    script.on("UpdateItem", written("UpdateItem"))
    done = await calendar.update(target, CHANGES, "")
    assert (done.id, done.revision, done.stored) == ("one", "k2", None)
    assert [name for name, _ in script.requests] == ["GetItem", "UpdateItem"]
    (body,) = script.sent("UpdateItem")
    assert '<t:ItemId Id="one" ChangeKey="k1"/>' in body
    assert 'ConflictResolution="NeverOverwrite"' in body
    assert re.findall(r'FieldURI="([^"]+)"', body) == ["item:Subject"]


async def test_a_version_that_moved_by_itself_is_no_edit(calendar: ExchangeCalendar, script: Script) -> None:
    target = await seen(calendar, script, then=[item(key="k9")])
    script.on("UpdateItem", written("UpdateItem"))
    await calendar.update(target, CHANGES, "")
    assert 'ChangeKey="k9"' in script.sent("UpdateItem")[0]


async def test_an_equal_version_is_the_same_event(calendar: ExchangeCalendar, script: Script) -> None:
    # What is remembered after a write is what was written; the server may have stored it in its own form.
    target = await seen(calendar, script)
    script.on("UpdateItem", written("UpdateItem"))
    remembered = replace(target, event=replace(target.event, description="Ausweise  und Vollmacht"))
    assert (await calendar.update(remembered, CHANGES, "")).revision == "k2"


async def test_an_event_that_was_edited_is_not_written(calendar: ExchangeCalendar, script: Script) -> None:
    for write in (lambda target: calendar.update(target, CHANGES, ""), calendar.delete):
        target = await seen(calendar, script, then=[item(key="k2", Subject="Vom Menschen")])
        with pytest.raises(Stale) as stale:
            await write(target)
        assert stale.value.fresh.event.summary == "Vom Menschen"
        assert [name for name, _ in script.requests] == ["GetItem"]


@pytest.mark.parametrize("reply", [refused("UpdateItem", CONFLICT), written("UpdateItem", conflicts=1)])
async def test_a_conflict_is_looked_at(calendar: ExchangeCalendar, script: Script, reply: bytes) -> None:
    # Carried out all the same.
    target = await seen(calendar, script, then=[item(), item(key="k5", Subject="Neu")])
    script.on("UpdateItem", reply)
    done = await calendar.update(target, CHANGES, "")
    assert done.revision == "k5"
    assert done.stored is not None
    assert len(script.sent("UpdateItem")) == 1
    # The server touched the item: once more, with its new version.
    target = await seen(calendar, script, then=[item(), item(key="k6")])
    script.on("UpdateItem", reply, written("UpdateItem", key="k7"))
    assert (await calendar.update(target, CHANGES, "")).revision == "k7"
    assert 'ChangeKey="k6"' in script.sent("UpdateItem")[1]
    # Somebody edited it.
    target = await seen(calendar, script, then=[item(), item(key="k8", Body="Vom Menschen")])
    script.on("UpdateItem", reply)
    with pytest.raises(Stale):
        await calendar.update(target, CHANGES, "")
    # It never ends.
    target = await seen(calendar, script)
    with pytest.raises(Stale):
        await calendar.update(target, CHANGES, "")
    assert len(script.sent("UpdateItem")) == 2


async def test_an_update_of_what_is_gone(calendar: ExchangeCalendar, script: Script) -> None:
    target = await seen(calendar, script)
    gone = refused("GetItem", "ErrorItemNotFound")
    script.on("GetItem", read(item()), gone)
    script.on("UpdateItem", refused("UpdateItem", "ErrorItemNotFound"))
    with pytest.raises(Missing):
        await calendar.update(target, CHANGES, "")


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused("UpdateItem", "ErrorServerBusy"), Retry),
        (refused("UpdateItem", "ErrorInternalServerTransientError"), UnknownOutcome),
        (refused("UpdateItem", "ErrorItemSavePropertyError"), EventError),
        (refused("UpdateItem", "ErrorNobodyKnows"), EventError),
        (answer("UpdateItem"), UnknownOutcome),
        (ServerDisconnectedError(), UnknownOutcome),
    ],
)
async def test_what_an_update_may_end_in(
    calendar: ExchangeCalendar, script: Script, reply: Any, error: type[CalsyncError]
) -> None:
    target = await seen(calendar, script)
    script.on("UpdateItem", reply)
    with pytest.raises(error):
        await calendar.update(target, CHANGES, "")
    assert len(script.sent("UpdateItem")) == 1


@pytest.mark.parametrize("meetings", ["block", "silent"])
@pytest.mark.parametrize(
    ("fields", "reasons"),
    [
        (MEETING, ("has_attendees", None)),
        ({"IsMeeting": "", "AppointmentState": "", "MyResponseType": "Organizer"}, ("has_attendees", None)),
        ({"IsMeeting": "true", "MyResponseType": "Tentative"}, ("not_organised_here",) * 2),
        ({"IsMeeting": "", "AppointmentState": "", "MyResponseType": ""}, ("not_organised_here",) * 2),
        ({"CalendarItemType": "RecurringMaster"}, ("series",) * 2),
        ({}, (None, None)),
    ],
)
async def test_who_may_not_be_told(
    calendar: ExchangeCalendar,
    script: Script,
    meetings: str,
    fields: dict[str, str],
    reasons: tuple[str | None, ...],
) -> None:
    calendar._silent = meetings == "silent"
    reason = reasons[meetings == "silent"]
    target = await seen(calendar, script, fields=fields)
    for operation in ("UpdateItem", "DeleteItem"):
        script.on(operation, written(operation))
    for write in (lambda: calendar.update(target, CHANGES, ""), lambda: calendar.delete(target)):
        if reason is None:
            await write()
        else:
            with pytest.raises(Blocked, match=reason):
                await write()
    assert len(script.sent("UpdateItem") + script.sent("DeleteItem")) == (0 if reason else 2)


async def test_meetings_are_blocked_by_default(calendar: ExchangeCalendar) -> None:
    assert not calendar._silent
    assert calendar.capabilities.writes_may_mail


@pytest.mark.parametrize("fields", [{"IsOnlineMeeting": "true"}, {"HasAttachments": "true"}])
async def test_a_join_link_and_pictures_are_kept(
    calendar: ExchangeCalendar, script: Script, fields: dict[str, str]
) -> None:
    target = await seen(calendar, script, fields=fields)
    script.on("UpdateItem", written("UpdateItem"))
    with pytest.raises(Blocked, match="online_meeting"):
        await calendar.update(target, {"description": "Neu"}, "")
    await calendar.update(target, CHANGES, "")


async def test_a_delete_goes_into_the_trash(calendar: ExchangeCalendar, script: Script) -> None:
    target = await seen(calendar, script)
    script.on("DeleteItem", answer("DeleteItem", message("DeleteItem")))
    await calendar.delete(target)
    assert [name for name, _ in script.requests] == ["GetItem", "DeleteItem"]
    assert 'DeleteType="MoveToDeletedItems"' in script.sent("DeleteItem")[0]


async def test_what_is_gone_needs_no_delete(calendar: ExchangeCalendar, script: Script) -> None:
    target = await seen(calendar, script)
    script.on("DeleteItem", refused("DeleteItem", "ErrorItemNotFound"))
    await calendar.delete(target)
    script.on("GetItem", refused("GetItem", "ErrorItemNotFound"))
    script.on("GetFolder", folders(folder("calendar-id")))
    script.on("FindItem", view())
    await calendar.delete(target)
    assert len(script.sent("DeleteItem")) == 1


async def test_what_has_another_id_elsewhere_is_not_deleted(calendar: ExchangeCalendar, script: Script) -> None:
    target = await seen(calendar, script)
    script.on("GetItem", refused("GetItem", "ErrorItemNotFound"))
    script.on("GetFolder", folders(folder("calendar-id")))
    script.on("FindFolder", listed(folder("calendar-id"), folder("another")))
    nothing = '<m:RootFolder IncludesLastItemInRange="true"><t:Items/></m:RootFolder>'
    moved = nothing.replace("<t:Items/>", f"<t:Items>{shown('new')}</t:Items>")
    script.on("FindItem", answer("FindItem", message("FindItem", moved), message("FindItem", nothing)))
    with pytest.raises(Missing):
        await calendar.delete(target)
    assert script.sent("DeleteItem") == []


async def test_what_stands_elsewhere_is_not_deleted(calendar: ExchangeCalendar, script: Script) -> None:
    target = await seen(calendar, script)
    script.on("GetItem", read(item().replace("calendar-id", "another")))
    script.on("GetFolder", folders(folder("another")))
    with pytest.raises(Missing):
        await calendar.delete(target)
    assert script.sent("DeleteItem") == []


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (refused("DeleteItem", CONFLICT), Stale),
        (refused("DeleteItem", "ErrorCannotDeleteObject"), EventError),
        (refused("DeleteItem", "ErrorInternalServerError"), UnknownOutcome),
        (ServerDisconnectedError(), UnknownOutcome),
    ],
)
async def test_what_a_delete_may_end_in(
    calendar: ExchangeCalendar, script: Script, reply: Any, error: type[CalsyncError]
) -> None:
    target = await seen(calendar, script)
    script.on("DeleteItem", reply)
    with pytest.raises(error):
        await calendar.delete(target)


async def test_no_write_without_the_right_to(calendar: ExchangeCalendar, script: Script) -> None:
    def refuse() -> None:
        raise Retry("frozen")

    target = await seen(calendar, script)
    token = may_change.set(refuse)
    try:
        with pytest.raises(Retry, match="frozen"):
            await calendar.create(DRAFT, MARKER)
        with pytest.raises(Retry, match="frozen"):
            await calendar.update(target, CHANGES, "")
        with pytest.raises(Retry, match="frozen"):
            await calendar.delete(target)
    finally:
        may_change.reset(token)
    assert {name for name, _ in script.requests} == {"GetItem"}


async def test_the_zone_that_a_user_chose_is_kept(calendar: ExchangeCalendar, script: Script) -> None:
    london = item().replace("W. Europe Standard Time", "GMT Standard Time")
    custom = item().replace("W. Europe Standard Time", "Customized Time Zone")
    script.on("UpdateItem", written("UpdateItem"))
    for text, zone in ((london, "GMT Standard Time"), (custom, "W. Europe Standard Time")):
        script.on("GetItem", read(text))
        target = (await calendar.read(["one"]))["one"]
        await calendar.update(target, {"when": WHEN}, "")
        body = script.sent("UpdateItem")[-1]
        assert re.findall(r'<t:(?:Start|End)TimeZone Id="([^"]+)"', body) == [zone, zone]
        assert "<t:Start>2026-03-10T14:00:00Z" in body
        assert "Customized" not in body


def key(number: int) -> str:
    """Return a version in a server's own form."""
    return base64.b64encode(bytes([9, 0, 0, 0, number])).decode()


async def learning(calendar: ExchangeCalendar, script: Script, *replies: bytes) -> list[str]:
    """Update an appointment for the first time; return the versions that were named."""
    target = await seen(calendar, script, then=[item(key=key(1))])
    script.on("UpdateItem", *replies)
    await calendar.update(target, CHANGES, "")
    return [named for body in script.sent("UpdateItem") for named in re.findall(r'ChangeKey="([^"]+)"', body)]


async def test_whether_versions_are_heeded_is_found_out_by_the_first_update(
    calendar: ExchangeCalendar, script: Script
) -> None:
    assert not calendar.capabilities.conditional_writes
    first, second = await learning(calendar, script, refused("UpdateItem", CONFLICT), written("UpdateItem"))
    assert (len(first), second) == (len(key(1)), key(1))
    assert first != second
    assert calendar.capabilities.conditional_writes
    assert calendar.capabilities.writes_may_mail
    assert await learning(calendar, script, written("UpdateItem")) == [key(1)]


async def test_a_server_that_heeds_no_version_has_written_what_was_to_be_written(
    calendar: ExchangeCalendar, script: Script
) -> None:
    (other,) = await learning(calendar, script, written("UpdateItem"))
    assert other != key(1)
    assert not calendar.capabilities.conditional_writes
    assert await learning(calendar, script, written("UpdateItem")) == [key(1)]
    assert not calendar.capabilities.conditional_writes


async def test_a_version_refused_for_its_form_proves_nothing(calendar: ExchangeCalendar, script: Script) -> None:
    assert (
        len(
            await learning(calendar, script, refused("UpdateItem", "ErrorInvalidChangeKey"), written("UpdateItem"))
        )
        == 2
    )
    assert not calendar.capabilities.conditional_writes


async def test_a_text_that_is_not_deleted_is_emptied(calendar: ExchangeCalendar, script: Script) -> None:
    target = await seen(calendar, script, then=[item(), item(key="k2")])
    script.on("UpdateItem", written("UpdateItem"), written("UpdateItem", key="k3"))
    done = await calendar.update(target, {"summary": "Neu", "description": ""}, "")
    assert (done.revision, done.stored) == ("k3", None)
    first, second = script.sent("UpdateItem")
    assert '<t:DeleteItemField><t:FieldURI FieldURI="item:Body"/>' in first
    assert '<t:CalendarItem><t:Body BodyType="Text"/></t:CalendarItem>' in second
    assert "item:Subject" not in second
    # Known from then on.
    target = await seen(calendar, script)
    script.on("UpdateItem", written("UpdateItem"))
    await calendar.update(target, {"summary": ""}, "")
    (body,) = script.sent("UpdateItem")
    assert "<t:CalendarItem><t:Subject/></t:CalendarItem>" in body
    assert len(script.sent("GetItem")) == 1


async def test_an_emptied_text_is_read_back(calendar: ExchangeCalendar, script: Script) -> None:
    target = await seen(calendar, script, then=[item(), item(key="k2", Body="")])
    script.on("UpdateItem", written("UpdateItem"))
    done = await calendar.update(target, {"description": ""}, "")
    assert done.stored is not None
    assert (done.stored.revision, done.stored.event.description) == ("k2", "")
    assert len(script.sent("UpdateItem")) == 1


@pytest.mark.parametrize("then", [item(key="k9", Body="Vom Menschen"), item(key="k2", Start="")])
async def test_what_somebody_writes_meanwhile_is_not_emptied(
    calendar: ExchangeCalendar, script: Script, then: str
) -> None:
    target = await seen(calendar, script, then=[item(), then])
    script.on("UpdateItem", written("UpdateItem"))
    done = await calendar.update(target, {"description": ""}, "")
    assert (done.revision, done.stored) == ("k2", None)
    assert len(script.sent("UpdateItem")) == 1


async def test_an_empty_text_that_is_refused_is_told(calendar: ExchangeCalendar, script: Script) -> None:
    target = await seen(calendar, script, then=[item(), item(key="k2")])
    script.on("UpdateItem", written("UpdateItem"), refused("UpdateItem", "ErrorItemSave"))
    with pytest.raises(EventError):
        await calendar.update(target, {"description": ""}, "")


def marked(event_id: str = "one") -> str:
    """Return an appointment that carries a marker."""
    uri = f'<t:ExtendedFieldURI PropertySetId="{MARKER_SET}" PropertyName="{MARKER_NAME}" PropertyType="String"/>'
    value = f"<t:ExtendedProperty>{uri}<t:Value>{MARKER}</t:Value></t:ExtendedProperty>"
    return item(event_id).replace("<t:Start>", f"{value}<t:Start>")


async def test_a_marker_is_deleted_and_nothing_else_is_written(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("GetItem", read(marked()), read(item()))
    script.on("UpdateItem", written("UpdateItem"))
    await calendar.unmark("one")
    (body,) = script.sent("UpdateItem")
    assert re.findall(r"<t:(\w+Field)>", body) == ["DeleteItemField"]
    assert f'PropertyName="{MARKER_NAME}"' in body
    assert 'ChangeKey="k1"' in body


async def test_a_marker_that_is_not_deleted_is_emptied(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("GetItem", read(marked()), read(marked()), read(item()))
    script.on("UpdateItem", written("UpdateItem"), written("UpdateItem"))
    await calendar.unmark("one")
    _, body = script.sent("UpdateItem")
    assert re.findall(r"<t:(\w+Field)>", body) == ["SetItemField"]
    assert "<t:Value/>" in body


async def test_a_marker_that_stays_is_told(calendar: ExchangeCalendar, script: Script) -> None:
    script.on("GetItem", *(read(marked()) for _ in range(4)))
    script.on("UpdateItem", *(written("UpdateItem") for _ in range(3)))
    with pytest.raises(EventError, match="keeps an event's marker"):
        await calendar.unmark("one")
