"""What is not synced, or waits, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from calsync.desk.wording import in_language, named, short
from calsync.engine.attempts import QUARANTINE_AFTER, WORDS
from calsync.reasons import Sentences, sentence
from calsync.sync.model import Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from calsync.desk.repairs import Condition
    from calsync.reasons import Language
    from calsync.store.showing import LeftOutRow
    from calsync.sync.model import Observation, When

    Observations = Mapping[tuple[Side, str], Observation]


class How(StrEnum):
    """How an event is left out, what needs a person first."""

    HELD = "held"
    """It waits for a person's decision."""
    STUCK = "stuck"
    """It waits for something else than a decision."""
    BLOCKED = "blocked"
    """calsync never writes it; the person acts in the other program."""
    FAILED = "failed"
    """A server refused it; it is tried again."""
    SKIPPED = "skipped"
    """It takes no part."""
    PARTED = "parted"
    """Its partner is gone, and it is kept."""
    ASLEEP = "asleep"
    """A pair that takes no part for now."""


_ORDER = list(How)
_KINDS = {"skip": How.SKIPPED, "block": How.BLOCKED, "asleep": How.ASLEEP, "parted": How.PARTED}
_NOT_SYNCED: Mapping[How, Sentences] = {
    How.HELD: Sentences("{what} waits. {why}", "{what} wartet. {why}"),
    How.STUCK: Sentences("{what} is kept back. {why}", "{what} bleibt liegen. {why}"),
    How.BLOCKED: Sentences("{what} is not changed. {why}", "{what} wird nicht geändert. {why}"),
    How.FAILED: Sentences(
        "{what} could not be written yet. {why}", "{what} konnte noch nicht übertragen werden. {why}"
    ),
    How.SKIPPED: Sentences("{what} is not synced. {why}", "{what} wird nicht synchronisiert. {why}"),
    How.PARTED: Sentences("{what} is not synced any more. {why}", "{what} wird nicht mehr synchronisiert. {why}"),
    How.ASLEEP: Sentences(
        "{what} is not synced for now. {why}", "{what} wird vorerst nicht synchronisiert. {why}"
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """One event. Holds customers' text: only for those who may see the account."""

    how: How
    reason: str
    """A word of calsync.reasons."""
    side: Side
    """Where the event stands."""
    system: str
    """What that side's system is called."""
    event_id: str
    summary: str | None
    when: When | None
    since: datetime | None
    """None where nobody knows."""
    rule: str | None = None
    """The rule that holds or blocks it; None where it is no rule that does."""

    def sentence(self, language: Language) -> str:
        what, why = named(self.summary, language), sentence(self.reason, language)
        return in_language(_NOT_SYNCED[self.how], language).format(what=what, why=why)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOutPage:
    """A page of them, with how many there are altogether."""

    rows: Sequence[LeftOut]
    counts: Mapping[tuple[How, str], int]
    """Of the whole account, by how and reason, what needs a person first."""
    total: int
    """How many there are on all pages."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the store tells of one event, without its text."""

    how: How
    reason: str
    events: tuple[tuple[Side, str], ...]
    """The likeliest first: which one it is, is told by where it was seen."""
    since: datetime | None
    rule: str | None


def sorted_out(rows: Iterable[LeftOutRow], condition: Condition) -> list[Found]:
    """Return what the store tells of an account in this condition, what needs a person first, the newest first."""
    found = [_found(row, condition) for row in rows]
    return sorted(found, key=lambda one: (_ORDER.index(one.how), -_seconds(one.since), one.events))


def counted(found: Iterable[Found]) -> Mapping[tuple[How, str], int]:
    """Return how many there are by how and reason, in the order in which they come."""
    return Counter((one.how, one.reason) for one in found)


def left_out(found: Found, observations: Observations, titles: Mapping[Side, str]) -> LeftOut:
    """Return one of them with what was last seen of it."""
    side, event_id = next((event for event in found.events if event in observations), found.events[0])
    seen = observations.get((side, event_id))
    return LeftOut(
        how=found.how,
        reason=found.reason,
        side=side,
        system=titles[side],
        event_id=event_id,
        summary=None if seen is None else short(seen.event.summary),
        when=None if seen is None else seen.event.when,
        since=found.since,
        rule=found.rule,
    )


def _found(row: LeftOutRow, condition: Condition) -> Found:
    kind, _, detail = row.kind.partition(":")
    if kind in _KINDS:
        how, reason = _KINDS[kind], row.reason
    elif kind in {"hold", "decided"}:
        open_to_word = kind == "hold" and condition.can_decide(row.reason, Kind(detail))
        how, reason = How.HELD if open_to_word else How.STUCK, row.reason
    else:
        how = How.FAILED
        reason = WORDS.get(row.reason, "quarantined" if int(detail) >= QUARANTINE_AFTER else "refused")
    return Found(how, reason, tuple(_events(row, kind, detail)), row.since, row.rule)


def _events(row: LeftOutRow, kind: str, detail: str) -> Iterable[tuple[Side, str]]:
    """Yield the events that a row may mean. A hold and a failed write name what has no target by its source."""
    sides = [row.side, row.side.other] if detail != Kind.CREATE else [row.side.other, row.side]
    if kind in {"asleep", "parted"}:
        named_events = zip((Side.LEFT, Side.RIGHT), (row.event_id, row.other_id), strict=True)
        yield from ((side, event_id) for side, event_id in named_events if event_id is not None)
    elif kind in _KINDS:
        yield row.side, row.event_id or ""
    else:
        yield from ((side, row.event_id or "") for side in sides)


def _seconds(since: datetime | None) -> float:
    return 0.0 if since is None else since.timestamp()
