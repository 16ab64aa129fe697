"""The ids of events that Graph's clients use: immutable ones, and default ones.

Immutable ones are the mailbox's own; default ones contain the folder and so change when an event moves.
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from calsync_sandbox.mailbox import lookup
from calsync_sandbox.mailbox.errors import bad_request, item_not_found
from calsync_sandbox.mailbox.ids import IMMUTABLE

if TYPE_CHECKING:
    from calsync_sandbox.mailbox.events import Json
    from calsync_sandbox.mailbox.store import Store

_DEFAULT = "AAMk"


def find(store: Store, given: str, home: str | None = None) -> str:
    """Return the immutable id of a present event or occurrence. Raises MailboxError 400 and 404.

    `home` asks for one in this calendar. A default id holds only for the folder that it was given in.
    """
    event_id, folder = _read(given)
    at = store.homes[event_id if event_id in store.events else lookup.master_id(store, event_id)]
    if (folder is not None and folder != at) or (home is not None and home != at):
        raise item_not_found()
    return event_id


def find_deleted(store: Store, given: str) -> Json | None:
    """Return an event in Deleted Items by its immutable id, or by the default id that it has there."""
    event_id, folder = _read(given)
    return store.deleted.get(event_id) if folder in {None, lookup.TRASH} else None


def public_id(store: Store, event_id: str, *, immutable: bool) -> str:
    """Return the id that a client sees for an event, an occurrence or a master, deleted or not."""
    if immutable:
        return event_id
    owner = event_id if event_id in store.homes else event_id.partition(".")[0]
    folder = store.homes.get(owner, lookup.TRASH)
    return _DEFAULT + base64.urlsafe_b64encode(f"{folder}|{event_id}".encode()).decode()


def _read(given: str) -> tuple[str, str | None]:
    """Return the immutable id, and of a default id the folder that it holds for. Raises MailboxError 400."""
    if given.startswith(IMMUTABLE):
        return given, None
    try:
        if given.startswith(_DEFAULT):
            folder, _, immutable = base64.b64decode(given[4:], b"-_", validate=True).decode().partition("|")
            return immutable, folder
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise bad_request("Id is malformed.", "ErrorInvalidIdMalformed")
