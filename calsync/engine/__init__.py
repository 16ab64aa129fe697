"""One run of one account: the only place that orders pull, decide, write and commit."""

from __future__ import annotations

from calsync.engine.account import Account, Run
from calsync.engine.approved import Applied
from calsync.engine.engine import Engine
from calsync.engine.leave import Leaving
from calsync.engine.rebuild import Confirmation
from calsync.engine.report import Counts, Notices, Report
from calsync.engine.undo import Undone

__all__ = [
    "Account",
    "Applied",
    "Confirmation",
    "Counts",
    "Engine",
    "Leaving",
    "Notices",
    "Report",
    "Run",
    "Undone",
]
