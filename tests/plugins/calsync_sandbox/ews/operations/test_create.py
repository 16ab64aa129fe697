"""CreateItem: what is written stands in the mailbox, for its other face, too."""

import re
from typing import Any

import pytest

from calsync_sandbox.ews import EwsServer
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mailbox import Mailbox

TAGGED = '<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="{}" PropertyType="String"/>{}</t:ExtendedProperty>'

NAMELESS = (
    '<t:ExtendedProperty><t:ExtendedFieldURI DistinguishedPropertySetId="PublicStrings" PropertyType="String"/>'
    "<t:Value>a</t:Value></t:ExtendedProperty>"
)


def only(anna: Mailbox) -> dict[str, Any]:
    (event,) = anna.events.values()
    return event


async def test_all_that_can_be_written(ews: Any, xml: Any, anna: Mailbox) -> None:
    more = (
        "<t:Sensitivity>Private</t:Sensitivity><t:Body BodyType='Text'>Notiz\nzwei</t:Body>"
        "<t:Categories><t:String>Rot</t:String></t:Categories><t:Importance>High</t:Importance>"
        "<t:ReminderIsSet>true</t:ReminderIsSet><t:ReminderMinutesBeforeStart>30</t:ReminderMinutesBeforeStart>"
        f"<t:ExtendedProperty>{xml.marker}<t:Value>t:a:1</t:Value></t:ExtendedProperty><t:UID>abc</t:UID>"
    )
    after = (
        "<t:IsAllDayEvent>false</t:IsAllDayEvent><t:LegacyFreeBusyStatus>OOF</t:LegacyFreeBusyStatus>"
        "<t:Location>Büro</t:Location><t:IsResponseRequested>false</t:IsResponseRequested>"
    )
    created = await ews.create("Über uns", more, after=after)
    assert created.code == "NoError"
    event = only(anna)
    assert event["body"]["contentType"] == "html"
    assert "Notiz<br>\r\nzwei" in event["body"]["content"]
    assert event["location"]["displayName"] == "Büro"
    expected = {
        "subject": "Über uns",
        "sensitivity": "private",
        "categories": ["Rot"],
        "importance": "high",
        "isReminderOn": True,
        "reminderMinutesBeforeStart": 30,
        "iCalUId": "abc",
        "showAs": "oof",
        "responseRequested": False,
        "start": {"dateTime": "2026-03-02T09:00:00.0000000", "timeZone": "W. Europe Standard Time"},
        "end": {"dateTime": "2026-03-02T10:00:00.0000000", "timeZone": "W. Europe Standard Time"},
        "changeKey": created.key,
        "type": "singleInstance",
    }
    assert {name: event[name] for name in expected} == expected
    (prop,) = event["singleValueExtendedProperties"]
    assert re.fullmatch(r"String \{[0-9a-f-]{36}\} Name calsync-foreign-id", prop["id"])
    assert (await ews.get(created.id, fields="X")).text("//t:ExtendedProperty/t:Value") == "t:a:1"


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("", (True, 15)),
        ("<t:ReminderIsSet>false</t:ReminderIsSet>", (False, 15)),
        ("<t:ReminderIsSet>true</t:ReminderIsSet>", (True, 15)),
        (
            "<t:ReminderIsSet>false</t:ReminderIsSet><t:ReminderMinutesBeforeStart>0</t:ReminderMinutesBeforeStart>",
            (False, 0),
        ),
    ],
)
async def test_reminders(ews: Any, anna: Mailbox, written: str, stored: tuple[bool, int]) -> None:
    await ews.create("", written)
    event = only(anna)
    assert (event["isReminderOn"], event["reminderMinutesBeforeStart"]) == stored


async def test_a_mailbox_with_another_default_reminder(ews: Any, graph: GraphServer, xml: Any) -> None:
    tim = graph.add_mailbox("tim@example.de", default_reminder=45)
    header = (
        "<t:ExchangeImpersonation><t:ConnectingSID><t:SmtpAddress>tim@example.de</t:SmtpAddress></t:ConnectingSID>"
        "</t:ExchangeImpersonation>"
    )
    ews.authorization = xml.basic("EX\\dienst", "streng geheim")
    await ews.create(header=header)
    assert only(tim)["reminderMinutesBeforeStart"] == 45


