"""What is sent: the order of children as the schema has it, and never a mail."""

from __future__ import annotations

import inspect
from dataclasses import fields
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

from calsync.sync.model import FIELDS, AllDay, Draft, Timed
from calsync_exchange_ews import items, requests
from calsync_exchange_ews.envelope import VERSIONS, Caller, sealed
from calsync_exchange_ews.items import ORDER, edits, new_item
from calsync_exchange_ews.requests import Folder, ItemId, Operation
from calsync_exchange_ews.xml import local, name, parse
from calsync_sandbox.ews.promise import ALLOWED, broken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_exchange_ews.xml import Element

BERLIN = ZoneInfo("Europe/Berlin")
TIMED = Timed(datetime(2026, 3, 10, 9, tzinfo=UTC), datetime(2026, 3, 10, 10, tzinfo=UTC))
ALL_DAY = AllDay(date(2026, 3, 29), date(2026, 3, 30))
DRAFT = Draft(summary="Notar & <Co>", when=TIMED, description='SendToAll="x"\x0b', reminder=15)
HOSTILE = '"/><t:RequiredAttendees SendMeetingInvitations="SendToAllAndSaveCopy"/>'
HOME = Folder(id=HOSTILE)
CALLER = Caller(zone="W. Europe Standard Time", mailbox="anna@example.de")
DAY = datetime(2026, 3, 10, tzinfo=UTC)
OPERATIONS = [
    requests.get_folder([Folder(anchor="deleteditems", mailbox="anna@example.de"), HOME]),
    requests.find_folders(Folder(anchor="msgfolderroot"), 0, 100),
    requests.sync_folder_items(HOME, None),
    requests.sync_folder_items(HOME, HOSTILE),
    requests.get_item([ItemId(HOSTILE), ItemId("b")]),
    requests.get_item_as_stored([ItemId(HOSTILE)]),
    requests.get_recipients([ItemId(HOSTILE)]),
    requests.get_deletion([ItemId(HOSTILE)]),
    requests.get_masters([HOSTILE]),
    requests.find_in_view(HOME, DAY, DAY, 1000),
    requests.find_marker(HOME, HOSTILE, 0, 100),
    requests.find_uid([HOME, Folder(anchor="deleteditems")], HOSTILE),
    requests.list_uids(HOME, 0, 100),
    requests.create_item(HOME, new_item(DRAFT, HOSTILE, BERLIN, zones=True)),
    requests.create_item(HOME, new_item(DRAFT, HOSTILE, BERLIN, zones=False)),
    requests.update_item(
        ItemId("a", HOSTILE),
        edits({"summary": HOSTILE, "description": HOSTILE, "when": ALL_DAY}, BERLIN, BERLIN, zones=True),
    ),
    requests.update_item(
        ItemId("a", HOSTILE), edits({"summary": "", "description": ""}, BERLIN, BERLIN, zones=True, clears=False)
    ),
    requests.delete_item(ItemId(HOSTILE, "k")),
    requests.get_server_time_zones(HOSTILE),
    requests.subscribe(HOME),
    requests.unsubscribe(HOSTILE),
    requests.get_streaming_events([HOSTILE, "b"], 29),
]
# types.xsd and messages.xsd of 2016-10-10, as far as calsync sends it.
CHILDREN = {
    "SyncFolderItems": ["ItemShape", "SyncFolderId", "SyncState", "Ignore", "MaxChangesReturned", "SyncScope"],
    "GetItem": ["ItemShape", "ItemIds"],
    "FindItem": ["ItemShape", "IndexedPageItemView", "CalendarView", "Restriction", "ParentFolderIds"],
    "FindFolder": ["FolderShape", "IndexedPageFolderView", "Restriction", "ParentFolderIds"],
    "GetFolder": ["FolderShape", "FolderIds"],
    "CreateItem": ["SavedItemFolderId", "Items"],
    "UpdateItem": ["SavedItemFolderId", "ItemChanges"],
    "DeleteItem": ["ItemIds"],
    "StreamingSubscriptionRequest": ["FolderIds", "EventTypes"],
    "GetStreamingEvents": ["SubscriptionIds", "ConnectionTimeout"],
    "ItemShape": ["BaseShape", "IncludeMimeContent", "BodyType", "UniqueBodyType", "AdditionalProperties"],
    "FolderShape": ["BaseShape", "AdditionalProperties"],
    "ItemChange": ["ItemId", "Updates"],
    "SetItemField": ["FieldURI", "CalendarItem"],
    "IsEqualTo": ["FieldURI", "ExtendedFieldURI", "FieldURIOrConstant"],
    "ExtendedProperty": ["ExtendedFieldURI", "Value"],
    "Header": ["RequestServerVersion", "ExchangeImpersonation", "TimeZoneContext"],
    "CalendarItem": [
        *["MimeContent", "ItemId", "ParentFolderId", "ItemClass", "Subject", "Sensitivity", "Body", "Attachments"],
        *["Categories", "Importance", "ReminderDueBy", "ReminderIsSet", "ReminderMinutesBeforeStart"],
        *["ExtendedProperty", "UID", "Start", "End", "OriginalStart", "IsAllDayEvent", "LegacyFreeBusyStatus"],
        *["Location", "When", "StartTimeZone", "EndTimeZone"],
    ],
}


