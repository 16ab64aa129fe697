"""Histories on PostgreSQL: the engine cannot tell which database its store has.

`python -m tests.simulation --store postgresql` plays more of them: `make test` plays 300.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.postgresql import new_database
from tests.simulation.database import CommitsOf, SqliteDisk, use
from tests.simulation.database_postgresql import PostgresDisk
from tests.simulation.history import play

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.postgresql import Server
    from tests.simulation.world import World

SEEDS = (3, 17, 2027, 3011537)


@pytest.fixture
def on_postgresql(postgresql: Server) -> Iterator[None]:
    use(partial(PostgresDisk, new_database(postgresql.conninfo)))
    yield
    use(SqliteDisk)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_history_goes_the_same_way_on_both(
    seed: int, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CommitsOf, "number", lambda _: None)  # of which PostgreSQL does not tell
    on_sqlite = play(seed)
    request.getfixturevalue("on_postgresql")
    on_postgresql = play(seed)
    assert on_postgresql.violations == []
    assert _told(on_postgresql) == _told(on_sqlite)


def _told(world: World) -> list[str]:
    """Return what happened, but for what each database advises where another program keeps it locked."""
    return [line.partition("keeps it locked")[0] for line in world.trace]
