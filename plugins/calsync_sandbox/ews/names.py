"""The four namespaces of Exchange Web Services, and short ways to build elements in them."""

from __future__ import annotations

import re

from lxml import etree

Element = etree._Element  # noqa: SLF001 - lxml's only name for the type of its elements

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
MESSAGES = "http://schemas.microsoft.com/exchange/services/2006/messages"
TYPES = "http://schemas.microsoft.com/exchange/services/2006/types"
ERRORS = "http://schemas.microsoft.com/exchange/services/2006/errors"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_PREFIXES = {"s": SOAP, "m": MESSAGES, "t": TYPES}


def m(name: str, /, *children: Element, text: str | None = None, **attributes: str) -> Element:
    """Build an element of the messages namespace."""
    return build(MESSAGES, name, *children, text=text, **attributes)


def t(name: str, /, *children: Element, text: str | None = None, **attributes: str) -> Element:
    """Build an element of the types namespace."""
    return build(TYPES, name, *children, text=text, **attributes)


def build(namespace: str, name: str, /, *children: Element, text: str | None = None, **attributes: str) -> Element:
    """Build an element. What XML 1.0 cannot hold is left out of its text, as Exchange's own writer does."""
    made = etree.Element(f"{{{namespace}}}{name}", attributes, _PREFIXES)
    if text is not None:
        made.text = writable(text)
    made.extend(children)
    return made


def local(element: Element) -> str:
    """Return an element's name without its namespace."""
    return str(etree.QName(element).localname)


def find(element: Element, *path: str) -> Element | None:
    """Return the first descendant along a path of local names, of whatever namespace."""
    for name in path:
        found = next((child for child in element if local(child) == name), None)
        if found is None:
            return None
        element = found
    return element


def parts(element: Element, *path: str) -> list[Element]:
    """Return the children of the element at a path; none where there is no such element."""
    found = find(element, *path)
    return [] if found is None else list(found)


def text_of(element: Element, *path: str) -> str | None:
    """Return the text at a path, an empty one for an empty element; None where there is no such element."""
    found = find(element, *path)
    return None if found is None else found.text or ""


def flag(value: bool) -> str:
    """Write an xs:boolean."""
    return "true" if value else "false"


def writable(text: str) -> str:
    """Leave out what XML 1.0 cannot hold."""
    return _NOT_XML.sub("", text)
