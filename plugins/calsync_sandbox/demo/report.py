"""What the demo found: the table at its end, and its JSON object."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from calsync_sandbox.ics import Row, Totals, totals

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync_sandbox.demo.console import Console
    from calsync_sandbox.demo.stage import Seen
    from calsync_sandbox.demo.tally import Tally
    from calsync_sandbox.judge import Verdict
    from calsync_sandbox.sandbox import ImportedFile

_COLUMNS = ("created", "updated", "deleted", "linked", "held", "blocked", "failed")
_SHOWN_DIFFERENCES = 10
SYSTEMS = {"left": "FLOWFACT", "right": "Outlook"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Everything that was found out by looking into the servers' own stores, and what calsync said itself."""

    tally: Tally
    seen: Sequence[Seen]
    files: Sequence[ImportedFile]
    verdict: Verdict
    second_run_writes: int
    invitations_sent: int
    touched: int
    """Events that lost a byte of what no sync may change."""
    violations: int
    """Answers of the sandbox's Graph that Microsoft's schema does not allow, and requests that might mail."""
    series: Mapping[str, int]
    """How many series each side holds."""

    @property
    def good(self) -> bool:
        """Tell whether all that the demo promises came true."""
        quiet = not (self.second_run_writes or self.invitations_sent or self.touched or self.violations)
        arrived = all(seen.seconds is not None for seen in self.seen)
        told = self.attendees_told == self.attendees_imported
        told = told and self.series_told == self.series
        return self.verdict.converged and quiet and arrived and told and self.tally.ok and self._added_up

    @property
    def series_told(self) -> dict[str, int]:
        """Return how many series calsync said that it skipped on each side."""
        return {side: self.tally.sides[side]["skipped"].get("series", 0) for side in SYSTEMS}

    @property
    def attendees_told(self) -> int:
        """Return of how many copies in FLOWFACT calsync said that their attendees were not carried over."""
        return self.tally.told("left", "attendees_not_carried")

    @property
    def attendees_imported(self) -> int:
        """Return how many copies must lack attendees by the import tables; no scene makes another one."""
        return sum(totals(file.table).singles_with_attendees for file in self.files)

    @property
    def _added_up(self) -> bool:
        found = [(totals(file.table), on_both_sides(file, self.verdict)) for file in self.files]
        return all(
            total.entries == both + total.series + total.exceptions + total.refused for total, both in found
        )


def on_both_sides(file: ImportedFile, verdict: Verdict) -> int:
    """Return how many of a file's single events have their equal in FLOWFACT."""
    alone = {difference.right for difference in verdict.differences}
    return sum(event_id not in alone for event_id in file.singles)


def as_json(outcome: Outcome) -> dict[str, Any]:
    """Return the sums in the shape of one sync's JSON, with what was judged."""
    rows = [row for file in outcome.files for row in file.table]
    return {
        **outcome.tally.as_json(),
        "converged": outcome.verdict.converged,
        "invitations_sent": outcome.invitations_sent,
        "second_run_writes": outcome.second_run_writes,
        "syncs": outcome.tally.syncs,
        "paired": outcome.verdict.paired,
        "differences": [str(difference) for difference in outcome.verdict.differences],
        "touched": outcome.touched,
        "schema_violations": outcome.violations,
        "changes": [asdict(seen) for seen in outcome.seen],
        "imported": {
            **_imported(rows, sum(on_both_sides(file, outcome.verdict) for file in outcome.files)),
            "files": {str(file.path): _file_json(file, outcome.verdict) for file in outcome.files},
        },
        "ok": outcome.good,
    }


def show(console: Console, outcome: Outcome) -> None:
    """Print the tables and the last lines."""
    if outcome.files:
        _show_imports(console, outcome)
    console.title("What calsync did")
    console.table([["", *_COLUMNS, "skipped"], *(_row(outcome.tally.sides, side) for side in SYSTEMS)])
    for side, system in SYSTEMS.items():
        for reason, count in outcome.tally.sides[side]["skipped"].items():
            console.say(f"    {count:,} of {system} skipped: {reason}")
    for message in outcome.tally.messages.values():
        if message["done"]:
            system = SYSTEMS[message["side"]]
            console.say(f"    {message['count']:,} in {system} {message['operation']}d: {message['reason']}")
    requests = ", ".join(f"{name} {count:,}" for name, count in outcome.tally.requests.items())
    console.say(f"  requests: {requests}")
    console.say(f"  seconds: {outcome.tally.seconds:.1f} in {outcome.tally.syncs} syncs")
    _show_judgement(console, outcome)


