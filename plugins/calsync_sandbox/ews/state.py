"""What an EWS server remembers beside the mailboxes: troubles, subscriptions, and what writes said about mails."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync_sandbox.ews.subscriptions import Subscriptions
from calsync_sandbox.ews.trouble import Troubles

if TYPE_CHECKING:
    from calsync_sandbox.ews.items import KeptItem
    from calsync_sandbox.mail import MailLog


@dataclass(slots=True)
class State:
    """One server's memory."""

    mail: MailLog
    """Mails that clients cause."""
    troubles: Troubles = field(default_factory=Troubles)
    sends: list[tuple[str, str]] = field(default_factory=list)
    """Of each write: the operation, and the value of its attribute about mails; empty without one."""
    subscriptions: Subscriptions = field(default_factory=Subscriptions)
    kept: dict[str, KeptItem] = field(default_factory=dict)
    """By id, what is deleted and can still be read."""
    generation: int = 1
    """Sync states of another generation are refused."""
