from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from calsync.store import (
    assignments,
    history_statements,
    lives_statements,
    people_statements,
    showing_statements,
    statements,
    turns,
)
from calsync.store.postgresql.dialect import translated
from calsync.store.postgresql.store import PostgresStore
from calsync.store.statements import Many

if TYPE_CHECKING:
    from collections.abc import Iterator

MODULES = (
    assignments,
    history_statements,
    lives_statements,
    people_statements,
    showing_statements,
    statements,
    turns,
)


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from texts(each)
    elif isinstance(value, dict):
        yield from texts(tuple(value.values()))
    elif isinstance(value, Many):
        yield from (sql for sql, _ in value.of([dict.fromkeys(value.columns)]))


def every_statement() -> Iterator[tuple[str, str]]:
    for module in MODULES:
        for name, value in vars(module).items():
            if name.isupper() and not name.startswith("_"):
                for text in texts(value):
                    if text.split()[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
                        yield f"{module.__name__}.{name}", text


async def test_a_server_understands_every_statement(empty_database: str) -> None:
    await (await PostgresStore.open(empty_database)).close()
    refused = []
    with psycopg.connect(empty_database, autocommit=True) as connection:
        for number, (name, text) in enumerate(every_statement()):
            try:
                result = connection.pgconn.prepare(f"t{number}".encode(), translated(text).text)
            except psycopg.Error as error:
                refused.append((name, str(error)))
            else:
                refused += [(name, result.error_message.decode())] if result.error_message else []
    assert refused == []
    assert len(dict(every_statement())) > 90


@pytest.mark.parametrize(
    ("ours", "theirs", "names"),
    [
        ("SELECT :a, :b, :a", "SELECT $1, $2, $1", ["a", "b"]),
        ("VALUES (?, ?), (?, ?)", "VALUES ($1, $2), ($3, $4)", []),
        ("SELECT 'hold:' || kind, ': ' || :a", "SELECT 'hold:' || kind, ': ' || $1", ["a"]),
        (
            "x IN (SELECT value FROM json_each(:ids))",
            "x IN (SELECT value FROM json_array_elements_text(CAST($1 AS json)))",
            ["ids"],
        ),
        (
            """json_each('["left", "right"]')""",
            """json_array_elements_text(CAST('["left", "right"]' AS json))""",
            [],
        ),
        ("json_extract(wanted.value, '$[1]')", "(CAST(wanted.value AS json) ->> 1)", []),
        ("json_type(o, '$.event.private') = 'true'", "(CAST(o AS json) #>> '{event,private}') = 'true'", []),
        ("a CROSS JOIN b ON c CROSS JOIN d AS e", "a JOIN b ON c CROSS JOIN d AS e", []),
    ],
)
def test_the_words_that_differ_are_turned(ours: str, theirs: str, names: list[str]) -> None:
    found = translated(ours)
    assert (found.text.decode(), list(found.names)) == (theirs, names)


def test_values_come_in_the_order_of_their_places() -> None:
    assert translated("UPDATE a SET b = :b WHERE c = :a AND d = :b").ordered({"a": 1, "b": 2}) == [2, 1]
    assert translated("VALUES (?, ?)").ordered((3, 4)) == [3, 4]
