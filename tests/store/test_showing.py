"""What pages read is found by indexes, however much the store remembers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.history import RunRecord, Unsynced
from calsync.records import Attempt, Held, LedgerEntry, SideState
from calsync.store import showing_statements
from calsync.store.migrate import migrations
from calsync.store.showing import Failing, Waiting
from calsync.sync.model import AllDay, Base, Direction, Event, Link, Observation, Side, State
from calsync.sync.plan import Kind
from calsync.sync.view import Seen, Standing
from calsync.testing.clock import START

if TYPE_CHECKING:
    from calsync.records import Lease
    from calsync.store import SqliteStore
    from calsync.testing import FakeClock

STATEMENTS = {name: each for name, each in vars(showing_statements).items() if name.isupper() and name[0] != "_"}
SMALL = {"account", "departed", "side", "hold", "twin", "attempt", "json_each", "wanted", "waits", "unready"}
"""Tables with a row an account or less, what is handed over, and what is made of both."""


def seen(event_id: str, summary: str, attendees: int = 0) -> Seen:
    day = START.date()
    event = Event(summary=summary, when=AllDay(day, day + timedelta(days=1)), attendee_count=attendees)
    return Seen(observation=Observation(id=event_id, event=event, revision="1"), first_run=1, round=1)


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_large_table_is_read_whole(name: str) -> None:
    database = sqlite3.connect(":memory:")
    for migration in migrations():
        for statement in migration.statements:
            database.execute(statement)
    values: defaultdict[str, Any] = defaultdict(lambda: None)
    steps = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name]}", values)]
    database.close()
    scanned = [step for step in steps if step.startswith("SCAN") and step.split()[1] not in SMALL]
    assert [step for step in scanned if "unsynced_blocks" not in step] == []
    assert not [step for step in steps if "TEMP B-TREE FOR ORDER BY" in step]


async def test_an_account_is_told_with_its_last_run(store: SqliteStore, lease: Lease, clock: FakeClock) -> None:
    run = RunRecord(number=1, began=START, ended=START, error_class="Retry", error="down")
    await store.history.add("bert", run)
    await store.history.add("carla", run)
    await store.history.add("carla", RunRecord(number=2, began=START, ended=START))
    await store.settings.set_enabled("carla", False, "Petra", clock.now())
    await store.settings.set_direction("carla", Direction.BOTH, "Petra", clock.now())
    found = await store.showing.accounts(["anna", "bert", "carla", "nobody"])
    assert found["anna"].until == lease.until
    assert (found["bert"].failing_since, found["bert"].error_class, found["bert"].error) == (
        START,
        "Retry",
        "down",
    )
    assert (found["carla"].error, found["carla"].enabled) == (None, False)
    assert set(await store.showing.accounts(["bert"])) == {"bert"}
    assert await store.showing.directions() == {"carla": Direction.BOTH}
    assert await store.showing.rebuilds() == {}


async def test_what_waits_is_counted_by_account_and_reason(store: SqliteStore, lease: Lease) -> None:
    later = START + timedelta(hours=1)
    deletes = [("r1", later), ("r2", START)]
    async with store.transaction(lease) as transaction:
        transaction.set_holds(
            Held(side=Side.RIGHT, event_id=each, kind=Kind.DELETE, reason="brake_deletes", since=since)
            for each, since in deletes
        )
        transaction.put_attempts(
            Attempt(side=Side.RIGHT, event_id=f"r{count}", count=count, due=START, error="EventError")
            for count in (4, 5, 9)
        )
        transaction.put_side(Side.LEFT, SideState(written=False))
        transaction.put_side(Side.RIGHT, SideState(written=True))
    blocked = {
        (Side.LEFT, "l1"): Unsynced(Kind.BLOCK, "has_attendees"),
        (Side.LEFT, "l2"): Unsynced(Kind.SKIP, "series"),
    }
    await store.history.put_unsynced("anna", blocked, START)
    assert await store.showing.waiting() == {
        "anna": [
            Waiting(Side.RIGHT, Kind.DELETE, "brake_deletes", 2, START),
            Waiting(Side.LEFT, Kind.BLOCK, "has_attendees", 1, START),
        ]
    }
    assert await store.showing.failing_events(5) == {"anna": [Failing(Side.RIGHT, "EventError", 2)]}
    assert await store.showing.unwritten() == {"anna": {Side.LEFT}}
    assert await store.showing.unsynced_counts(["anna", "bert"]) == {"anna": {"block": 1, "skip": 1}}


async def test_what_looks_like_others_is_told_once_whatever_else_it_waits_for(
    store: SqliteStore, lease: Lease
) -> None:
    holds = [("l1", "ambiguous"), ("l1", "rules"), ("l2", "rules"), ("l3", "ambiguous")]
    async with store.transaction(lease) as transaction:
        transaction.set_holds(
            Held(side=Side.RIGHT, event_id=event_id, kind=Kind.CREATE, reason=reason, since=START)
            for event_id, reason in holds
        )
    told = {("l1", "ambiguous"), ("l2", "rules"), ("l3", "ambiguous")}
    assert await store.showing.waiting() == {
        "anna": [
            Waiting(Side.RIGHT, Kind.CREATE, "ambiguous", 2, START),
            Waiting(Side.RIGHT, Kind.CREATE, "rules", 1, START),
        ]
    }
    assert {(row.event_id, row.reason) for row in await store.showing.left_out("anna")} == told
    life = await store.lives.of("anna", (Side.LEFT, "l1"))
    assert [row.reason for row in life.left_out] == ["ambiguous"]


async def test_links_are_told_with_both_sides(store: SqliteStore, lease: Lease) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_seen(Side.LEFT, [seen("a", "Notar"), seen("b", "Messe")])
        transaction.put_seen(Side.RIGHT, [seen("A", "Privat")])
        gone = Link(id=2, left="b", right=None, state=State.PARTED, reason="deleted", origin=Side.RIGHT)
        transaction.put_links([Link(id=1, left="a", right="A", left_base=Base()), gone])
    newest, eldest = await store.showing.links("anna", None, None, 5)
    assert (newest.id, newest.state, newest.reason, newest.origin) == (2, State.PARTED, "deleted", Side.RIGHT)
    assert newest.left is not None
    assert (newest.left.event.summary, newest.right) == ("Messe", None)
    assert eldest.left is not None
    assert eldest.right is not None
    assert (eldest.left.event.summary, eldest.right.event.summary) == ("Notar", "Privat")
    assert eldest.standings == (Standing.PRESENT, Standing.PRESENT)
    assert [row.id for row in await store.showing.links("anna", State.PARTED, None, 5)] == [2]
    assert [row.id for row in await store.showing.links("anna", None, 2, 5)] == [1]
    assert await store.showing.link_counts(["anna", "bert"]) == {"anna": {"awake": 1, "parted": 1}}


def wrote(attendees: int | None, at: int, kind: str = "create") -> LedgerEntry:
    when = START + timedelta(days=at)
    return LedgerEntry(run=1, at=when, kind=kind, side=Side.RIGHT, reason="new", event_id="x", attendees=attendees)


async def test_copies_of_originals_with_attendees_are_counted(store: SqliteStore, lease: Lease) -> None:
    async with store.transaction(lease) as transaction:
        transaction.add_ledger([wrote(3, 1), wrote(4, -1), wrote(0, 1), wrote(None, 1), wrote(2, 1)])
        transaction.add_ledger([wrote(9, 1, "update")])
    assert await store.showing.copies_without_attendees("anna", START) == (2, 5)
    assert await store.showing.copies_without_attendees("bert", START) == (0, 0)


async def cancelled(store: SqliteStore, lease: Lease, entries: list[LedgerEntry]) -> None:
    """Add entries in a transaction that comes to nothing."""
    async with store.transaction(lease) as transaction:
        transaction.add_ledger(entries)
        raise asyncio.CancelledError


async def test_mails_that_were_prevented_outlive_the_ledger_and_their_account(
    store: SqliteStore, lease: Lease
) -> None:
    counted = store.showing.mails_prevented
    assert (await counted("anna"), await counted()) == (0, 0)
    async with store.transaction(lease) as transaction:
        transaction.add_ledger([wrote(3, 1), wrote(0, 1), wrote(None, 1), wrote(1, 2, "update")])
    assert (await counted("anna"), await counted("bert"), await counted()) == (2, 0, 2)
    with pytest.raises(asyncio.CancelledError):
        await cancelled(store, lease, [wrote(3, 3)])
    assert await counted() == 2
    async with store.transaction(lease) as transaction:
        transaction.expire(START + timedelta(days=40))
    assert await store.ledger("anna", 9) == []
    assert (await counted("anna"), await counted()) == (2, 2)
    await store._writer.write(lambda database: database.execute("DELETE FROM account"))
    assert (await counted("anna"), await counted()) == (0, 2)