async def test_without_a_folder_and_a_disposition(ews: Any, anna: Mailbox, xml: Any) -> None:
    created = await ews.send(
        '<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items><t:CalendarItem><t:Subject>js</t:Subject>'
        "<t:Start>2026-03-02T09:00:00.000+00:00</t:Start><t:End>2026-03-02T10:00:00.000000000+00:00</t:End>"
        "</t:CalendarItem></m:Items></m:CreateItem>"
    )
    assert created.code == "NoError"
    assert only(anna)["start"] == {"dateTime": "2026-03-02T09:00:00.0000000", "timeZone": "UTC"}


async def test_several_at_once(ews: Any, anna: Mailbox) -> None:
    item = (
        "<t:CalendarItem><t:Subject>{}</t:Subject><t:Start>2026-03-02T09:00:00Z</t:Start>"
        "<t:End>2026-03-02T{}:00:00Z</t:End></t:CalendarItem>"
    )
    items = item.format("a", 10) + item.format("b", "08") + item.format("c", 11)
    created = await ews.send(
        f'<m:CreateItem SendMeetingInvitations="SendToNone"><m:Items>{items}</m:Items></m:CreateItem>'
    )
    assert created.codes == ["NoError", "ErrorCalendarEndDateIsEarlierThanStartDate", "NoError"]
    assert {event["subject"] for event in anna.events.values()} == {"a", "c"}


@pytest.mark.parametrize(
    ("item", "code"),
    [
        ("<t:Subject>ohne Zeit</t:Subject>", "ErrorInvalidRequest"),
        (
            "<t:Start>2026-03-02T09:00:00Z</t:Start><t:End>2032-03-02T09:00:00Z</t:End>",
            "ErrorCalendarDurationIsTooLong",
        ),
        ("<t:Start>2026-02-30T09:00:00Z</t:Start><t:End>2032-03-02T09:00:00Z</t:End>", "ErrorValueOutOfRange"),
        ("<t:MimeContent>QUJD</t:MimeContent>", "ErrorInvalidPropertySet"),
        ("<t:IsMeeting>true</t:IsMeeting>", "ErrorInvalidPropertySet"),
        (
            TAGGED.format("0x10f3", "<t:Values><t:Value>a</t:Value></t:Values>"),
            "ErrorInvalidExtendedPropertyValue",
        ),
        (
            NAMELESS,
            "ErrorInvalidExtendedProperty",
        ),
    ],
)
async def test_what_cannot_be_created(ews: Any, anna: Mailbox, item: str, code: str) -> None:
    answer = await ews.create_raw(item)
    assert (answer.status, answer.code) == (200, code)
    assert answer.all("//m:CreateItemResponseMessage/m:Items") != []
    assert anna.events == {}


async def test_a_calendar_that_may_only_be_read(ews: Any, graph: GraphServer, anna: Mailbox) -> None:
    anna.can_edit = False
    assert (await ews.create()).code == "ErrorAccessDenied"


async def test_other_folders_and_other_items(ews: Any) -> None:
    assert (await ews.create(folder='<t:DistinguishedFolderId Id="inbox"/>')).code == "ErrorInvalidFolderId"
    message = "<m:Items><t:Item><t:Subject>a</t:Subject></t:Item></m:Items>"
    created = await ews.send(f'<m:CreateItem SendMeetingInvitations="SendToNone">{message}</m:CreateItem>')
    assert created.code == "ErrorInvalidOperation"


async def test_switches(ews: Any, server: EwsServer, anna: Mailbox) -> None:
    server.switches.settable_uid = False
    await ews.create("", "<t:UID>abc</t:UID>")
    assert only(anna)["iCalUId"].startswith("0400")
    server.switches.key_moves_after_create = True
    created = await ews.create()
    assert anna.events[list(anna.events)[1]]["changeKey"] != created.key
    server.switches.zones_refused = True
    refused = await ews.create()
    assert refused.code == "ErrorInvalidPropertySet"
    assert refused.all("//m:MessageXml/t:FieldURI")[0].get("FieldURI") == "calendar:StartTimeZone"


async def test_series(ews: Any, anna: Mailbox) -> None:
    weekly = (
        "<t:Recurrence><t:WeeklyRecurrence><t:Interval>1</t:Interval><t:DaysOfWeek>Monday Friday</t:DaysOfWeek>"
        "</t:WeeklyRecurrence><t:NoEndRecurrence><t:StartDate>2026-03-02+01:00</t:StartDate></t:NoEndRecurrence>"
        "</t:Recurrence>"
    )
    assert (await ews.create(after=weekly)).code == "NoError"
    event = only(anna)
    assert (event["type"], event["recurrence"]["pattern"]["daysOfWeek"]) == ("seriesMaster", ["monday", "friday"])
