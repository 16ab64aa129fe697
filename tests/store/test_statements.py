import sqlite3
from contextlib import closing
from typing import Any

import pytest

from calsync.store import statements
from calsync.store.migrate import migrations
from calsync.store.statements import ROWS, Many

DROPS = {
    name: each for name, each in vars(statements).items() if isinstance(each, Many) and name.startswith("DROP")
}


def test_all_rows_are_taken_in_their_order() -> None:
    rows = [{"account": "anna", "id": number} for number in range(ROWS * 2 + 1)]
    parts = [values for _, values in statements.DROP_LINK.of(rows)]
    assert [len(values) for values in parts] == [ROWS * 2, ROWS * 2, 2]
    assert [value for values in parts for value in values[1::2]] == [row["id"] for row in rows]


def test_no_rows_make_no_statement() -> None:
    assert list(statements.DROP_LINK.of([])) == []


def steps(sql: str, values: Any) -> list[str]:
    """Return how SQLite carries out a statement."""
    with closing(sqlite3.connect(":memory:")) as database:
        for migration in migrations():
            for statement in migration.statements:
                database.execute(statement)
        return [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values)]


@pytest.mark.parametrize("name", DROPS)
def test_dropping_many_rows_reads_no_other_ones(name: str) -> None:
    drop = DROPS[name]
    ((sql, values),) = drop.of([dict.fromkeys(drop.columns, "x")] * ROWS)
    found = steps(sql, values)
    assert found
    assert not [step for step in found if step.startswith("SCAN")]


def test_what_a_first_sync_spends_is_counted_without_reading_all_events_for_each() -> None:
    found = steps(statements.SPENT, dict.fromkeys(("account", "since", "begun", "hour"), "x"))
    (step,) = (step for step in found if step.startswith("SEARCH seen"))
    assert step.endswith("(account=? AND side=? AND event_id=?)")


def test_that_nothing_is_old_enough_is_found_without_reading_the_ledger() -> None:
    found = steps(statements.FORGET_LEDGER, {"before": "x"})
    assert not [step for step in found if step.startswith(("SCAN ledger", "SCAN oldest"))]
    assert [step for step in found if step.startswith("SEARCH oldest")]


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("SEEN_OF", "event_id=?"),
        ("SEEN_OF_UID", "USING INDEX seen_of_uid (account=? AND side=? AND <expr>=?)"),
        ("LINKS_OF", "right_id=?"),
        ("LINKS_OF", "left_id=?"),
        ("TOMBSTONES_OF", "event_id=?"),
        ("AWAKE", "USING COVERING INDEX link_of_state"),
    ],
)
def test_what_is_read_of_some_events_is_found_by_an_index(name: str, by: str) -> None:
    found = steps(getattr(statements, name), {"account": "x", "wanted": "[]"})
    assert [step for step in found if step.startswith("SEARCH") and by in step]
    assert not [step for step in found if step.startswith("SCAN") and not step.startswith("SCAN wanted")]
