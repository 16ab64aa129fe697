"""Wrong order, unknown children and wrong values are refused before all else; hostile XML is no request."""

from typing import Any

import pytest

from calsync_sandbox.mailbox import Mailbox

SHAPE = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
FOLDER = '<m:SyncFolderId><t:DistinguishedFolderId Id="calendar"/></m:SyncFolderId>'
PARENTS = "<m:ParentFolderIds><t:FolderId Id='x'/></m:ParentFolderIds>"
BRACES = (
    "<t:ExtendedProperty><t:ExtendedFieldURI PropertySetId='{c11ff724-aa03-4555-9952-8fa248a11c3e}' "
    "PropertyName='a' PropertyType='String'/><t:Value>b</t:Value></t:ExtendedProperty>"
)
MOST = "<m:MaxChangesReturned>10</m:MaxChangesReturned>"
ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
    'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body>{}</s:Body></s:Envelope>'
)


@pytest.mark.parametrize(
    "content",
    [
        SHAPE + MOST + FOLDER,
        FOLDER + SHAPE + MOST,
        SHAPE + FOLDER,
        SHAPE + FOLDER + MOST + MOST,
        SHAPE + FOLDER + MOST + "<m:Unknown/>",
        SHAPE + FOLDER + MOST + "<t:SyncScope>NormalItems</t:SyncScope>",
        SHAPE + FOLDER + MOST + "<m:SyncScope>Everything</m:SyncScope>",
        SHAPE + FOLDER + "<m:MaxChangesReturned>0</m:MaxChangesReturned>",
        SHAPE + FOLDER + "<m:MaxChangesReturned>513</m:MaxChangesReturned>",
        "<m:ItemShape><t:BaseShape>Everything</t:BaseShape></m:ItemShape>" + FOLDER + MOST,
        "<m:ItemShape><t:BodyType>Text</t:BodyType><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
        + FOLDER
        + MOST,
        SHAPE + "<m:SyncFolderId/>" + MOST,
    ],
)
async def test_wrong_requests(ews: Any, anna: Mailbox, content: str) -> None:
    answer = await ews.send(f"<m:SyncFolderItems>{content}</m:SyncFolderItems>")
    assert (answer.status, answer.codes) == (500, ["ErrorSchemaValidation"])
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.text("//faultcode") == "a:ErrorSchemaValidation"
    assert answer.text("//e:Message").startswith("The request failed schema validation")


async def test_the_place_is_named(ews: Any) -> None:
    content = ENVELOPE.format(
        f"<m:SyncFolderItems>\n{SHAPE}\n  {FOLDER}\n{MOST}<m:SyncScope>NormalItems</m:SyncScope>\n   {MOST}"
        "</m:SyncFolderItems>"
    )
    answer = await ews.raw(content.encode())
    assert (answer.text("//t:LineNumber"), answer.text("//t:LinePosition")) == ("5", "5")
    assert "invalid child element 'MaxChangesReturned'" in answer.text("//t:Violation")


@pytest.mark.parametrize(
    "item",
    [
        "<t:Start>2026-03-02T09:00:00Z</t:Start><t:Subject>zu spät</t:Subject>",
        "<t:Subject>a</t:Subject><t:Start>morgen</t:Start>",
        "<t:ReminderMinutesBeforeStart>15</t:ReminderMinutesBeforeStart><t:ReminderIsSet>true</t:ReminderIsSet>",
        "<t:ReminderIsSet>ja</t:ReminderIsSet>",
        "<t:StartTimeZone Id='UTC'/><t:End>2026-03-02T09:00:00Z</t:End>",
        "<t:Unknown/>",
        "<t:RequiredAttendees/>",
        BRACES,
        "<t:Recurrence><t:NoEndRecurrence/><t:DailyRecurrence/></t:Recurrence>",
        "<t:Recurrence><t:DailyRecurrence><t:Interval>0</t:Interval></t:DailyRecurrence></t:Recurrence>",
    ],
)
async def test_wrong_items(ews: Any, anna: Mailbox, item: str) -> None:
    answer = await ews.create_raw(item)
    assert (answer.status, answer.codes) == (500, ["ErrorSchemaValidation"])
    assert anna.events == {}


@pytest.mark.parametrize(
    "attributes",
    [
        'SendMeetingInvitations="SendOnlyToChanged"',
        'SendMeetingInvitations="SendToNone" Unknown="1"',
        'SendMeetingInvitations="SendToNone" MessageDisposition="Save"',
    ],
)
async def test_wrong_attributes(ews: Any, attributes: str) -> None:
    answer = await ews.send(f"<m:CreateItem {attributes}><m:Items><t:CalendarItem/></m:Items></m:CreateItem>")
    assert answer.codes == ["ErrorSchemaValidation"]


