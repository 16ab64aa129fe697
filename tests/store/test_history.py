"""What runs came to is kept for 90 days, 500 runs of an account at most; what is left out keeps its age."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.history import RunRecord, Tally, Unsynced
from calsync.store.history import MOST
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.testing.clock import START
from calsync.values import replace

if TYPE_CHECKING:
    from pathlib import Path

    from calsync.store import SqliteStore

WROTE = RunRecord(
    number=7,
    began=START,
    ended=START + timedelta(seconds=2),
    sides={Side.LEFT: Tally(linked=1), Side.RIGHT: Tally(created=3, updated=2, deleted=1, failed=4)},
)
FAILED = replace(
    WROTE, number=8, sides={side: Tally() for side in Side}, error_class="LoginError", error="wrong password"
)


def unsynced(path: Path) -> dict[tuple[str, str], tuple[str, str, str]]:
    with sqlite3.connect(path) as database:
        rows = database.execute("SELECT side, event_id, kind, reason, since FROM unsynced").fetchall()
    database.close()
    return {(side, event_id): (kind, reason, since) for side, event_id, kind, reason, since in rows}


async def test_a_run_is_kept_as_it_was(store: SqliteStore) -> None:
    await store.history.add("anna", WROTE)
    await store.history.add("anna", FAILED)
    await store.history.add("bert", WROTE)
    assert await store.history.of("anna", 5) == [FAILED, WROTE]
    assert await store.history.last("anna") == FAILED
    assert await store.history.last("carla") is None
    assert WROTE.total == Tally(created=3, updated=2, deleted=1, linked=1, failed=4)


async def test_last_writes_leaves_out_runs_that_wrote_nothing(store: SqliteStore) -> None:
    for record in (WROTE, FAILED, replace(FAILED, sides={**FAILED.sides, Side.LEFT: Tally(linked=2)})):
        await store.history.add("anna", record)
    assert await store.history.last_writes("anna", 5) == [WROTE]


async def test_what_is_too_old_or_too_much_is_forgotten(store: SqliteStore) -> None:
    for number in range(MOST + 3):
        await store.history.add("anna", replace(WROTE, number=number))
    await store.history.add("bert", WROTE)
    kept = await store.history.of("anna", MOST + 3)
    assert [record.number for record in kept] == list(range(MOST + 2, 2, -1))
    late = replace(FAILED, began=START + timedelta(days=90, seconds=1))
    await store.history.add("anna", late)
    assert await store.history.of("anna", 5) == [late]
    assert await store.history.of("bert", 5) == [WROTE]


async def test_a_rule_that_is_named_later_changes_neither_age_nor_count(store: SqliteStore) -> None:
    event, later = (Side.RIGHT, "r1"), START + timedelta(hours=1)
    busy = Unsynced(Kind.BLOCK, "has_attendees")
    await store.history.put_unsynced("anna", {event: busy}, START)  # as before rules were kept
    await store.history.put_unsynced("anna", {event: busy._replace(rule="attendee_stripping")}, later)
    (row,) = await store.showing.left_out("anna")
    assert (row.reason, row.rule, row.since) == ("has_attendees", "attendee_stripping", START)
    assert await store.showing.mails_prevented("anna") == 1


async def test_what_is_left_alone_for_a_mail_is_counted_once(store: SqliteStore) -> None:
    one, two = (Side.LEFT, "l1"), (Side.RIGHT, "r1")
    put, counted = store.history.put_unsynced, store.showing.mails_prevented
    skip, teams = Unsynced(Kind.SKIP, "series"), Unsynced(Kind.BLOCK, "online_meeting")
    busy, theirs = Unsynced(Kind.BLOCK, "has_attendees"), Unsynced(Kind.BLOCK, "not_organised_here")
    for found, prevented in (
        ({one: skip}, 0),
        ({one: skip, two: busy}, 1),
        ({one: teams, two: busy}, 1),
        ({one: theirs, two: busy}, 2),
        ({}, 2),
        ({two: busy}, 3),
    ):
        await put("anna", found, START)
        assert await counted("anna") == prevented
    await put("bert", {two: busy}, START)
    assert (await counted("bert"), await counted()) == (1, 4)


async def test_what_is_left_out_keeps_its_age_while_its_reason_stays(store: SqliteStore, path: Path) -> None:
    series, busy = (Side.LEFT, "l1"), (Side.RIGHT, "r1")
    await store.history.put_unsynced(
        "anna", {series: Unsynced(Kind.SKIP, "series"), busy: Unsynced(Kind.BLOCK, "has_attendees")}, START
    )
    await store.history.put_unsynced("bert", {series: Unsynced(Kind.SKIP, "one_way")}, START)
    later = START + timedelta(hours=1)
    await store.history.put_unsynced(
        "anna", {series: Unsynced(Kind.SKIP, "series"), busy: Unsynced(Kind.SKIP, "private")}, later
    )
    await store.history.put_unsynced("bert", {}, later)
    assert unsynced(path) == {
        ("left", "l1"): ("skip", "series", "2026-03-02T08:00:00.000000+00:00"),
        ("right", "r1"): ("skip", "private", "2026-03-02T09:00:00.000000+00:00"),
    }


async def test_what_is_told_among_some_events_says_nothing_of_the_others(store: SqliteStore, path: Path) -> None:
    one, two, three = (Side.LEFT, "l1"), (Side.LEFT, "l2"), (Side.RIGHT, "l1")
    series = Unsynced(Kind.SKIP, "series")
    await store.history.put_unsynced("anna", {one: series, two: series, three: series}, START)
    await store.history.put_unsynced("anna", {(Side.LEFT, "l3"): series}, START, {one, (Side.LEFT, "l3")})
    assert unsynced(path).keys() == {two, three, (Side.LEFT, "l3")}
