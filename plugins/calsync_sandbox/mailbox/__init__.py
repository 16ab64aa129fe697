"""An Exchange mailbox: its calendars, what they store, and what writing to them does; Graph and EWS show it.

Nothing here knows the wire of either protocol. An event is stored in the words of Graph's event resource, which
hold what both faces need; EWS translates them at its edges.
"""

from calsync_sandbox.mailbox.errors import MailboxError
from calsync_sandbox.mailbox.mailbox import Mailbox

__all__ = ["Mailbox", "MailboxError"]
