"""ConvertId. Clients also ask for the conversion of nonsense, to learn the server's version from the answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.answers import each
from calsync_sandbox.ews.ids import read_item_id
from calsync_sandbox.ews.names import Element, m, parts

if TYPE_CHECKING:
    from calsync_sandbox.ews.calls import Call


def convert_id(call: Call) -> Element:
    """Answer ids in the form that was asked for; this server's ids read the same in all of them."""
    form = call.operation.get("DestinationFormat", "EwsId")

    def convert(element: Element) -> list[Element]:
        given = element.get("Id", "")
        mailbox = call.open(element.get("Mailbox") or read_item_id(given).address)
        read_item_id(given)
        made = m("AlternateId", Format=form, Id=given, Mailbox=mailbox.address)
        made.set("{http://www.w3.org/2001/XMLSchema-instance}type", "t:AlternateIdType")
        return [made]

    return each(call, parts(call.operation, "SourceIds"), convert)
