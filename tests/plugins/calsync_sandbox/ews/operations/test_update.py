"""UpdateItem: only what is named is written, and whose version counts."""

from collections.abc import Callable
from typing import Any

import pytest

from calsync_sandbox.ews import EwsServer
from calsync_sandbox.mailbox import Mailbox

Draft = Callable[..., dict[str, Any]]
SUBJECT = "<t:Subject>Neu</t:Subject>"


def only(anna: Mailbox) -> dict[str, Any]:
    (event,) = anna.events.values()
    return event


async def test_only_what_is_named_changes(ews: Any, xml: Any, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft(categories=["Rot"], body={"content": "Notiz"}, location={"displayName": "Büro"}))
    before = dict(only(anna))
    listed = await ews.sync()
    changed = await ews.update(listed.id, listed.key, xml.set("item:Subject", SUBJECT))
    assert changed.code == "NoError"
    assert (changed.id, changed.text("//m:ConflictResults/t:Count")) == (listed.id, "0")
    event = only(anna)
    assert event["changeKey"] == changed.key != before["changeKey"]
    moved = {"subject", "changeKey", "lastModifiedDateTime"}
    assert {name for name in event if event[name] != before[name]} <= moved
    assert event["subject"] == "Neu"


async def test_values_are_cleared(ews: Any, xml: Any, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft(categories=["Rot"], body={"content": "Notiz"}, location={"displayName": "Büro"}))
    created = await ews.sync()
    marked = await ews.update(
        created.id,
        created.key,
        xml.set("X", f"<t:ExtendedProperty>{xml.marker}<t:Value>1</t:Value></t:ExtendedProperty>"),
    )
    assert [prop["value"] for prop in only(anna)["singleValueExtendedProperties"]] == ["1"]
    names = ("item:Body", "item:Categories", "calendar:Location", "item:ReminderIsSet", "item:Subject", "X")
    cleared = await ews.update(created.id, marked.key, *(xml.delete(name) for name in names))
    assert cleared.code == "NoError"
    event = only(anna)
    assert (event["body"]["content"], event["categories"], event["location"]["displayName"]) == ("", [], "")
    assert (event["isReminderOn"], event["subject"], event["singleValueExtendedProperties"]) == (False, "", [])
    refused = await ews.update(created.id, cleared.key, xml.delete("calendar:Start"))
    assert refused.code == "ErrorInvalidPropertyDelete"
    assert refused.all("//t:FieldURI")[0].get("FieldURI") == "calendar:Start"


async def test_a_property_that_graph_has_written_keeps_its_id(
    ews: Any, xml: Any, anna: Mailbox, draft: Draft
) -> None:
    theirs = "String {C11FF724-AA03-4555-9952-8FA248A11C3E} Name calsync-foreign-id"
    anna.create(draft(singleValueExtendedProperties=[{"id": theirs, "value": "1"}]))
    listed = await ews.sync()
    await ews.update(
        listed.id,
        listed.key,
        xml.set("X", f"<t:ExtendedProperty>{xml.marker}<t:Value>2</t:Value></t:ExtendedProperty>"),
    )
    assert only(anna)["singleValueExtendedProperties"] == [{"id": theirs, "value": "2"}]


@pytest.mark.parametrize(
    ("conflicts", "codes"),
    [
        ("NeverOverwrite", ("ErrorIrresolvableConflict", "ErrorChangeKeyRequiredForWriteOperations")),
        ("AutoResolve", ("NoError", "NoError")),
        ("AlwaysOverwrite", ("NoError", "ErrorChangeKeyRequiredForWriteOperations")),
    ],
)
async def test_old_and_missing_change_keys(
    ews: Any, xml: Any, anna: Mailbox, conflicts: str, codes: tuple[str, str]
) -> None:
    created = await ews.create()
    anna.edit(next(iter(anna.events)), {"location": {"displayName": "Büro"}})
    for key, code in zip((created.key, ""), codes, strict=True):
        answer = await ews.update(created.id, key, xml.set("item:Subject", SUBJECT), conflicts=conflicts)
        assert answer.code == code
    assert only(anna)["location"]["displayName"] == "Büro"
    assert (only(anna)["subject"] == "Neu") == ("NoError" in codes)


async def test_switches_about_conflicts(ews: Any, xml: Any, server: EwsServer, anna: Mailbox) -> None:
    created = await ews.create()
    server.switches.conflict_although_written = True
    answer = await ews.update(created.id, created.key, xml.set("item:Subject", SUBJECT))
    assert (answer.code, only(anna)["subject"]) == ("ErrorIrresolvableConflict", "Neu")
    server.switches.conflict_although_written = False
    server.switches.change_keys_matter = False
    server.switches.conflict_count = 1
    answer = await ews.update(created.id, created.key, xml.set("item:Subject", SUBJECT))
    assert (answer.code, answer.text("//m:ConflictResults/t:Count")) == ("NoError", "1")


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (("item:Subject", "<t:Location>x</t:Location>"), "ErrorUpdatePropertyMismatch"),
        (("item:Subject", ""), "ErrorIncorrectUpdatePropertyCount"),
        (("item:Subject", SUBJECT + "<t:Sensitivity>Normal</t:Sensitivity>"), "ErrorIncorrectUpdatePropertyCount"),
        (("calendar:IsMeeting", "<t:IsMeeting>true</t:IsMeeting>"), "ErrorInvalidPropertySet"),
        (("calendar:End", "<t:End>2026-03-02T07:00:00Z</t:End>"), "ErrorCalendarEndDateIsEarlierThanStartDate"),
        (
            ("calendar:Start", "<t:Start>2026-03-03T09:00:00Z</t:Start>"),
            "ErrorCalendarEndDateIsEarlierThanStartDate",
        ),
    ],
)
async def test_wrong_updates(ews: Any, xml: Any, anna: Mailbox, update: tuple[str, str], code: str) -> None:
    created = await ews.create()
    assert (await ews.update(created.id, created.key, xml.set(*update))).code == code
    assert only(anna)["changeKey"] == created.key


