"""Counts every mail that the real systems would have sent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

MailKind = Literal["invitation", "update", "cancellation", "decline"]


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one recipient."""

    system: str
    """The name of the server that would have sent it."""
    mailbox: str
    """The sender: the mailbox or user in whose name it would have gone out."""
    event_id: str
    kind: MailKind
    recipient: str


class MailLog:
    """What would have been mailed, in order. One log is shared by all servers of a sandbox."""

    def __init__(self) -> None:
        self.sent: list[Mail] = []

    def record(self, system: str, mailbox: str, event_id: str, kind: MailKind, recipients: Iterable[str]) -> None:
        """Note one message to each recipient."""
        self.sent.extend(Mail(system, mailbox, event_id, kind, recipient) for recipient in recipients)

    @property
    def count(self) -> int:
        """Return the number of messages: one for each recipient of each notification."""
        return len(self.sent)
