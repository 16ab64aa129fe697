"""What pages show of accounts. Nothing here writes."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from calsync.store import codec, rows, statements
from calsync.store import showing_statements as sql
from calsync.store.connection import fetch
from calsync.store.failures import understood
from calsync.sync.model import BOTH, Direction, Side
from calsync.sync.plan import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from datetime import datetime
    from typing import TypeVar

    from calsync.records import LedgerEntry
    from calsync.store.connection import Connection, Found
    from calsync.store.images import Images
    from calsync.store.rows import Row
    from calsync.sync.model import Changes, Observation, State
    from calsync.sync.view import Standing

    T = TypeVar("T")

NEWEST = (1 << 63) - 1
"""Before this one come all rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """One account, as the store has it."""

    enabled: bool | None
    """What people have chosen; None: nothing."""
    good_at: datetime | None
    until: datetime | None
    """Until when somebody has its lease."""
    failing_since: datetime | None
    error_class: str | None
    error: str | None
    """What its last run failed with that was kept; None where it went well."""


class Waiting(NamedTuple):
    """What waits in one account for one reason, or must not be written."""

    side: Side
    kind: Kind
    """What is not done to the events of that side; `block` where nobody can release it."""
    reason: str
    events: int
    since: datetime


class Failing(NamedTuple):
    """Events of one side whose writes failed again and again."""

    side: Side
    error: str
    """The class of calsync.errors."""
    events: int


class LinkRow(NamedTuple):
    """A link with what both sides showed last; None where there is no event, or nothing is known of it."""

    id: int
    state: State
    reason: str | None
    origin: Side | None
    ids: Mapping[Side, str | None]
    left: Observation | None
    right: Observation | None
    standings: tuple[Standing | None, Standing | None]


class LedgerRow(NamedTuple):
    """A ledger entry, with its number and the events of its link."""

    id: int
    entry: LedgerEntry
    ids: Mapping[Side, str | None]
    """The events of the link that it is about, as far as there still is one."""


class LeftOutRow(NamedTuple):
    """An event that is not synced, or waits."""

    side: Side
    """Of a hold and of a failed write the side that is not written; of a link left."""
    event_id: str | None
    other_id: str | None
    """Of a link the event on the right."""
    kind: str
    """skip, block, hold:KIND, decided:KIND, attempt:FAILURES, asleep or parted."""
    reason: str
    """A word of calsync.reasons; of a failed write the class of its error."""
    since: datetime | None
    rule: str | None = None
    """The rule that holds or blocks it."""


