"""Subscribe and Unsubscribe, for streaming only: pulling and pushing are not served."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.answers import each
from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.folders import named_folder
from calsync_sandbox.ews.names import Element, m, parts, text_of

if TYPE_CHECKING:
    from calsync_sandbox.ews.calls import Call

_REQUEST = "StreamingSubscriptionRequest"


def subscribe(call: Call) -> Element:
    def make(operation: Element) -> list[Element]:
        if not parts(operation, _REQUEST):
            raise EwsError("ErrorInvalidSubscriptionRequest", "Subscription request is not valid.")
        folders = tuple(named_folder(call, one) for one in parts(operation, _REQUEST, "FolderIds"))
        events = frozenset(one.text or "" for one in parts(operation, _REQUEST, "EventTypes"))
        made = call.state.subscriptions.add(call.user.login, folders, events)
        return [m("SubscriptionId", text=made.id)]

    return each(call, [call.operation], make)


def unsubscribe(call: Call) -> Element:
    def end(operation: Element) -> list[Element]:
        if call.state.subscriptions.by_id.pop(text_of(operation, "SubscriptionId") or "", None) is None:
            raise EwsError("ErrorSubscriptionNotFound", "The subscription was not found.")
        return []

    return each(call, [call.operation], end)
