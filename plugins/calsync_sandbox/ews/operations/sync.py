"""SyncFolderItems: single items and masters of one calendar, first all of them, then what has changed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from calsync_sandbox.ews.answers import each
from calsync_sandbox.ews.changes import BEGINNING, SyncState, changes, read_state
from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.folders import Folder, calendar_folder
from calsync_sandbox.ews.ids import past_item_id
from calsync_sandbox.ews.items import item_of
from calsync_sandbox.ews.names import Element, find, flag, m, parts, t, text_of
from calsync_sandbox.ews.shape import Shape, read_shape, render

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.ews.calls import Call
    from calsync_sandbox.ews.changes import Told


def sync_folder_items(call: Call) -> Element:
    """Answer one page. Its shape never has bodies, attendees or recurrences."""
    shape = read_shape(call.operation, listing=True, body=False)
    return each(call, [call.operation], lambda operation: _page(call, operation, shape))


def _page(call: Call, operation: Element, shape: Shape) -> Sequence[Element]:
    folder = _folder(call, operation)
    state = _state(call, operation, folder)
    size = int(text_of(operation, "MaxChangesReturned") or 0)
    round_of_changes = _changes(call, folder, state)
    told = round_of_changes[state.told : state.told + size]
    last = state.told + size >= len(round_of_changes)
    after = replace(state, since=state.mark, told=0) if last else replace(state, told=state.told + size)
    ignored = {one.get("Id") for one in parts(operation, "Ignore")}
    shown = (_change(folder, one, shape) for one in told)
    kept = [one for one in shown if one is not None and _id(one) not in ignored]
    return [
        m("SyncState", text=after.write()),
        m("IncludesLastItemInRange", text=flag(last)),
        m("Changes", *kept),
    ]


def _folder(call: Call, operation: Element) -> Folder:
    found = find(operation, "SyncFolderId")
    if found is None or call.switches.folder_gone:
        raise EwsError("ErrorSyncFolderNotFound", "The folder to synchronize could not be found.")
    return calendar_folder(call, found)


def _state(call: Call, operation: Element, folder: Folder) -> SyncState:
    """Return where the page begins. A round that has begun stays as it is; a new one reaches up to now."""
    mark = len(folder.mailbox.store.log)
    given = (text_of(operation, "SyncState") or "").strip()
    if not given:
        return SyncState(call.state.generation, folder.mailbox.address, folder.key, BEGINNING, mark, 0)
    state = read_state(given)
    own = (state.address, state.folder) == (folder.mailbox.address, folder.key)
    if state.generation != call.state.generation or not own:
        raise EwsError("ErrorInvalidSyncStateData")
    return state if state.told else replace(state, mark=mark)


def _changes(call: Call, folder: Folder, state: SyncState) -> list[Told]:
    if call.switches.empty_list and state.since == BEGINNING:
        return []
    return changes(folder.mailbox.store, folder.key, state.since, state.mark)


def _change(folder: Folder, told: Told, shape: Shape) -> Element | None:
    """Return one change. What is gone by the time its page is asked for is told by the next round."""
    if told.kind == "Delete":
        forgotten = past_item_id(folder.mailbox, told.id, folder.key, told.moves)
        return t("Delete", t("ItemId", Id=forgotten, ChangeKey="DwAAAA=="))
    if folder.mailbox.store.homes.get(told.id) != folder.key:
        return None
    return t(told.kind, render(item_of(folder.mailbox, told.id), shape))


def _id(change: Element) -> str:
    found = find(change, "ItemId")
    found = find(change, "CalendarItem", "ItemId") if found is None else found
    return "" if found is None else found.get("Id", "")
