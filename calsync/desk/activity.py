"""What calsync did lately, in plain sentences, from the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.desk.discretion import MASK, masked_values
from calsync.desk.wording import field_names, in_language, named, short
from calsync.reasons import Sentences, known
from calsync.reasons import sentence as reason_sentence
from calsync.sync.choices import LEAVING, UNDONE
from calsync.sync.model import FIELDS, AllDay, Side, Timed
from calsync.sync.plan import WRITES, Kind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from datetime import datetime

    from calsync.reasons import Language
    from calsync.store.showing import LedgerRow
    from calsync.sync.model import Changes, Field, Observation, Value, When

    Observations = Mapping[tuple[Side, str], Observation]

REBASE = "rebase"
"""The ledger's kind of bases that took over values without a write."""
KINDS = (Kind.CREATE, Kind.UPDATE, Kind.DELETE, Kind.LINK, Kind.UNLINK, Kind.WAKE, Kind.SLEEP, Kind.PART, REBASE)
"""All kinds of ledger entries; `of` takes one of them."""
PLAIN = frozenset({"new", "changed", "deleted", "matched", "both_deleted"})
"""Reasons that the sentence itself tells."""
_AGAIN = Sentences("{what} was created again in {target}.", "{what} wurde in {target} wieder angelegt.")
_WANTED = Sentences(
    "{what} was deleted in {target}, as somebody wanted that.",
    "{what} wurde in {target} gelöscht, weil jemand das so wollte.",
)
_SENTENCES: Mapping[str | tuple[str, str], Sentences] = {
    Kind.CREATE: Sentences(
        "{what} was copied from {source} to {target}.",
        "{what} wurde aus {source} nach {target} übernommen.",
    ),
    (Kind.CREATE, "recreated"): _AGAIN,
    (Kind.CREATE, UNDONE): _AGAIN,
    (Kind.CREATE, "restored"): Sentences(
        "{what} was restored in {target}.",
        "{what} wurde in {target} wiederhergestellt.",
    ),
    Kind.UPDATE: Sentences(
        "{what} was updated in {target} from {source}: {fields}.",
        "{what} wurde in {target} an {source} angeglichen: {fields}.",
    ),
    (Kind.UPDATE, UNDONE): Sentences(
        "{what} has its former values back in {target}: {fields}.",
        "{what} hat in {target} seine früheren Werte zurück: {fields}.",
    ),
    (Kind.UPDATE, "unknown_outcome"): Sentences(
        "{what} was perhaps updated in {target}: {fields}. The server did not say.",
        "{what} wurde in {target} vielleicht geändert: {fields}. Der Server hat es nicht gesagt.",
    ),
    Kind.DELETE: Sentences(
        "{what} was deleted in {target}, as it is no longer in {source}.",
        "{what} wurde in {target} gelöscht, denn in {source} gibt es den Termin nicht mehr.",
    ),
    (Kind.DELETE, UNDONE): _WANTED,
    (Kind.DELETE, LEAVING): _WANTED,
    Kind.LINK: Sentences(
        "{what} stood in {source} and in {target}; both belong together now.",
        "{what} stand in {source} und in {target}; beide gehören jetzt zusammen.",
    ),
    (Kind.LINK, "moved"): Sentences(
        "{what} got a new id in {target}.",
        "{what} hat in {target} eine neue Kennung bekommen.",
    ),
    (Kind.LINK, "returned"): Sentences(
        "{what} is back in {target}.",
        "{what} ist in {target} wieder da.",
    ),
    Kind.UNLINK: Sentences(
        "{what} is neither in {source} nor in {target} any more.",
        "{what} ist weder in {source} noch in {target} noch da.",
    ),
    (Kind.UNLINK, UNDONE): Sentences(
        "{what} counts as new again in {source}.",
        "{what} gilt in {source} wieder als neuer Termin.",
    ),
    Kind.WAKE: Sentences(
        "{what} is synced again.",
        "{what} wird wieder synchronisiert.",
    ),
    Kind.SLEEP: Sentences(
        "{what} is not synced for now.",
        "{what} wird vorerst nicht synchronisiert.",
    ),
    Kind.PART: Sentences(
        "{what} is not synced any more: its partner is gone, or is not touched any more.",
        "{what} wird nicht mehr synchronisiert: Das Gegenstück ist weg oder wird nicht mehr angefasst.",
    ),
    REBASE: Sentences(
        "{what} stays different in {source} and in {target}.",
        "{what} bleibt in {source} und in {target} verschieden.",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One thing that calsync did. Holds customers' text: only for those who may see the account."""

    number: int
    """Where the next page goes on."""
    at: datetime
    run: int
    kind: str
    """One of KINDS."""
    reason: str
    """A word of calsync.reasons."""
    side: Side
    """The side that was written; of what was only noted, the one that it is about."""
    source: str
    """What the other side's system is called."""
    target: str
    """What this side's system is called."""
    event_id: str | None
    """The event that was written, or that it is about."""
    summary: str | None
    """None where nobody knows it any more."""
    when: When | None
    before: Mapping[Field, Value]
    """What was replaced, or deleted."""
    after: Mapping[Field, Value]

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields that were written."""
        return tuple(name for name in FIELDS if name in self.after or name in self.before)

    @property
    def undoable(self) -> bool:
        """Whether it is a write that may be chosen to be undone; whether that can be done is another matter."""
        return self.kind in WRITES and self.event_id is not None and self.reason != "unknown_outcome"

    @property
    def replaced(self) -> tuple[Field, ...]:
        """The fields whose old and new value can be told."""
        before, after = self.before, self.after
        return tuple(name for name in FIELDS if name in before and name in after and before[name] != after[name])

    def sentence(self, language: Language) -> str:
        """Return what was done, without the time."""
        sentences = _SENTENCES.get((self.kind, self.reason)) or _SENTENCES[self.kind]
        return in_language(sentences, language).format(
            what=named(self.summary, language),
            source=self.source,
            target=self.target,
            fields=field_names(self.fields, language),
        )

    def why(self, language: Language) -> str | None:
        """Return why, where that goes beyond the sentence."""
        if self.reason in PLAIN or (self.kind, self.reason) == (Kind.UNLINK, UNDONE) or not known(self.reason):
            return None
        return reason_sentence(self.reason, language)


def wanted(rows: Iterable[LedgerRow]) -> set[tuple[Side, str]]:
    """Return the events that may tell what ledger entries are about."""
    return {event for row in rows for event in _events(row)}


def activity(
    row: LedgerRow,
    observations: Observations,
    titles: Mapping[Side, str],
    deleted: Mapping[tuple[Side, str], Changes],
    private: Collection[tuple[Side, str]] | None = None,
) -> Activity:
    """Return what a ledger entry tells, with what was last seen of its events, or `deleted` of them.

    `private`: for others than the account's owner, those of the events that are private. What nobody knows any
    more is not told to them either: it may have been.
    """
    entry = row.entry
    summary, when = _known(row, observations, deleted)
    before, after = entry.before, entry.after
    if private is not None and (is_private := _is_private(row, observations, private)) is not False:
        summary = MASK if is_private else None
        before, after = masked_values(before), masked_values(after)
    return Activity(
        number=row.id,
        at=entry.at,
        run=entry.run,
        kind=entry.kind,
        reason=entry.reason,
        side=entry.side,
        source=titles[entry.side.other],
        target=titles[entry.side],
        event_id=entry.event_id,
        summary=None if summary is None else short(summary),
        when=when,
        before=before,
        after=after,
    )


def _is_private(row: LedgerRow, observations: Observations, private: Collection[tuple[Side, str]]) -> bool | None:
    """Tell whether an entry is about a private event; None: nobody knows."""
    events = _events(row)
    if not any(event in observations for event in events):
        return None
    return any(event in private for event in events)


def _events(row: LedgerRow) -> list[tuple[Side, str]]:
    """Return the events of an entry: the one that was written, its source, and those of its link."""
    entry = row.entry
    found = [(entry.side, entry.event_id), (entry.side.other, entry.source_id)]
    found += [(side, row.ids[side]) for side in (entry.side, entry.side.other)]
    if entry.event_id is not None and entry.source_id is None:
        found.append((entry.side.other, entry.event_id))  # what has no target is named by its source
    return [(side, event_id) for side, event_id in found if event_id is not None]


def _known(
    row: LedgerRow, observations: Observations, deleted: Mapping[tuple[Side, str], Changes]
) -> tuple[str | None, When | None]:
    """Return what is known of the event: what was written or deleted, else what was last seen."""
    seen = next((observations[event] for event in _events(row) if event in observations), None)
    gone = next((deleted[event] for event in _events(row) if event in deleted), {}) if seen is None else {}
    written = {**gone, **row.entry.before, **row.entry.after}
    summary, when = written.get("summary"), written.get("when")
    if not isinstance(summary, str):
        summary = None if seen is None else seen.event.summary
    if not isinstance(when, Timed | AllDay):
        when = None if seen is None else seen.event.when
    return summary, when
