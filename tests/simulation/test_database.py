"""The disk of the simulation: what is put back is what was there, and a copy is a disk of its own."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from calsync.store import statements
from tests.simulation.database import SqliteDisk

if TYPE_CHECKING:
    import sqlite3


def _knows(raw: sqlite3.Connection, account: str) -> None:
    """Remember an account, and one of its sides."""
    raw.execute(statements.NEW_ACCOUNT, {"account": account})
    raw.execute("INSERT INTO side (account, side, round) VALUES (?, 'left', 7)", [account])


def test_a_disk_that_is_put_back_holds_what_it_held_and_nothing_else() -> None:
    with closing(SqliteDisk()) as disk:
        _knows(disk.raw, "anna")
        kept = disk.snapshot()
        _knows(disk.raw, "ben")
        disk.raw.execute("UPDATE side SET round = 8")
        disk.restore(kept)
        assert disk.snapshot() == kept
        assert [tuple(row) for row in disk.raw.execute("SELECT account, round FROM side")] == [("anna", 7)]


def test_a_copy_is_a_disk_of_its_own() -> None:
    with closing(SqliteDisk()) as disk:
        _knows(disk.raw, "anna")
        kept = disk.snapshot()
        with closing(SqliteDisk(kept)) as copy:
            copy.raw.execute("DELETE FROM side")
        assert disk.snapshot() == kept


def test_a_world_begins_with_an_empty_disk() -> None:
    with closing(SqliteDisk()) as disk:
        _knows(disk.raw, "anna")
    with closing(SqliteDisk()) as disk:
        assert disk.snapshot() == {}
