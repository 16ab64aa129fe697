"""UpdateItem: only what a request names is written; whether a change key must match, the request says, too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.answers import each
from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.fields import is_meeting
from calsync_sandbox.ews.items import Item, find_item
from calsync_sandbox.ews.mails import sends, writer
from calsync_sandbox.ews.names import Element, local, m, parts, t
from calsync_sandbox.ews.values import Written, only_property

if TYPE_CHECKING:
    from calsync_sandbox.ews.calls import Call
    from calsync_sandbox.mailbox.events import Json


def update_item(call: Call) -> Element:
    """Change items, occurrences too, which become exceptions by it."""

    def update(change: Element) -> list[Element]:
        mails = sends(call)
        item = find_item(call, change[0])
        if item.is_deleted:
            raise EwsError("ErrorCalendarCannotUpdateDeletedItem", "Deleted items cannot be updated.")
        _check_key(call, item, change[0].get("ChangeKey"))
        values = _values(call, item, change[1])
        _note_sent(item.event, values, mails=mails)
        event = writer(call, item.mailbox, mails=mails).change(item.event["id"], values)
        if call.switches.conflict_although_written:
            raise EwsError("ErrorIrresolvableConflict")
        changed = t("CalendarItem", Item(item.mailbox, event).id_element())
        conflicts = m("ConflictResults", t("Count", text=str(call.switches.conflict_count)))
        return [m("Items", changed), conflicts]

    return each(call, parts(call.operation, "ItemChanges"), update)


def _check_key(call: Call, item: Item, given: str | None) -> None:
    """Raise EwsError for an old change key under NeverOverwrite, and for none at all unless properties merge."""
    if not call.switches.change_keys_matter:
        return
    resolution = call.operation.get("ConflictResolution")
    if not given and resolution != "AutoResolve":
        raise EwsError("ErrorChangeKeyRequiredForWriteOperations", "A change key is required for this operation.")
    old = given != item.event["changeKey"]
    if resolution == "NeverOverwrite" and old:
        raise EwsError("ErrorIrresolvableConflict")


def _values(call: Call, item: Item, updates: Element) -> Json:
    written = Written(
        zones_refused=call.switches.zones_refused,
        unknown_zones=call.switches.unknown_zones,
        clears_texts=call.switches.clears_texts,
        old=item.event,
    )
    for update in updates:
        if local(update) == "DeleteItemField":
            written.clear(update[0])
        else:
            append = local(update) == "AppendToItemField"
            written.set(only_property(update[1], update[0]), append=append)
    return written.stored(call.zone, item.mailbox.store.timezone)


def _note_sent(event: Json, values: Json, *, mails: bool) -> None:
    """Keep what MeetingRequestWasSent says: false for a meeting that nobody has been told of yet."""
    if mails and event["isDraft"]:
        values["isDraft"] = False
    elif not mails and values.get("attendees") and not is_meeting(event):
        values["isDraft"] = True
