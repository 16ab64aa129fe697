"""A FLOWFACT tenant on loopback, after the public record of the real API; no real server was ever asked."""

from calsync_sandbox.flowfact.app import FlowfactServer
from calsync_sandbox.flowfact.forms import FORMS, GUESSED, RENAMED, Form
from calsync_sandbox.flowfact.switches import Switches

__all__ = ["FORMS", "GUESSED", "RENAMED", "FlowfactServer", "Form", "Switches"]
