"""What Microsoft Graph says when it calls: that something has changed, or what has become of a subscription.

Anybody can call, so what looks otherwise is left out, and nothing is read but what tells whom it is meant for.
Source: Microsoft's pages "Receive change notifications through webhooks" and "Lifecycle notifications".
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from calsync.ports import Call

TOKEN = "validationToken"  # noqa: S105 - the name of a query's key
"""The address is to return this value, as plain text, before anything is told there."""
REMOVED = "subscriptionRemoved"
REAUTHORIZE = "reauthorizationRequired"
MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Notification:
    """One thing that was told."""

    subscription: str
    """Its id."""
    client_state: str
    lifecycle: str
    """What has become of the subscription; "" for a change in the mailbox."""

    def is_from(self, client_state: str) -> bool:
        """Tell whether it proves to know the secret that the subscription was made with; takes the same time."""
        return hmac.compare_digest(_bytes(self.client_state), _bytes(client_state))


def notifications(call: Call) -> list[Notification]:
    """Return what a call tells; nothing for one that is no notification."""
    if call.content_type != "application/json":
        return []
    try:
        content = json.loads(call.body)
    except (ValueError, RecursionError):
        return []
    rows = content.get("value") if isinstance(content, dict) else None
    found = (_notification(row) for row in rows if isinstance(row, dict)) if isinstance(rows, list) else ()
    return [one for one in found if one is not None]


def _notification(row: dict[str, Any]) -> Notification | None:
    subscription, state = row.get("subscriptionId"), row.get("clientState")
    lifecycle = row.get("lifecycleEvent", "")
    if isinstance(subscription, str) and isinstance(state, str) and isinstance(lifecycle, str):
        return Notification(subscription, state, lifecycle)
    return None


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
