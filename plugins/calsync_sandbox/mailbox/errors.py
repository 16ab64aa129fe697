"""Why a mailbox refuses a request, in the words of either face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class MailboxError(Exception):
    """A request is refused. Both faces tell `code` and `message`, if in other words; the rest only Graph has.

    `status` is the HTTP status, `extra` what stands in the error beside code and message.
    """

    def __init__(self, status: int, code: str, message: str, *, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.extra = dict(extra or {})


def bad_request(message: str, code: str = "ErrorInvalidRequest") -> MailboxError:
    return MailboxError(400, code, message)


def item_not_found() -> MailboxError:
    return MailboxError(404, "ErrorItemNotFound", "The specified object was not found in the store.")


def folder_not_found() -> MailboxError:
    return MailboxError(404, "ErrorFolderNotFound", "The specified folder could not be found in the store.")


def unknown_mailbox(address: str) -> MailboxError:
    return MailboxError(404, "ErrorInvalidUser", f"The requested user '{address}' is invalid.")
