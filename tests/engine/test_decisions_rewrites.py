"""Rewrites that a person has released, or given up, also where a conflict waits beside them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.sync.choices import Choice
from calsync.sync.model import Timed
from calsync.values import replace
from tests.engine.deciding import cases, partner, say, synced

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World

HOUR = timedelta(hours=1)


async def held_rewrites(world: World, meeting: Event) -> None:
    """Have the rewrites of 30 pairs held."""
    for event_id in await synced(world, meeting, 30):
        world.left.user_edit(event_id, description="überall neu")
    await world.run()
    assert {case.reason for case in await cases(world)} == {"brake_rewrites"}


async def test_released_rewrites_are_carried_out(world: World, meeting: Event) -> None:
    await held_rewrites(world, meeting)
    assert await say(world, Choice.RELEASE) == 30
    await world.run()
    assert {event.description for event in world.right.events().values()} == {"überall neu"}
    await world.settle()


async def test_rewrites_that_are_given_up_leave_both_sides_as_they_are(world: World, meeting: Event) -> None:
    await held_rewrites(world, meeting)
    await say(world, Choice.KEEP)
    await world.settle()
    assert {event.description for event in world.right.events().values()} == {"Schlüssel"}
    assert {event.description for event in world.left.events().values()} == {"überall neu"}
    assert await cases(world) == []
    told = [entry for entry in await world.store.ledger("anna", 200) if entry.reason == "given_up"]
    assert {entry.after["description"] for entry in told} == {"überall neu", "Schlüssel"}


async def test_an_edit_behind_a_rewrite_that_was_given_up_travels(world: World, meeting: Event) -> None:
    await held_rewrites(world, meeting)
    await say(world, Choice.KEEP)
    await world.run()
    world.left.user_edit(next(iter(world.left.events())), description="noch neuer")
    await world.settle()
    assert [event.description for event in world.right.events().values()].count("noch neuer") == 1


@pytest.mark.parametrize(("choice", "asked"), [(Choice.KEEP, set()), (Choice.RELEASE, {"brake_rewrites"})])
async def test_a_rewrite_that_is_given_up_stays_so_where_its_pair_sleeps_before_a_run_hears_of_it(
    world: World, meeting: Event, choice: Choice, asked: set[str]
) -> None:
    """Its source lies behind the window, and its target ahead of it by the time a run hears of that."""
    days = {"old": timedelta(days=-88), "far": timedelta(days=400)}
    whens = {name: Timed(world.clock.now() + each, world.clock.now() + each + HOUR) for name, each in days.items()}
    for event_id in await synced(world, replace(meeting, when=whens["old"]), 30):
        world.left.user_edit(event_id, when=whens["far"])
    await world.run()
    assert {case.reason for case in await cases(world)} == {"brake_rewrites"}
    await say(world, choice)
    for later in (3, 40):  # both lie outside; the source is inside
        world.clock.advance(later * 86400)
        await world.settle()
    assert {case.reason for case in await cases(world)} == asked  # what was released is asked about anew
    assert {event.when for event in world.right.events().values()} == {whens["old"]}
    assert {event.when for event in world.left.events().values()} == {whens["far"]}


async def test_a_rewrite_that_is_given_up_stays_so_while_its_original_is_a_series_for_a_while(
    world: World, meeting: Event
) -> None:
    await held_rewrites(world, meeting)
    await say(world, Choice.KEEP)
    original = next(iter(world.left.events()))
    for series in (True, False):
        world.left.user_edit(original, series=series)
        await world.settle()
    assert await cases(world) == []
    assert {event.description for event in world.right.events().values()} == {"Schlüssel"}
    world.left.user_edit(original, description="noch neuer")
    await world.settle()
    assert [event.description for event in world.right.events().values()].count("noch neuer") == 1


async def held_rewrites_beside_a_conflict(world: World, meeting: Event) -> str:
    """Have the rewrites of 30 pairs held, and both sides of one change another field; return its copy."""
    world.settings["policy"] = "hold"
    await held_rewrites(world, meeting)
    left = next(each for each, event in world.left.events().items() if event.summary == "Termin 0")
    right = partner(world, world.left.events()[left])
    world.left.user_edit(left, summary="links")
    world.right.user_edit(right, summary="rechts")
    await world.run()
    assert {case.reason for case in await cases(world)} == {"brake_rewrites", "conflict"}
    return right


@pytest.mark.parametrize(
    ("rewrites", "notes"), [(Choice.KEEP, "Schlüssel"), (Choice.RELEASE, "überall neu"), (None, "Schlüssel")]
)
@pytest.mark.parametrize(("chosen", "summary"), [(Choice.LEFT, "links"), (Choice.RIGHT, "rechts")])
async def test_what_is_said_of_one_field_is_not_said_of_another(
    world: World, meeting: Event, rewrites: Choice | None, notes: str, chosen: Choice, summary: str
) -> None:
    """One field of a pair is a conflict, and a brake holds another."""
    right = await held_rewrites_beside_a_conflict(world, meeting)
    for case in await cases(world):
        if case.reason == "conflict":
            await say(world, chosen, case.name)
        elif rewrites is not None:
            await say(world, rewrites, case.name)
    await world.run()
    await world.run()
    assert world.right.events()[right].summary == summary
    assert world.right.events()[right].description == notes
    assert {event.summary for event in world.left.events().values()} >= {summary}
