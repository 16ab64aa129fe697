"""CreateItem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.answers import each
from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.folders import Folder, calendar_folder
from calsync_sandbox.ews.items import Item
from calsync_sandbox.ews.mails import sends, writer
from calsync_sandbox.ews.names import Element, find, local, m, parts, t
from calsync_sandbox.ews.values import Written

if TYPE_CHECKING:
    from calsync_sandbox.ews.calls import Call
    from calsync_sandbox.mailbox.events import Json


def create_item(call: Call) -> Element:
    """Create appointments; without SavedItemFolderId in the mailbox's own calendar."""

    def create(element: Element) -> list[Element]:
        mails = sends(call)
        folder = _folder(call)
        values = _values(call, folder, element)
        if values.get("attendees") and not mails:
            values["isDraft"] = True  # what MeetingRequestWasSent says
        event = writer(call, folder.mailbox, mails=mails).create(values, folder.key)
        answer = t("CalendarItem", Item(folder.mailbox, event).id_element())
        if call.switches.key_moves_after_create:
            folder.mailbox.store.put(dict(event), folder.key)
        return [m("Items", answer)]

    return each(call, parts(call.operation, "Items"), create)


def _folder(call: Call) -> Folder:
    saved = find(call.operation, "SavedItemFolderId")
    if saved is not None:
        return calendar_folder(call, saved)
    mailbox = call.open(None)
    return Folder(mailbox, mailbox.store.primary)


def _values(call: Call, folder: Folder, element: Element) -> Json:
    if local(element) != "CalendarItem":
        raise EwsError("ErrorInvalidOperation", "Only calendar items can be created in a calendar.")
    written = Written(zones_refused=call.switches.zones_refused, unknown_zones=call.switches.unknown_zones)
    for child in element:
        written.set(child)
    if not call.switches.settable_uid:
        written.values.pop("iCalUId", None)
    return written.stored(call.zone, folder.mailbox.store.timezone)