async def test_an_attribute_that_came_with_2013_sp1(ews: Any, xml: Any) -> None:
    delete = (
        '<m:DeleteItem DeleteType="HardDelete" SendMeetingCancellations="SendToNone" SuppressReadReceipts="true">'
        '<m:ItemIds><t:ItemId Id="x"/></m:ItemIds></m:DeleteItem>'
    )
    assert (await ews.send(delete)).code == "ErrorInvalidIdMalformed"
    assert (await ews.send(delete, version="Exchange2010_SP2")).codes == ["ErrorSchemaValidation"]
    missing = await ews.send('<m:DeleteItem><m:ItemIds><t:ItemId Id="x"/></m:ItemIds></m:DeleteItem>')
    assert missing.codes == ["ErrorSchemaValidation"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<",
        b"{}",
        b"<s:Envelope/>",
        b"<Envelope/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]>' + ENVELOPE.format("<m:GetItem>&a;</m:GetItem>").encode(),
        b'<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">' + ENVELOPE.format("<m:GetItem/>").encode(),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + ENVELOPE.format("<m:GetItem/>")).encode("utf-16"),
        ENVELOPE.format("<a>" * 100_000 + "</a>" * 100_000).encode(),
        ENVELOPE.format("<m:GetItem>\x0b</m:GetItem>").encode(),
        ENVELOPE.format("<m:GetItem>&#x11;</m:GetItem>").encode(),
        ENVELOPE.format("<m:GetItem").encode(),
        ENVELOPE.format("<m:GetItem>" + "a" * 36_000_000 + "</m:GetItem>").encode(),
    ],
)
async def test_what_is_no_request(ews: Any, content: bytes) -> None:
    assert (await ews.raw(content)).status == 400


async def test_a_lot_of_entities_cost_nothing(ews: Any) -> None:
    entities = "".join(f'<!ENTITY l{n + 1} "{f"&l{n};" * 10}">' for n in range(12))
    bomb = f'<!DOCTYPE x [<!ENTITY l0 "ha">{entities}]>' + ENVELOPE.format("<m:GetItem>&l12;</m:GetItem>")
    assert (await ews.raw(bomb.encode())).status == 400
    assert (await ews.raw(bomb.encode("utf-16"))).status == 400


@pytest.mark.parametrize("content", ["", "<m:Unknown/>", "<m:GetUserAvailability/>", "<GetItem/>"])
async def test_operations_that_are_not_served(ews: Any, content: str) -> None:
    assert (await ews.raw(ENVELOPE.format(content).encode())).status == 500


async def test_comments_and_instructions_are_skipped(ews: Any) -> None:
    content = ENVELOPE.format(
        f"<!-- a --><?b c?><m:SyncFolderItems><!-- d -->{SHAPE}{FOLDER}{MOST}</m:SyncFolderItems>"
    )
    assert (await ews.raw(content.encode())).code == "NoError"
    assert (await ews.raw(("\ufeff" + content).encode())).code == "NoError"
    assert (await ews.raw(f'<?xml version="1.0" encoding="utf-16"?>{content}'.encode("utf-16"))).code == "NoError"


@pytest.mark.parametrize(
    "view",
    [
        '<m:IndexedPageItemView MaxEntriesReturned="viele" Offset="0" BasePoint="Beginning"/>',
        '<m:IndexedPageItemView Offset="-1" BasePoint="Beginning"/>',
        '<m:IndexedPageItemView Offset="0" BasePoint="Middle"/>',
        '<m:CalendarView StartDate="2026-03-02T00:00:00Z"/>',
        '<m:CalendarView StartDate="2026-03-02" EndDate="2026-03-03T00:00:00Z"/>',
    ],
)
async def test_wrong_attributes_inside(ews: Any, view: str) -> None:
    assert (await ews.find(view)).codes == ["ErrorSchemaValidation"]


@pytest.mark.parametrize("day", ["0001-01-01", "1600-12-31", "4501-01-01", "9999-12-31"])
async def test_times_that_no_mailbox_knows(ews: Any, day: str) -> None:
    times = f"<t:Start>{day}T00:00:00Z</t:Start><t:End>{day}T23:59:59-12:00</t:End>"
    assert (await ews.create_raw(times)).code == "ErrorValueOutOfRange"
    assert (await ews.find(f'<m:CalendarView StartDate="{day}T00:00:00Z" EndDate="{day}T01:00:00Z"/>')).code == (
        "ErrorValueOutOfRange"
    )


@pytest.mark.parametrize(
    "operation",
    [
        "<m:Unsubscribe>text<m:SubscriptionId>x</m:SubscriptionId></m:Unsubscribe>",
        "<m:Unsubscribe><m:SubscriptionId><t:Id/></m:SubscriptionId></m:Unsubscribe>",
        "<m:Unsubscribe/>",
        f"<m:GetItem>{SHAPE}<m:ItemIds><t:ItemId Id='x'>y</t:ItemId></m:ItemIds></m:GetItem>",
        f"<m:FindItem Traversal='Shallow'>{SHAPE}<m:Restriction><t:Not/></m:Restriction>{PARENTS}</m:FindItem>",
    ],
)
async def test_text_and_children_where_none_belong(ews: Any, operation: str) -> None:
    assert (await ews.send(operation)).codes == ["ErrorSchemaValidation"]
