"""The sandbox's Exchange Web Services server."""

from calsync_sandbox.ews.server import EwsServer
from calsync_sandbox.ews.switches import EwsSwitches
from calsync_sandbox.ews.trouble import Trouble
from calsync_sandbox.ews.users import User

__all__ = ["EwsServer", "EwsSwitches", "Trouble", "User"]
