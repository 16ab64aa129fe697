"""What Graph's refusals mean: an HTTP status with an error code, never the message.

Source: Microsoft's page "Microsoft Graph error responses", and the codes that client authors have reported.
"""

# ruff: noqa: PLR2004 - HTTP statuses are this module's subject

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from calsync.errors import (
    AccountError,
    CalsyncError,
    EventError,
    LoginError,
    Retry,
    UnknownAddress,
    UnknownOutcome,
)

BUSY = frozenset({423, 429, 509})
"""Surely not carried out."""
BROKEN = frozenset({408, 500, 502, 503, 504})
"""A write may have been carried out all the same."""
NO_MAILBOX = frozenset(
    {
        "mailboxnotenabledforrestapi",
        "mailboxnotsupportedforrestapi",
        "mailboxnothostedinexchangeonline",
        "errorinvaliduser",
        "errornonexistentmailbox",
        "request_resourcenotfound",
        "resourcenotfound",
    }
)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,60}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, alone or out of a batch."""

    status: int
    content: Any
    """Decoded JSON; None without a body."""
    after: float | None = None
    """Seconds that the server asks to wait."""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """The innermost error code as the server writes it, or "" for none that can be shown."""
        error = self.content.get("error") if isinstance(self.content, dict) else None
        code = ""
        while isinstance(error, dict):
            given = error.get("code")
            code = given if isinstance(given, str) and _WORD.fullmatch(given) else code
            error = next((error[key] for key in ("innerError", "innererror") if key in error), None)
        return code

    @property
    def existing_event(self) -> str | None:
        """The event that a transactionId was used for before; the server does not always name it."""
        error = self.content.get("error") if isinstance(self.content, dict) else None
        found = error.get("@event.existingEventId") if isinstance(error, dict) else None
        return found if isinstance(found, str) and found else None


class Refused(EventError):  # noqa: N818 - errors are named as outcomes
    """A request was refused for what it is about. Who asked knows what that means; nobody else: quarantine."""

    def __init__(self, connection: str, reply: Reply) -> None:
        shown = f"{reply.status} {reply.code}".strip()
        super().__init__(f"connection {connection}: Microsoft Graph refuses the request ({shown})")
        self.reply = reply

    @property
    def not_found(self) -> bool:
        """There is no such event; of a calendar's path: not in this calendar."""
        status = self.reply.status
        return (status == 404 and self._code == "erroritemnotfound") or (status == 410 and self._code != "")

    @property
    def conflict(self) -> bool:
        """Somebody else wrote the event at the same time."""
        return self.reply.status in (409, 412)

    @property
    def duplicate(self) -> bool:
        """The transactionId was used before."""
        return self._code == "errorduplicatetransactionid"

    @property
    def _code(self) -> str:
        return self.reply.code.lower()


class Failed(Retry):
    """The server answers, but not with what was asked for. Asked another way, it may know it."""


class Denied(AccountError):  # noqa: N818
    """The mailbox, or one event of it, may not be read or written (403)."""


class NoMailbox(UnknownAddress):
    """No mailbox has this address (any more), or none that Graph reaches."""


class EventDenied(EventError):  # noqa: N818
    """One event may not be read or written (403), or cannot be read (5xx), but its calendar can."""


def refusal(connection: str, reply: Reply, *, changes: bool) -> CalsyncError:
    """Return what a refusal means. `changes`: the request was a write."""
    code = reply.code.lower()
    shown = f"{reply.status} {reply.code}".strip()
    problem = f"connection {connection}: Microsoft Graph"
    if reply.status == 401:
        return LoginError(f"{problem} accepts no token of this application (401): check its permissions")
    if reply.status in BUSY:
        return Retry(f"{problem} is busy ({shown})", after=reply.after)
    if reply.status in BROKEN:
        if changes:
            return UnknownOutcome(f"{problem} failed during a write ({shown})")
        return Failed(f"{problem} failed ({shown})", after=reply.after)
    if reply.status == 403:
        advice = "grant the application Calendars.ReadWrite and let its access policy include the mailbox"
        return Denied(f"{problem} denies access to the mailbox ({shown}): {advice}")
    if code in NO_MAILBOX:
        return NoMailbox(
            f"{problem} knows no active mailbox of this address ({shown}): check it and its licence; a mailbox on "
            "an own Exchange Server cannot be reached through Microsoft Graph"
        )
    if reply.status == 404 and code == "errorfoldernotfound":
        return AccountError(f"{problem} does not find the calendar ({shown}): it is no longer there")
    if reply.status == 507:
        return AccountError(f"{problem} cannot store anything more in the mailbox ({shown}): it is full")
    return Refused(connection, reply)
