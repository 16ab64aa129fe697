"""Rules that look at what is not read otherwise: switching them on or off writes nothing and loses nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.desk.decisions import decide, waiting
from calsync.errors import EventError
from calsync.sync.choices import Choice
from calsync.sync.model import Direction, Side, State
from calsync.sync.rules import Rule, needs_of
from calsync.values import replace
from calsync_rules.copy_location import CopyLocation
from calsync_rules.only_types import OnlyTypes
from calsync_rules.private_mask import PrivateMask
from calsync_rules.reminder_once import ReminderOnce

if TYPE_CHECKING:
    from calsync.sync.model import Event
    from tests.engine.conftest import World

PLACE = "Gartenstraße 5, Köln"
USUAL: tuple[Rule, ...] = (PrivateMask("Privat"), ReminderOnce(15))
WITH_LOCATION = (*USUAL, CopyLocation())
VIEWINGS = (*USUAL, OnlyTypes(["viewing"], included=True))


def chain(world: World, rules: tuple[Rule, ...]) -> None:
    """Configure other rules, as a new configuration does: the calendars are opened for what they need."""
    world.settings["rules"] = rules
    for calendar in (world.left, world.right):
        calendar.ask_for(needs_of(rules))


def writes(world: World) -> list[tuple[str, str | None, tuple[str, ...]]]:
    calls = [*world.left.writes(), *world.right.writes()]
    return [(call.method, call.event_id, call.fields) for call in calls]


async def links(world: World) -> list[tuple[State, str | None]]:
    state = await world.store.load("anna", world.clock.now())
    return [(link.state, link.reason) for link in state.links.values()]


def only(calendar: Any) -> tuple[str, Event]:
    ((event_id, event),) = calendar.events().items()
    return event_id, event


@pytest.mark.parametrize("side", Side)
async def test_a_copy_is_created_with_the_location_and_never_gets_another(
    world: World, meeting: Event, side: Side
) -> None:
    chain(world, WITH_LOCATION)
    here, there = (world.left, world.right) if side is Side.LEFT else (world.right, world.left)
    event_id = here.user_create(replace(meeting, location=PLACE))
    await world.settle()
    copy_id, copy = only(there)
    assert copy.location == PLACE
    for calendar, edited, location in (
        (here, event_id, "Kanzlei"),
        (there, copy_id, "Büro"),
        (there, copy_id, ""),
    ):
        calendar.user_edit(edited, location=location)
        await world.settle()
        calendar.user_edit(edited, summary=f"Termin {location}")
        await world.settle()
    assert (only(here)[1].location, only(there)[1].location) == ("Kanzlei", "")
    assert {fields for method, _, fields in writes(world) if method == "update"} == {("summary",)}


async def test_where_a_private_event_takes_place_is_not_told(world: World, meeting: Event) -> None:
    chain(world, WITH_LOCATION)
    event_id = world.left.user_create(replace(meeting, location=PLACE, private=True))
    await world.settle()
    assert only(world.right)[1].location == ""
    world.left.user_edit(event_id, private=False)
    await world.settle()
    copy = only(world.right)[1]
    assert (copy.summary, copy.location) == (meeting.summary, "")


@pytest.mark.parametrize("rules", [WITH_LOCATION, VIEWINGS], ids=["copy_location", "only_types"])
async def test_a_rule_that_is_switched_on_or_off_writes_nothing(
    world: World, meeting: Event, rules: tuple[Rule, ...]
) -> None:
    chain(world, USUAL)
    world.left.user_create(replace(meeting, location=PLACE, types=("viewing",)))
    world.right.user_create(replace(meeting, summary="Notar", location="Kanzlei"))
    await world.settle()
    before, calls = world.both(), len(writes(world))
    for chosen in (rules, USUAL, rules):
        listed = await listings(world)
        chain(world, chosen)
        await world.settle()
        assert await listings(world) > listed  # read anew at once, in the next run
    assert (world.both(), len(writes(world))) == (before, calls)
    assert await links(world) == [(State.AWAKE, None)] * 2


async def listings(world: World) -> int:
    """Return the run of the last listing in full."""
    state = await world.store.load("anna", world.clock.now())
    return min(side.listed_run or 0 for side in state.sides.values())


async def test_an_edit_from_before_the_first_run_with_the_rule_is_delivered(world: World, meeting: Event) -> None:
    chain(world, USUAL)
    left = world.left.user_create(replace(meeting, location=PLACE))
    await world.settle()
    world.left.user_edit(left, summary="Notar")
    right, _ = only(world.right)
    world.right.user_edit(right, description="Ausweis")
    chain(world, WITH_LOCATION)
    await world.settle()
    one, other = only(world.left)[1], only(world.right)[1]
    assert (one.summary, one.description) == (other.summary, other.description) == ("Notar", "Ausweis")


async def test_a_listing_that_tells_an_old_version_of_the_same_moment_is_no_edit(
    world: World, meeting: Event
) -> None:
    chain(world, USUAL)
    left = world.left.user_create(meeting)
    world.left.user_edit(left, description="neu")
    await world.settle()
    done = len(writes(world))
    world.left.behaviour.stale.add(left)
    chain(world, WITH_LOCATION)
    await world.settle()
    assert (only(world.right)[1].description, len(writes(world))) == ("neu", done)


async def test_what_was_not_copied_yet_gets_its_location_when_the_rule_is_there(
    world: World, meeting: Event
) -> None:
    chain(world, USUAL)
    world.left.user_create(replace(meeting, location=PLACE))
    world.right.faults.add("create", lambda: EventError("the mailbox is full"))
    await world.run()
    assert world.right.events() == {}
    chain(world, WITH_LOCATION)
    world.clock.advance(timedelta(days=1).total_seconds())
    await world.settle()
    assert only(world.right)[1].location == PLACE


async def test_other_types_are_skipped_and_a_change_of_the_type_counts(world: World, meeting: Event) -> None:
    chain(world, VIEWINGS)
    call = world.left.user_create(replace(meeting, types=("call",)))
    world.right.user_create(replace(meeting, summary="Notar"))  # Outlook has no types
    report = await world.run()
    assert {each.reason for each in report.plan.operations if each.kind == "skip"} == {"other_type"}
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == ["Notar"]
    assert [event.summary for event in world.left.events().values()] == [meeting.summary, "Notar"]
    world.left.user_edit(call, types=("viewing",))
    await world.settle()
    assert {event.summary for event in world.right.events().values()} == {"Notar", meeting.summary}


async def test_a_pair_of_another_type_sleeps_and_what_was_edited_meanwhile_is_delivered_later(
    world: World, meeting: Event
) -> None:
    chain(world, USUAL)
    left = world.left.user_create(replace(meeting, types=("call",)))
    await world.settle()
    right, _ = only(world.right)
    done = len(writes(world))
    chain(world, VIEWINGS)
    await world.settle()
    assert await links(world) == [(State.ASLEEP, "other_type")]
    world.right.user_edit(right, summary="Rückruf")
    await world.settle()
    assert len(writes(world)) == done
    chain(world, USUAL)
    await world.settle()
    assert await links(world) == [(State.AWAKE, None)]
    assert len(writes(world)) == done  # a change of the rules alone writes nothing
    (case,) = await waiting(world.store, "anna", Direction.BOTH, world.clock.now())
    now = world.clock.now()
    await decide(world.store, "anna", Direction.BOTH, [case.name], Choice.RELEASE, now)
    await world.settle()
    assert world.left.events()[left].summary == "Rückruf"
    assert writes(world)[0] == ("update", left, ("summary",))


async def test_a_pair_of_another_type_is_parted_and_not_deleted(world: World, meeting: Event) -> None:
    chain(world, USUAL)
    left = world.left.user_create(replace(meeting, types=("call",)))
    await world.settle()
    chain(world, VIEWINGS)
    await world.settle()
    world.left.user_delete(left)
    await world.settle()
    assert [state for state, _ in await links(world)] == [State.PARTED]
    assert len(world.right.events()) == 1


async def test_a_copy_stays_while_it_is_in_doubt_whether_its_original_lives_under_a_new_id(
    world: World, meeting: Event
) -> None:
    chain(world, USUAL)
    known = replace(meeting, uid="uid-1")
    left = world.left.user_create(known)
    await world.settle()
    copy, _ = only(world.right)
    world.left.user_purge(left)
    moved = world.left.user_create(known)
    world.left.drop_tokens()
    await world.run()
    world.left.behaviour.hidden.add(moved)  # a database that lags answers
    world.left.behaviour.gone.add(moved)
    world.left.drop_tokens()
    await world.run()
    world.left.behaviour.hidden.clear()
    world.left.behaviour.gone.clear()
    world.left.drop_tokens()
    await world.settle()
    assert list(world.right.events()) == [copy]
    assert [method for method, _, _ in writes(world)] == ["create"]
    assert await links(world) == [(State.AWAKE, None)]


@pytest.mark.parametrize("direction", [Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT])
async def test_a_one_way_account_reads_them_too(world: World, meeting: Event, direction: Direction) -> None:
    world.settings["direction"] = direction
    chain(world, (*WITH_LOCATION, OnlyTypes(["call"], included=False)))
    source, target = (world.left, world.right) if direction.writes(Side.RIGHT) else (world.right, world.left)
    source.user_create(replace(meeting, location=PLACE, types=("viewing",)))
    source.user_create(replace(meeting, summary="Anruf", types=("call",)))
    await world.settle()
    assert [(event.summary, event.location) for event in target.events().values()] == [(meeting.summary, PLACE)]
