"""XML as Exchange speaks it: names, a parser that trusts nobody, text that may be sent."""

from __future__ import annotations

import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMESPACES: Mapping[str, str] = {
    "soap": "http://schemas.xmlsoap.org/soap/envelope/",
    "m": "http://schemas.microsoft.com/exchange/services/2006/messages",
    "t": "http://schemas.microsoft.com/exchange/services/2006/types",
    "e": "http://schemas.microsoft.com/exchange/services/2006/errors",
}
Element = etree._Element  # noqa: SLF001 - lxml names the class of its elements only so
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
"""What XML 1.0 forbids, in UTF-8: of the C0 controls, and U+FFFE, U+FFFF."""
_REFERENCE = re.compile(rb"&#(?:[xX]([0-9a-fA-F]+)|([0-9]+));")
_NOT_SENT = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Everything that XML 1.0 (section 2.2) does not allow in a document."""


class BadXml(ValueError):  # noqa: N818 - it is what the server sent
    """The answer is no XML document, or one that is not to be read."""


@lru_cache(maxsize=1024)
def name(short: str) -> str:
    """Return a name as lxml spells it: `t:Subject` with its namespace in braces."""
    prefix, colon, local = short.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if colon else short


def local(element: Element) -> str:
    """Return an element's name without its namespace; "" for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def make(tag: str, *children: Element, text: str | None = None, **attributes: str) -> Element:
    """Build an element; its children stand in the order given, which the schema prescribes."""
    built = etree.Element(name(tag), attributes, nsmap=None)
    if text is not None:
        built.text = clean(text)
    built.extend(children)
    return built


def clean(text: str) -> str:
    """Return text without what XML cannot carry."""
    return _NOT_SENT.sub("", text)


def text_of(parent: Element, path: str) -> str:
    """Return the text of a child, or ""."""
    return parent.findtext(_path(path)) or ""


def child(parent: Element, path: str) -> Element | None:
    """Return the first element of a path such as `m:Items/t:CalendarItem`."""
    return parent.find(_path(path))


@lru_cache(maxsize=256)
def _path(path: str) -> str:
    return "/".join(name(step) for step in path.split("/"))


def parse(body: bytes) -> Element:
    """Read a document in UTF-8. Its size is the door's matter (`calsync.http.MAX_ANSWER_BYTES`).

    DOCTYPE is refused before anything is parsed, entities are never resolved and nothing is fetched. Exchange
    sends control characters that users pasted, which XML forbids: the second attempt leaves them out. A document
    that breaks off is refused; nothing of it is used. Raises BadXml.
    """
    if _DOCTYPE.search(body):
        raise BadXml("a document with a DOCTYPE is not read")
    try:
        return _parsed(body)
    except etree.XMLSyntaxError:
        pass
    try:
        return _parsed(_without_controls(body))
    except etree.XMLSyntaxError as error:
        raise BadXml("the answer is no XML document, or breaks off") from error


def _parsed(body: bytes) -> Element:
    # A parser cannot be used by two documents at once. `huge_tree` lifts the limit of 10 MB for one text; the
    # depth stays limited. The encoding is fixed, so that no other one hides a DOCTYPE.
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,
        encoding="utf-8",
    )
    return etree.fromstring(body, parser)


def _without_controls(body: bytes) -> bytes:
    plain = body.decode("utf-8", "replace").encode("utf-8")
    return _REFERENCE.sub(_allowed, _CONTROL.sub(b"", plain))


def _allowed(reference: re.Match[bytes]) -> bytes:
    """Return a character reference as it is, or nothing for one that XML does not allow."""
    digits, base = (reference[1], 16) if reference[1] else (reference[2], 10)
    digits = digits.lstrip(b"0")
    code = int(digits, base) if 0 < len(digits) < len(str(sys.maxunicode)) + 1 else 0
    fine = code <= sys.maxunicode and not _NOT_SENT.match(chr(code))
    return reference[0] if fine else b""
