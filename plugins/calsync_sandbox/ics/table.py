"""What became of each entry of a calendar file: imported, moved or refused, and why."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from calsync_sandbox.ics.entries import Kind

Outcome = Literal["imported", "moved", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One VEVENT. It names no text of the calendar, only where to find it."""

    file: str
    line: int
    kind: Kind | Literal["unknown"]
    outcome: Outcome
    weeks: int = 0
    """By how many weeks it was moved: later, or (negative) earlier."""
    reason: str = ""
    attendees: int = 0
    reminder: bool = False
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """`entries` = `singles` + `series` + `exceptions` + `refused`."""

    entries: int
    singles: int
    series: int
    exceptions: int
    moved: int
    refused: int
    reasons: dict[str, int]
    """Of the refused ones."""
    with_attendees: int
    singles_with_attendees: int
    """Those whose copies are made without them; the others are never copied."""
    with_reminder: int
    private: int


def totals(rows: Sequence[Row]) -> Totals:
    """Add up an import table."""
    kept = [row for row in rows if row.outcome != "refused"]
    kinds = Counter(row.kind for row in kept)
    return Totals(
        entries=len(rows),
        singles=kinds["single"],
        series=kinds["series"],
        exceptions=kinds["exception"],
        moved=sum(row.outcome == "moved" for row in kept),
        refused=len(rows) - len(kept),
        reasons=dict(Counter(row.reason for row in rows if row.outcome == "refused")),
        with_attendees=sum(row.attendees > 0 for row in kept),
        singles_with_attendees=sum(row.kind == "single" and row.attendees > 0 for row in kept),
        with_reminder=sum(row.reminder for row in kept),
        private=sum(row.private for row in kept),
    )


def write_table(path: Path, rows: Iterable[Row]) -> None:
    """Keep an import table as a CSV file."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)])
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