def _show_imports(console: Console, outcome: Outcome) -> None:
    console.title("What became of the calendars that were imported")
    head = ["", "entries", "on both sides", "series", "refused"]
    found = [(file.path.name, totals(file.table), on_both_sides(file, outcome.verdict)) for file in outcome.files]
    console.table([head, *(_import_row(name, total, both) for name, total, both in found)])
    total = totals([row for file in outcome.files for row in file.table])
    for reason, count in total.reasons.items():
        console.say(f"    {count:,} refused: {reason}")
    console.say(f"    {total.moved:,} were moved by whole weeks into the time that is synced")
    console.say(f"    {total.with_attendees:,} have attendees: never carried over")
    console.say(
        f"    {total.with_reminder:,} have an alarm: a copy reminds 15 minutes before its start, whatever it was"
    )
    console.say(f"    {total.private:,} are private: the copy says „Privat“, without notes")


def _show_judgement(console: Console, outcome: Outcome) -> None:
    console.title("What the judge found in the servers' own stores")
    for difference in outcome.verdict.differences[:_SHOWN_DIFFERENCES]:
        console.outcome(False, str(difference))
    console.outcome(
        outcome.verdict.converged, f"{outcome.verdict.paired:,} appointments are the same on both sides"
    )
    told, imported = outcome.attendees_told, outcome.attendees_imported
    console.outcome(
        told == imported,
        f"copies in FLOWFACT without attendees: {told:,} by calsync, {imported:,} by the import tables",
    )
    told_series, series = (" and ".join(map(str, each.values())) for each in (outcome.series_told, outcome.series))
    console.outcome(
        outcome.series_told == outcome.series,
        f"series in FLOWFACT and Outlook: {told_series} skipped by calsync, {series} in the stores",
    )
    console.outcome(not outcome.touched, _untouched(outcome.touched))
    console.outcome(not outcome.second_run_writes, f"writes of one more sync: {outcome.second_run_writes}")
    console.outcome(not outcome.violations, f"answers against Microsoft's schema: {outcome.violations}")
    console.say()
    console.say(f"  invitations sent: {outcome.invitations_sent}")
    console.say(f"  converged: {'yes' if outcome.verdict.converged else 'no'}")


def _untouched(count: int) -> str:
    if count:
        return f"{count} events lost bytes outside of summary, time and notes"
    return "attendees, series, categories, join links and all else outside have the same bytes as before"


def _row(sides: Mapping[str, Mapping[str, Any]], side: str) -> list[str]:
    """Return one direction's counts: what was written at its target, and what was skipped at its source."""
    source = next(other for other in SYSTEMS if other != side)
    skipped = sum(sides[source]["skipped"].values())
    numbers = [*(sides[side][column] for column in _COLUMNS), skipped]
    return [f"{SYSTEMS[source]} → {SYSTEMS[side]}", *(f"{number:,}" for number in numbers)]


def _import_row(name: str, total: Totals, both: int) -> list[str]:
    numbers = (total.entries, both, total.series + total.exceptions, total.refused)
    return [name, *(f"{number:,}" for number in numbers)]


def _file_json(file: ImportedFile, verdict: Verdict) -> dict[str, Any]:
    return {**_imported(file.table, on_both_sides(file, verdict)), "rows": [asdict(row) for row in file.table]}


def _imported(rows: Sequence[Row], both: int) -> dict[str, Any]:
    total = totals(rows)
    not_carried_over = {
        "attendees": total.with_attendees,
        "series": total.series + total.exceptions,
        "own_reminder_time": total.with_reminder,
        "private_text": total.private,
    }
    return {
        **asdict(total),
        "on_both_sides": both,
        "reported_as_series": total.series + total.exceptions,
        "not_carried_over": not_carried_over,
    }
