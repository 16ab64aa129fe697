"""Attendees are never synced, and nothing that could mail them is written.

Events carry no attendees anyway, only their count, so there is nothing to strip from what is compared or written.
What is left to do is to block writes to events that have some: Exchange mails them about every change. The
providers refuse the same writes on their own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.sync.rules import ALLOW, Block, Rule, may_mail

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.sync.rules import Verdict, Write

SCHEMA: dict[Any, Any] = {}


class AttendeeStripping(Rule):
    """Blocks each write to a meeting, where the target's system would mail its attendees."""

    name = "attendee_stripping"

    def guard(self, write: Write) -> Verdict:
        if write.target is None or not write.capabilities.writes_may_mail:
            return ALLOW
        reason = may_mail(write.target.event)
        return ALLOW if reason is None else Block(reason)


def build(options: Mapping[str, Any]) -> AttendeeStripping:
    """Build the rule; it has no options."""
    del options
    return AttendeeStripping()
