"""Refusals that a test asks for, in the words of EWS; what goes wrong below SOAP is a common server's `Fault`.

Every way in which Exchange throttles (exchangelib's list of them) is one of the functions at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree

from calsync_sandbox.ews.errors import EwsError, SoapFault, fault
from calsync_sandbox.ews.names import SOAP, build, t
from calsync_sandbox.faults import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.ews.names import Element

BUSY = "ErrorServerBusy"
_XML = {"Content-Type": "text/xml; charset=utf-8"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A response code that takes the place of an operation's answers."""

    code: str
    operation: str | None = None
    """None: any operation."""
    times: int | None = 1
    """How many requests it hits; None: all from now on."""
    whole: bool = False
    """The request is refused as a whole, by a SOAP fault with HTTP 500; else each of its items is."""
    first: int = 0
    """The items before this one are answered as usual."""
    after_commit: bool = False
    """The items are carried out all the same."""
    details: tuple[Element, ...] = ()
    """The children of MessageXml."""

    def error(self) -> EwsError:
        kind = SoapFault if self.whole else EwsError
        return kind(self.code, details=self.details)


class Troubles:
    """The troubles that wait for a request."""

    def __init__(self) -> None:
        self._waiting: list[tuple[Trouble, int | None]] = []

    def add(self, trouble: Trouble) -> None:
        self._waiting.append((trouble, trouble.times))

    def clear(self) -> None:
        self._waiting.clear()

    def take(self, operation: str, *, whole: bool) -> Trouble | None:
        """Return the first trouble that hits this operation, or its items, and use it up once."""
        for index, (trouble, left) in enumerate(self._waiting):
            if trouble.operation in {None, operation} and trouble.whole == whole:
                if left is not None:
                    self._waiting[index : index + 1] = [(trouble, left - 1)] if left > 1 else []
                return trouble
        return None


def busy_fault(back_off_ms: int, *, times: int | None = 1, operation: str = "") -> Fault:
    """Return HTTP 500 with a SOAP fault that names the time to wait."""
    return soap_fault(BUSY, details=[back_off(back_off_ms)], operation=operation, times=times)


def busy_items(back_off_ms: int, *, operation: str | None = None, times: int | None = 1) -> Trouble:
    """Return HTTP 200 whose items are refused one by one."""
    return Trouble(code=BUSY, operation=operation, times=times, details=(back_off(back_off_ms),))


def inner_busy(back_off_ms: int, *, operation: str | None = None, times: int | None = 1) -> Trouble:
    """Return HTTP 200 with ErrorInternalServerError, whose details name the busy server."""
    details = (_value("InnerErrorResponseCode", BUSY), back_off(back_off_ms))
    return Trouble(code="ErrorInternalServerError", operation=operation, times=times, details=details)


def unavailable(retry_after: int | None, *, times: int | None = 1) -> Fault:
    """Return HTTP 503, with or without Retry-After."""
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return Fault(times=times, status=503, headers=headers)


def error_page(*, times: int | None = 1) -> Fault:
    """Return the redirect to the page for errors of all kinds."""
    return Fault(times=times, status=302, headers={"Location": "/ews/genericerrorpage.htm?aspxerrorpath=/ews/"})


def application_error(*, times: int | None = 1) -> Fault:
    """Return the page of a web server whose application has failed."""
    body = (
        b"<html><head><title>Runtime Error</title></head><body>Server Error in '/EWS' Application.</body></html>"
    )
    return Fault(times=times, status=500, headers={"Content-Type": "text/html"}, body=body)


def closing(*, times: int | None = 1) -> Fault:
    """Return an empty answer after which the server hangs up."""
    return Fault(times=times, status=503, headers={"Connection": "close"})


def back_off(milliseconds: int) -> Element:
    """Return the detail that names the time to wait."""
    return _value("BackOffMilliseconds", str(milliseconds))


def soap_fault(code: str, *, details: Sequence[Element] = (), operation: str = "", times: int | None = 1) -> Fault:
    """Return HTTP 500 with a SOAP fault of any code. `operation` is a regular expression."""
    body = _envelope(SoapFault(code, details=details))
    return Fault(path=operation, times=times, status=500, headers=_XML, body=body)


def _value(name: str, text: str) -> Element:
    return t("Value", text=text, Name=name)


def _envelope(error: SoapFault) -> bytes:
    return etree.tostring(build(SOAP, "Envelope", build(SOAP, "Body", fault(error))), xml_declaration=True)
