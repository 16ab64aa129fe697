"""DeleteItem and MoveItem. No delete depends on a change key: an old one is accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.answers import each
from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.folders import Folder, read_folder
from calsync_sandbox.ews.ids import TRASH
from calsync_sandbox.ews.items import Item, find_item, kept
from calsync_sandbox.ews.mails import sends, writer
from calsync_sandbox.ews.names import Element, find, m, parts, t
from calsync_sandbox.mailbox import lookup

if TYPE_CHECKING:
    from calsync_sandbox.ews.calls import Call


def delete_item(call: Call) -> Element:
    """Move items to Deleted Items, or purge them, from there too."""
    purge = call.operation.get("DeleteType") != "MoveToDeletedItems"

    def delete(reference: Element) -> list[Element]:
        mails = sends(call)
        item = find_item(call, reference)
        event_id, deleted = item.event["id"], item.mailbox.store.deleted
        if call.switches.keeps_deleted and call.operation.get("DeleteType") == "SoftDelete":
            stays = kept(item, item.event["lastModifiedDateTime"])
            call.state.kept[stays.id] = stays
        if not item.is_deleted:
            writer(call, item.mailbox, mails=mails).delete(event_id)
        if purge:
            deleted.pop(event_id, None)
        return []

    return each(call, parts(call.operation, "ItemIds"), delete)


def move_item(call: Call) -> Element:
    """Move items between calendars, to Deleted Items and out of them. Each has a new id afterwards."""
    target = find(call.operation, "ToFolderId")

    def move(reference: Element) -> list[Element]:
        if target is None:
            raise EwsError("ErrorToFolderNotFound")
        item, folder = find_item(call, reference), read_folder(call, target)
        if item.mailbox is not folder.mailbox or (not folder.is_calendar and folder.key != TRASH):
            raise EwsError("ErrorMoveCopyFailed", "The move or copy operation failed.")
        return [m("Items", t("CalendarItem", _moved(item, folder).id_element()))]

    return each(call, parts(call.operation, "ItemIds"), move)


def _moved(item: Item, folder: Folder) -> Item:
    store, event_id = item.mailbox.store, item.event["id"]
    if item.event["type"] in {"occurrence", "exception"}:
        raise EwsError("ErrorCalendarCannotMoveOrCopyOccurrence", "An occurrence cannot be moved.")
    if item.is_deleted and folder.is_calendar:
        store.restore(event_id, folder.key)
    elif folder.is_calendar:
        store.move(event_id, folder.key)
    elif not item.is_deleted:
        store.trash(event_id)
    event = store.deleted.get(event_id) or lookup.get(store, event_id)
    return Item(item.mailbox, event)
