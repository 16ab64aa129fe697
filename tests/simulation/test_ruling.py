"""What the rules that are gone had kept out is not written, unless it was not known then what became of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Report
from calsync.sync.model import Event, Side, Timed
from calsync.testing.clock import START
from calsync.testing.rows import Place
from tests.simulation.database import Left

if TYPE_CHECKING:
    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
KEPT_OUT = Event(summary="Termin 10 mit Text", when=Timed(START, START + timedelta(hours=1)))


@pytest.mark.parametrize(("standing", "broken"), [("deleted", ["R1"]), ("gone", [])])
def test_a_delete_that_was_proven_under_the_rules_of_before_waits(
    pair: Pair, standing: str, broken: list[str]
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    original, copy = left.user_create(KEPT_OUT), right.user_create(KEPT_OUT)
    links = [(original, copy)]
    pair.report = Report()
    pair.witness.look(Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[]))
    right.user_delete(copy)
    pair.begun, pair.strict, pair.ruled = len(pair.journal), "guard", True
    pair.witness.look(Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[]))
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES ('anna')")
    raw.execute(
        "INSERT INTO seen (account, side, event_id, observation, first_run, round, standing, standing_run)"
        " VALUES ('anna', 'right', ?, '{}', 1, 1, ?, 1)",
        (copy, standing),
    )
    pair.rule(None)
    left.rows.change(original, by_us=True, place=Place.TRASH)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == broken
