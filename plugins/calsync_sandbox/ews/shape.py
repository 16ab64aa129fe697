"""The shape of an answer: which properties of an item a request wants, and the item's element with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync_sandbox.ews.extended import key, write_property
from calsync_sandbox.ews.fields import FIELDS
from calsync_sandbox.ews.grammar import TYPES
from calsync_sandbox.ews.names import Element, local, parts, t, text_of
from calsync_sandbox.mailbox.body import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.ews.items import Item

_ORDER = {name.partition(":")[0].rstrip("*"): place for place, name in enumerate(TYPES["CalendarItem"].split())}
_DEFAULT = frozenset(
    {
        "Body",
        "CalendarItemType",
        "End",
        "HasAttachments",
        "LegacyFreeBusyStatus",
        "Location",
        "OptionalAttendees",
        "Organizer",
        "RequiredAttendees",
        "Resources",
        "Sensitivity",
        "Start",
        "Subject",
    }
)
_ALL = frozenset(FIELDS) | {"Body"}
_BASES = {"IdOnly": frozenset[str](), "Default": _DEFAULT, "AllProperties": _ALL}
_NOT_LISTED = frozenset(
    {
        "DeletedOccurrences",
        "FirstOccurrence",
        "LastOccurrence",
        "ModifiedOccurrences",
        "OptionalAttendees",
        "Recurrence",
        "RequiredAttendees",
        "Resources",
    }
)
"""What FindItem and SyncFolderItems never answer."""
_CUT_BODY = 512


@dataclass(frozen=True, slots=True)
class Shape:
    """`body` is None where it is not wanted, else the BodyType."""

    fields: frozenset[str]
    body: str | None
    extended: tuple[Element, ...]
    body_limit: int | None = None


def read_shape(operation: Element, *, listing: bool = False, body: bool = True) -> Shape:
    """Read an ItemShape. In a listing bodies are cut; `body` false leaves them out. Raises EwsError."""
    base = _BASES[text_of(operation, "ItemShape", "BaseShape") or "IdOnly"]
    more = parts(operation, "ItemShape", "AdditionalProperties")
    uris = [one.get("FieldURI", "") for one in more if local(one) == "FieldURI"]
    fields = base | {uri.partition(":")[2] for uri in uris}
    extended = tuple(one for one in more if local(one) == "ExtendedFieldURI")
    for one in extended:
        key(one)
    kind = text_of(operation, "ItemShape", "BodyType") or "Best"
    return Shape(
        fields - _NOT_LISTED if listing else fields,
        kind if "Body" in fields and body else None,
        extended,
        _CUT_BODY if listing else None,
    )


def render(item: Item, shape: Shape) -> Element:
    """Return a CalendarItem with the wanted properties that it has, in the order of the schema."""
    shown = [item.id_element()]
    shown += _given(FIELDS[name](item) for name in shape.fields if name in FIELDS)
    shown += _given(write_property(item.event, uri) for uri in shape.extended)
    if shape.body is not None:
        shown.append(_body(item, shape))
    return t("CalendarItem", *sorted(shown, key=lambda child: _ORDER[local(child)]))


def _given(elements: Iterable[Element | None]) -> list[Element]:
    return [element for element in elements if element is not None]


def _body(item: Item, shape: Shape) -> Element:
    html = item.event["body"]["content"]
    kind, content = ("Text", to_text(html)) if shape.body == "Text" else ("HTML", html)
    return t("Body", text=content[: shape.body_limit], BodyType=kind)
