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
                "account %(account)s, %(side)s: created %(created)d, updated %(updated)d, deleted %(deleted)d,"
                " linked %(linked)d, failed %(failed)d",
                {
                    "account": name,
                    "side": side.value,
                    "created": counts.created,
                    "updated": counts.updated,
                    "deleted": counts.deleted,
                    "linked": counts.linked,
                    "failed": counts.failed,
                },
            )
    for (kind, side, word), count in sorted(report.remarks.items()):
        told = {"account": name, "side": side.value, "operation": kind.value, "reason": word, "count": count}
        log.info(
            "account %(account)s, %(side)s: %(operation)s, %(reason)s: %(count)d. %(advice)s",
            {**told, "advice": sentence(word)},
        )


def tell_changed(name: str, before: Notices, now: Notices) -> None:
    """Tell of what is not carried out only what changed since the last run: much of it waits for days."""
    for key in sorted(before.keys() | now.keys()):
        if before[key] != now[key]:
            kind, side, word = key
            advice = f". {sentence(word)}" if now[key] else ""
            log.info(
                "account %(account)s, %(side)s: %(operation)s, %(reason)s: %(count)d, before %(before)d%(advice)s",
                {
                    "account": name,
                    "side": side.value,
                    "operation": kind.value,
                    "reason": word,
                    "count": now[key],
                    "before": before[key],
                    "advice": advice,
                },
            )
