"""What a change of the rules holds, and something else as well: each word counts for its own question."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from calsync.desk.decisions import decide, waiting
from calsync.errors import EventError, Retry
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Event, Side
from calsync.sync.rules import ALLOW, Hold, Rule, Verdict, Write
from calsync.values import replace
from calsync_rules.private_mask import PrivateMask
from calsync_rules.series_skip import SeriesSkip
from tests.engine.deciding import cases, say
from tests.engine.ruling import Skips, held, runs_with, writes

if TYPE_CHECKING:
    from tests.engine.conftest import World


class Refuses(Rule):
    """Holds every create."""

    name = "refuses"

    def guard(self, write: Write) -> Verdict:
        return Hold("not_now") if write.target is None else ALLOW


class Fails(Rule):
    """Answers nothing about any event."""

    name = "fails"

    def admit(self, event: Event) -> str | None:
        raise ValueError


@pytest.mark.parametrize("error", [Retry("busy"), EventError("refused")])
async def test_a_twin_that_a_person_had_copied_is_tried_until_it_is_there(
    world: World, meeting: Event, error: Exception
) -> None:
    """The others are linked meanwhile, so that nothing but the change of the rules would hold it."""
    for calendar in (world.left, world.right, world.right):
        twin = calendar.user_create(meeting)
    await world.settle()
    await runs_with(world, SeriesSkip(), PrivateMask("Privat"))
    cases = await waiting(world.store, "anna", Direction.BOTH, world.clock.now())
    names = [case.name for case in cases if case.event_id == twin and case.reason == "ambiguous"]
    await decide(world.store, "anna", Direction.BOTH, names, Choice.RELEASE, world.clock.now())
    world.left.faults.add("create", lambda: error)
    for _ in range(4):
        with suppress(Retry):
            await world.run()
        world.clock.advance(3600)
    assert len(world.left.events()) == 2


async def twins_under_other_rules(world: World, meeting: Event) -> str:
    """Have one event on the left look like two on the right when the rules become others; return the left one."""
    left: str = world.left.user_create(meeting)
    for _ in range(2):
        world.right.user_create(meeting)
    await world.settle()
    await runs_with(world, SeriesSkip(), PrivateMask("Privat"), times=1)
    return left


async def test_a_twin_that_a_change_of_the_rules_holds_as_well_is_one_case_until_it_is_none(
    world: World, meeting: Event
) -> None:
    """A word about the twin counts for both: only where none is needed any more, the rules are asked about."""
    left = await twins_under_other_rules(world, meeting)
    found = await cases(world)
    assert sorted((case.side, case.reason) for case in found) == [
        ("left", "ambiguous"),
        ("left", "ambiguous"),
        ("right", "ambiguous"),
    ]
    report = await world.run()
    assert report.held_since.keys() == {"ambiguous"}
    names = [case.name for case in found if case.event_id == left]
    assert len(await decide(world.store, "anna", Direction.BOTH, names, Choice.PAIR, world.clock.now())) == 1
    await world.settle()
    assert await held(world) == [("left", "create", "rules")]
    assert await say(world, Choice.RELEASE) == 1
    await world.settle()
    assert await held(world) == []
    assert len(world.left.events()) == 2


async def test_the_run_of_the_change_tells_of_a_twin_once(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    for _ in range(2):
        world.right.user_create(meeting)
    await world.settle()
    report = await runs_with(world, SeriesSkip(), PrivateMask("Privat"), times=1)
    assert [each.reason for each in report.plan.operations if each.event_id == left] == ["ambiguous"]
    assert sum(counts.held for counts in report.counts.values()) == 3


async def test_what_a_person_has_released_of_the_rules_is_not_asked_again_where_it_came_to_look_like_others(
    world: World, meeting: Event
) -> None:
    """It waits for the other question, and is carried out when that one is over."""
    event = replace(meeting, summary="Urlaub")
    world.left.user_create(event)
    await runs_with(world, Skips(), times=1)
    await runs_with(world, times=1)
    assert await say(world, Choice.RELEASE) == 1
    twins = [world.right.user_create(event) for _ in range(2)]
    await world.settle()
    assert [case.reason for case in await cases(world)] == ["ambiguous"] * 3
    assert writes(world) == 0
    for twin in twins:
        world.right.user_delete(twin)
    await world.settle()
    assert await held(world) == []
    assert len(world.right.events()) == 1


async def test_a_word_about_the_rules_waits_for_a_rule_that_holds_the_same_create(
    world: World, meeting: Event
) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips(), times=1)
    await runs_with(world, times=1)
    assert await say(world, Choice.RELEASE) == 1
    await runs_with(world, Refuses())
    found = {case.reason: case.decided for case in await cases(world)}
    assert found == {"not_now": None, "rules": Choice.RELEASE}
    assert writes(world) == 0
    await runs_with(world)
    assert len(world.right.events()) == 1
    assert await held(world) == []


@pytest.mark.parametrize(("choice", "copies"), [(Choice.RELEASE, 1), (Choice.KEEP, 0)])
async def test_a_word_about_the_rules_is_not_asked_for_again_where_a_rule_does_not_answer_meanwhile(
    world: World, meeting: Event, choice: Choice, copies: int
) -> None:
    world.left.user_create(replace(meeting, summary="Urlaub"))
    await runs_with(world, Skips(), times=1)
    await runs_with(world, times=1)
    await runs_with(world, Fails(), times=1)
    assert {case.reason for case in await cases(world)} == {"rule_failed:fails", "rules"}
    assert await say(world, choice) == 1
    await runs_with(world, Fails())
    assert [case for case in await cases(world) if case.reason == "rules" and case.decided is None] == []
    assert writes(world) == 0
    await runs_with(world)
    assert await held(world) == []
    assert len(world.right.events()) == copies


async def test_who_decides_about_the_rules_as_it_was_shown_before_is_told_that_this_is_not_asked_any_more(
    world: World, meeting: Event
) -> None:
    event = replace(meeting, summary="Urlaub")
    world.left.user_create(event)
    await runs_with(world, Skips(), times=1)
    await runs_with(world, times=1)
    names = [case.name for case in await cases(world)]
    for _ in range(2):
        world.right.user_create(event)
    await world.settle()
    assert await decide(world.store, "anna", Direction.BOTH, names, Choice.RELEASE, world.clock.now()) == []
    assert [case.decided for case in await cases(world)] == [None] * 3


async def test_both_words_about_one_twin_are_kept_until_it_is_copied(world: World, meeting: Event) -> None:
    event = replace(meeting, summary="Urlaub")
    left = world.left.user_create(event)
    await runs_with(world, Skips(), times=1)
    await runs_with(world, times=1)
    await say(world, Choice.RELEASE)
    for _ in range(2):
        world.right.user_create(event)
    await world.settle()
    names = [case.name for case in await cases(world) if case.event_id == left]
    assert len(await decide(world.store, "anna", Direction.BOTH, names, Choice.RELEASE, world.clock.now())) == 1
    world.right.faults.add("create", lambda: EventError("no"), after=False)
    await world.run()
    assert {word.reason for word in await world.store.decisions.of("anna")} == {"ambiguous", "rules"}
    world.clock.advance(10_000)
    await world.settle()
    assert len(world.right.events()) == 3
    assert await world.store.decisions.of("anna") == []


async def test_a_create_waits_no_more_on_a_side_that_is_not_written_any_more(world: World, meeting: Event) -> None:
    """It looks like others, and is held for that: what a person said of it as a create would be asked again."""
    for calendar in (world.left, world.right, world.right):
        calendar.user_create(meeting)
    await world.settle()
    await runs_with(world, SeriesSkip(), PrivateMask("Privat"))
    assert await held_for_rules(world) == 2
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    await world.run()
    assert await held_for_rules(world) == 0
    world.settings["direction"] = Direction.BOTH
    await world.settle()
    assert writes(world) == 0


async def held_for_rules(world: World) -> int:
    """Return how many creates on the left wait for a change of the rules, whatever else they wait for."""
    state = await world.store.load("anna", world.clock.now())
    return sum((side, reason) == (Side.LEFT, "rules") for side, _, _, reason in state.holds)
