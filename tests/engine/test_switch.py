"""The switch: off means off within one request, deletes nothing, and on goes on without a duplicate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import Retry, SwitchedOff
from calsync.sync.model import Direction
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World


async def switch(world: World, *, on: bool) -> None:
    await world.store.settings.set_enabled("anna", on, "Petra", world.clock.now())


async def test_an_account_that_is_off_is_neither_read_nor_written(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await switch(world, on=False)
    with pytest.raises(SwitchedOff, match="account anna is switched off"):
        await world.run()
    assert world.left.calls == world.right.calls == []
    assert await world.store.leases() == []


async def test_a_plan_tells_what_an_account_would_do_that_is_off(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await switch(world, on=False)
    report = await world.run(write=False)
    assert [operation.reason for operation in report.plan.operations] == ["new"]


async def test_off_deletes_nothing_and_on_goes_on_without_a_duplicate(world: World, meeting: Event) -> None:
    kept = world.left.user_create(meeting)
    gone = world.left.user_create(replace(meeting, summary="Notar"))
    await world.settle()
    await switch(world, on=False)
    copy = next(each for each, event in world.right.events().items() if event.summary == "Besichtigung")
    world.left.user_edit(kept, summary="Besichtigung 2")
    world.right.user_edit(copy, description="Tor")
    world.left.user_delete(gone)
    world.right.user_create(replace(meeting, summary="Teamrunde"))
    with pytest.raises(SwitchedOff):
        await world.run()
    assert len(world.right.events()) == 3
    await switch(world, on=True)
    await world.settle()
    left, right = world.both()
    assert (
        [event.summary for event in left] == [event.summary for event in right] == ["Besichtigung 2", "Teamrunde"]
    )
    assert left[0].description == right[0].description == "Tor"


async def test_off_in_the_middle_of_a_run_lets_only_the_writes_end_that_are_on_their_way(
    world: World, meeting: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("calsync.engine.carry.AT_ONCE", 1)
    for number in range(6):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    create = world.right.create

    async def create_and_switch(*arguments: Any) -> Any:
        if len(world.right.events()) == 2:
            await switch(world, on=False)
        return await create(*arguments)

    monkeypatch.setattr(world.right, "create", create_and_switch)
    with pytest.raises(SwitchedOff, match="was switched off, nothing more is sent"):
        await world.run()
    assert len(world.right.writes()) == 3
    await switch(world, on=True)
    await world.settle()
    assert len(world.right.events()) == 6


async def test_when_both_sides_were_last_read_is_kept(world: World, meeting: Event) -> None:
    await world.run()
    good = world.clock.now()
    world.left.user_create(meeting)
    world.right.faults.add("changes", lambda: Retry("down"), times=9)
    with pytest.raises(Retry):
        await world.run()
    assert (await world.store.settings.get("anna")).good_at == good
    world.right.faults.clear()
    world.right.faults.add("create", lambda: Retry("down"), times=9)
    report = await world.run()
    assert not report.at_rest
    assert report.good_at == (await world.store.settings.get("anna")).good_at == world.clock.now()


async def test_a_run_is_at_rest_when_nothing_is_open_and_no_person_is_asked(world: World, meeting: Event) -> None:
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    world.left.user_create(meeting)
    await world.run()
    assert (await world.run()).at_rest
    world.settings["direction"] = Direction.BOTH
    assert not (await world.run()).at_rest
