"""Values of which a person says which one counts: conflicts, and what a server may have changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.errors import UnknownOutcome
from calsync.sync.choices import Choice
from calsync.sync.model import Side, Timed
from calsync.values import replace
from tests.engine.deciding import cases, conflict, partner, say

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


@pytest.mark.parametrize(
    ("choice", "wins", "loses"), [(Choice.LEFT, "links", "rechts"), (Choice.RIGHT, "rechts", "links")]
)
async def test_a_decided_conflict_ends_with_the_chosen_value_on_both_sides(
    world: World, meeting: Event, choice: Choice, wins: str, loses: str
) -> None:
    await conflict(world, meeting)
    assert await say(world, choice) == 1
    await world.run()
    assert {event.summary for side in world.both() for event in side} == {wins}
    (entry,) = await world.store.ledger("anna", 1)
    assert (entry.reason, entry.before["summary"], entry.after["summary"]) == ("decided", loses, wins)
    assert await cases(world) == []
    await world.settle()


async def test_a_conflict_may_be_left_different(world: World, meeting: Event) -> None:
    await conflict(world, meeting)
    await say(world, Choice.KEEP)
    await world.settle()
    assert [event.summary for side in world.both() for event in side] == ["links", "rechts"]
    assert await cases(world) == []


async def test_a_conflict_of_new_values_is_decided_anew(world: World, meeting: Event) -> None:
    left, right = await conflict(world, meeting)
    await say(world, Choice.LEFT)
    await world.run()
    world.left.user_edit(left, summary="links 2")
    world.right.user_edit(right, summary="rechts 2")
    await world.run()
    assert [event.summary for side in world.both() for event in side] == ["links 2", "rechts 2"]
    (case,) = await cases(world)
    assert case.decided is None


@pytest.mark.parametrize("after", [False, True])
async def test_a_decided_conflict_survives_a_lost_answer(world: World, meeting: Event, after: bool) -> None:
    await conflict(world, meeting)
    await say(world, Choice.LEFT)
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=after)
    await world.run()
    await world.settle()
    assert {event.summary for side in world.both() for event in side} == {"links"}


async def test_what_a_server_may_have_changed_is_decided(world: World, meeting: Event) -> None:
    """Behind a lost answer nobody knows whether the server or a person cut the text."""
    world.right.behaviour.tells_writer = False
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.left.user_edit(left, description="Schlüssel beim Nachbarn")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=True)
    await world.run()
    world.right.user_edit(right, description="Schlüssel beim")
    await world.run()
    (case,) = await cases(world)
    assert (case.reason, case.choices) == ("changed_by_server", (Choice.LEFT, Choice.RIGHT, Choice.KEEP))
    await say(world, Choice.RIGHT)
    await world.settle()
    assert {event.description for side in world.both() for event in side} == {"Schlüssel beim"}
    assert await cases(world) == []


@pytest.mark.parametrize(("choice", "here"), [(Choice.RELEASE, 0), (Choice.KEEP, 1)])
async def test_a_delete_of_what_a_server_may_have_changed_is_decided(
    world: World, meeting: Event, choice: Choice, here: int
) -> None:
    world.right.behaviour.tells_writer = False
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    right = partner(world, meeting)
    world.left.user_edit(left, description="Schlüssel beim Nachbarn")
    world.right.faults.add("update", lambda: UnknownOutcome("lost"), after=True)
    await world.run()
    world.right.user_edit(right, description="Schlüssel beim")
    world.left.user_delete(left)
    await world.run()
    (case,) = await cases(world)
    assert (case.reason, case.gone, case.choices) == (
        "changed_by_server",
        Side.LEFT,
        (Choice.RELEASE, Choice.KEEP),
    )
    await say(world, choice)
    await world.settle()
    assert list(world.right.events()).count(right) == here
    assert await cases(world) == []


def later(when: Timed) -> Timed:
    return Timed(when.start + timedelta(hours=1), when.end + timedelta(hours=1))


async def test_a_field_that_only_one_side_changed_travels_while_a_conflict_waits(
    world: World, meeting: Event
) -> None:
    left, _ = await conflict(world, meeting)
    assert isinstance(meeting.when, Timed)
    world.left.user_edit(left, when=later(meeting.when))
    await world.run()
    (event,) = world.right.events().values()
    assert (event.summary, event.when) == ("rechts", later(meeting.when))
    assert [case.reason for case in await cases(world)] == ["conflict"]
