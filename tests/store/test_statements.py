import sqlite3

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


@pytest.mark.parametrize("name", DROPS)
def test_dropping_many_rows_reads_no_other_ones(name: str) -> None:
    database = sqlite3.connect(":memory:")
    for migration in migrations():
        for statement in migration.statements:
            database.execute(statement)
    drop = DROPS[name]
    ((sql, values),) = drop.of([dict.fromkeys(drop.columns, "x")] * ROWS)
    steps = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {sql}", values)]
    database.close()
    assert steps
    assert not [step for step in steps if step.startswith("SCAN")]
