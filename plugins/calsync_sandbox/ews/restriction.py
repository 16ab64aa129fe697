"""Restrictions of a search: comparisons of properties with constants, joined by And, Or and Not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.extended import holders, write_property
from calsync_sandbox.ews.fields import FIELDS
from calsync_sandbox.ews.names import Element, find, local, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.ews.items import Item
    from calsync_sandbox.mailbox.store import Store

_COMPARED = frozenset({"Subject", "Start", "End", "Location", "ItemClass", "LastModifiedTime", "DateTimeCreated"})
"""UID is not among them: a search for it is refused, as by the real server."""


def indexed(store: Store, test: Element) -> set[str] | None:
    """Return the ids of the events that can pass a test, found without looking at each; None: look at all."""
    if local(test) == "Or":
        found = [indexed(store, part) for part in test]
        return None if None in found else {event_id for part in found for event_id in part or ()}
    if local(test) == "IsEqualTo" and local(test[0]) == "ExtendedFieldURI":
        return set(holders(store, test[0], _constant(test)))
    return None


def passes(item: Item, test: Element) -> bool:
    """Tell whether an item passes a test. Raises EwsError for a test or a property that cannot be searched."""
    kind = local(test)
    if kind == "And":
        return all(passes(item, part) for part in test)
    if kind == "Or":
        return any(passes(item, part) for part in test)
    if kind == "Not":
        return not passes(item, test[0])
    value = value_of(item, test[0])
    if kind == "Exists":
        return value is not None
    return value is not None and _compare(kind, value.lower(), _constant(test).lower())


def _compare(kind: str, value: str, constant: str) -> bool:
    outcomes: dict[str, bool] = {
        "IsEqualTo": value == constant,
        "IsNotEqualTo": value != constant,
        "IsGreaterThan": value > constant,
        "IsGreaterThanOrEqualTo": value >= constant,
        "IsLessThan": value < constant,
        "IsLessThanOrEqualTo": value <= constant,
        "Contains": constant in value,
    }
    if kind not in outcomes:
        raise EwsError("ErrorUnsupportedQueryFilter", "The query filter type is not supported.")
    return outcomes[kind]


def value_of(item: Item, path: Element) -> str | None:
    """Return what is compared of an item. Raises EwsError for a property that cannot be searched."""
    if local(path) == "ExtendedFieldURI":
        found = write_property(item.event, path)
        return None if found is None else text_of(found, "Value")
    name = path.get("FieldURI", "").partition(":")[2]
    if name not in _COMPARED:
        raise EwsError(
            "ErrorUnsupportedPathForQuery", "The property can not be used with this type of restriction."
        )
    element = FIELDS[name](item)
    return None if element is None else element.text


def _constant(test: Element) -> str:
    constant = find(test, "FieldURIOrConstant", "Constant")
    constant = find(test, "Constant") if constant is None else constant
    if constant is None:
        raise EwsError("ErrorUnsupportedQueryFilter", "Properties cannot be compared with each other.")
    return constant.get("Value", "")


def refuse_binary(restriction: Element) -> None:
    """Raise EwsError where a binary property is compared."""
    if any(path.get("PropertyType") == "Binary" for path in restriction.iter("{*}ExtendedFieldURI")):
        raise EwsError("ErrorInvalidRestriction", "A binary property cannot be compared.")


def select(items: Iterable[Item], test: Element | None) -> list[Item]:
    """Return the items that pass; without a test all of them."""
    return [item for item in items if test is None or passes(item, test)]
