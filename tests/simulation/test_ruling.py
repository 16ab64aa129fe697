"""What the rules that are gone had kept out is not written, unless it was not known then what became of it."""

from __future__ import annotations

from contextvars import copy_context
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Report
from calsync.sync.model import Event, Side, Timed
from calsync.testing.clock import START
from calsync.testing.rows import Place
from calsync.values import replace
from tests.simulation.database import Left
from tests.simulation.pair import MAKING
from tests.simulation.writes import MINUTES

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


@pytest.mark.parametrize(
    ("days", "restored", "broken"), [(-120, True, False), (-120, False, True), (1, True, True)]
)
def test_an_edit_waits_unless_its_event_came_back_outside_the_window_where_nothing_tells_of_that(
    pair: Pair, days: int, restored: bool, broken: bool
) -> None:
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    away = Timed(START + timedelta(days=days), START + timedelta(days=days, hours=1))
    original, copy = left.user_create(replace(KEPT_OUT, when=away)), right.user_create(KEPT_OUT)
    links = [(original, copy)]
    pair.report = Report()
    pair.witness.look(Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[]))
    right.user_edit(copy, description="Notiz 2 mit Text")
    if restored:
        left.user_delete(original)
        left.user_restore(original)
    else:
        left.rows.change(original, by_us=True, event=replace(KEPT_OUT, when=away))
    pair.begun, pair.strict, pair.ruled = len(pair.journal), "guard", True
    pair.witness.look(Left(links=links, seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[]))
    pair.world.disk.raw.execute("INSERT INTO account (name) VALUES ('anna')")
    pair.rule(None)
    left.rows.change(original, by_us=True, event=replace(KEPT_OUT, description="Notiz 2 mit Text"))
    assert any(violation.startswith("R1:") for violation in pair.world.violations) == broken


@pytest.mark.parametrize(("days", "broken"), [(-120, False), (1, True)])
def test_what_was_linked_since_may_bring_an_edit_that_nothing_had_told(
    pair: Pair, days: int, broken: bool
) -> None:
    """As where two events that look alike are found once no rule keeps them out, and one has left the window."""
    left, right = pair.calendars[LEFT], pair.calendars[RIGHT]
    left.behaviour.lag = right.behaviour.lag = timedelta(0)
    moved = Timed(START + timedelta(days=days), START + timedelta(days=days, hours=1))
    one, other = left.user_create(KEPT_OUT), right.user_create(KEPT_OUT)
    left.user_edit(one, when=moved)
    nothing = Left(links=(), seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[])
    pair.report, pair.begun, pair.strict, pair.ruled = Report(), len(pair.journal), "guard", True
    pair.witness.look(nothing)
    pair.world.disk.raw.execute("INSERT INTO account (name) VALUES ('anna')")
    pair.rule(None)
    pair.witness.look(replace(nothing, links=[(one, other)]))
    right.rows.change(other, by_us=True, event=replace(KEPT_OUT, when=moved))
    assert any(violation.startswith("R1:") for violation in pair.world.violations) == broken


@pytest.mark.parametrize("freed", [True, False])
def test_what_a_person_s_undo_of_an_undo_has_freed_is_copied_also_where_rules_had_kept_it_out(
    pair: Pair, freed: bool
) -> None:
    original, copy = pair.calendars[LEFT].user_create(KEPT_OUT), pair.calendars[RIGHT].user_create(KEPT_OUT)
    left = Left(
        links=[(original, copy)], seen=frozenset(), attempts=frozenset(), intents=0, waits=False, ledger=[]
    )
    pair.report = Report()
    pair.witness.look(left)
    kept = len(pair.journal)
    pair.undos._parted[LEFT, original] = 1
    pair.ruling._kept_out[LEFT, original] = lambda past: past.number >= kept
    pair.undos._before = {**pair.undos._parted}
    pair.undos._let_go(replace(left, links=[]) if freed else left)
    made = copy_context()
    made.run(MAKING.set, f"v1:anna:1:{sha256(original.encode()).hexdigest()[:16]}")
    made.run(pair.calendars[RIGHT].rows.add, KEPT_OUT, by_us=True, reminder_minutes=MINUTES)
    assert [violation.partition(":")[0] for violation in pair.world.violations if "R1" in violation] == (
        [] if freed else ["R1"]
    )