class StoredShowing:
    """Reached as `SqlStore.showing`. Errors are StoreError."""

    def __init__(self, reader: Connection, images: Images) -> None:
        self._reader = reader
        self._images = images

    async def accounts(self, names: Collection[str]) -> Mapping[str, Remembered]:
        """Return how accounts are, by name, as far as the store knows of them."""
        if not names:
            return {}
        found = await self._read(sql.STANDINGS, {"accounts": json.dumps(list(names))})
        return dict(self._understood(lambda row: (row["name"], _remembered(row)), found))

    async def directions(self) -> Mapping[str, Direction]:
        """Return the directions that people have chosen, by account."""
        found = await self._read(statements.DIRECTIONS, {})
        return dict(self._understood(lambda row: (row["name"], Direction(row["direction"])), found))

    async def switches(self) -> Mapping[str, bool]:
        """Return whether accounts are on, as people have said, by account."""
        return {row["name"]: bool(row["enabled"]) for row in await self._read(sql.SWITCHES, {})}

    async def rebuilds(self) -> Mapping[str, str]:
        """Return why nothing is written before a person has confirmed the plan, by account."""
        return {row["name"]: row["rebuild"] for row in await self._read(sql.REBUILDS, {})}

    async def unwritten(self) -> Mapping[str, frozenset[Side]]:
        """Return the sides that nothing is written to, as far as a person knows, by account."""
        sides: defaultdict[str, set[Side]] = defaultdict(set)
        for row in await self._read(sql.UNWRITTEN, {}):
            sides[row["account"]].add(rows.SIDES[row["side"]])
        return {account: frozenset(each) for account, each in sides.items()}

    async def waiting(self) -> Mapping[str, Sequence[Waiting]]:
        """Return what waits for a person who has not decided yet, and what must not be written, by account."""
        held = await self._read(sql.WAITING, {})
        blocked = await self._read(sql.BLOCKED, {})
        found: defaultdict[str, list[Waiting]] = defaultdict(list)
        with understood(self._reader.place):
            for row, kind in [
                *((row, Kind(row["kind"])) for row in held),
                *((row, Kind.BLOCK) for row in blocked),
            ]:
                since = codec.instant(row["since"])
                waiting = Waiting(rows.SIDES[row["side"]], kind, row["reason"], row["events"], since)
                found[row["account"]].append(waiting)
        return found

    async def failing_events(self, failures: int) -> Mapping[str, Sequence[Failing]]:
        """Return the events whose writes failed so many times in a row, by account."""
        found: defaultdict[str, list[Failing]] = defaultdict(list)
        for row in await self._read(sql.FAILING_EVENTS, {"failures": failures}):
            found[row["account"]].append(Failing(rows.SIDES[row["side"]], row["error"], row["events"]))
        return found

    async def link_counts(self, accounts: Collection[str]) -> Mapping[str, Counter[str]]:
        """Return how many links there are in each state, by account."""
        return await self._counts(sql.LINK_COUNTS, "state", accounts)

    async def unready_counts(self, accounts: Collection[str]) -> Mapping[str, int]:
        """Return how many links are awake of which something waits, or is refused, by account."""
        found = await self._read(sql.UNREADY_COUNTS, {"accounts": json.dumps(list(accounts))})
        return {row["account"]: row["events"] for row in found}

    async def unsynced_counts(self, accounts: Collection[str]) -> Mapping[str, Counter[str]]:
        """Return how many events are left out (`skip`), or must not be written (`block`), by account."""
        return await self._counts(sql.UNSYNCED_COUNTS, "kind", accounts)

    async def links(self, account: str, state: State | None, before: int | None, most: int) -> Sequence[LinkRow]:
        """Return links, the newest first, with smaller ids than `before`."""
        wanted = {"account": account, "state": state, "before": before or NEWEST, "most": most}
        return self._understood(_link_row, await self._read(sql.LINKS, wanted))

    async def ledger(
        self, account: str, kind: str | None, side: Side | None, before: int | None, most: int
    ) -> Sequence[LedgerRow]:
        """Return ledger entries, the newest first, with smaller numbers than `before`."""
        wanted = {"account": account, "kind": kind, "side": side, "before": before or NEWEST, "most": most}
        read = partial(ledger_row, images=self._images)
        return self._understood(read, await self._read(sql.LEDGER, wanted))

    async def deleted(
        self, account: str, wanted: Iterable[tuple[Side, str]], since: datetime
    ) -> Mapping[tuple[Side, str], Changes]:
        """Return what those of these events were that calsync has deleted since then."""
        events = json.dumps([[side.value, event_id] for side, event_id in wanted])
        values = {"account": account, "wanted": events, "since": codec.instant_text(since)}
        return dict(self._understood(self._deleted, await self._read(sql.DELETED, values)))

    def _deleted(self, row: Found) -> tuple[tuple[Side, str], Changes]:
        entry = rows.ledger_entry(row, self._images)
        return (entry.side, row["event_id"]), entry.before

    async def left_out(self, account: str) -> Sequence[LeftOutRow]:
        """Return all events of an account that are not synced now, or wait."""
        return self._understood(left_out_row, await self._read(sql.LEFT_OUT, {"account": account}))

    async def seen(
        self, account: str, wanted: Iterable[tuple[Side, str]]
    ) -> Mapping[tuple[Side, str], Observation]:
        """Return what was last read of events."""
        found = await self._read(sql.SEEN, _wanted(account, wanted))
        return dict(
            self._understood(
                lambda row: (
                    (rows.SIDES[row["side"]], row["event_id"]),
                    codec.observation(row["observation"]),
                ),
                found,
            )
        )

    async def private(self, account: str, wanted: Iterable[tuple[Side, str]]) -> frozenset[tuple[Side, str]]:
        """Return which of these events are private, or linked to one that is."""
        found = await self._read(sql.PRIVATE, _wanted(account, wanted))
        return frozenset((rows.SIDES[row["side"]], row["event_id"]) for row in found)

    async def copies_without_attendees(self, account: str, since: datetime) -> tuple[int, int]:
        """Return how many copies were made of originals with attendees, and how many attendees these had then."""
        (row,) = await self._read(
            sql.COPIES_WITHOUT_ATTENDEES, {"account": account, "since": codec.instant_text(since)}
        )
        return row["copies"], row["people"]

    async def mails_prevented(self, account: str | None = None) -> int:
        """Return how many writes of an account, or of all there ever were, would have mailed somebody elsewhere.

        Those that were made without a mail, and those that were left undone. This never becomes less.
        """
        statement = sql.ALL_MAILS_PREVENTED if account is None else sql.MAILS_PREVENTED
        rows = await self._read(statement, {} if account is None else {"account": account})
        return sum(row["mails"] for row in rows)

    async def _counts(self, statement: str, of: str, accounts: Collection[str]) -> Mapping[str, Counter[str]]:
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for row in await self._read(statement, {"accounts": json.dumps(list(accounts))}):
            counts[row["account"]][row[of]] = row["events"]
        return counts

    async def _read(self, statement: str, values: Row) -> Sequence[Found]:
        return await self._reader.read(lambda database: fetch(database, statement, values))

    def _understood(self, read: Callable[[Found], T], found: Sequence[Found]) -> Sequence[T]:
        with understood(self._reader.place):
            return [read(row) for row in found]


