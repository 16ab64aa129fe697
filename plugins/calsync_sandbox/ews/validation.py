"""Checks requests against the schema. Exchange does so before anything else, and names line and position."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from lxml import etree

from calsync_sandbox.ews.errors import SoapFault
from calsync_sandbox.ews.grammar import ATTRIBUTES, TYPES, VALUES
from calsync_sandbox.ews.names import MESSAGES, local, t
from calsync_sandbox.ews.names import TYPES as TYPES_NAMESPACE

if TYPE_CHECKING:
    from calsync_sandbox.ews.names import Element

_OPEN = "?"
_SUPPRESS = "SuppressReadReceipts"


class _Place(NamedTuple):
    """One place in the order of a type's children."""

    children: dict[str, str]
    """Name -> type of its own children; empty for one that has none."""
    needed: bool
    repeated: bool


def check(operation: Element, content: bytes, *, before_2013_sp1: bool) -> None:
    """Raise SoapFault for an operation that the schema does not allow. Unknown operations are not checked."""
    name = local(operation)
    if etree.QName(operation).namespace != MESSAGES:
        raise _violation(operation, content, f"The element '{name}' is no operation.")
    if name not in TYPES:
        return
    if before_2013_sp1 and _SUPPRESS in operation.attrib:
        raise _violation(operation, content, f"The '{_SUPPRESS}' attribute is not declared.")
    _check_attributes(operation, content)
    _check_children(operation, name, MESSAGES, content)


def _check_attributes(element: Element, content: bytes) -> None:
    known = ATTRIBUTES.get(local(element))
    if known is None:
        return
    given = {str(name): str(value) for name, value in element.items()}
    for name, value in given.items():
        pattern = known.get(name, known.get(f"{name}!"))
        if pattern is None:
            raise _violation(element, content, f"The '{name}' attribute is not declared.")
        if not re.fullmatch(pattern, value):
            raise _violation(element, content, f"The '{name}' attribute is invalid.")
    for name in known:
        if name.endswith("!") and name[:-1] not in given:
            raise _violation(element, content, f"The required attribute '{name[:-1]}' is missing.")


def _check_children(element: Element, kind: str, namespace: str, content: bytes) -> None:
    if kind == "":
        _check_leaf(element, content)
        return
    if any((text or "").strip() for text in (element.text, *(child.tail for child in element))):
        raise _violation(element, content, f"The element '{local(element)}' cannot contain text.")
    places = _places(kind)
    begin, met = 0, -1
    for child in element:
        name = local(child) if etree.QName(child).namespace == namespace else ""
        found = next((at for at in range(begin, len(places)) if name in places[at].children), len(places))
        if found == len(places) or _lacks(places, begin, found, met):
            raise _unexpected(element, child, places[begin:], content)
        begin, met = (found if places[found].repeated else found + 1), found
        _check_value(child, content)
        _check_attributes(child, content)
        if places[found].children[name] != _OPEN:
            _check_children(child, places[found].children[name], TYPES_NAMESPACE, content)
    if _lacks(places, begin, len(places), met):
        raise _violation(element, content, f"The element '{local(element)}' has incomplete content.")


def _check_leaf(element: Element, content: bytes) -> None:
    if (element.text or "").strip() and local(element) in ATTRIBUTES and local(element) != "Body":
        raise _violation(element, content, f"The element '{local(element)}' must be empty.")
    if len(element):
        raise _violation(element, content, f"The element '{local(element)}' cannot contain elements.")


def _lacks(places: tuple[_Place, ...], begin: int, end: int, met: int) -> bool:
    """Tell whether a needed child is missing between two places."""
    return any(places[at].needed for at in range(begin, end) if at != met)


def _check_value(element: Element, content: bytes) -> None:
    pattern = VALUES.get(local(element))
    if pattern is not None and len(element) == 0 and not re.fullmatch(pattern, (element.text or "").strip()):
        raise _violation(element, content, f"The '{local(element)}' element is invalid.")


@cache
def _places(kind: str) -> tuple[_Place, ...]:
    return tuple(_place(text) for text in TYPES[kind].split())


def _place(text: str) -> _Place:
    children = dict(name.rstrip("!*").partition(":")[::2] for name in text.split("|"))
    return _Place(children, needed=text.rstrip("*").endswith("!"), repeated="*" in text)


def _unexpected(element: Element, child: Element, expected: tuple[_Place, ...], content: bytes) -> SoapFault:
    names = ", ".join(name for place in expected for name in place.children)
    return _violation(
        child,
        content,
        f"The element '{local(element)}' in namespace '{etree.QName(element).namespace}' has invalid child "
        f"element '{local(child)}' in namespace '{etree.QName(child).namespace}'. "
        f"List of possible elements expected: '{names}'.",
    )


def _violation(element: Element, content: bytes, sentence: str) -> SoapFault:
    line, position = _where(element, content)
    details = [
        t("LineNumber", text=str(line)),
        t("LinePosition", text=str(position)),
        t("Violation", text=sentence),
    ]
    return SoapFault("ErrorSchemaValidation", f"The request failed schema validation: {sentence}", details=details)


def _where(element: Element, content: bytes) -> tuple[int, int]:
    """Return line and position of an element's name: it is as manieth with its name as there are before it."""
    root = element.getroottree().getroot()
    alike = list(root.iter(f"{{*}}{local(element)}"))
    tags = list(re.finditer(rb"<((?:[\w.-]+:)?" + local(element).encode() + rb")[\s/>]", content))
    number = alike.index(element)
    if number >= len(tags):
        return 1, 1
    start = tags[number].start(1)
    return content.count(b"\n", 0, start) + 1, start - content.rfind(b"\n", 0, start)
