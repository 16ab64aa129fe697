import sqlite3
from pathlib import Path
from typing import Any

import pytest

from calsync.errors import StoreError
from calsync.store import SqliteStore
from calsync.store.migrate import Migration, migrate, migrations
from calsync.store.opening import MEMORY, connect
from calsync.store.sqlite_connection import SqliteConnection
from calsync.sync.asking import Hang, Version
from calsync.sync.model import Side
from calsync.testing import FakeClock
from calsync.values import replace


def version(path: Path) -> int:
    with sqlite3.connect(path) as database:
        number: int = database.execute("PRAGMA user_version").fetchone()[0]
    database.close()
    return number


async def found(connection: SqliteConnection, sql: str) -> list[Any]:
    """Run one statement; return the first column of what it finds."""
    return await connection.write(lambda database: [row[0] for row in database.execute(sql).fetchall()])


async def test_an_empty_file_is_migrated_to_the_newest(store: SqliteStore, path: Path) -> None:
    assert version(path) == migrations()[-1].number


def test_migrations_are_numbered_without_gaps() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))


async def test_every_table_is_strict(store: SqliteStore, path: Path) -> None:
    database = sqlite3.connect(path)
    strict = {row[1]: row[5] for row in database.execute("PRAGMA table_list") if not row[1].startswith("sqlite_")}
    database.close()
    assert len(strict) == 22
    assert set(strict.values()) == {1}


def _writer(store: SqliteStore) -> SqliteConnection:
    assert isinstance(store._writer, SqliteConnection)
    return store._writer


async def test_the_database_is_kept_safe(store: SqliteStore, path: Path) -> None:
    pragmas = ("journal_mode", "synchronous", "foreign_keys")
    values = {pragma: await found(_writer(store), f"PRAGMA {pragma}") for pragma in pragmas}
    assert values == {"journal_mode": ["wal"], "synchronous": [2], "foreign_keys": [1]}


async def test_a_new_file_belongs_to_its_owner_only(store: SqliteStore, path: Path) -> None:
    await store.acquire("anna", "x", FakeClock().now(), FakeClock().now() - FakeClock().now())
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in path.parent.iterdir()} == {
        "calsync.db": "0o600",
        "calsync.db-shm": "0o600",
        "calsync.db-wal": "0o600",
        "calsync.db.ledger-key": "0o600",
    }


async def test_a_database_of_a_newer_calsync_is_refused(path: Path) -> None:
    await (await SqliteStore.open(path)).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    database.close()
    for opening in (SqliteStore.open, SqliteStore.copy):
        with pytest.raises(StoreError, match=r"calsync\.db.*newer calsync \(migration 99.*upgrade"):
            await opening(path)
    assert version(path) == 99


async def test_a_database_of_another_program_is_refused_and_not_touched(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE customer (name TEXT)")
    database.close()
    with pytest.raises(StoreError, match="belongs to another program"):
        await SqliteStore.open(path)
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("customer",)]
    database.close()


async def test_a_migration_that_fails_leaves_the_one_before_it() -> None:
    connection = await connect(MEMORY, MEMORY)
    first = Migration(1, ("CREATE TABLE a (x)", "CREATE TABLE b (x)"))
    broken = Migration(2, ("CREATE TABLE c (x)", "CREATE TABLE a (x)"))
    with pytest.raises(StoreError, match="already exists"):
        await migrate(connection, [first, broken])
    assert await found(connection, "SELECT name FROM sqlite_master") == ["a", "b"]
    await migrate(connection, [first, Migration(2, ("CREATE TABLE c (x)",))])
    assert await found(connection, "PRAGMA user_version") == [2]
    await connection.close()


async def test_a_side_that_was_listed_before_mappings_had_a_version_keeps_what_it_has() -> None:
    connection = await connect(MEMORY, MEMORY)
    await migrate(connection, migrations()[:1])
    await found(connection, "INSERT INTO account (name, run) VALUES ('anna', 3)")
    columns = "(account, side, token, round, listed_run)"
    await found(connection, f"INSERT INTO side {columns} VALUES ('anna', 'left', 'abc', 2, 3)")  # noqa: S608
    await migrate(connection, migrations())
    store = SqliteStore(connection, connection)
    left = (await store.load("anna", FakeClock().now())).sides[Side.LEFT]
    assert (left.token, left.round, left.listed_run, left.reading) == ("abc", 2, 3, None)
    await store.close()


