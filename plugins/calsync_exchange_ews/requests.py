"""The operations that calsync may ask of Exchange, one function each: there is no way to send another one.

Child order follows Microsoft's messages.xsd. Who would be mailed is decided by three attributes, and their value
is the constant `SILENT`: no parameter of anything changes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync_exchange_ews.items import field_uri, marker_field
from calsync_exchange_ews.uids import global_object_id, uid_field
from calsync_exchange_ews.xml import Element, make, name
from calsync_exchange_ews.zones import stamp

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

SILENT = "SendToNone"
"""Nobody is mailed about a create, an update or a delete, whoever was invited."""
MAX_CHANGES = 512
"""The most that a server gives on one page of its feed (types.xsd, MaxSyncChangesReturnedType)."""
READ_FIELDS = (
    "item:ItemClass",
    "item:ParentFolderId",
    "item:Subject",
    "item:Sensitivity",
    "item:Body",
    "item:DateTimeCreated",
    "item:LastModifiedTime",
    "item:ReminderIsSet",
    "item:HasAttachments",
    "calendar:UID",
    "calendar:Start",
    "calendar:End",
    "calendar:IsAllDayEvent",
    "calendar:IsMeeting",
    "calendar:IsCancelled",
    "calendar:IsRecurring",
    "calendar:CalendarItemType",
    "calendar:MyResponseType",
    "calendar:AppointmentState",
    "calendar:StartTimeZone",
    "calendar:EndTimeZone",
    "calendar:IsOnlineMeeting",
)
"""What is read of an item. Never attendees, nor the organiser: whether it is a meeting, and whose, is enough."""
LOCATION = "calendar:Location"
"""What is read of an item besides, where a rule needs it: text, no room's mailbox."""
RECIPIENT_TAGS = ("0x0E04", "0x0E03", "0x0E02")
"""PidTagDisplayTo, PidTagDisplayCc, PidTagDisplayBcc (MS-OXPROPS): who is required, optional, a resource."""
DELETED_ON = "0x668F"
"""PidTagDeletedOn (MS-OXPROPS)."""
VIEW_FIELDS = ("calendar:UID", "calendar:Start", "calendar:End", "calendar:CalendarItemType")
FOLDER_FIELDS = ("folder:DisplayName", "folder:FolderClass", "folder:EffectiveRights")
EVENTS = ("CopiedEvent", "CreatedEvent", "DeletedEvent", "ModifiedEvent", "MovedEvent")
"""What a stream is to tell of."""
ZONES = ("t:StartTimeZone", "t:EndTimeZone")
ANCHORS = frozenset({"calendar", "deleteditems", "msgfolderroot"})


@dataclass(frozen=True, slots=True)
class Operation:
    """One request's content."""

    name: str
    element: Element
    changes: bool = False
    """Whether it changes something on the server."""

    @property
    def zones(self) -> frozenset[str]:
        """Return the zones that events are to have, by their Windows names."""
        return frozenset(each.get("Id", "") for tag in ZONES for each in self.element.iter(name(tag)))


