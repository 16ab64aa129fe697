"""The sandbox's Microsoft Graph server: one face of its mailboxes, over HTTP in OData's JSON."""

from calsync_sandbox.graph.server import GraphServer
from calsync_sandbox.graph.switches import GraphSwitches

__all__ = ["GraphServer", "GraphSwitches"]
