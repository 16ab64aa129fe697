"""What a stream tells: events of the mailbox's log. They only wake; a client then asks what has changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from calsync_sandbox.ews.answers import response, success
from calsync_sandbox.ews.ids import TRASH, folder_id, item_id, past_item_id
from calsync_sandbox.ews.names import Element, m, t
from calsync_sandbox.ews.times import iso
from calsync_sandbox.mailbox.ids import is_occurrence, master_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.ews.folders import Folder
    from calsync_sandbox.ews.subscriptions import Subscription
    from calsync_sandbox.mailbox.store import Change

OPERATION = "GetStreamingEvents"


class Watch:
    """How far one stream has told one subscription. What was before the stream is not made up for."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription
        self._marks = [len(folder.mailbox.store.log) for folder in subscription.folders]

    def notification(self) -> Element | None:
        """Return what has happened since the last call, None for nothing."""
        events: list[Element] = []
        for number, folder in enumerate(self._subscription.folders):
            log = folder.mailbox.store.log
            events += self._events(folder, log[self._marks[number] :])
            self._marks[number] = len(log)
        return self._notification(events) if events else None

    def heartbeat(self) -> Element:
        return self._notification([t("StatusEvent")])

    def _notification(self, events: Iterable[Element]) -> Element:
        head = (t("SubscriptionId", text=self._subscription.id), t("MoreEvents", text="false"))
        return m("Notification", *head, *events)

    def _events(self, folder: Folder, changes: list[Change]) -> list[Element]:
        told = (_event(folder, change) for change in changes if folder.key in change.homes)
        return [event for name, event in told if name in self._subscription.events]


def message(notifications: Iterable[Element]) -> Element:
    """Return a piece of the stream that tells."""
    return response(OPERATION, success(OPERATION, m("Notifications", *notifications)))


def status(word: str) -> Element:
    """Return a piece of the stream that says `OK`, at its beginning, or `Closed`."""
    return response(OPERATION, success(OPERATION, m("ConnectionStatus", text=word)))


def _event(folder: Folder, change: Change) -> tuple[str, Element]:
    mailbox, item = folder.mailbox, change.id
    if is_occurrence(item) and master_of(item) in mailbox.store.homes:
        item = master_of(item)
    at = t("TimeStamp", text=iso(datetime.fromtimestamp(change.at, UTC)))
    now = t("ItemId", Id=item_id(mailbox, item), ChangeKey="AQAAAA==")
    parent = t("ParentFolderId", Id=folder_id(mailbox.address, change.after or TRASH))
    if change.born or (change.after == folder.key and change.homes == {folder.key}):
        name = "CreatedEvent" if change.born else "ModifiedEvent"
        return name, t(name, at, now, parent)
    old_folder = next((home for home in change.homes if home != change.after), folder.key)
    old = t("OldItemId", Id=past_item_id(mailbox, item, old_folder, change.moves), ChangeKey="AQAAAA==")
    return "MovedEvent", t(
        "MovedEvent", at, now, parent, old, t("OldParentFolderId", Id=folder_id(mailbox.address, old_folder))
    )
