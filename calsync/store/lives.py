"""What is remembered of one appointment, read by index. Nothing here writes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from calsync.store import codec, rows
from calsync.store import lives_statements as sql
from calsync.store.connection import fetch
from calsync.store.failures import understood
from calsync.store.showing import ledger_row, left_out_row
from calsync.sync.model import BOTH, Side

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from calsync.records import Attempt, Intent, SideState
    from calsync.store.connection import Connection, Database, Found
    from calsync.store.images import Images
    from calsync.store.showing import LedgerRow, LeftOutRow
    from calsync.sync.asking import Hang
    from calsync.sync.choices import Decision
    from calsync.sync.model import Link
    from calsync.sync.view import Seen

    Event = tuple[Side, str]

MOST = 200
"""Entries of the ledger about one appointment; of more, the newest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """All that is remembered of one appointment, in one account."""

    ids: Mapping[Side, str | None]
    """Its events; None where there is none, or none is known any more."""
    link: Link | None
    seen: Mapping[Side, Seen | None]
    left_out: Sequence[LeftOutRow]
    """Why it is not synced now, or waits."""
    decisions: Sequence[Decision]
    """What a person has decided about it, and the next run carries out."""
    attempts: Sequence[Attempt]
    intents: Sequence[Intent]
    """The writes whose answers are not known yet."""
    hangs: Sequence[Hang]
    """All questions of the account to a rule that were never answered."""
    ledger: Sequence[LedgerRow]
    """What was done to it, the oldest first."""
    sides: Mapping[Side, SideState]
    """How far both calendars have been read."""
    runs: Mapping[int, datetime]
    """When those runs were that something above names by its number, as far as that is known."""


class Subject(NamedTuple):
    """An event that was found by its subject."""

    side: Side
    event_id: str
    summary: str
    link: int | None


class StoredLives:
    """Reached as `SqlStore.lives`. Errors are StoreError."""

    def __init__(self, reader: Connection, images: Images) -> None:
        self._reader = reader
        self._images = images

    async def sides(self, account: str, event_id: str) -> Sequence[Side]:
        """Return the sides on which an event of this id is, or was as far as the ledger knows."""
        return await self._reader.read(partial(_sides, account, event_id))

    async def subjects(self, account: str) -> Sequence[Subject]:
        """Return the subjects of all events of an account that are remembered."""

        def read(database: Database) -> Sequence[Subject]:
            found = fetch(database, sql.SUBJECTS, {"account": account})
            return [
                Subject(rows.SIDES[row["side"]], row["event_id"], row["summary"], row["link"]) for row in found
            ]

        return await self._reader.read(read)

    async def of(self, account: str, event: Event) -> Life:
        """Return what is remembered of an event and its partner."""
        with understood(self._reader.place):
            return await self._reader.read(partial(self._read, account, event))

    def _read(self, account: str, event: Event, database: Database) -> Life:
        link = _link(account, event, database)
        ids: dict[Side, str | None] = {side: None if link is None else link.event_id(side) for side in BOTH}
        ids[event[0]] = event[1]
        ledger = self._ledger(account, ids, link, database)
        if link is None:
            ids = _as_told(ids, event, ledger)
        wanted = [[side.value, event_id] for side, event_id in ids.items() if event_id is not None]
        values = {
            "account": account,
            "wanted": json.dumps(wanted),
            "events": json.dumps([event_id for _, event_id in wanted]),
        }

        def read(statement: str) -> Sequence[Found]:
            return fetch(database, statement, values)

        seen = {rows.SIDES[row["side"]]: rows.seen(row) for row in read(sql.SEEN)}
        intents = [rows.intent(row) for row in read(sql.INTENTS)]
        return Life(
            ids=ids,
            link=link,
            seen={side: seen.get(side) for side in BOTH},
            left_out=[left_out_row(row) for row in read(sql.LEFT_OUT)],
            decisions=[rows.decision(row) for row in read(sql.DECISIONS)],
            attempts=[rows.attempt(row) for row in read(sql.ATTEMPTS)],
            intents=[one for one in intents if _is_about(one, ids, link)],
            hangs=[hang for row in read(sql.HANGS) for hang in rows.hangs(row)],
            ledger=ledger,
            sides={rows.SIDES[row["side"]]: rows.side_state(row) for row in read(sql.SIDES)},
            runs=_runs(
                account, {run for one in seen.values() for run in (one.first_run, one.standing_run)}, database
            ),
        )

    def _ledger(
        self, account: str, ids: Mapping[Side, str | None], link: Link | None, database: Database
    ) -> Sequence[LedgerRow]:
        events = json.dumps([event_id for event_id in ids.values() if event_id is not None])
        values = {"account": account, "events": events}
        links = {row["link"] for row in fetch(database, sql.LINKS_IN_LEDGER, values)}
        links |= set() if link is None else {link.id}
        found = fetch(database, sql.LEDGER, {**values, "links": json.dumps(sorted(links)), "most": MOST})
        return [ledger_row(row, self._images) for row in found]


def _sides(account: str, event_id: str, database: Database) -> Sequence[Side]:
    values = {"account": account, "event": event_id}
    found = fetch(database, sql.SIDES_OF_EVENT, values) or fetch(database, sql.SIDES_IN_LEDGER, values)
    return [rows.SIDES[row["side"]] for row in found]


def _link(account: str, event: Event, database: Database) -> Link | None:
    side, event_id = event
    found = [rows.link(row) for row in fetch(database, sql.LINK, {"account": account, "event": event_id})]
    return next((link for link in found if link.event_id(side) == event_id), None)


def _as_told(ids: Mapping[Side, str | None], event: Event, ledger: Sequence[LedgerRow]) -> dict[Side, str | None]:
    """Return both events of a pair that has ended: the ledger knows what was made from what."""
    side, event_id = event
    told = dict(ids)
    for row in ledger:
        made = {row.entry.side: row.entry.event_id, row.entry.side.other: row.entry.source_id}
        if made[side] == event_id and made[side.other] is not None:
            told[side.other] = made[side.other]
    return told


def _is_about(intent: Intent, ids: Mapping[Side, str | None], link: Link | None) -> bool:
    if link is not None and intent.link == link.id:
        return True
    events = ((intent.side.other, intent.source), (intent.side, intent.target))
    return any(seen is not None and ids[side] == seen.id for side, seen in events)


def _runs(account: str, numbers: set[int], database: Database) -> Mapping[int, datetime]:
    found = fetch(database, sql.RUNS, {"account": account, "runs": json.dumps(sorted(numbers))})
    return {row["number"]: codec.instant(row["at"]) for row in found if row["at"] is not None}
