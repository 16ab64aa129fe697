"""A person confirms the plan of a rebuild that was shown, when it is whole, and no other one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.sync.model import Direction
from calsync.values import replace
from tests.engine.rebuilding import Stores, by_summary, confirm, rebuilt, writes

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def test_only_the_plan_that_a_person_saw_is_confirmed(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(8)
    await stores.save()
    await world.run()
    await stores.put_back()
    world.left.user_edit(by_summary(world.left)["Termin 0"], summary="eins")
    seen = await world.run()
    world.left.user_edit(by_summary(world.left)["Termin 1"], summary="zwei")
    before = writes(world)
    problem = await confirm(world, seen.plan.hash)
    assert problem is not None
    assert f"the plan is not {seen.plan.hash} any more" in problem
    await world.run()
    assert writes(world) == before


async def test_a_plan_on_a_copy_is_the_one_that_a_run_leaves(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]], meeting: Event
) -> None:
    await many(3)
    await stores.save()
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_create(replace(meeting, summary="danach"))
    await stores.put_back()
    real, runs = world.store, dict(world.runs.numbers)
    world.store = await stores._copy(real)
    planned = await world.run(write=False)
    world.store = real
    world.runs.numbers = runs
    assert [operation.wanted for operation in planned.plan.operations] == ["create"]
    assert (await world.run()).plan.hash == planned.plan.hash
    assert (await world.run()).plan.hash == planned.plan.hash


async def test_a_delete_that_the_next_run_will_prove_is_part_of_what_is_confirmed(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(8)
    await stores.save()
    await world.run()
    world.left.user_purge(by_summary(world.left)["Termin 0"])
    await stores.put_back()
    report = await world.run()
    world.clock.advance(1)
    problem = await confirm(world, report.plan.hash)
    assert problem is not None
    await rebuilt(world, {("delete", "right"): 1})


async def test_a_plan_that_is_not_whole_yet_is_not_confirmed(
    world: World, stores: Stores, many: Callable[[int], Awaitable[None]]
) -> None:
    await many(8)
    await stores.save()
    await world.run()
    world.left.user_purge(by_summary(world.left)["Termin 0"])
    await stores.put_back()
    real, runs = world.store, dict(world.runs.numbers)
    world.store = await stores._copy(real)
    planned = await world.run(write=False)
    world.store = real
    world.runs.numbers = runs
    problem = await confirm(world, planned.plan.hash)
    assert problem is not None
    assert "is not known yet; run calsync sync" in problem


async def test_a_plan_is_not_whole_while_a_lost_event_may_be_gone_under_its_new_id_too(
    world: World, stores: Stores, meeting: Event, many: Callable[[int], Awaitable[None]]
) -> None:
    known = replace(meeting, uid="uid-1")
    first = world.left.user_create(known)
    await many(8)
    await stores.save()
    await world.run()
    world.left.user_purge(first)
    moved = world.left.user_create(known)
    await stores.put_back()
    report = await world.run()
    world.left.behaviour.hidden.add(moved)
    world.left.behaviour.gone.add(moved)
    problem = await confirm(world, report.plan.hash)
    assert problem is not None
    assert "is not known yet; run calsync sync" in problem
    world.left.behaviour.hidden.clear()
    world.left.behaviour.gone.clear()
    await rebuilt(world, {})


async def test_a_plan_is_whole_although_a_copy_with_the_uid_of_an_event_that_is_there_may_be_gone(
    world: World, meeting: Event
) -> None:
    """Nothing depends on what became of it; and it may be long until that is known."""
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    known = replace(meeting, uid="uid-1")
    world.left.user_create(known)
    await world.settle()
    copy = world.left.user_create(replace(known, series=True))
    await world.settle()
    world.left.behaviour.hidden.add(copy)
    world.left.behaviour.gone.add(copy)
    world.left.drop_tokens()
    await world.run()
    world.left.behaviour.gone.clear()
    world.left.user_forbid(copy)
    world.settings["direction"] = Direction.BOTH
    report = await world.run()
    assert await confirm(world, report.plan.hash) is None


async def test_an_account_that_is_not_rebuilt_has_nothing_to_confirm(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    problem = await confirm(world, "0")
    assert problem == "account anna: nothing waits to be confirmed"
    assert writes(world) == 0
