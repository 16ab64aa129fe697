"""The judge: computed from the servers' own stores alone, by code that shares nothing with what it judges."""

from calsync_sandbox.judge.reading import Seen, Stretch, flowfact_seen, mailbox_seen
from calsync_sandbox.judge.untouched import Bytes, flowfact_untouched, mailbox_untouched, touched, whole
from calsync_sandbox.judge.verdict import Difference, Direction, Verdict, judge

__all__ = [
    "Bytes",
    "Difference",
    "Direction",
    "Seen",
    "Stretch",
    "Verdict",
    "flowfact_seen",
    "flowfact_untouched",
    "judge",
    "mailbox_seen",
    "mailbox_untouched",
    "touched",
    "whole",
]
