"""Microsoft Graph's refusals: an HTTP status with an error code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class GraphError(Exception):
    """A request is refused. `code` and `message` stand in the error envelope, `extra` beside them."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})


def envelope(error: GraphError) -> dict[str, Any]:
    """Return the body of a refusal."""
    return {"error": {"code": error.code, "message": error.message, **error.extra}}


def bad_request(message: str, code: str = "ErrorInvalidRequest") -> GraphError:
    return GraphError(400, code, message)


def item_not_found() -> GraphError:
    return GraphError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def folder_not_found() -> GraphError:
    return GraphError(404, "ErrorFolderNotFound", "The specified folder could not be found in the store.")


def access_denied(message: str = "Access is denied. Check credentials and try again.") -> GraphError:
    return GraphError(403, "ErrorAccessDenied", message)


def unknown_mailbox(address: str) -> GraphError:
    return GraphError(404, "ErrorInvalidUser", f"The requested user '{address}' is invalid.")


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