async def test_of_a_side_that_was_read_long_ago_nobody_knows_whether_it_is_written() -> None:
    connection = await connect(MEMORY, MEMORY)
    await migrate(connection, migrations()[:5])
    await found(connection, "INSERT INTO account (name, run) VALUES ('anna', 3)")
    await found(connection, "INSERT INTO side (account, side, round) VALUES ('anna', 'left', 2)")
    await migrate(connection, migrations())
    store = SqliteStore(connection, connection)
    assert (await store.load("anna", FakeClock().now())).sides[Side.LEFT].written is None
    await store.close()


async def test_what_a_rule_had_not_answered_before_more_than_one_question_was_kept_stays_noted() -> None:
    connection = await connect(MEMORY, MEMORY)
    await migrate(connection, [one for one in migrations() if one.number < 22])
    await found(connection, "INSERT INTO account (name, run) VALUES ('anna', 3)")
    await found(connection, "INSERT INTO hang VALUES ('anna', 'l1', '', 'r1', NULL, 'shout', '1')")
    await migrate(connection, migrations())
    store = SqliteStore(connection, connection)
    first = Hang(rule="shout", version="1", left=Version("l1", "r1"), right=None)
    assert (await store.load("anna", FakeClock().now())).hangs == [first]
    second = replace(first, left=Version("l1", "r2"))
    await store.add_hang("anna", second)
    assert (await store.load("anna", FakeClock().now())).hangs == [first, second]
    await store.close()


async def test_people_who_were_invited_twice_stay_two_and_the_first_keeps_the_name() -> None:
    connection = await connect(MEMORY, MEMORY)
    await migrate(connection, [one for one in migrations() if one.number < 14])
    for name in ("Clara Öztürk", "clara öztürk", "Änne"):
        values = f"('{name}', 'user', '2026-03-02T08:30:00.000000Z')"
        await found(connection, f"INSERT INTO person (name, role, created) VALUES {values}")  # noqa: S608
    await migrate(connection, migrations())
    store = SqliteStore(connection, connection)
    assert [one.name for one in await store.people.all()] == ["Clara Öztürk", "clara öztürk (2)", "Änne"]
    first, second = await store.people.named("CLARA ÖZTÜRK"), await store.people.named("Clara Öztürk (2)")
    assert (first and first.id, second and second.id) == (1, 2)
    await store.close()


async def test_mails_that_were_prevented_before_they_were_counted_are_those_that_pages_told_of() -> None:
    connection = await connect(MEMORY, MEMORY)
    await migrate(connection, [one for one in migrations() if one.number < 15])
    await found(connection, "INSERT INTO account (name, run) VALUES ('anna', 3)")
    for event_id, attendees in (("l1", 2), ("l2", 0), ("l3", "null")):
        observation = f'{{"event":{{"attendee_count":{attendees}}}}}'
        values = f"('anna', 'left', '{event_id}', '{observation}', 1, 1, 'present', 1)"
        await found(connection, f"INSERT INTO seen VALUES {values}")  # noqa: S608
        columns = "(account, run, at, kind, side, reason, source_id, before_image, after_image)"
        values = f"('anna', 1, '2026-03-02', 'create', 'right', 'new', '{event_id}', '{{}}', '{{}}')"
        await found(connection, f"INSERT INTO ledger {columns} VALUES {values}")  # noqa: S608
    for event_id, reason in (("r1", "has_attendees"), ("r2", "online_meeting")):
        values = f"('anna', 'right', '{event_id}', 'block', '{reason}', '2026-03-02')"
        await found(connection, f"INSERT INTO unsynced VALUES {values}")  # noqa: S608
    await migrate(connection, migrations())
    store = SqliteStore(connection, connection)
    assert (await store.showing.mails_prevented("anna"), await store.showing.mails_prevented()) == (2, 2)
    assert await found(connection, "SELECT attendees FROM ledger ORDER BY id") == [2, 0, None]
    await store.close()