async def test_another_extended_property_than_named(ews: Any, xml: Any) -> None:
    created = await ews.create()
    other = xml.marker.replace("calsync-foreign-id", "other")
    update = xml.set("X", f"<t:ExtendedProperty>{other}<t:Value>1</t:Value></t:ExtendedProperty>")
    assert (await ews.update(created.id, created.key, update)).code == "ErrorUpdatePropertyMismatch"


async def test_items_that_are_gone(ews: Any, xml: Any, anna: Mailbox) -> None:
    created = await ews.create()
    await ews.delete(created.id)
    update = xml.set("item:Subject", SUBJECT)
    assert (await ews.update(created.id, created.key, update)).code == "ErrorItemNotFound"
    deleted = await ews.find(folder='<t:DistinguishedFolderId Id="deleteditems"/>')
    answer = await ews.update(deleted.id, deleted.key, update)
    assert answer.code == "ErrorCalendarCannotUpdateDeletedItem"


async def test_attendees_keep_their_answers_and_other_kinds_stay(
    ews: Any, xml: Any, anna: Mailbox, draft: Draft
) -> None:
    accepted = {"response": "accepted", "time": "2026-01-01T00:00:00Z"}
    people = [
        {"emailAddress": {"address": "eva@example.org"}, "type": "required", "status": accepted},
        {"emailAddress": {"address": "max@example.org"}, "type": "optional"},
    ]
    anna.create(draft(attendees=people))
    listed = await ews.sync()
    append = xml.set("calendar:RequiredAttendees", xml.people("RequiredAttendees", "uli")).replace(
        "SetItemField", "AppendToItemField"
    )
    changed = await ews.update(listed.id, listed.key, append)
    assert changed.code == "NoError"
    assert [
        (one["emailAddress"]["address"], one["type"], one["status"]["response"]) for one in only(anna)["attendees"]
    ] == [
        ("eva@example.org", "required", "accepted"),
        ("uli@example.org", "required", "none"),
        ("max@example.org", "optional", "none"),
    ]
    await ews.update(listed.id, changed.key, xml.delete("calendar:RequiredAttendees"))
    assert [one["type"] for one in only(anna)["attendees"]] == ["optional"]


async def test_an_occurrence_becomes_an_exception(ews: Any, xml: Any, anna: Mailbox, draft: Draft) -> None:
    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}
    anna.create(draft(recurrence=daily))
    master = await ews.sync()
    reference = f'<t:OccurrenceItemId RecurringMasterId="{master.id}" InstanceIndex="2"/>'
    changed = await ews.send(
        '<m:UpdateItem ConflictResolution="AutoResolve" SendMeetingInvitationsOrCancellations="SendToNone">'
        f"<m:ItemChanges><t:ItemChange>{reference}<t:Updates>{xml.set('item:Subject', SUBJECT)}</t:Updates>"
        "</t:ItemChange></m:ItemChanges></m:UpdateItem>"
    )
    assert changed.code == "NoError"
    assert sorted(event["type"] for event in anna.events.values()) == ["exception", "seriesMaster"]
    assert (await ews.delete(changed.id)).code == "NoError"
    assert [event["type"] for event in anna.events.values()] == ["seriesMaster"]


async def test_a_series_becomes_a_single_item_again(ews: Any, xml: Any, anna: Mailbox, draft: Draft) -> None:
    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}
    anna.create(draft(recurrence=daily))
    master = await ews.sync()
    assert (await ews.update(master.id, master.key, xml.delete("calendar:Recurrence"))).code == "NoError"
    assert only(anna)["type"] == "singleInstance"


async def test_an_occurrence_cannot_cross_its_neighbour(ews: Any, xml: Any, anna: Mailbox, draft: Draft) -> None:
    daily = {"pattern": {"type": "daily", "interval": 1}, "range": {"type": "noEnd", "startDate": "2026-03-02"}}
    anna.create(draft(recurrence=daily))
    seen = await ews.get((await ews.sync()).id, fields="calendar:FirstOccurrence")
    occurrence = seen.all("//t:FirstOccurrence/t:ItemId")[0]
    answer = await ews.update(
        occurrence.get("Id"),
        occurrence.get("ChangeKey"),
        xml.set("calendar:Start", "<t:Start>2026-03-05T08:00:00Z</t:Start>"),
        xml.set("calendar:End", "<t:End>2026-03-05T09:00:00Z</t:End>"),
    )
    assert (answer.status, answer.code) == (200, "ErrorOccurrenceCrossingBoundary")


async def test_a_recurrence_that_is_never(ews: Any, xml: Any) -> None:
    created = await ews.create()
    weekly = (
        "<t:Recurrence><t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek/></t:WeeklyRecurrence>"
        "<t:NoEndRecurrence><t:StartDate>2026-03-02</t:StartDate></t:NoEndRecurrence></t:Recurrence>"
    )
    answer = await ews.update(created.id, created.key, xml.set("calendar:Recurrence", weekly))
    assert answer.code == "ErrorInvalidPropertySet"
