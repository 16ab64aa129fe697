"""A provider reads the same events into other values than before: nobody edited anything, nothing is written."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.errors import Retry
from calsync.sync.model import Capabilities, Direction, Link, Side, State, Timed
from calsync.values import replace

if TYPE_CHECKING:
    from calsync.sync.model import Event

World = Any  # tests replace its methods, and name what is counted by plain text
DAY = 86400
LAG = timedelta(seconds=120)


def loud(event: Event) -> Event:
    return replace(event, description=event.description.upper())


def read_loudly(calendar: Any) -> None:
    """Let a provider read notes otherwise from now on."""
    calendar.behaviour.reads = loud
    calendar.capabilities = Capabilities(mapping_version=2)


def touch(calendar: Any, event_id: str) -> None:
    """Let an event get a new revision, by an edit of nothing that is synced."""
    calendar.user_edit(event_id, uid="touched")


def in_days(world: World, days: int) -> Timed:
    start = world.clock.now() + timedelta(days=days)
    return Timed(start, start + timedelta(hours=1))


def writes(world: World) -> list[Any]:
    return [*world.left.writes(), *world.right.writes()]


def forget_writes(world: World) -> None:
    world.left.calls.clear()
    world.right.calls.clear()


async def only_link(world: World) -> Link:
    (link,) = (await world.store.load("anna", world.clock.now())).links.values()
    assert isinstance(link, Link)
    return link


async def pair(world: World, meeting: Event) -> tuple[str, str]:
    """Sync one event, and return its id on both sides."""
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    return left, right


@pytest.mark.parametrize("side", Side)
async def test_a_new_mapping_is_read_in_full_at_once_and_writes_nothing(
    world: World, meeting: Event, side: Side
) -> None:
    ids = dict(zip(Side, await pair(world, meeting), strict=True))
    forget_writes(world)
    calendar = world.left if side is Side.LEFT else world.right
    read_loudly(calendar)
    await world.settle()
    base = (await only_link(world)).base(side)
    assert (base.mapping_version, base.values["description"]) == (2, "SCHLÜSSEL")
    touch(calendar, ids[side])
    await world.settle()
    assert writes(world) == []
    calendar.user_edit(ids[side], summary="Notar")
    await world.settle()
    (update,) = writes(world)
    assert (update.event_id, update.fields) == (ids[side.other], ("summary",))


async def test_a_listing_that_breaks_off_is_not_the_new_mapping(world: World, meeting: Event) -> None:
    left, _ = await pair(world, meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    forget_writes(world)
    read_loudly(world.left)
    world.left.behaviour.page_size = world.left.behaviour.listing_pages = 1
    for _ in range(2):
        with pytest.raises(Retry, match="before it was complete"):
            await world.run()
    state = await world.store.load("anna", world.clock.now())
    assert state.sides[Side.LEFT].reading is None
    assert {link.left_base.mapping_version for link in state.links.values()} == {1, 2}
    world.left.behaviour.listing_pages = None
    await world.settle()
    touch(world.left, left)
    await world.settle()
    state = await world.store.load("anna", world.clock.now())
    assert {link.left_base.mapping_version for link in state.links.values()} == {2}
    assert writes(world) == []


async def test_a_mapping_that_is_taken_back_before_its_listing_was_complete_writes_nothing(
    world: World, meeting: Event
) -> None:
    await pair(world, meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    forget_writes(world)
    read_loudly(world.left)
    world.left.behaviour.page_size = world.left.behaviour.listing_pages = 1
    with pytest.raises(Retry, match="before it was complete"):
        await world.run()
    world.left.behaviour.listing_pages = None
    world.left.behaviour.reads = lambda event: event
    world.left.capabilities = Capabilities(mapping_version=1)
    await world.settle()
    assert writes(world) == []


async def test_what_the_listing_told_too_late_is_read_by_id(world: World, meeting: Event) -> None:
    """The search does not know our own write yet, which the store knows in the old mapping."""
    left, right = await pair(world, meeting)
    world.clock.advance(300)
    world.right.behaviour.lag = LAG
    world.left.user_edit(left, summary="Notar")
    await world.run()
    forget_writes(world)
    read_loudly(world.right)
    await world.run()
    assert (await only_link(world)).right_base.values["description"] == "SCHLÜSSEL"
    world.clock.advance(300)
    await world.settle()
    touch(world.right, right)
    world.clock.advance(300)
    await world.settle()
    assert writes(world) == []


@pytest.mark.parametrize("tells_outside", [False, True])
async def test_a_pair_that_slept_meanwhile_is_read_at_its_waking(
    world: World, meeting: Event, tells_outside: bool
) -> None:
    world.left.behaviour.tells_outside = tells_outside
    left, right = await pair(world, meeting)
    world.left.user_edit(left, when=in_days(world, 600))
    await world.settle()
    assert (await only_link(world)).state is State.ASLEEP
    forget_writes(world)
    read_loudly(world.left)
    await world.settle()
    touch(world.left, left)
    await world.settle()
    assert (await only_link(world)).left_base.mapping_version == (2 if tells_outside else 1)
    world.clock.advance(300 * DAY)
    await world.settle()
    link = await only_link(world)
    assert (link.state, link.left_base.mapping_version) == (State.AWAKE, 2)
    touch(world.left, left)
    touch(world.right, right)
    await world.settle()
    assert writes(world) == []


async def test_half_of_a_pair_that_slept_inside_the_window_is_read_at_its_waking(
    world: World, meeting: Event
) -> None:
    left, right = await pair(world, meeting)
    world.left.user_edit(left, series=True)
    await world.settle()
    world.right.user_edit(right, when=in_days(world, 600))
    await world.settle()
    forget_writes(world)
    read_loudly(world.right)
    await world.settle()
    world.left.user_edit(left, series=False)
    await world.settle()
    world.right.user_edit(right, when=in_days(world, 5))
    await world.settle()
    updates = [(update.event_id, update.fields) for update in writes(world)]
    assert updates == [(left, ("when",))] * 2


async def test_a_pair_that_sleeps_is_not_read_again_and_again(world: World, meeting: Event) -> None:
    left, _ = await pair(world, meeting)
    world.left.user_edit(left, when=in_days(world, 600))
    await world.settle()
    read_loudly(world.left)
    await world.settle()
    world.left.calls.clear()
    await world.settle()
    assert {call.method for call in world.left.calls} == {"changes"}


async def test_an_edit_that_was_blocked_goes_on_waiting(world: World, meeting: Event) -> None:
    left, right = await pair(world, meeting)
    world.right.user_edit(right, attendee_count=1)
    world.left.user_edit(left, summary="Notar", description="Tor klemmt")
    await world.settle()
    forget_writes(world)
    read_loudly(world.left)
    assert (await world.run()).counts[Side.RIGHT].blocked == 1
    assert (await world.run()).counts[Side.RIGHT].blocked == 1
    assert writes(world) == []
    world.right.user_edit(right, attendee_count=0)
    await world.settle()
    assert world.right.events()[right].summary == "Notar"
    assert world.right.events()[right].description == "TOR KLEMMT"


@pytest.mark.parametrize("days", [5, 600])
@pytest.mark.parametrize("changed", [{Side.LEFT}, {Side.RIGHT}, set(Side)])
async def test_a_conflict_that_waits_for_a_person_goes_on_waiting(
    world: World, meeting: Event, days: int, changed: set[Side]
) -> None:
    world.settings["policy"] = "hold"
    left, right = await pair(world, meeting)
    world.left.user_edit(left, when=in_days(world, days))
    world.right.user_edit(right, when=in_days(world, days + 1))
    await world.settle()
    forget_writes(world)
    for side, calendar in ((Side.LEFT, world.left), (Side.RIGHT, world.right)):
        if side in changed:
            read_loudly(calendar)
    for _ in range(3):
        assert (await world.run()).notices["hold", "right", "conflict"] == 1
        world.clock.advance(2 * DAY)
    assert writes(world) == []


async def test_a_deleted_target_is_created_anew_when_its_source_changes(world: World, meeting: Event) -> None:
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    left, right = await pair(world, meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.right.user_delete(right)
    await world.settle()
    assert len(world.right.events()) == 1
    read_loudly(world.left)
    await world.settle()
    assert len(world.right.events()) == 1
    world.left.user_edit(left, summary="Notar")
    await world.settle()
    assert sorted(event.summary for event in world.right.events().values()) == ["Notar", "anderer"]
