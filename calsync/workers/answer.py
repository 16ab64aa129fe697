"""What a worker answers about a turn: how far it is, and in the end what it came to. A line of JSON each."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any

from calsync import errors
from calsync.errors import Bug, CalsyncError, ConfigError, Retry, class_of, reason
from calsync.sync.model import Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.engine import Counts, Notices, Report

    Request = tuple[str, str, float]
    """A connection, the answer's status, and seconds, as `calsync.http.Answered` is told them."""

COUNTS = ("created", "updated", "deleted", "linked", "held", "blocked", "failed")


def progress(done: int, total: int) -> str:
    """Tell how many of how many writes are done."""
    return json.dumps({"progress": [done, total]})


def progress_of(answer: str) -> tuple[int, int] | None:
    """Return how many of how many writes are done; None of an answer that is the last one."""
    found = json.loads(answer).get("progress")
    return None if found is None else (found[0], found[1])


def end(report: Report, error: Exception | None, requests: Sequence[Request] = ()) -> str:
    """Tell what a run came to, as far as the service and the pages look at it.

    `requests`: those of the worker that are not told yet, whichever run they were of.
    """
    return json.dumps(
        {
            "number": report.number,
            "good_at": None if report.good_at is None else report.good_at.isoformat(),
            "at_rest": report.at_rest,
            "counts": {side: _numbers(counts) for side, counts in report.counts.items()},
            "notices": _listed(report.notices),
            "remarks": _listed(report.remarks),
            "held_since": {word: since.isoformat() for word, since in report.held_since.items()},
            "error": None if error is None else _error(error),
            "requests": [*requests],
        }
    )


def take_end(answer: str, report: Report) -> None:
    """Let a report tell what the run came to. Raises what the run raised."""
    found = json.loads(answer)
    report.number, report.at_rest = found["number"], found["at_rest"]
    report.good_at = None if found["good_at"] is None else datetime.fromisoformat(found["good_at"])
    for side, numbers in found["counts"].items():
        for name, number in numbers.items():
            setattr(report.counts[Side(side)], name, number)
    report.notices, report.remarks = _counted(found["notices"]), _counted(found["remarks"])
    report.held_since = {word: datetime.fromisoformat(since) for word, since in found["held_since"].items()}
    if found["error"] is not None:
        raise _raised(**found["error"])


def requests_of(answer: str) -> list[Request]:
    """Return the requests that an answer tells of."""
    return [(system, status, seconds) for system, status, seconds in json.loads(answer).get("requests", ())]


def _numbers(counts: Counts) -> dict[str, int]:
    return {name: getattr(counts, name) for name in COUNTS}


def _listed(notices: Notices) -> list[list[Any]]:
    return [[*key, count] for key, count in notices.items()]


def _counted(listed: list[list[Any]]) -> Notices:
    return Counter({(Kind(kind), Side(side), word): count for kind, side, word, count in listed})


def _error(error: Exception) -> dict[str, Any]:
    after = error.after if isinstance(error, Retry) else None
    return {"kind": class_of(error), "sentence": reason(error), "after": after}


def _raised(kind: str, sentence: str, after: float | None) -> Exception:
    known = getattr(errors, kind, None)
    if not isinstance(known, type) or not issubclass(known, CalsyncError):
        return Bug(sentence, kind)
    if issubclass(known, Retry):
        return known(sentence, after=after)
    if issubclass(known, ConfigError):
        return known(sentence.splitlines())
    return known(sentence)