def order_is_right(element: Element) -> None:
    for each in element.iter():
        wanted = CHILDREN.get(local(each))
        if wanted is not None:
            places = [wanted.index(local(child)) for child in each]
            assert places == sorted(places), local(each)
            assert local(each) == "Header" or len(set(places)) == len(places)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.name for operation in OPERATIONS])
def test_every_request_is_as_the_schema_has_it_and_mails_nobody(operation: Operation, version: str) -> None:
    body = sealed(operation, CALLER, version)
    assert broken(body) == []
    envelope = parse(body)
    order_is_right(envelope)
    sends = [
        (key, value)
        for each in envelope.iter()
        for key, value in each.attrib.items()
        if str(key).startswith("Send")
    ]
    assert {value for _, value in sends} == ({"SendToNone"} if operation.changes else set())
    assert ("SuppressReadReceipts" in body.decode()) == (
        operation.name in ("UpdateItem", "DeleteItem") and version == VERSIONS[0]
    )
    assert local(envelope[1][0]) == operation.name


def test_no_other_operation_can_be_built() -> None:
    """Each function of the module is in the list above, and none has a parameter about mails."""
    built = {
        key: function
        for key, function in vars(requests).items()
        if inspect.isfunction(function) and function.__module__ == requests.__name__ and not key.startswith("_")
    }
    assert {operation.name for operation in OPERATIONS} == ALLOWED
    assert len(built) == len(ALLOWED) + 7  # five ways to ask GetItem, four to ask FindItem
    words = [parameter for function in built.values() for parameter in inspect.signature(function).parameters]
    words += [field.name for kind in (Operation, Folder, ItemId, Caller) for field in fields(kind)]
    words += Draft.__struct_fields__
    words += [*inspect.signature(new_item).parameters, *inspect.signature(edits).parameters]
    assert not [word for word in words if "send" in word or "mail" in word.replace("mailbox", "")]
    assert requests.SILENT == "SendToNone"
    with pytest.raises(ValueError, match="outbox"):
        Folder(anchor="outbox").element()


def test_what_is_written_is_a_closed_set() -> None:
    assert set(FIELDS) == {"summary", "when", "description"}
    assert set(items.FIELD_URIS) | {"ExtendedProperty", "Location"} == set(ORDER)
    wanted = CHILDREN["CalendarItem"]
    assert [wanted.index(tag) for tag in ORDER] == sorted(wanted.index(tag) for tag in ORDER)


def test_attendees_are_never_asked_for() -> None:
    asked = [*requests.READ_FIELDS, *requests.VIEW_FIELDS, *requests.FOLDER_FIELDS]
    assert not [
        uri
        for uri in asked
        if "Attendee" in uri
        or "Organizer" in uri
        or ("Display" in uri.split(":")[1][:10] and uri != "folder:DisplayName")
    ]


def values(item: Element) -> dict[str, str]:
    return {local(child): child.get("Id") or child.text or "" for child in item}


def test_a_create_always_says_whether_there_is_a_reminder() -> None:
    item = new_item(DRAFT, "v1:m", BERLIN, zones=True)
    assert values(item) == {
        "Subject": "Notar & <Co>",
        "Body": 'SendToAll="x"',
        "ReminderIsSet": "true",
        "ReminderMinutesBeforeStart": "15",
        "ExtendedProperty": "",
        "Start": "2026-03-10T09:00:00Z",
        "End": "2026-03-10T10:00:00Z",
        "IsAllDayEvent": "false",
        "StartTimeZone": "W. Europe Standard Time",
        "EndTimeZone": "W. Europe Standard Time",
    }
    none = Draft(summary="", when=ALL_DAY, description="", reminder=None)
    assert values(new_item(none, "v1:m", BERLIN, zones=False)) == {
        "ReminderIsSet": "false",
        "ReminderMinutesBeforeStart": "15",
        "ExtendedProperty": "",
        "Start": "2026-03-29T00:00:00+01:00",
        "End": "2026-03-30T00:00:00+02:00",
        "IsAllDayEvent": "true",
    }


def edited(elements: Sequence[Element]) -> list[tuple[str, str, int]]:
    return [(local(each), each[0].get("FieldURI") or "", len(each)) for each in elements]


def test_an_update_names_what_changed_and_nothing_else() -> None:
    sent = list(edits({"summary": "", "description": "neu"}, BERLIN, BERLIN, zones=True))
    assert edited(sent) == [("DeleteItemField", "item:Subject", 1), ("SetItemField", "item:Body", 2)]
    assert sent[1].findtext(f"{name('t:CalendarItem')}/{name('t:Body')}") == "neu"
    sent = list(edits({"when": TIMED}, BERLIN, ZoneInfo("Europe/London"), zones=True))
    assert [uri for _, uri, _ in edited(sent)] == [
        "calendar:Start",
        "calendar:End",
        "calendar:IsAllDayEvent",
        "calendar:StartTimeZone",
        "calendar:EndTimeZone",
    ]
    assert [each[1][0].get("Id") for each in sent[3:]] == ["W. Europe Standard Time", "GMT Standard Time"]


def test_impersonation_stands_before_the_zone() -> None:
    caller = Caller(zone="UTC", mailbox="anna@example.de", impersonated=True)
    header = parse(sealed(OPERATIONS[0], caller, VERSIONS[0]))[0]
    assert [local(child) for child in header] == CHILDREN["Header"]
    assert header[1][0][0].text == "anna@example.de"
