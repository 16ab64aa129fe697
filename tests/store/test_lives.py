"""What is remembered of one appointment is found by indexes, by an id of either side, also once it is gone."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.records import Attempt, Held, LedgerEntry, SideState
from calsync.store import lives_statements
from calsync.store.lives import MOST
from calsync.store.migrate import migrations
from calsync.sync.choices import Choice, Decision
from calsync.sync.model import AllDay, Event, Link, Observation, Side
from calsync.sync.plan import Kind
from calsync.sync.view import Seen
from calsync.testing.clock import START

if TYPE_CHECKING:
    from calsync.records import Lease
    from calsync.store import SqliteStore

STATEMENTS = {name: each for name, each in vars(lives_statements).items() if name.isupper() and name[0] != "_"}
SMALL = {"json_each", "wanted", "sides", "links", "events"}
LEFT, RIGHT = Side.LEFT, Side.RIGHT


def seen(event_id: str, summary: str = "Notar") -> Seen:
    day = START.date()
    event = Event(summary=summary, when=AllDay(day, day + timedelta(days=1)))
    return Seen(observation=Observation(id=event_id, event=event, revision="1"), first_run=1, round=1)


def entry(kind: Kind, **what: Any) -> LedgerEntry:
    values = {"run": 1, "at": START, "kind": kind, "side": RIGHT, "reason": "new", **what}
    return LedgerEntry(**values)


@pytest.mark.parametrize("name", STATEMENTS)
def test_no_large_table_is_read_whole(name: str) -> None:
    database = sqlite3.connect(":memory:")
    for migration in migrations():
        for statement in migration.statements:
            database.execute(statement)
    values: defaultdict[str, Any] = defaultdict(lambda: "[]")
    steps = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name]}", values)]
    database.close()
    assert [step for step in steps if step.startswith("SCAN") and step.split()[1] not in SMALL] == []
    ledger = [step for step in steps if "SEARCH ledger" in step]
    assert not [step for step in ledger if step.endswith("(account=?)")]


async def test_all_that_is_known_of_a_pair_is_found_by_either_id(store: SqliteStore, lease: Lease) -> None:
    held = Held(side=RIGHT, event_id="r1", kind=Kind.UPDATE, reason="conflict", since=START)
    async with store.transaction(lease) as transaction:
        transaction.put_side(LEFT, SideState(listed_run=1))
        transaction.put_seen(LEFT, [seen("l1"), seen("l2")])
        transaction.put_seen(RIGHT, [seen("r1")])
        transaction.put_links([Link(id=1, left="l1", right="r1"), Link(id=2, left="l2", right=None)])
        transaction.set_holds([held])
        transaction.put_attempts([Attempt(side=LEFT, event_id="l1", count=2, due=START, error="Retry")])
        transaction.add_ledger(
            [
                entry(Kind.CREATE, event_id="r1", source_id="l1", link=1),
                entry(Kind.CREATE, event_id="r2", source_id="l2", link=2),
                entry(Kind.UPDATE, event_id="former id", source_id="l1", link=1, reason="changed"),
            ]
        )
    word = Decision(
        side=RIGHT,
        event_id="r1",
        kind=Kind.UPDATE,
        reason="conflict",
        choice=Choice.LEFT,
        fingerprint="f",
        since=START,
        at=START,
    )
    await store.decisions.put("anna", [word])
    for event in ((LEFT, "l1"), (RIGHT, "r1")):
        life = await store.lives.of("anna", event)
        assert life.ids == {LEFT: "l1", RIGHT: "r1"}
        assert life.link is not None
        assert [row.entry.event_id for row in life.ledger] == ["r1", "former id"]
        assert {row.kind for row in life.left_out} == {"decided:update", "attempt:2"}
        assert [each.choice for each in life.decisions] == [Choice.LEFT]
        assert [each.count for each in life.attempts] == [2]
        assert life.sides[LEFT].listed_run == 1
        assert life.runs == {1: START}
    assert await store.lives.sides("anna", "l1") == [LEFT]
    assert await store.lives.sides("anna", "former id") == [RIGHT]
    assert await store.lives.sides("anna", "nobody") == []
    assert await store.lives.sides("berta", "l1") == []


async def test_of_a_pair_that_has_ended_the_ledger_knows_both(store: SqliteStore, lease: Lease) -> None:
    async with store.transaction(lease) as transaction:
        transaction.add_ledger(
            [
                entry(Kind.CREATE, event_id="r1", source_id="l1", link=1),
                entry(Kind.DELETE, event_id="r1", source_id="l1", link=1, reason="deleted"),
            ]
        )
    for event in ((LEFT, "l1"), (RIGHT, "r1")):
        life = await store.lives.of("anna", event)
        assert (life.ids, life.link) == ({LEFT: "l1", RIGHT: "r1"}, None)
        assert [row.entry.kind for row in life.ledger] == ["create", "delete"]
    assert await store.lives.sides("anna", "l1") == [LEFT]


async def test_of_very_much_the_newest_is_told(store: SqliteStore, lease: Lease) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_seen(RIGHT, [seen("r1")])
        transaction.add_ledger(
            [entry(Kind.UPDATE, run=number, event_id="r1", link=1) for number in range(MOST + 5)]
        )
    life = await store.lives.of("anna", (RIGHT, "r1"))
    assert [row.entry.run for row in life.ledger] == list(range(5, MOST + 5))


async def test_subjects_are_those_of_one_account_with_their_links(store: SqliteStore, lease: Lease) -> None:
    async with store.transaction(lease) as transaction:
        transaction.put_seen(LEFT, [seen("l1", "Notar")])
        transaction.put_seen(RIGHT, [seen("r1", "Privat")])
        transaction.put_links([Link(id=7, left="l1", right="r1")])
    found = await store.lives.subjects("anna")
    assert set(found) == {(LEFT, "l1", "Notar", 7), (RIGHT, "r1", "Privat", 7)}
    assert await store.lives.subjects("berta") == []
