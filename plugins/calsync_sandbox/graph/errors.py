"""Microsoft Graph's own refusals, and how it tells them and the mailbox's: an HTTP status with an error code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync_sandbox.mailbox import MailboxError

if TYPE_CHECKING:
    from collections.abc import Mapping


class GraphError(MailboxError):
    """A request is refused by Graph itself, perhaps with headers of HTTP."""

    def __init__(self, status: int, code: str, message: str, *, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, code, message)
        self.headers = dict(headers or {})


def headers_of(error: MailboxError) -> Mapping[str, str]:
    """Return the headers of a refusal."""
    return error.headers if isinstance(error, GraphError) else {}


def envelope(error: MailboxError) -> dict[str, Any]:
    """Return the body of a refusal."""
    return {"error": {"code": error.code, "message": error.message, **error.extra}}


def access_denied(message: str = "Access is denied. Check credentials and try again.") -> GraphError:
    return GraphError(403, "ErrorAccessDenied", message)


def mailbox_not_enabled() -> GraphError:
    """Return the refusal of a mailbox that Exchange Online does not hold (python-o365 issue 438)."""
    return GraphError(
        404,
        "MailboxNotEnabledForRESTAPI",
        "The mailbox is either inactive, soft-deleted, or is hosted on-premise.",
    )


def access_policy() -> GraphError:
    """Return the refusal of an application access policy that leaves the mailbox out."""
    return access_denied("Access to OData is disabled.")
