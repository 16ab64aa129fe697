"""A calendar file as what a mailbox shall hold: single events, series with their exceptions, and the table."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Literal

from calsync_sandbox.ics.entries import Entry, Kind, read_entry
from calsync_sandbox.ics.events import MailboxEvent, Owner, exception_event, in_the_form_of, mailbox_event
from calsync_sandbox.ics.lines import Component, read
from calsync_sandbox.ics.moving import Reach, series_shift, shift
from calsync_sandbox.ics.table import Row
from calsync_sandbox.ics.times import Refused
from calsync_sandbox.ics.zones import Zones

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


@dataclass(frozen=True, slots=True)
class Series:
    """A series' master, its changed occurrences (with `originalStart`), and the days of its cancelled ones.

    Without a master it is one exception whose master is not in the file.
    """

    master: MailboxEvent | None
    exceptions: tuple[MailboxEvent, ...]
    cancelled: tuple[date, ...] = ()


@dataclass(slots=True)
class Imported:
    """What one file holds. The table has one row for each VEVENT, in the file's order."""

    singles: list[MailboxEvent] = field(default_factory=list)
    series: list[Series] = field(default_factory=list)
    table: list[Row] = field(default_factory=list)


def import_calendar(content: bytes, source: str, owner: Owner, reach: Reach) -> Imported:
    """Read a calendar file for a mailbox, its entries moved into `reach`. Raises ConfigError for a broken file.

    An entry that no mailbox could hold is refused by itself: it stands in the table with its reason.
    """
    imported = Imported()
    entries: list[Entry] = []
    for calendar in read(content, source):
        entries.extend(_entries(calendar, source, owner, imported.table))
    _import_singles(imported, [entry for entry in entries if entry.kind == "single"], source, owner, reach)
    for master, exceptions in _grouped([entry for entry in entries if entry.kind != "single"]):
        _import_series(imported, master, exceptions, source, owner, reach)
    imported.table.sort(key=lambda row: row.line)
    return imported


def _entries(calendar: Component, source: str, owner: Owner, table: list[Row]) -> Iterator[Entry]:
    definitions = {part.text("TZID"): part for part in calendar.components if part.name == "VTIMEZONE"}
    zones = Zones(owner.zone, definitions)
    for component in calendar.components:
        if component.name != "VEVENT":
            continue
        try:
            yield read_entry(component, zones)
        except Refused as refusal:
            table.append(_refused(component.line, "unknown", source, str(refusal)))


def _import_singles(imported: Imported, entries: Sequence[Entry], source: str, owner: Owner, reach: Reach) -> None:
    for entry in entries:
        if entry.cancelled:
            imported.table.append(_refused(entry.line, "single", source, "cancelled"))
            continue
        try:
            by = shift(entry, reach)
            imported.singles.append(mailbox_event(entry, by, owner))
        except OverflowError:
            imported.table.append(_refused(entry.line, "single", source, "cannot be moved"))
        else:
            imported.table.append(_row(entry, by, source))


def _import_series(
    imported: Imported, master: Entry | None, exceptions: Sequence[Entry], source: str, owner: Owner, reach: Reach
) -> None:
    parts = [*([master] if master else []), *exceptions]
    try:
        by = series_shift(parts, reach)
        imported.series.append(_series(master, exceptions, by, owner))
    except OverflowError:
        imported.table.extend(_refused(entry.line, entry.kind, source, "cannot be moved") for entry in parts)
    else:
        imported.table.extend(_row(entry, by, source) for entry in parts)


def _grouped(entries: Sequence[Entry]) -> Iterator[tuple[Entry | None, Sequence[Entry]]]:
    """Yield each series' master with its exceptions, and each exception without a master by itself."""
    masters = {entry.uid: entry for entry in reversed(entries) if entry.kind == "series"}
    changed: defaultdict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        if entry.kind == "exception":
            changed[entry.uid].append(entry)
    for entry in entries:
        if entry.kind == "series":
            yield entry, changed[entry.uid] if masters[entry.uid] is entry else ()
        elif entry.uid not in masters:
            yield None, (entry,)


def _series(master: Entry | None, exceptions: Sequence[Entry], by: timedelta, owner: Owner) -> Series:
    if master is None:
        return Series(None, tuple(exception_event(entry, entry.start, by, owner) for entry in exceptions))
    originals = [
        (in_the_form_of(master.start, entry.recurrence_id), entry)
        for entry in exceptions
        if entry.recurrence_id is not None
    ]
    gone = [in_the_form_of(master.start, at) for at in master.excluded]
    gone += [start for start, entry in originals if entry.cancelled]
    return Series(
        mailbox_event(master, by, owner),
        tuple(exception_event(entry, start, by, owner) for start, entry in originals if not entry.cancelled),
        tuple(date(at.year, at.month, at.day) + by for at in gone),
    )


def _row(entry: Entry, by: timedelta, source: str) -> Row:
    return Row(
        file=source,
        line=entry.line,
        kind=entry.kind,
        outcome="moved" if by else "imported",
        weeks=by // timedelta(weeks=1),
        attendees=len(entry.attendees),
        reminder=entry.reminder is not None,
        private=entry.sensitivity in {"private", "confidential"},
    )


def _refused(line: int, kind: Kind | Literal["unknown"], source: str, reason: str) -> Row:
    return Row(file=source, line=line, kind=kind, outcome="refused", reason=reason)
