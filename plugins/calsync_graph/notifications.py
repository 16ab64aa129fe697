"""What Microsoft Graph says when it calls: that something has changed, or what has become of a subscription.

Anybody can call, so what looks otherwise is left out, and nothing is read but what tells whom it is meant for.
Source: Microsoft's pages "Receive change notifications through webhooks" and "Lifecycle notifications".
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from calsync.ports import Call

TOKEN = "validationToken"  # noqa: S105 - the name of a query's key
"""The address is to return this value, as plain text, before anything is told there."""
REMOVED = "subscriptionRemoved"
REAUTHORIZE = "reauthorizationRequired"


class Notification(msgspec.Struct, frozen=True):
    """One thing that was told."""

    subscription: str = msgspec.field(name="subscriptionId")
    """Its id."""
    client_state: str = msgspec.field(name="clientState")
    lifecycle: str = msgspec.field(default="", name="lifecycleEvent")
    """What has become of the subscription; "" for a change in the mailbox."""

    def is_from(self, client_state: str) -> bool:
        """Tell whether it proves to know the secret that the subscription was made with; takes the same time."""
        return hmac.compare_digest(self.client_state.encode(), client_state.encode())


class _Told(msgspec.Struct):
    value: list[Notification]


_READER = msgspec.json.Decoder(_Told)


def notifications(call: Call) -> list[Notification]:
    """Return what a call tells; nothing for one that is not made of notifications alone.

    It may tell of thousands of subscriptions at once. The longest one that the host lets through takes a
    millisecond or two.
    """
    if call.content_type != "application/json":
        return []
    try:
        return _READER.decode(call.body).value
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []
