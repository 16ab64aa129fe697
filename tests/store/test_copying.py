from __future__ import annotations

import sqlite3
from contextlib import closing, contextmanager
from functools import partial
from typing import TYPE_CHECKING

import pytest

from calsync.errors import StoreError
from calsync.store.connection import Database, fetch
from calsync.store.copying import NUMBERED_OF_ACCOUNT, OF_ACCOUNT, OTHERS, copy
from calsync.store.migrate import bring_up, migrations
from calsync.store.postgresql import database
from calsync.store.postgresql.connection import connected
from calsync.store.postgresql.database import PostgresDatabase, go_on_counting
from calsync.store.postgresql.migrate import bring_up as bring_up_postgresql

if TYPE_CHECKING:
    from collections.abc import Iterator

TABLES = ("account", *OF_ACCOUNT, *NUMBERED_OF_ACCOUNT, *OTHERS, "departed")
VALUES = {"enabled": 0, "role": "user", "kind": "skip", "choice": "keep", "direction": "both", "private": 1}
"""Of columns that take no other ones."""


@contextmanager
def in_memory() -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as found:
        found.row_factory = sqlite3.Row
        found.execute("PRAGMA foreign_keys = ON")
        bring_up("memory", migrations(), found)
        yield found


@pytest.fixture
def on_postgresql(empty_database: str) -> Iterator[PostgresDatabase]:
    found = PostgresDatabase(partial(connected, empty_database, 1))
    database.write(partial(bring_up_postgresql, "postgresql"), None, found)
    yield found
    found.raw.close()


def fill(target: sqlite3.Connection) -> None:
    """Put three rows into each table, each column with values of its own: none may be left behind or exchanged."""
    for table in TABLES:
        columns = target.execute(f"PRAGMA table_info({table})").fetchall()
        for number in range(3 if table != "departed" else 0):
            row = {
                each["name"]: value(each["name"], each["type"], number * 1000 + place)
                for place, each in enumerate(columns)
            }
            row |= {
                name: f"name-{number}" if name != "person" else number + 1
                for name in ("account", "person")
                if name in row and table != "account"
            }
            row |= {"name": f"name-{number}"} if table in ("account", "person") else {}
            row |= {"id": number + 1} if "id" in row else {}
            names = ", ".join(row)
            target.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(row))})", [*row.values()])  # noqa: S608
    target.execute("UPDATE departed SET mails_prevented = 77")


def value(name: str, kind: str, number: int) -> object:
    if name == "side":
        return "left"
    if name in VALUES:
        return VALUES[name]
    return (1 << 40) + number if kind == "INTEGER" else f'Ä 😀 \\u0000 "{name}" {number}'


def content(source: Database) -> dict[str, list[dict[str, object]]]:
    found = {table: fetch(source, f"SELECT * FROM {table}", {}) for table in TABLES}  # noqa: S608
    return {
        table: sorted(({name: row[name] for name in row.keys()} for row in rows), key=repr)  # noqa: SIM118
        for table, rows in found.items()
    }


def test_a_store_goes_to_postgresql_and_back_without_loss(on_postgresql: PostgresDatabase) -> None:
    with in_memory() as one, in_memory() as two:
        fill(one)
        counts = database.write(lambda target: copy(one, target, "postgresql"), None, on_postgresql)
        assert counts == {**dict.fromkeys(TABLES, 3), "departed": 1}
        database.read(lambda source: copy(source, two, "memory"), on_postgresql)
        assert ordered(content(two)) == ordered(content(one))
        assert content(one)["account"][0]["rebuild"]


def ordered(found: dict[str, list[dict[str, object]]]) -> dict[str, list[dict[str, object]]]:
    return {table: sorted((dict(sorted(row.items())) for row in rows), key=repr) for table, rows in found.items()}


def test_no_table_is_forgotten() -> None:
    with in_memory() as empty:
        names = {name for (name,) in empty.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert names == {*TABLES}


def test_new_rows_are_numbered_behind_the_old_ones(on_postgresql: PostgresDatabase) -> None:
    def take(target: Database) -> None:
        copy(one, target, "postgresql")
        go_on_counting(target)

    with in_memory() as one:
        fill(one)
        database.write(take, None, on_postgresql)
    ((number,),) = on_postgresql.execute(
        "INSERT INTO audit (at, who, what) VALUES ('2026', 'anna', 'x') RETURNING id"
    ).fetchall()
    assert number == 4


@pytest.mark.parametrize("table", ["account", "audit"])
def test_what_is_in_a_store_is_not_mixed_with_another_one(table: str) -> None:
    with in_memory() as one, in_memory() as two:
        fill(one)
        two.execute(
            "INSERT INTO account (name) VALUES ('bert')"
            if table == "account"
            else "INSERT INTO audit (at, who, what) VALUES ('2026', 'anna', 'x')"
        )
        before = content(two)
        with pytest.raises(StoreError, match="store here: something is in it already; name an empty one"):
            copy(one, two, "here")
        assert content(two) == before
