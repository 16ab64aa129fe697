"""What the answer to a write says, above all about versions."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from calsync_exchange_ews.requests import ItemId
from calsync_exchange_ews.xml import child, text_of

if TYPE_CHECKING:
    from calsync_exchange_ews.responses import Reply


def written_of(reply: Reply) -> ItemId | None:
    """Return the id and the version that a write was answered with."""
    items = child(reply.node, "m:Items") if reply.node is not None else None
    found = next(items.iter("{*}ItemId"), None) if items is not None else None
    event_id = found.get("Id") if found is not None else None
    return ItemId(event_id, found.get("ChangeKey")) if found is not None and event_id else None


def another_version(change_key: str) -> str | None:
    """Return a version that an item never had, in the form of the one it has; None for a form nobody knows."""
    try:
        content = base64.b64decode(change_key, validate=True)
    except ValueError:
        return None
    return base64.b64encode(content[:-1] + bytes([content[-1] ^ 0xFF])).decode() if content else None


def refuses_version(reply: Reply) -> bool:
    """Tell whether a write was refused for its version, not for the form of it."""
    return reply.code in ("IrresolvableConflict", "StaleObject")


def is_merged(reply: Reply) -> bool:
    """Tell whether the server says of an update that it met another one."""
    count = text_of(reply.node, "m:ConflictResults/t:Count").strip() if reply.node is not None else ""
    return count not in ("", "0")
