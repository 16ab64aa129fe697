"""What has changed in a calendar between two positions of the mailbox's log.

The log only grows, so a round of changes is always the same for the same two positions: a sync state holds no more
than those, and how far its client has come in the round. No state ever expires.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.mailbox.ids import is_occurrence, master_of

if TYPE_CHECKING:
    from calsync_sandbox.mailbox.store import Change, Store

BEGINNING = -1
"""The mark before everything."""
Kind = Literal["Create", "Update", "Delete"]


@dataclass(frozen=True, slots=True)
class SyncState:
    """A position in the changes of one calendar: `told` of those between `since` and `mark` were told."""

    generation: int
    address: str
    folder: str
    since: int
    mark: int
    told: int

    def write(self) -> str:
        parts = [self.generation, self.address, self.folder, self.since, self.mark, self.told]
        return base64.b64encode(json.dumps(parts).encode()).decode()


def read_state(given: str) -> SyncState:
    """Read a sync state. Raises EwsError for a broken one."""
    try:
        parts = json.loads(base64.b64decode(given, validate=True))
    except (binascii.Error, ValueError) as error:
        raise EwsError("ErrorInvalidSyncStateData") from error
    if not isinstance(parts, list) or [type(part) for part in parts] != [int, str, str, int, int, int]:
        raise EwsError("ErrorInvalidSyncStateData")
    return SyncState(*parts)


class Told(NamedTuple):
    """One change of one item. `moves` says how often the item that a client is to forget had moved."""

    kind: Kind
    id: str
    moves: int = 0


def changes(store: Store, folder: str, since: int, mark: int) -> list[Told]:
    """Return what happened to each item of a calendar between two marks; newest first from the beginning.

    Occurrences and exceptions are parts of their master, whose change theirs is.
    """
    by_item: dict[str, list[Change]] = {}
    for change in store.log[max(since, 0) : mark]:
        if folder in change.homes:
            item = _item(store, change)
            own = [change] if item == change.id else []
            by_item[item] = by_item.pop(item, []) + own  # to the end: in the order of the last changes
    found = [told for item, own in by_item.items() for told in _told(store, folder, item, own)]
    return found[::-1] if since == BEGINNING else found


def _told(store: Store, folder: str, item: str, own: list[Change]) -> list[Told]:
    """Tell one item. One that has left and come back has another id: that is two changes."""
    if not own:  # only some of its occurrences have changed
        return [Told("Update", item)] if store.homes.get(item) == folder else []
    before, after = _was_there(own[0], folder), own[-1].after == folder
    left = next((change for change in own if change.after != folder), None)
    if before and after and left is None:
        return [Told("Update", item)]
    forgotten = [Told("Delete", item, left.moves)] if before and left is not None else []
    return forgotten + ([Told("Create", item)] if after else [])


def _item(store: Store, change: Change) -> str:
    """Return the item that a change is about. An exception whose series is elsewhere is one of its own."""
    if not is_occurrence(change.id):
        return change.id
    master = master_of(change.id)
    return master if master in store.moves or master in store.events or master in store.deleted else change.id


def _was_there(change: Change, folder: str) -> bool:
    """Tell whether the item was in the calendar before: a change names where it was and where it is."""
    if change.born:
        return False
    return change.homes == {folder} or change.after != folder
