"""A mailbox as Graph's clients meet it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calsync_sandbox.graph.feed import Feed
    from calsync_sandbox.mailbox import Mailbox
    from calsync_sandbox.mailbox.writes import Writer


@dataclass(frozen=True, slots=True)
class Face:
    """A mailbox with what only Graph has of it."""

    mailbox: Mailbox
    feed: Feed
    """The rounds and tokens of delta."""
    writer: Writer
    """Writes for clients: their mails are counted."""
