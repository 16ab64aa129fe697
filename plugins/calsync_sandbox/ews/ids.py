"""Ids of items and folders: opaque, case-sensitive, and an item's changes whenever the item moves."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.mailbox import lookup

if TYPE_CHECKING:
    from calsync_sandbox.mailbox.mailbox import Mailbox
    from calsync_sandbox.mailbox.store import Store

_ITEM, _FOLDER = "AAMk", "AAMl"
TRASH = lookup.TRASH


@dataclass(frozen=True, slots=True)
class ItemKey:
    """What an item id says: the mailbox, the event, the folder it is in, and how often it had moved."""

    address: str
    event_id: str
    folder: str
    moves: str


def item_id(mailbox: Mailbox, event_id: str) -> str:
    """Return the id that a present or deleted event, an occurrence too, has now."""
    owner = _owner(mailbox.store, event_id)
    folder = mailbox.store.homes.get(owner, TRASH)
    return past_item_id(mailbox, event_id, folder, mailbox.store.moves[owner])


def past_item_id(mailbox: Mailbox, event_id: str, folder: str, moves: int) -> str:
    """Return the id that an event had in a folder when it had moved so often."""
    return _write(_ITEM, mailbox.address, event_id, folder, str(moves))


def read_item_id(given: str) -> ItemKey:
    """Read an id. Raises EwsError for one that was never given."""
    address, event_id, folder, moves = _read(_ITEM, given, 4)
    return ItemKey(address, event_id, folder, moves)


def folder_id(address: str, folder: str) -> str:
    """Return a folder's id: `folder` is a calendar's id, or a distinguished name. It stays when items move."""
    return _write(_FOLDER, address, folder)


def read_folder_id(given: str) -> tuple[str, str]:
    """Return address and folder. Raises EwsError."""
    address, folder = _read(_FOLDER, given, 2)
    return address, folder


def _owner(store: Store, event_id: str) -> str:
    """Return whose folder counts: an occurrence, and an exception beside its master, is where the master is."""
    known = event_id in store.homes or event_id in store.deleted
    return event_id if known else event_id.partition(".")[0]


def _write(kind: str, *parts: str) -> str:
    return kind + base64.b64encode("|".join(parts).encode()).decode()


def _read(kind: str, given: str, count: int) -> list[str]:
    try:
        parts = base64.b64decode(given.removeprefix(kind), validate=True).decode().split("|")
    except (binascii.Error, ValueError):
        parts = []
    if not given.startswith(kind) or len(parts) != count:
        raise EwsError("ErrorInvalidIdMalformed", "Id is malformed.")
    return parts
