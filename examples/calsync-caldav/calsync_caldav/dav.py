"""WebDAV's XML: what is asked, and what a multistatus answers (RFC 4918, 4791, 6578)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from lxml import etree
from lxml.builder import ElementMaker
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

DAV = "DAV:"
CALDAV = "urn:ietf:params:xml:ns:caldav"
NAMES = {None: DAV, "C": CALDAV}
D = ElementMaker(namespace=DAV, nsmap=NAMES)
C = ElementMaker(namespace=CALDAV, nsmap=NAMES)
TEXT_MATCHES = "i;octet"
PATH_SAFE = "/!$&'()*+,;=:@~-._"
"""What may stand in a path as it is (RFC 3986, 3.3)."""


class NoMultistatus(ValueError):  # noqa: N818 - errors are named as outcomes
    """An answer is no multistatus: cut, or of something that is no DAV server."""


@dataclass(frozen=True, slots=True)
class Resource:
    """One response of a multistatus."""

    path: str
    """Normalised; see `path_of`."""
    status: int
    """Of the resource, 200 where its properties were told."""
    values: Mapping[str, etree._Element]
    """The properties that were found, by their names in Clark's notation."""

    def text(self, name: str) -> str:
        """Return a property's text, "" where there is none."""
        found = self.values.get(name)
        return "" if found is None or found.text is None else found.text.strip()

    def hrefs(self, name: str) -> list[str]:
        """Return the addresses inside of a property, as they stand there."""
        found = self.values.get(name)
        return [] if found is None else [(href.text or "").strip() for href in found.iter(f"{{{DAV}}}href")]

    def names(self, name: str) -> set[str]:
        """Return the names of all elements inside of a property."""
        found = self.values.get(name)
        return set() if found is None else {str(element.tag) for element in found.iter() if element is not found}


@dataclass(frozen=True, slots=True)
class Multistatus:
    """An answer about several resources."""

    resources: list[Resource]
    token: str
    """The sync token, "" where there is none."""


def path_of(href: str) -> str:
    """Return the path of an address in one form, however its characters are escaped."""
    path = URL(href, encoded=True).raw_path if "://" in href else href.partition("?")[0]
    return quote(unquote(path), safe=PATH_SAFE)


def read_multistatus(body: bytes) -> Multistatus:
    """Read an answer. Raises NoMultistatus."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise NoMultistatus("the answer is no XML") from error
    if root.tag != f"{{{DAV}}}multistatus":
        raise NoMultistatus("the answer is no multistatus")
    resources = [_resource(response) for response in root.iterfind(f"{{{DAV}}}response")]
    return Multistatus(resources, (root.findtext(f"{{{DAV}}}sync-token") or "").strip())


def _resource(response: etree._Element) -> Resource:
    values = {
        str(element.tag): element
        for told in response.iterfind(f"{{{DAV}}}propstat")
        if _status(told) == 200  # noqa: PLR2004 - HTTP's
        for element in told.iterfind(f"{{{DAV}}}prop/*")
    }
    href = response.findtext(f"{{{DAV}}}href") or ""
    return Resource(path_of(href.strip()), _status(response), values)


def _status(element: etree._Element) -> int:
    """Return the number in a status line; 200 where there is none: then each property has its own."""
    line = element.findtext(f"{{{DAV}}}status")
    if line is None:
        return 200
    try:
        return int(line.split()[1])
    except (IndexError, ValueError) as error:
        raise NoMultistatus("the answer has a status that is none") from error


def written(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def propfind(*names: str) -> bytes:
    """Ask for properties, by their names in Clark's notation."""
    return written(D.propfind(D.prop(*map(etree.Element, names))))


def sync_collection(token: str) -> bytes:
    """Ask what has changed since a token."""
    asked = D.prop(D.getetag())
    return written(D("sync-collection", D("sync-token", token), D("sync-level", "1"), asked))


def between(start: datetime, end: datetime) -> bytes:
    """Ask for the events that overlap a span of time, both ends in UTC."""
    span = C("time-range", start=f"{start:%Y%m%dT%H%M%SZ}", end=f"{end:%Y%m%dT%H%M%SZ}")
    return _query(span)


def with_uid(uid: str) -> bytes:
    """Ask for the events with a UID."""
    return _query(C("prop-filter", C("text-match", uid, collation=TEXT_MATCHES), name="UID"))


def _query(condition: etree._Element) -> bytes:
    events = C("comp-filter", condition, name="VEVENT")
    wanted = C.filter(C("comp-filter", events, name="VCALENDAR"))
    return written(C("calendar-query", D.prop(D.getetag()), wanted))


def multiget(paths: Iterable[str]) -> bytes:
    """Ask for the events at these paths."""
    asked = D.prop(D.getetag(), C("calendar-data"))
    return written(C("calendar-multiget", asked, *(D.href(path) for path in paths)))
