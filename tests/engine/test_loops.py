"""Servers and other programs that undo or alter what calsync writes: it gives in, and says in which field."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.loops import REPEATS, UPDATES
from calsync.sync.model import Direction, Event, Side
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Callable

World = Any  # tests replace its methods, and name what is counted by plain text
MINUTES = 24 * 60


def only_id(calendar: Any) -> str:
    (event_id,) = calendar.events()
    assert isinstance(event_id, str)
    return event_id


def insists(calendar: Any, summary: str) -> Callable[[], None]:
    """Return a program that puts back its own title whenever it finds another one."""

    def act() -> None:
        for event_id, event in calendar.events().items():
            if event.summary != summary:
                calendar.user_edit(event_id, summary=summary)

    return act


async def poll(world: World, minutes: int, *bots: Callable[[], None], every: int = 1) -> int:
    """Run the account while other programs are at work too. Return how often calsync wrote."""
    before = len(world.left.writes()) + len(world.right.writes())
    for _ in range(0, minutes, every):
        for bot in bots:
            bot()
        world.clock.advance(every * 60 - 1)
        await world.run()
    return len(world.left.writes()) + len(world.right.writes()) - before


async def paired(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()


async def test_two_programs_that_disagree_end_in_a_day_with_eight_writes(world: World, meeting: Event) -> None:
    await paired(world, meeting)
    bots = insists(world.left, "links"), insists(world.right, "rechts")
    world.settings["policy"] = "left"
    assert 0 < await poll(world, MINUTES, *bots) <= 2 * REPEATS
    report = await world.run()
    assert {reason for _, _, reason in report.notices} == {"loop:summary"}
    assert 0 < await poll(world, MINUTES, *bots, every=10) <= 2


async def test_what_another_installation_undoes_is_written_four_times_and_then_daily(
    world: World, meeting: Event
) -> None:
    """Another calsync keeps the right calendar as its own source has it."""
    world.settings |= {"direction": Direction.LEFT_TO_RIGHT, "on_target_edit": "restore"}
    await paired(world, meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    right = next(key for key, event in world.right.events().items() if event.summary == "Besichtigung")

    def other() -> None:
        if world.right.events()[right].summary != "fremd":
            world.right.user_edit(right, summary="fremd")

    assert await poll(world, MINUTES, other) == REPEATS
    report = await world.run()
    assert report.notices == {("hold", Side.RIGHT, "loop:summary"): 1}
    assert report.counts[Side.RIGHT].held == 1
    assert [await poll(world, MINUTES, other, every=10) for _ in range(3)] == [1, 1, 1]


async def test_a_title_that_both_servers_make_longer_ends_at_the_rate(world: World, meeting: Event) -> None:
    """Each server tells its change as somebody's later edit, and none of the values ever comes back."""
    await paired(world, meeting)
    written: dict[Any, str] = {}

    def lengthen(calendar: Any, mark: str) -> Callable[[], None]:
        def act() -> None:
            event = calendar.events()[only_id(calendar)]
            if event.summary != written.get(mark):
                written[mark] = event.summary + mark
                calendar.user_edit(only_id(calendar), summary=written[mark])

        return act

    assert await poll(world, MINUTES, lengthen(world.left, "!"), lengthen(world.right, "?")) == UPDATES
    assert {reason for _, _, reason in (await world.run()).notices} == {"changed_often"}


@pytest.mark.parametrize("answer", ["stored", "revision", "id"])
@pytest.mark.parametrize("tells_writer", [True, False])
async def test_a_server_that_adds_something_at_each_write_makes_no_loop(
    world: World, meeting: Event, answer: str, tells_writer: bool
) -> None:
    for calendar in (world.left, world.right):
        calendar.behaviour.answer, calendar.behaviour.tells_writer = answer, tells_writer
        calendar.behaviour.normalise = lambda event: replace(event, summary=f"{event.summary}.")
    await paired(world, meeting)
    world.left.user_edit(only_id(world.left), summary="neu")
    assert await poll(world, 60) == 1


async def test_the_other_fields_and_the_other_events_go_on(world: World, meeting: Event, later_by: Any) -> None:
    await paired(world, meeting)
    world.settings["policy"] = "left"
    bots = insists(world.left, "links"), insists(world.right, "rechts")
    await poll(world, 60, *bots)
    left, right = only_id(world.left), only_id(world.right)
    world.left.user_edit(left, when=later_by(meeting.when, 2), description="Tor klemmt")
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.run()
    assert world.right.events()[right].when == later_by(meeting.when, 2)
    assert world.right.events()[right].description == "Tor klemmt"
    assert len(world.right.events()) == 2


async def test_when_the_other_program_is_gone_the_hold_ends_the_next_day(world: World, meeting: Event) -> None:
    await paired(world, meeting)
    world.settings["policy"] = "left"
    await poll(world, 60, insists(world.left, "links"), insists(world.right, "rechts"))
    assert [world.both()[number][0].summary for number in (0, 1)] == ["links", "rechts"]
    assert await poll(world, MINUTES - 60, every=10) == 0
    assert await poll(world, 60, every=10) == 1
    assert [world.both()[number][0].summary for number in (0, 1)] == ["links", "links"]
    world.right.user_edit(only_id(world.right), summary="von Hand")
    await world.settle()
    assert world.left.events()[only_id(world.left)].summary == "von Hand"


@pytest.mark.parametrize("values", [range(11), [0, 1] * 5 + [0]], ids=["new values", "to and fro"])
async def test_a_person_who_edits_eleven_times_a_day_is_never_held(
    world: World, meeting: Event, values: list[int]
) -> None:
    await paired(world, meeting)
    for day in range(3):
        for value in values:
            summary = f"Besichtigung {day} {value}"
            world.left.user_edit(only_id(world.left), summary=summary)
            world.clock.advance(3600)
            report = await world.run()
            assert not report.notices
            assert world.right.events()[only_id(world.right)].summary == summary
        world.clock.advance(13 * 3600)


async def test_a_person_who_edits_very_often_is_told_so_and_all_of_it_follows_the_next_day(
    world: World, meeting: Event
) -> None:
    await paired(world, meeting)
    for number in range(UPDATES + 1):
        world.left.user_edit(only_id(world.left), summary=f"Besichtigung {number}")
        world.clock.advance(60)
        report = await world.run()
    assert report.notices == {("hold", Side.RIGHT, "changed_often"): 1}
    world.clock.advance(MINUTES * 60)
    assert not (await world.run()).notices
    assert world.right.events()[only_id(world.right)].summary == f"Besichtigung {UPDATES}"


async def test_a_copy_that_is_deleted_again_and_again_is_made_four_times_and_then_daily(
    world: World, meeting: Event
) -> None:
    world.settings |= {"direction": Direction.LEFT_TO_RIGHT, "on_target_edit": "restore"}
    await paired(world, meeting)

    def delete() -> None:
        for event_id in world.right.events():
            world.right.user_delete(event_id)

    assert await poll(world, MINUTES - 60, delete) == REPEATS - 1  # the first one was the import
    report = await world.run()
    assert report.notices == {("hold", Side.RIGHT, "loop:create"): 1}
    assert [await poll(world, MINUTES, delete, every=10) for _ in range(2)] == [1, 1]
    assert await poll(world, 2 * MINUTES, every=10) == 1
    await world.settle()
    assert len(world.right.events()) == 1
