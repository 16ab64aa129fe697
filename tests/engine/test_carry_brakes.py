"""What a run writes counts against the brakes at once, in whatever pass and with whatever else it goes."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from calsync.desk.decisions import decide, waiting
from calsync.errors import Retry
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Event, Side
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.ports import Written

World = Any  # tests replace its methods, and name what is counted by plain text


async def test_what_one_run_rewrites_in_several_passes_is_held_as_if_it_were_one(
    world: World, meeting: Event
) -> None:
    """Users edit each copy again as soon as it is written, and one just before: all is read once more."""
    for number in range(15):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    for event_id, event in world.left.events().items():
        world.left.user_edit(event_id, summary=f"{event.summary} verlegt")
    edited_as_they_are_written(world)
    report = await world.run()
    assert [call.method for call in world.right.writes()] == ["create"] * 15 + ["update"] * 15
    assert report.notices[Kind.HOLD, Side.LEFT, "brake_rewrites"] == 15
    assert world.left.writes() == []


async def test_a_rewrite_counts_also_where_it_goes_in_one_write_with_what_a_person_has_decided(
    world: World, meeting: Event
) -> None:
    """The server has a bad hour before the person decides; users edit each copy again as soon as it is written."""
    world.settings["policy"] = "hold"
    for number in range(15):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    for event_id, event in world.left.events().items():
        world.left.user_edit(event_id, summary=f"{event.summary} links", description="neu")
    for event_id, event in world.right.events().items():
        world.right.user_edit(event_id, summary=f"{event.summary} rechts")
    world.right.faults.add("update", lambda: Retry("a bad hour"), times=None)
    with suppress(Retry):
        await world.run()
    world.right.faults.clear()
    cases = await waiting(world.store, "anna", Direction.BOTH, world.clock.now())
    names = [case.name for case in cases]
    assert len(names) == 15
    await decide(world.store, "anna", Direction.BOTH, names, Choice.LEFT, world.clock.now())
    world.clock.advance(3600)
    before = len(world.right.writes())
    edited_as_they_are_written(world)
    report = await world.run()
    assert {call.fields for call in world.right.writes()[before:]} == {("description", "summary")}
    assert report.notices[Kind.HOLD, Side.LEFT, "brake_rewrites"] == 14
    assert world.left.writes() == []


def edited_as_they_are_written(world: World) -> None:
    """Let users edit each event of the right side behind its update, and the first one before it, too."""
    world.right.behaviour.answer = "id"
    first, update = min(world.right.events()), world.right.update

    async def quicker(target: Any, *rest: Any) -> Written:
        if target.id == first:
            world.right.user_edit(target.id, description="davor")
        written: Written = await update(target, *rest)
        world.right.user_edit(target.id, description=f"dahinter {target.id}")
        return written

    world.right.update = quicker


async def test_deletes_of_one_run_count_against_the_brake_at_once(world: World, meeting: Event) -> None:
    for number in range(20):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    for _ in range(3):
        for event_id in list(world.left.events())[:3]:
            world.left.user_delete(event_id)
        await world.run()
    assert len(world.right.events()) == 17  # three went, then six in a day were more than a fifth
