"""GetItem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.answers import each
from calsync_sandbox.ews.items import find_item
from calsync_sandbox.ews.names import Element, m, parts
from calsync_sandbox.ews.shape import read_shape, render

if TYPE_CHECKING:
    from calsync_sandbox.ews.calls import Call


def get_item(call: Call) -> Element:
    shape = read_shape(call.operation)

    def get(reference: Element) -> list[Element]:
        return [m("Items", render(find_item(call, reference), shape))]

    return each(call, parts(call.operation, "ItemIds"), get)
