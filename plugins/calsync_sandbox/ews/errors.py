"""Refusals: of one item, which stands in its response message, and of a whole request, which is a SOAP fault."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.ews.names import ERRORS, SOAP, build, m, t

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.ews.names import Element
    from calsync_sandbox.mailbox.errors import MailboxError

_SENTENCES = {
    "ErrorItemNotFound": "The specified object was not found in the store.",
    "ErrorFolderNotFound": "The specified folder could not be found in the store.",
    "ErrorAccessDenied": "Access is denied. Check credentials and try again.",
    "ErrorIrresolvableConflict": "The send or update operation could not be performed because the change key "
    "passed in the request does not match the current change key for the item.",
    "ErrorInvalidSyncStateData": "Synchronization state data is corrupt or otherwise invalid.",
    "ErrorSchemaValidation": "The request failed schema validation.",
    "ErrorServerBusy": "The server cannot service this request right now. Try again later.",
    "ErrorInternalServerError": "An internal server error occurred. The operation failed.",
}
UNKNOWN = "ErrorInvalidRequest"
"""What is said of an operation that the server does not know."""
_OTHER_SENTENCE = "The request could not be carried out."


class EwsError(Exception):
    """One item, or one folder, is refused. `code` is a response code, `details` the children of MessageXml."""

    def __init__(self, code: str, message: str | None = None, *, details: Sequence[Element] = ()) -> None:
        super().__init__(code)
        self.code = code
        self.message = message or _SENTENCES.get(code, _OTHER_SENTENCE)
        self.details = tuple(details)


class SoapFault(EwsError):  # noqa: N818 - SOAP's own name for it
    """The whole request is refused."""


def from_mailbox(error: MailboxError) -> EwsError:
    """Return a refusal by the mailbox, which both of its faces share, in the words of this one."""
    known = {"ErrorInvalidProperty": "ErrorInvalidPropertySet", "TimeZoneNotSupportedException": "ErrorTimeZone"}
    code = known.get(error.code, error.code)
    return EwsError(code if code.startswith("Error") else "ErrorInvalidRequest", error.message)


def field_refused(code: str, uri: str, message: str) -> EwsError:
    """Return the refusal of one property, which MessageXml names."""
    return EwsError(code, message, details=[t("FieldURI", FieldURI=uri)])


def message_xml(error: EwsError) -> list[Element]:
    """Return MessageXml where the error has details."""
    return [m("MessageXml", *error.details)] if error.details else []


def bare_fault(error: EwsError) -> Element:
    """Return the SOAP fault of a refused request as a server of another make words it."""
    code = "SOAP:Server" if error.code == UNKNOWN else error.code
    text = build("", "faultstring", text=error.message)
    return build(SOAP, "Fault", build("", "faultcode", text=code), text)


def fault(error: EwsError) -> Element:
    """Return the SOAP fault of a refused request."""
    name = build(SOAP, "Fault")
    code = build("", "faultcode", text=f"a:{error.code}")
    detail = build(
        "",
        "detail",
        build(ERRORS, "ResponseCode", text=error.code),
        build(ERRORS, "Message", text=error.message),
        *([t("MessageXml", *error.details)] if error.details else []),
    )
    name.extend([code, build("", "faultstring", text=error.message), detail])
    return name
