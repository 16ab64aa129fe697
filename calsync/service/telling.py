"""What the service writes to the log about runs: numbers, never a name or a text of an event."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from calsync.reasons import sentence

if TYPE_CHECKING:
    from calsync.engine import Notices, Report

log = logging.getLogger("calsync.service")


def worked(report: Report) -> bool:
    """Tell whether a run had something to do."""
    return any(counts.writes or counts.linked for counts in report.counts.values())


def tell(name: str, report: Report) -> None:
    """Tell what a run has done."""
    for side, counts in report.counts.items():
        if counts.writes or counts.linked:  # what failed stands among the notices
            log.info(
                "account %s, %s: created %d, updated %d, deleted %d, linked %d, failed %d",
                name,
                side.value,
                counts.created,
                counts.updated,
                counts.deleted,
                counts.linked,
                counts.failed,
            )
    for (kind, side, word), count in sorted(report.remarks.items()):
        log.info("account %s, %s: %s, %s: %d. %s", name, side, kind, word, count, sentence(word))


def tell_changed(name: str, before: Notices, now: Notices) -> None:
    """Tell of what is not carried out only what changed since the last run: much of it waits for days."""
    for key in sorted(before.keys() | now.keys()):
        if before[key] != now[key]:
            kind, side, word = key
            advice = f". {sentence(word)}" if now[key] else ""
            log.info(
                "account %s, %s: %s, %s: %d, before %d%s", name, side, kind, word, now[key], before[key], advice
            )
