"""Who comes back after leaving is asked first, finds nothing twice, and has each pair again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.sync.model import Direction, Side, State, Timed
from calsync.values import replace
from tests.engine.leaving import LEFT, RIGHT, come_back, left, state, subjects

if TYPE_CHECKING:
    from collections.abc import Callable

    from calsync.sync.model import Event
    from tests.engine.conftest import World


@pytest.mark.parametrize(
    ("remove", "there"), [(None, ["Besichtigung"]), (RIGHT, [])], ids=["copies stay", "copies go"]
)
async def test_an_original_that_got_a_new_id_just_before_is_still_one_of_its_pair(
    world: World, meeting: Event, remove: Side | None, there: list[str]
) -> None:
    original = world.left.user_create(meeting)
    await world.settle()
    event = world.left.events()[original]
    world.left.user_purge(original)
    world.left.rows.add(event, by_us=False)
    await left(world, remove)
    assert [each.summary for each in world.right.events().values()] == there
    await come_back(world)
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])


@pytest.mark.parametrize("remove", [None, LEFT, RIGHT])
async def test_who_comes_back_has_each_appointment_once(world: World, meeting: Event, remove: Side | None) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="Arzt", private=True))
    world.right.user_create(replace(meeting, summary="von rechts"))
    world.right.user_create(replace(meeting, summary="Zahnarzt", private=True))
    await world.settle()
    before = world.both()
    await left(world, remove)
    await come_back(world)
    assert [sorted(event.summary for event in side) for side in world.both()] == [
        sorted(event.summary for event in side) for side in before
    ]


async def test_who_comes_back_is_asked_first(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    await left(world, RIGHT)
    await world.store.settings.set_enabled("anna", True, "test", world.clock.now())
    report = await world.run()
    assert report.rebuild == "direction"
    assert subjects(world) == (["Besichtigung"], [])
    await come_back(world)
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])


async def test_pairs_that_differ_are_pairs_again(
    world: World, meeting: Event, later_by: Callable[[Timed, int], Timed]
) -> None:
    original = world.left.user_create(replace(meeting, summary="Arzt", private=True))
    await world.settle()
    assert subjects(world) == (["Arzt"], ["Privat"])
    await left(world)
    (link,) = (await state(world)).links.values()
    assert (link.state, link.reason) == (State.PARTED, "leaving")
    assert [link.left_base.values, link.right_base.values] == [{}, {}]
    await come_back(world)
    assert isinstance(meeting.when, Timed)
    later = later_by(meeting.when, 2)
    world.left.user_edit(original, when=later)
    await world.settle()
    assert [event.when for side in world.both() for event in side] == [later, later]
    assert subjects(world) == (["Arzt"], ["Privat"])


async def test_what_was_deleted_does_not_come_back(world: World, meeting: Event) -> None:
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    original = world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    world.right.user_edit(copy, summary="von Hand")
    await world.settle()
    world.left.user_delete(original)
    await world.settle()
    await left(world)
    world.settings["direction"] = Direction.BOTH
    await come_back(world)
    assert subjects(world) == ([], ["von Hand"])


async def test_a_removed_copy_that_a_listing_still_tells_takes_no_original_with_it(
    world: World, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    (copy,) = world.right.events()
    told = world.right.rows.rows[copy]
    await left(world, RIGHT)
    world.right.behaviour.repeated.append(told)
    await come_back(world)
    world.right.behaviour.repeated.clear()
    world.right.drop_tokens()
    await world.settle()
    assert subjects(world) == (["Besichtigung"], ["Besichtigung"])
