"""Events that users had copied carry the same marker: each is told from the other, or a person is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.model import Direction
from calsync.values import replace
from tests.engine.rebuilding import Stores, confirm, rebuilt, writes

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def test_users_copies_of_a_marked_event_are_told_from_the_right_one(
    world: World, stores: Stores, meeting: Event
) -> None:
    world.left.user_create(meeting)
    await world.settle()
    copied = world.right.user_copy(next(iter(world.right.events())))
    world.right.user_edit(copied, summary="Besichtigung Neubau")
    await stores.lose()
    await rebuilt(world, {("create", "left"): 1})
    assert len(world.left.events()) == 2


async def test_copies_that_nobody_can_tell_apart_wait_for_a_person(
    world: World, stores: Stores, meeting: Event
) -> None:
    world.left.user_create(replace(meeting, private=True))
    await world.settle()
    (copy,) = world.right.events()
    surplus = world.right.user_copy(copy)
    await stores.lose()
    report = await world.run()
    assert [(each.kind, each.reason) for each in report.plan.operations] == [("hold", "rebuild_ambiguous")] * 2
    problem = await confirm(world, report.plan.hash)
    assert problem is not None
    assert "delete or change the surplus ones" in problem
    world.right.user_delete(surplus)
    await world.run()
    report = await world.run()
    assert report.plan.operations == ()
    assert await confirm(world, report.plan.hash) is None
    before = writes(world)
    await world.settle()
    assert writes(world) == before


async def test_what_a_user_had_copied_is_the_source_of_its_own_copy(
    world: World, stores: Stores, meeting: Event
) -> None:
    """The duplicate on the right carries the first one's marker, and its copy on the left names the duplicate."""
    world.left.user_create(meeting)
    await world.settle()
    copied = world.right.user_copy(next(iter(world.right.events())))
    world.right.user_edit(copied, summary="Besichtigung Neubau")
    await world.settle()
    assert len(world.left.events()) == 2
    await stores.lose()
    before = writes(world)
    await rebuilt(world, {})
    assert writes(world) == before


async def test_a_cancelled_copy_that_a_user_copied_stays_explained(
    world: World, stores: Stores, meeting: Event
) -> None:
    """Neither of the two takes the link from the other, and both are seen whenever somebody asks."""
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    world.left.user_create(meeting)
    await world.settle()
    await stores.save()
    await world.run()
    (copy,) = world.right.events()
    world.right.user_edit(copy, cancelled=True)
    surplus = world.right.user_copy(copy)
    await stores.put_back()
    for _ in range(3):
        report = await world.run()
    assert await confirm(world, report.plan.hash) is None
    report = await world.run()
    assert [(each.reason, each.source and each.source.id) for each in report.plan.operations] == [
        ("cancelled", surplus)
    ]
    (link,) = (await world.store.load("anna", world.clock.now())).links.values()
    assert link.right == copy


async def test_a_cancelled_copy_that_is_made_anew_stays_explained(world: World, meeting: Event) -> None:
    world.right.behaviour.idempotent = False  # the runs of this test repeat their markers
    left = world.left.user_create(meeting)
    await world.settle()
    (cancelled,) = world.right.events()
    world.right.user_edit(cancelled, cancelled=True)
    world.left.user_edit(left, description="wichtig")
    await world.settle()
    report = await world.run()
    assert [(each.reason, each.source and each.source.id) for each in report.plan.operations] == [
        ("cancelled", cancelled)
    ]
    assert len(world.right.events()) == 2
