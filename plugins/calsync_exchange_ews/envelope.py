"""The SOAP envelope: in whose name a request is made, for which version of Exchange, and in which zone."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from calsync_exchange_ews.xml import NAMESPACES, make, name

if TYPE_CHECKING:
    from calsync_exchange_ews.requests import Operation

VERSIONS = ("Exchange2013_SP1", "Exchange2010_SP2")
"""What is asked for, and what instead where a server knows that one not: every server since answers to them."""
_NAMESPACES = {prefix: NAMESPACES[prefix] for prefix in ("soap", "m", "t")}


@dataclass(frozen=True, slots=True)
class Caller:
    """In whose name requests are made."""

    zone: str
    """The account's zone, by its Windows name: it holds for all times that name none. "": UTC does."""
    mailbox: str = ""
    """The mailbox that it is about, by its address."""
    impersonated: bool = False
    """The mailbox's owner is whom the requests are made for; else the user who signs in."""
    anchor: str = ""
    """The mailbox whose server is to answer where it has to be the same one each time; "" for its own, or any."""


def sealed(operation: Operation, caller: Caller, version: str) -> bytes:
    """Return the request's bytes."""
    element = operation.element
    if version != VERSIONS[0] and "SuppressReadReceipts" in element.attrib:
        element = deepcopy(element)
        del element.attrib["SuppressReadReceipts"]  # new in Exchange 2013 SP1
    header = make("soap:Header", make("t:RequestServerVersion", Version=version))
    if caller.impersonated:
        whom = make("t:ConnectingSID", make("t:PrimarySmtpAddress", text=caller.mailbox))
        header.append(make("t:ExchangeImpersonation", whom))
    if caller.zone:
        header.append(make("t:TimeZoneContext", make("t:TimeZoneDefinition", Id=caller.zone)))
    envelope = etree.Element(name("soap:Envelope"), nsmap=_NAMESPACES)
    envelope.extend((header, make("soap:Body", element)))
    etree.cleanup_namespaces(envelope, keep_ns_prefixes=["m", "t"])
    return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
