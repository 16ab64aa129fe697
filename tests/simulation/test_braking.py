"""The brake may hold what it must, and no more."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Report
from calsync.records import LedgerEntry
from calsync.sync.brakes import DELETES
from calsync.sync.choices import UNDONE
from calsync.sync.model import Event, Observation, Side, Timed
from calsync.sync.plan import Kind, Operation, Plan
from calsync.testing.clock import START
from tests.simulation.database import Left

if TYPE_CHECKING:
    from tests.simulation.pair import Pair

LEFT = Side.LEFT
MEETING = Event(summary="Besichtigung", when=Timed(START, START + timedelta(hours=1)))
NONE: frozenset[str] = frozenset()


def _left(awake: int, holds: frozenset[str] = NONE) -> Left:
    return Left(
        links=(),
        seen=frozenset(),
        attempts=frozenset(),
        intents=0,
        waits=False,
        ledger=[],
        awake=awake,
        holds=holds,
    )


def _one_delete_is_held(pair: Pair) -> Report:
    copy = pair.calendars[LEFT].user_create(MEETING)
    seen = Observation(id=copy, event=MEETING, revision="r1")
    delete = Operation(kind=Kind.HOLD, side=LEFT, reason=DELETES, target=seen, wanted=Kind.DELETE)
    return Report(plan=Plan(operations=(delete,)))


def _broken(pair: Pair) -> list[str]:
    return [violation.partition(":")[0] for violation in pair.world.violations]


@pytest.mark.parametrize(
    ("held", "broken"), [("by a confirmation", []), ("by a run that was killed", []), ("", ["brake"])]
)
def test_it_may_hold_few_deletes_that_were_held_as_there_were_many(
    pair: Pair, held: str, broken: list[str]
) -> None:
    report = _one_delete_is_held(pair)
    pair.braking.look(_left(9))
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES ('anna')")
    if "confirmation" in held:
        pair.braking.held(frozenset({DELETES}))
    elif held:
        pair.run_begins()
        raw.execute(
            "INSERT INTO hold (account, side, event_id, kind, reason, since)"
            " VALUES ('anna', 'left', 'event', 'delete', ?, '2026-03-02T08:00:00Z')",
            (DELETES,),
        )
        pair.run_begins()
    pair.report = report
    pair.braking.look(_left(9))
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("began", "awake", "held", "broken"),
    [
        ("before", 1, NONE, []),
        ("before", 9, NONE, ["brake"]),
        ("before", 9, frozenset({DELETES}), []),
        ("behind", 1, frozenset({DELETES}), ["brake"]),
    ],
)
def test_it_may_hold_what_it_had_to_when_a_run_began_that_was_frozen_while_another_one_ended(
    pair: Pair, began: str, awake: int, held: frozenset[str], broken: list[str]
) -> None:
    report = _one_delete_is_held(pair)
    pair.braking.look(_left(awake))
    times = [pair.world.clock.now()]
    for left in (_left(9, held), _left(9)):
        pair.world.loop.run_until_complete(pair.world.clock.sleep(1))
        pair.braking.look(left)
        times.append(pair.world.clock.now())
    pair.begun_at = times[0] if began == "before" else times[-1]
    pair.report = report
    pair.braking.look(_left(9))
    assert _broken(pair) == broken


@pytest.mark.parametrize(
    ("settled", "reason", "broken"), [(8, UNDONE, []), (7, UNDONE, ["brake"]), (8, "carried", ["brake"])]
)
def test_it_may_hold_what_is_all_that_was_not_undone_by_a_command_whose_writes_a_run_settles(
    pair: Pair, settled: int, reason: str, broken: list[str]
) -> None:
    report = _one_delete_is_held(pair)
    pair.braking.look(_left(9))
    row = LedgerEntry(run=1, at=START - timedelta(days=2), kind=Kind.DELETE, side=LEFT, reason=reason)
    pair.witness.ledger += [row] * settled
    pair.report = report
    pair.braking.look(_left(9))
    assert _broken(pair) == broken