@dataclass(frozen=True, slots=True)
class ItemId:
    """An item, and the version that a write is made on condition of."""

    id: str
    change_key: str | None = None

    def element(self, tag: str = "t:ItemId") -> Element:
        if self.change_key is None:
            return make(tag, Id=self.id)
        return make(tag, Id=self.id, ChangeKey=self.change_key)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder: by its id, or one that every mailbox has by that name."""

    id: str | None = None
    anchor: str = "calendar"
    mailbox: str = ""

    def element(self) -> Element:
        if self.id is not None:
            return make("t:FolderId", Id=self.id)
        if self.anchor not in ANCHORS:
            raise ValueError(self.anchor)
        whose = [make("t:Mailbox", make("t:EmailAddress", text=self.mailbox))] if self.mailbox else []
        return make("t:DistinguishedFolderId", *whose, Id=self.anchor)


def get_folder(folders: Sequence[Folder]) -> Operation:
    """Ask for the ids, names, classes and rights of folders."""
    shape = make("m:FolderShape", make("t:BaseShape", text="IdOnly"), _more(FOLDER_FIELDS))
    ids = make("m:FolderIds", *(folder.element() for folder in folders))
    return Operation("GetFolder", make("m:GetFolder", shape, ids))


def find_folders(root: Folder, offset: int, most: int) -> Operation:
    """List all folders below one, a page of them."""
    shape = make("m:FolderShape", make("t:BaseShape", text="IdOnly"), _more(FOLDER_FIELDS))
    page = make("m:IndexedPageFolderView", MaxEntriesReturned=str(most), Offset=str(offset), BasePoint="Beginning")
    parents = make("m:ParentFolderIds", root.element())
    return Operation("FindFolder", make("m:FindFolder", shape, page, parents, Traversal="Deep"))


def sync_folder_items(folder: Folder, state: str | None) -> Operation:
    """Ask for a page of what changed behind a state, ids only; of everything there is where there is no state."""
    children = [make("m:ItemShape", make("t:BaseShape", text="IdOnly")), make("m:SyncFolderId", folder.element())]
    if state is not None:
        children.append(make("m:SyncState", text=state))
    children.append(make("m:MaxChangesReturned", text=str(MAX_CHANGES)))
    children.append(make("m:SyncScope", text="NormalItems"))
    return Operation("SyncFolderItems", make("m:SyncFolderItems", *children))


def get_item(ids: Iterable[ItemId], also: Sequence[str] = ()) -> Operation:
    """Read items by id, with their markers and with notes as text; `also` names further fields."""
    shape = _shape(also)
    return Operation("GetItem", make("m:GetItem", shape, make("m:ItemIds", *(each.element() for each in ids))))


def get_item_as_stored(ids: Iterable[ItemId], also: Sequence[str] = ()) -> Operation:
    """Read items whose notes the server cannot make a text of: with notes as they are."""
    shape = _shape(also, notes="Best")
    return Operation("GetItem", make("m:GetItem", shape, make("m:ItemIds", *(each.element() for each in ids))))


def get_recipients(ids: Iterable[ItemId]) -> Operation:
    """Ask of items that do not say whether they are meetings whom they name; the names are not kept."""
    return _tagged(ids, RECIPIENT_TAGS, "String")


def get_deletion(ids: Iterable[ItemId]) -> Operation:
    """Ask when items were deleted that can be read by their id."""
    return _tagged(ids, (DELETED_ON,), "SystemTime")


def get_masters(occurrences: Iterable[str], also: Sequence[str] = ()) -> Operation:
    """Read the masters of the series that these occurrences belong to."""
    ids = (make("t:RecurringMasterItemId", OccurrenceId=each) for each in occurrences)
    return Operation("GetItem", make("m:GetItem", _shape(also), make("m:ItemIds", *ids)))


def find_in_view(folder: Folder, start: datetime, end: datetime, most: int) -> Operation:
    """Ask which items overlap a span; series come as their occurrences."""
    shape = make("m:ItemShape", make("t:BaseShape", text="IdOnly"), _more(VIEW_FIELDS))
    view = make("m:CalendarView", MaxEntriesReturned=str(most), StartDate=stamp(start), EndDate=stamp(end))
    parents = make("m:ParentFolderIds", folder.element())
    return Operation("FindItem", make("m:FindItem", shape, view, parents, Traversal="Shallow"))


def find_marker(folder: Folder, marker: str, offset: int, most: int) -> Operation:
    """Search a folder for the items that carry a marker: in the store, which lags behind nothing."""
    return _search([folder], marker_field(), marker, offset, most)


def find_uid(folders: Sequence[Folder], uid: str) -> Operation:
    """Search folders for the item of a UID, by the property that holds it: UID itself cannot be searched for."""
    return _search(folders, uid_field(), global_object_id(uid), 0, 1)


def list_uids(folder: Folder, offset: int, most: int) -> Operation:
    """List the appointments of a folder with their UIDs."""
    return _search([folder], field_uri("item:ItemClass"), "IPM.Appointment", offset, most, ("calendar:UID",))


def create_item(folder: Folder, item: Element) -> Operation:
    """Create one item. One per request: each has an intent of its own."""
    saved = make("m:SavedItemFolderId", folder.element())
    request = make(
        "m:CreateItem",
        saved,
        make("m:Items", item),
        MessageDisposition="SaveOnly",
        SendMeetingInvitations=SILENT,
    )
    return Operation("CreateItem", request, changes=True)


def update_item(item: ItemId, edits: Iterable[Element]) -> Operation:
    """Change some properties of one item, on condition that it is still of this version."""
    change = make("t:ItemChange", item.element(), make("t:Updates", *edits))
    request = make(
        "m:UpdateItem",
        make("m:ItemChanges", change),
        ConflictResolution="NeverOverwrite",
        MessageDisposition="SaveOnly",
        SendMeetingInvitationsOrCancellations=SILENT,
        SuppressReadReceipts="true",
    )
    return Operation("UpdateItem", request, changes=True)


def delete_item(item: ItemId) -> Operation:
    """Move one item to Deleted Items. A server does not look at its version here."""
    request = make(
        "m:DeleteItem",
        make("m:ItemIds", item.element()),
        DeleteType="MoveToDeletedItems",
        SendMeetingCancellations=SILENT,
        SuppressReadReceipts="true",
    )
    return Operation("DeleteItem", request, changes=True)


def get_server_time_zones(zone: str) -> Operation:
    """Ask whether the server knows a zone by this Windows name."""
    request = make("m:GetServerTimeZones", make("m:Ids", make("t:Id", text=zone)), ReturnFullTimeZoneData="false")
    return Operation("GetServerTimeZones", request)


def subscribe(folder: Folder) -> Operation:
    """Ask to be told of changes in a folder, on a stream."""
    folders = make("t:FolderIds", folder.element())
    events = make("t:EventTypes", *(make("t:EventType", text=event) for event in EVENTS))
    request = make("m:Subscribe", make("m:StreamingSubscriptionRequest", folders, events))
    return Operation("Subscribe", request)


def unsubscribe(subscription: str) -> Operation:
    """Ask to be told no more."""
    return Operation("Unsubscribe", make("m:Unsubscribe", make("m:SubscriptionId", text=subscription)))


def get_streaming_events(subscriptions: Iterable[str], minutes: int) -> Operation:
    """Ask for the stream of these subscriptions, for 1 to 30 minutes."""
    ids = make("m:SubscriptionIds", *(make("t:SubscriptionId", text=each) for each in subscriptions))
    request = make("m:GetStreamingEvents", ids, make("m:ConnectionTimeout", text=str(minutes)))
    return Operation("GetStreamingEvents", request)


def _search(
    folders: Sequence[Folder], field: Element, value: str, offset: int, most: int, told: Sequence[str] = ()
) -> Operation:
    """Search folders for the items with this value; `told` is what is said of them besides their ids."""
    shape = make("m:ItemShape", make("t:BaseShape", text="IdOnly"), *([_more(told)] if told else []))
    page = make("m:IndexedPageItemView", MaxEntriesReturned=str(most), Offset=str(offset), BasePoint="Beginning")
    constant = make("t:FieldURIOrConstant", make("t:Constant", Value=value))
    restriction = make("m:Restriction", make("t:IsEqualTo", field, constant))
    parents = make("m:ParentFolderIds", *(folder.element() for folder in folders))
    return Operation("FindItem", make("m:FindItem", shape, page, restriction, parents, Traversal="Shallow"))


def _tagged(ids: Iterable[ItemId], tags: Iterable[str], kind: str) -> Operation:
    named = (make("t:ExtendedFieldURI", PropertyTag=tag, PropertyType=kind) for tag in tags)
    shape = make("m:ItemShape", make("t:BaseShape", text="IdOnly"), _more((), *named))
    return Operation("GetItem", make("m:GetItem", shape, make("m:ItemIds", *(each.element() for each in ids))))


def _shape(also: Sequence[str], notes: str = "Text") -> Element:
    return make(
        "m:ItemShape",
        make("t:BaseShape", text="IdOnly"),
        make("t:IncludeMimeContent", text="false"),
        make("t:BodyType", text=notes),
        _more((*READ_FIELDS, *also), marker_field()),
    )


def _more(uris: Iterable[str], *others: Element) -> Element:
    return make("t:AdditionalProperties", *(field_uri(uri) for uri in uris), *others)
