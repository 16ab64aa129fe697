"""SOAP 1.1 envelopes: requests are read by a hardened parser, answers carry the server's version."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from calsync_sandbox.ews.errors import SoapFault
from calsync_sandbox.ews.names import SOAP, TYPES, build, find, local

if TYPE_CHECKING:
    from calsync_sandbox.ews.names import Element
    from calsync_sandbox.ews.switches import Version

MAX_BYTES = 35 * 1024 * 1024
"""Longer requests are refused. Exchange's own limit is a setting of its web server."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A request: the children of its header by their local names, and the first child of its body."""

    headers: dict[str, Element]
    operation: Element

    @property
    def name(self) -> str:
        return local(self.operation)


class NotXml(Exception):  # noqa: N818 - errors are named as outcomes
    """The request is no SOAP at all."""


def read(content: bytes) -> Envelope:
    """Read a request. Raises NotXml, for any document type too; SoapFault where the body is empty."""
    if len(content) > MAX_BYTES or b"<!DOCTYPE" in content:
        raise NotXml
    try:
        root = etree.fromstring(content, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotXml from error
    if root.getroottree().docinfo.internalDTD is not None or root.tag != f"{{{SOAP}}}Envelope":
        raise NotXml
    body, header = find(root, "Body"), find(root, "Header")
    if body is None or len(body) == 0:
        raise SoapFault("ErrorSchemaValidation", "The request failed schema validation: The body is empty.")
    return Envelope({local(child): child for child in header} if header is not None else {}, body[0])


def write(version: Version, content: Element) -> bytes:
    """Write an answer."""
    info = build(TYPES, "ServerVersionInfo", **version.attributes())
    envelope = build(SOAP, "Envelope", build(SOAP, "Header", info), build(SOAP, "Body", content))
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")


def _parser() -> etree.XMLParser:
    """Return a parser that opens nothing and expands nothing; libxml2's own limits of depth and size hold."""
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
