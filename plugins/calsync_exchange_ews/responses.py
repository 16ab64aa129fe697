"""What an answer says, item by item, before anybody decides what it means."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync_exchange_ews.xml import BadXml, Element, child, local, name, text_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

NO_ERROR = "NoError"
_PREFIX = "Error"
_CALENDAR_ITEM = name("t:CalendarItem")
_DIGITS = 12
"""No number that a server says is longer; Python refuses to read very long ones."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer about one item, or a fault, which is the answer to all of a request."""

    code: str
    """The response code without its prefix `Error`; "" for one that is missing."""
    node: Element | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    """What is said about an error by name: BackOffMilliseconds, InnerErrorResponseCode and others."""

    @property
    def ok(self) -> bool:
        return self.code == NO_ERROR

    @property
    def back_off(self) -> float | None:
        """The seconds that the server asks to wait."""
        milliseconds = self.number("BackOffMilliseconds")
        return None if milliseconds is None else milliseconds / 1000

    def number(self, key: str) -> int | None:
        """Return a whole number that is said about an error; None for anything else."""
        text = self.values.get(key, "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None


@dataclass(frozen=True, slots=True)
class Content:
    """A whole answer."""

    replies: tuple[Reply, ...] = ()
    """In the order in which items were asked for."""
    fault: Reply | None = None
    version: str = ""
    """The server's version as four numbers; "" where it does not say."""


def content(root: Element, operation: str) -> Content:
    """Read an envelope. Raises BadXml for what is no answer to this operation."""
    version = _version(root)
    body = child(root, "soap:Body")
    if root.tag != name("soap:Envelope") or body is None or len(body) == 0:
        raise BadXml("the answer is no SOAP envelope")
    answer = body[0]
    if answer.tag == name("soap:Fault"):
        return Content(fault=_fault(answer), version=version)
    if local(answer) != f"{operation}Response":
        raise BadXml("the answer is one to something else")
    messages = child(answer, "m:ResponseMessages")
    found = tuple(_reply(message) for message in messages) if messages is not None else ()
    return Content(replies=found, version=version)


def _reply(message: Element) -> Reply:
    code = text_of(message, "m:ResponseCode").strip()
    kind = message.get("ResponseClass", "")
    if kind not in ("Success", "Warning") and code == NO_ERROR:
        code = ""
    return Reply(code.removeprefix(_PREFIX), message, _values(child(message, "m:MessageXml")))


def _fault(fault: Element) -> Reply:
    """Read a fault. Its code stands in the detail, or as `a:ErrorXxx` where others have `soap:Server`."""
    detail = child(fault, "detail")
    code = text_of(detail, "e:ResponseCode").strip() if detail is not None else ""
    if not code:
        short = text_of(fault, "faultcode").strip().rpartition(":")[2]
        code = short if short.startswith(_PREFIX) else ""
    values = _values(child(detail, "t:MessageXml")) if detail is not None else {}
    return Reply(code.removeprefix(_PREFIX), None, values)


def _values(message: Element | None) -> dict[str, str]:
    if message is None:
        return {}
    found = {each.get("Name", ""): each.text or "" for each in message.iter(name("t:Value"))}
    uri = next(message.iter(name("t:FieldURI")), None)
    return found if uri is None else {**found, "FieldURI": uri.get("FieldURI", "")}


def _version(root: Element) -> str:
    info = child(root, "soap:Header/t:ServerVersionInfo")
    if info is None:
        return ""
    parts = (info.get(key, "") for key in ("MajorVersion", "MinorVersion", "MajorBuildNumber", "MinorBuildNumber"))
    return ".".join(part for part in parts if part.isascii() and part.isdigit() and len(part) <= _DIGITS)


def found_items(reply: Reply) -> tuple[Sequence[Element], bool]:
    """Return what a search found, and whether that is all of it. Raises BadXml: no answer is not an empty one.

    It finds items or folders.
    """
    root = child(reply.node, "m:RootFolder") if reply.node is not None else None
    if root is None:
        raise BadXml("the answer to a search holds no list")
    found = child(root, "t:Items")
    found = child(root, "t:Folders") if found is None else found
    return (list(found) if found is not None else ()), root.get("IncludesLastItemInRange", "true") != "false"


def known_zones(reply: Reply) -> frozenset[str]:
    """Return the zones that a server tells of, by their Windows names. It leaves out what it does not know."""
    found = reply.node.iter(name("t:TimeZoneDefinition")) if reply.ok and reply.node is not None else ()
    return frozenset(each.get("Id", "") for each in found)


def item_of(reply: Reply) -> Element | None:
    """Return the appointment of an answer; None for one that holds none, or something else."""
    items = child(reply.node, "m:Items") if reply.node is not None else None
    return items[0] if items is not None and len(items) == 1 and items[0].tag == _CALENDAR_ITEM else None
