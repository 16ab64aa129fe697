"""The sandbox's Microsoft Graph server."""

from calsync_sandbox.graph.mailbox import Mailbox
from calsync_sandbox.graph.server import GraphServer
from calsync_sandbox.graph.switches import Switches

__all__ = ["GraphServer", "Mailbox", "Switches"]
