"""GetItem: the properties of a calendar item, by several kinds of ids."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from calsync_sandbox.mailbox import Mailbox

Draft = Callable[..., dict[str, Any]]
WEEKLY = {
    "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"]},
    "range": {"type": "numbered", "startDate": "2026-03-02", "numberOfOccurrences": 4},
}
PLAIN = {
    "item:ItemClass": "IPM.Appointment",
    "item:Subject": "Besichtigung",
    "item:Sensitivity": "Normal",
    "item:ReminderIsSet": "true",
    "item:ReminderMinutesBeforeStart": "15",
    "item:HasAttachments": "false",
    "item:DateTimeCreated": "2026-05-28T20:26:40Z",
    "item:LastModifiedTime": "2026-05-28T20:26:40Z",
    "calendar:Start": "2026-03-02T08:00:00Z",
    "calendar:End": "2026-03-02T09:00:00Z",
    "calendar:IsAllDayEvent": "false",
    "calendar:LegacyFreeBusyStatus": "Busy",
    "calendar:IsMeeting": "false",
    "calendar:IsCancelled": "false",
    "calendar:IsRecurring": "false",
    "calendar:MeetingRequestWasSent": "false",
    "calendar:CalendarItemType": "Single",
    "calendar:MyResponseType": "Organizer",
    "calendar:AppointmentState": "0",
    "calendar:IsOnlineMeeting": "false",
    "calendar:Duration": "P0DT1H0M",
}


async def test_a_plain_appointment(ews: Any, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft())
    seen = await ews.get((await ews.sync()).id, fields=" ".join(PLAIN))
    found = {one.tag.partition("}")[2]: one.text for one in seen.all("//t:CalendarItem/*")}
    del found["ItemId"]
    assert found == {name.partition(":")[2]: value for name, value in PLAIN.items()}


async def test_zones_ids_rights_and_the_organiser(ews: Any, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft())
    fields = (
        "calendar:StartTimeZone calendar:EndTimeZone item:EffectiveRights calendar:Organizer item:ParentFolderId"
    )
    seen = await ews.get((await ews.sync()).id, fields=fields)
    assert [one.get("Id") for one in seen.all("//t:StartTimeZone|//t:EndTimeZone")] == [
        "W. Europe Standard Time"
    ] * 2
    assert seen.text("//t:EffectiveRights/t:Modify") == "true"
    assert seen.text("//t:Organizer/t:Mailbox/t:EmailAddress") == "anna@example.de"
    folder = await ews.send(
        "<m:GetFolder><m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>"
        '<m:FolderIds><t:DistinguishedFolderId Id="calendar"/></m:FolderIds></m:GetFolder>'
    )
    assert seen.all("//t:ParentFolderId")[0].get("Id") == folder.all("//t:FolderId")[0].get("Id")


@pytest.mark.parametrize(
    ("kind", "content"), [("Text", "Zeile\r\nzwei & <drei>\r\n"), ("HTML", "<html>"), ("Best", "<html>")]
)
async def test_bodies(ews: Any, anna: Mailbox, draft: Draft, kind: str, content: str) -> None:
    anna.create(draft(body={"contentType": "text", "content": "Zeile\nzwei & <drei>"}))
    seen = await ews.get((await ews.sync()).id, fields="item:Body", body=kind)
    assert seen.text("//t:Body")[: len(content)].replace("\n", "\r\n").replace("\r\r", "\r") == content
    assert seen.all("//t:Body")[0].get("BodyType") == ("Text" if kind == "Text" else "HTML")


async def test_what_xml_cannot_hold_is_left_out(ews: Any, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft(subject="a\x0bb\x00c\ufffed"))
    assert (await ews.get((await ews.sync()).id, fields="item:Subject")).text("//t:Subject") == "abcd"


async def test_meetings(ews: Any, anna: Mailbox, draft: Draft) -> None:
    fields = (
        "calendar:IsMeeting calendar:AppointmentState calendar:MyResponseType calendar:RequiredAttendees "
        "calendar:OptionalAttendees calendar:Resources calendar:IsOrganizer calendar:IsCancelled"
    )

    async def state() -> tuple[str, ...]:
        seen = await ews.get((await ews.find()).id, fields=fields)
        return tuple(seen.text(f"//t:{name}") for name in ("IsMeeting", "AppointmentState", "MyResponseType"))

    people: list[dict[str, Any]] = [
        {"emailAddress": {"address": f"{kind}@example.org"}, "type": kind}
        for kind in ("required", "optional", "resource")
    ]
    mine = anna.create(draft(attendees=people))["id"]
    assert await state() == ("true", "1", "Organizer")
    seen = await ews.get((await ews.find()).id, fields=fields)
    assert seen.texts("//t:Attendee/t:Mailbox/t:EmailAddress") == [
        one["emailAddress"]["address"] for one in people
    ]
    anna.edit(mine, {"isCancelled": True})
    assert await state() == ("true", "5", "Organizer")
    anna.delete(mine)
    chef = {"emailAddress": {"address": "chef@example.org", "name": "Chef"}}
    anna.create(draft(organizer=chef, isOrganizer=False))
    assert await state() == ("true", "3", "NoResponseReceived")


async def test_masters_tell_their_occurrences(ews: Any, anna: Mailbox, draft: Draft) -> None:
    master = anna.create(draft(recurrence=WEEKLY))["id"]
    anna.edit(anna.occurrence_id(master, date(2026, 3, 9)), {"subject": "Anders"})
    anna.delete(anna.occurrence_id(master, date(2026, 3, 2)))
    fields = "Recurrence FirstOccurrence LastOccurrence ModifiedOccurrences DeletedOccurrences IsRecurring"
    listed = await ews.sync()
    seen = await ews.get(listed.id, fields=" ".join(f"calendar:{name}" for name in fields.split()))
    assert seen.text("//t:WeeklyRecurrence/t:DaysOfWeek") == "Monday"
    assert seen.text("//t:NumberedRecurrence/t:NumberOfOccurrences") == "4"
    assert seen.text("//t:FirstOccurrence/t:Start") == "2026-03-09T08:00:00Z"
    assert seen.text("//t:LastOccurrence/t:Start") == "2026-03-23T08:00:00Z"
    assert seen.text("//t:ModifiedOccurrences/t:Occurrence/t:OriginalStart") == "2026-03-09T08:00:00Z"
    assert seen.text("//t:DeletedOccurrences/t:DeletedOccurrence/t:Start") == "2026-03-02T08:00:00Z"
    changed = seen.all("//t:Occurrence/t:ItemId")[0].get("Id")
    uids = await ews.get(changed, listed.id, fields="calendar:UID")
    assert len(set(uids.texts("//t:UID"))) == 1
    occurrence = await ews.get(changed, fields="item:Subject calendar:OriginalStart calendar:CalendarItemType")
    assert occurrence.texts("//t:CalendarItem/*[text()]") == ["Anders", "2026-03-09T08:00:00Z", "Exception"]
    endless = anna.edit(master, {"recurrence": WEEKLY | {"range": {"type": "noEnd", "startDate": "2026-03-02"}}})
    seen = await ews.get(listed.id, fields="calendar:LastOccurrence calendar:DeletedOccurrences")
    assert (endless["type"], seen.all("//t:CalendarItem/*[not(self::t:ItemId)]")) == ("seriesMaster", [])


async def test_occurrences_by_number_and_their_masters(ews: Any, anna: Mailbox, draft: Draft) -> None:
    master = anna.create(draft(recurrence=WEEKLY))["id"]
    anna.delete(anna.occurrence_id(master, date(2026, 3, 9)))
    single = anna.create(draft(subject="einzeln"))
    listed = {one.get("Id") for one in (await ews.sync()).all("//t:ItemId")}
    assert len(listed) == 2
    types = {one: (await ews.get(one, base="Default")).text("//t:CalendarItemType") for one in listed}
    master_id = next(one for one, kind in types.items() if kind == "RecurringMaster")
    (single_id,) = listed - {master_id}

    async def by(reference: str) -> Any:
        return await ews.send(
            "<m:GetItem><m:ItemShape><t:BaseShape>Default</t:BaseShape></m:ItemShape>"
            f"<m:ItemIds>{reference}</m:ItemIds></m:GetItem>"
        )

    third = await by(f'<t:OccurrenceItemId RecurringMasterId="{master_id}" InstanceIndex="3"/>')
    assert (third.text("//t:Start"), third.text("//t:CalendarItemType")) == ("2026-03-16T08:00:00Z", "Occurrence")
    back = await by(f'<t:RecurringMasterItemId OccurrenceId="{third.id}"/>')
    assert back.id == master_id
    for reference, code in (
        (
            f'<t:OccurrenceItemId RecurringMasterId="{master_id}" InstanceIndex="2"/>',
            "OccurrenceIsDeletedFromRecurrence",
        ),
        (
            f'<t:OccurrenceItemId RecurringMasterId="{master_id}" InstanceIndex="9"/>',
            "OccurrenceIndexIsOutOfRecurrenceRange",
        ),
    ):
        assert (await by(reference)).code == f"ErrorCalendar{code}"
    assert (
        await by(f'<t:OccurrenceItemId RecurringMasterId="{single_id}" InstanceIndex="1"/>')
    ).code == "ErrorItemNotFound"
    assert (await by(f'<t:RecurringMasterItemId OccurrenceId="{single_id}"/>')).code == "ErrorItemNotFound"
    assert single["type"] == "singleInstance"


async def test_answers_stand_in_the_order_of_the_request(ews: Any, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft())
    known = (await ews.sync()).id
    anna.create(draft())
    other = (await ews.sync()).id
    answer = await ews.get(known, "AAMkunknown", other, fields="item:Subject")
    assert answer.codes == ["NoError", "ErrorInvalidIdMalformed", "NoError"]
    assert [one.get("Id") for one in answer.all("//t:ItemId")] == [known, other]
    classes = [one.get("ResponseClass") for one in answer.all("//m:GetItemResponseMessage")]
    assert classes == ["Success", "Error", "Success"]
    swapped = known.swapcase()
    assert (await ews.get(swapped)).code == "ErrorInvalidIdMalformed"


async def test_all_properties(ews: Any, anna: Mailbox, draft: Draft) -> None:
    anna.create(draft(isOnlineMeeting=True, location={"displayName": "Büro"}, categories=["a", "b"]))
    seen = await ews.get((await ews.sync()).id, base="AllProperties")
    assert seen.texts("//t:Categories/t:String") == ["a", "b"]
    assert seen.text("//t:Location") == "Büro"
    assert seen.text("//t:JoinOnlineMeetingUrl").startswith("https://teams.microsoft.com/")
    assert seen.text("//t:UID").startswith("040000008200E00074C5B7101A82E008")
