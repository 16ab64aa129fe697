"""Response messages: one for each item of a request, in its order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.errors import EwsError, from_mailbox, message_xml
from calsync_sandbox.ews.names import m
from calsync_sandbox.mailbox.errors import MailboxError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import TypeVar

    from calsync_sandbox.ews.calls import Call
    from calsync_sandbox.ews.names import Element

    Part = TypeVar("Part")

_WARNINGS = frozenset({"ErrorBatchProcessingStopped"})
_EMPTY = {
    "GetItem": "Items",
    "CreateItem": "Items",
    "UpdateItem": "Items",
    "MoveItem": "Items",
    "GetFolder": "Folders",
}
"""What an item's message holds although it failed."""


def each(call: Call, parts: Iterable[Part], act: Callable[[Part], Sequence[Element]]) -> Element:
    """Answer each part of a request. `act` returns the children of a success behind its ResponseCode."""
    trouble = call.state.troubles.take(call.name, whole=False)
    messages = []
    for number, part in enumerate(parts):
        hit = trouble if trouble is not None and number >= trouble.first else None
        try:
            if hit is not None and not hit.after_commit:
                raise hit.error()
            children = act(part)
            if hit is not None:
                raise hit.error()
            messages.append(success(call.name, *children))
        except MailboxError as error:
            messages.append(failure(call.name, from_mailbox(error)))
        except EwsError as error:
            messages.append(failure(call.name, error))
    return response(call.name, *messages)


def response(operation: str, *messages: Element) -> Element:
    return m(f"{operation}Response", m("ResponseMessages", *messages))


def success(operation: str, *children: Element) -> Element:
    code = m("ResponseCode", text="NoError")
    return m(f"{operation}ResponseMessage", code, *children, ResponseClass="Success")


def failure(operation: str, error: EwsError) -> Element:
    """Return the message of a part that was not carried out, or not said to be."""
    return m(
        f"{operation}ResponseMessage",
        m("MessageText", text=error.message),
        m("ResponseCode", text=error.code),
        m("DescriptiveLinkKey", text="0"),
        *message_xml(error),
        *([m(_EMPTY[operation])] if operation in _EMPTY else []),
        ResponseClass="Warning" if error.code in _WARNINGS else "Error",
    )