def _wanted(account: str, wanted: Iterable[tuple[Side, str]]) -> Row:
    return {"account": account, "wanted": json.dumps([[side.value, event_id] for side, event_id in wanted])}


def _remembered(row: Found) -> Remembered:
    failed = row["error"] is not None
    return Remembered(
        enabled=None if row["enabled"] is None else bool(row["enabled"]),
        good_at=_instant(row["good_at"]),
        until=_instant(row["until"]),
        failing_since=codec.instant(row["began"]) if failed else None,
        error_class=row["error_class"],
        error=row["error"],
    )


def _link_row(row: Found) -> LinkRow:
    seen = [row[f"{side}_seen"] for side in BOTH]
    left, right = (None if text is None else codec.observation(text) for text in seen)
    one, two = (rows.STANDINGS.get(row[f"{side}_standing"]) for side in BOTH)
    origin = rows.SIDES.get(row["origin"])
    ids = {side: row[f"{side}_id"] for side in BOTH}
    return LinkRow(row["id"], rows.STATES[row["state"]], row["reason"], origin, ids, left, right, (one, two))


def ledger_row(row: Found, images: Images) -> LedgerRow:
    """Return a row of the ledger that was joined with its link."""
    return LedgerRow(row["id"], rows.ledger_entry(row, images), {side: row[f"{side}_id"] for side in BOTH})


def left_out_row(row: Found) -> LeftOutRow:
    """Return a row of what LEFT_OUT finds."""
    side, since = rows.SIDES[row["side"]], _instant(row["since"])
    return LeftOutRow(side, row["event_id"], row["other_id"], row["kind"], row["reason"], since, row["rule"])


def _instant(text: str | None) -> datetime | None:
    return None if text is None else codec.instant(text)
