"""The witness hears what runs have told, and knows what they could have read."""

from __future__ import annotations

from contextvars import copy_context
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.engine import Report
from calsync.ports import Gone, Here
from calsync.sync.model import Event, Side, Timed
from calsync.testing.clock import START
from tests.simulation.pair import TAKEN

if TYPE_CHECKING:
    from calsync.ports import Whereabouts
    from tests.simulation.pair import Pair

LEFT, RIGHT = Side.LEFT, Side.RIGHT
MEETING = Event(summary="Besichtigung", when=Timed(START, START + timedelta(hours=1)))


@pytest.mark.parametrize("then", ["a run", "a command"])
@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("beside", [False, True])
def test_what_a_killed_run_told_is_heard_before_it_is_forgotten(
    pair: Pair, beside: bool, killed: bool, then: str
) -> None:
    """Also where another one was turned away beside it, just before."""
    raw = pair.world.disk.raw
    raw.execute("INSERT INTO account (name) VALUES (?)", (pair.name,))
    pair.run_begins()
    if beside:
        pair.run_begins()
        pair.run_ended(raw, None, TAKEN)
    raw.execute(
        "INSERT INTO ledger (account, run, at, kind, side, reason, before_image, after_image)"
        " VALUES (?, 1, '2026-03-02T08:00:00Z', 'link', 'right', 'rebuilt_different', '{}', '{}')",
        (pair.name,),
    )
    if not killed:
        pair.run_ended(raw, None, "")
    pair.run_begins() if then == "a run" else pair.acts()
    assert [entry.reason for entry in pair.witness.ledger] == ["rebuilt_different"]


def test_a_run_knows_nothing_of_what_came_before_another_runner_s_run_only(pair: Pair) -> None:
    """That one began later, and was turned away at once, as the account was taken."""
    raw, left = pair.world.disk.raw, pair.calendars[LEFT]
    left.behaviour.lag = timedelta(0)
    raw.execute("INSERT INTO account (name) VALUES (?)", (pair.name,))
    one, other = copy_context(), copy_context()
    left.user_create(MEETING)
    one.run(pair.run_begins)
    left.user_create(MEETING)
    other.run(pair.run_begins)
    other.run(pair.run_ended, raw, None, TAKEN)
    one.run(pair.run_ended, raw, Report(), "")
    assert [pair.witness.dealt_with(entry) for entry in pair.journal] == [True, False]


def test_what_is_not_to_be_found_for_one_run_is_found_by_one_that_had_begun_before(pair: Pair) -> None:
    calendar, world = pair.calendars[RIGHT], pair.world
    event_id = calendar.user_create(MEETING)
    before, run = copy_context(), copy_context()
    before.run(pair.acts)
    calendar.losing = {event_id}
    run.run(pair.acts)

    async def ask() -> list[Whereabouts]:
        ways = [world.loop.create_task(calendar.locate(event_id), context=each) for each in (run, run, before)]
        return [await way for way in ways]

    assert [type(place) for place in world.loop.run_until_complete(ask())] == [Gone, Gone, Here]
