"""What a rule has not answered is asked again by those only who began before that was noted."""

from __future__ import annotations

from contextvars import copy_context
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.sync.asking import Asked, Asking, Hang
from calsync.sync.model import Event, Observation, Side, Timed
from calsync.testing.clock import START as BEGIN
from tests.simulation.loop import PROCESS
from tests.simulation.pair import START, Ended
from tests.simulation.steps import Steps

if TYPE_CHECKING:
    from tests.simulation.pair import Pair

MEETING = Event(summary="Besichtigung", when=Timed(BEGIN, BEGIN + timedelta(hours=1)))


@pytest.mark.parametrize(
    ("noted_after", "excused"),
    [(None, False), (timedelta(seconds=-1), False), (timedelta(), False), (timedelta(seconds=1), True)],
)
def test_a_run_may_ask_what_was_noted_since_it_began(
    pair: Pair, noted_after: timedelta | None, excused: bool
) -> None:
    now, asking = pair.world.clock.now(), Asking()
    asking.question = Asked("anna", "hanging", ""), (Observation(id="left-1", event=MEETING, revision="r1"), None)
    if noted_after is not None:
        pair.noted[Hang.of(asking.question)] = now + noted_after
    this = copy_context()
    this.run(PROCESS.set, Steps(pair.world, "simulation/1"))
    this.run(START.set, (0, now))
    with pytest.raises(Ended):
        this.run(pair._hang, asking)
    found = [violation.partition(":")[0] for violation in pair.world.violations]
    assert found == ([] if noted_after is None or excused else ["I10"])
    assert pair.world.excuses["asked meanwhile"] == excused


@pytest.mark.parametrize("other", ["left-1", "left-2"])
def test_what_was_noted_of_another_version_or_event_excuses_nobody_who_asks_again(pair: Pair, other: str) -> None:
    questions = [("left-1", "r1"), (other, "r2")]
    asking, rule = Asking(), Asked("anna", "hanging", "")
    for event_id, revision in [*questions, questions[0]]:
        asking.question = rule, (Observation(id=event_id, event=MEETING, revision=revision), None)
        this = copy_context()
        this.run(PROCESS.set, Steps(pair.world, "simulation/1"))
        with pytest.raises(Ended):
            this.run(pair._hang, asking)
        pair.world.loop.run_until_complete(pair.take_notes(pair.world.disk.store()))
    found = [violation.partition(":")[0] for violation in pair.world.violations]
    assert found == ["I10"]


@pytest.mark.parametrize(("lag", "found"), [(120, []), (60, ["I10"])])
def test_a_rule_may_be_asked_again_about_what_a_listing_could_not_show_yet_when_it_was_noted(
    pair: Pair, lag: int, found: list[str]
) -> None:
    """As where an old disk was put back that knows the event as it was before."""
    left = pair.calendars[Side.LEFT]
    left.behaviour.lag = timedelta(seconds=lag)
    event = left.user_create(MEETING)
    pair.world.loop.pass_time(90)
    asking, this = Asking(), copy_context()
    seen = Observation(id=event, event=MEETING, revision=left.rows.rows[event].revision)
    asking.question = Asked("anna", "hanging", ""), (seen, None)
    pair.noted[Hang.of(asking.question)] = pair.world.clock.now()
    this.run(PROCESS.set, Steps(pair.world, "simulation/1"))
    this.run(START.set, (0, pair.world.clock.now()))
    with pytest.raises(Ended):
        this.run(pair._hang, asking)
    assert [violation.partition(":")[0] for violation in pair.world.violations] == found
