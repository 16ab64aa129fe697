"""A mailbox's event as an EWS item, and finding it by the ids that clients use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync_sandbox.ews import ids
from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.names import local, t
from calsync_sandbox.mailbox import lookup
from calsync_sandbox.mailbox.ids import master_of, occurrence_id

if TYPE_CHECKING:
    from calsync_sandbox.ews.calls import Call
    from calsync_sandbox.ews.names import Element
    from calsync_sandbox.mailbox.events import Json
    from calsync_sandbox.mailbox.mailbox import Mailbox


_EXTENDED = "singleValueExtendedProperties"
_DELETED_ON = "SystemTime 0x668f"
"""PidTagDeletedOn (MS-OXPROPS)."""


@dataclass(frozen=True, slots=True)
class Item:
    """An event, an occurrence or a deleted event of a mailbox."""

    mailbox: Mailbox
    event: Json

    @property
    def is_deleted(self) -> bool:
        return self.event["id"] in self.mailbox.store.deleted

    @property
    def folder(self) -> str:
        """Return the key of its folder."""
        store, event_id = self.mailbox.store, self.event["id"]
        if self.is_deleted:
            return ids.TRASH
        return store.homes.get(event_id) or store.homes[master_of(event_id)]

    def id_element(self, name: str = "ItemId") -> Element:
        return t(name, Id=ids.item_id(self.mailbox, self.event["id"]), ChangeKey=self.event["changeKey"])


@dataclass(frozen=True, slots=True)
class KeptItem(Item):
    """An item that is deleted, and can still be read by the id that it had, in the folder where it was."""

    id: str
    home: str

    @property
    def is_deleted(self) -> bool:
        return True

    @property
    def folder(self) -> str:
        return self.home

    def id_element(self, name: str = "ItemId") -> Element:
        return t(name, Id=self.id, ChangeKey=self.event["changeKey"])


def kept(item: Item, at: str) -> KeptItem:
    """Return an item as it stays behind when it is deleted at this time."""
    deleted = {"id": _DELETED_ON, "value": at}
    event = item.event | {_EXTENDED: [*item.event.get(_EXTENDED, ()), deleted]}
    return KeptItem(item.mailbox, event, ids.item_id(item.mailbox, item.event["id"]), item.folder)


def item_of(mailbox: Mailbox, event_id: str) -> Item:
    """Return the item of a present event or occurrence. Raises MailboxError."""
    return Item(mailbox, lookup.get(mailbox.store, event_id))


def find_item(call: Call, reference: Element) -> Item:
    """Return the item that an ItemId, OccurrenceItemId or RecurringMasterItemId names. Raises EwsError."""
    kind = local(reference)
    if kind == "OccurrenceItemId":
        return _occurrence(_by_id(call, reference.get("RecurringMasterId", "")), reference)
    if kind == "RecurringMasterItemId":
        if not call.switches.expands_series:
            raise EwsError("ErrorInvalidId", "Id is malformed.")
        found = _by_id(call, reference.get("OccurrenceId", ""))
        master = found.event["seriesMasterId"]
        if master is None or master not in found.mailbox.store.events:
            raise EwsError("ErrorItemNotFound")
        return item_of(found.mailbox, master)
    return _by_id(call, reference.get("Id", ""))


def _by_id(call: Call, given: str) -> Item:
    named = ids.read_item_id(given)
    mailbox = call.open(named.address)
    if given in call.state.kept:
        return call.state.kept[given]
    deleted = mailbox.store.deleted.get(named.event_id)
    event = deleted or lookup.present(mailbox.store, named.event_id)
    if event is None or ids.item_id(mailbox, named.event_id) != given:
        raise EwsError("ErrorItemNotFound")
    return Item(mailbox, event)


def _occurrence(master: Item, reference: Element) -> Item:
    """Return the occurrence with a number that counts from 1, cancelled ones too."""
    if master.event["type"] != "seriesMaster":
        raise EwsError("ErrorItemNotFound")
    number = int(reference.get("InstanceIndex", "0"))
    series = master.mailbox.store.series(master.event)
    day = next((day for count, day in enumerate(series.days(), 1) if count == number), None)
    if day is None:
        raise EwsError("ErrorCalendarOccurrenceIndexIsOutOfRecurrenceRange")
    found = lookup.present(master.mailbox.store, occurrence_id(master.event["id"], day))
    if found is None:
        raise EwsError("ErrorCalendarOccurrenceIsDeletedFromRecurrence")
    return Item(master.mailbox, found)
