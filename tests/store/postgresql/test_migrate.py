from __future__ import annotations

import asyncio
import re
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import psycopg
import pytest

from calsync.errors import StoreError
from calsync.store import migrate as of_sqlite
from calsync.store import statements
from calsync.store.postgresql import migrate as postgresql_migrate
from calsync.store.postgresql.dialect import translated
from calsync.store.postgresql.migrate import migrations
from calsync.store.postgresql.place import PostgresPlace
from calsync.store.postgresql.store import PostgresStore

if TYPE_CHECKING:
    from pathlib import Path

NEWEST = max(migrations())
COLUMNS = """
SELECT table_name, column_name, is_nullable, data_type, collation_name FROM information_schema.columns
WHERE table_schema = 'public' ORDER BY table_name, column_name
"""


def run(conninfo: str, *statements: str) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement.encode())


async def test_several_processes_may_begin_with_an_empty_database_at_once(empty_database: str) -> None:
    stores = await asyncio.gather(*(PostgresStore.open(empty_database) for _ in range(4)))
    for store in stores:
        assert await store.holders() == []
        await store.close()


async def test_a_database_of_a_newer_calsync_is_refused(empty_database: str) -> None:
    await (await PostgresStore.open(empty_database)).close()
    run(empty_database, "UPDATE calsync_version SET number = number + 1")
    with pytest.raises(StoreError, match=rf"a newer calsync \(migration {NEWEST + 1}, this one knows {NEWEST}\)"):
        await PostgresStore.open(empty_database)


async def test_a_database_of_another_program_is_refused_and_left_alone(empty_database: str) -> None:
    run(empty_database, "CREATE TABLE account (balance BIGINT)")
    with pytest.raises(StoreError, match="belongs to another program; name another one"):
        await PostgresStore.open(empty_database)


async def test_what_is_kept_is_exported_from_a_database_of_an_earlier_calsync(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = min(migrations())
    with monkeypatch.context() as earlier:
        earlier.setattr(postgresql_migrate, "migrations", lambda: {first: migrations()[first]})
        await (await PostgresStore.open(empty_database)).close()
    run(empty_database, "INSERT INTO account (name) VALUES ('anna')")
    found = await PostgresPlace(empty_database, tmp_path / "beside").export("anna")
    assert found is not None
    assert [row["name"] for row in found["account"]] == ["anna"]
    with psycopg.connect(empty_database) as connection:  # it is as it was: others may be at work with it
        assert connection.execute("SELECT number FROM calsync_version").fetchone() == (first,)


def test_both_know_the_same_newest_migration() -> None:
    assert of_sqlite.migrations()[-1].number == NEWEST


async def test_both_have_the_same_tables(empty_database: str) -> None:
    await (await PostgresStore.open(empty_database)).close()
    with psycopg.connect(empty_database) as connection:
        found = {(row[0], row[1]) for row in connection.execute(COLUMNS)}
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as database:
        of_sqlite.bring_up("memory", of_sqlite.migrations(), database)
        wanted = database.execute(
            "SELECT one.name, each.name FROM sqlite_master AS one JOIN pragma_table_info(one.name) AS each"
            " WHERE one.type = 'table'"
        ).fetchall()
    assert found == {*wanted, ("calsync_version", "number")}


async def test_texts_are_ordered_by_their_bytes_and_numbers_have_64_bits(empty_database: str) -> None:
    await (await PostgresStore.open(empty_database)).close()
    with psycopg.connect(empty_database) as connection:
        kinds = {(row[3], row[4]) for row in connection.execute(COLUMNS)}
    assert kinds == {("text", "C"), ("bigint", None)}


@pytest.mark.parametrize("number", [number for number in migrations() if number > min(migrations())])
def test_a_process_that_runs_survives_what_a_newer_one_does_to_the_store(number: int) -> None:
    """It goes on with its own statements, so tables and columns are only added, and may be left out."""
    for statement in migrations()[number].split(";"):
        text = re.sub(r"--.*", "", statement).strip()
        assert not re.search(r"\b(DROP|RENAME|TRUNCATE|DELETE)\b|\bALTER COLUMN\b", text), text
        if re.search(r"\bADD COLUMN\b", text):
            assert "NOT NULL" not in text or "DEFAULT" in text


EVENTS = r"""
INSERT INTO seen (account, side, event_id, observation, first_run, round, standing, standing_run)
SELECT 'anna', 'left', 'event-' || number,
    '{"event":{"summary":"\"uid\":\"no\"","uid":"uid-' || number || '"}}', 1, 1, '', 1
FROM generate_series(1, 50000) AS number
"""


async def test_an_event_is_found_by_its_uid_through_an_index(empty_database: str) -> None:
    await (await PostgresStore.open(empty_database)).close()
    wanted = """'[["left","uid-7"],["left","no"]]'"""
    asked = statements.SEEN_OF_UID.replace(":account", "'anna'").replace(":wanted", wanted)
    with psycopg.connect(empty_database) as connection:
        connection.execute("INSERT INTO account (name) VALUES ('anna')")
        connection.execute(EVENTS.encode())
        connection.execute("ANALYZE seen")
        assert [row[2] for row in connection.execute(translated(asked).text)] == ["event-7"]
        plan = [row[0] for row in connection.execute(b"EXPLAIN " + translated(asked).text)]
    assert any("Index Cond" in line and '"uid":' in line for line in plan), plan
