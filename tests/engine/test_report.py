"""What a run tells beside its counts: values that lost, and what a copy does not carry."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from calsync.engine import Engine, Report
from calsync.errors import LoginError, Missing
from calsync.history import Unsynced
from calsync.sync.model import Direction, Event, Side
from calsync.sync.plan import Kind
from calsync.values import replace
from calsync_rules.reminder_once import ReminderOnce

if TYPE_CHECKING:
    from calsync.sync.rules import Rule
    from tests.engine.conftest import World

RULES = (ReminderOnce(15),)


def only_id(calendar: Any) -> str:
    (event_id,) = calendar.events()
    assert isinstance(event_id, str)
    return event_id


@pytest.mark.parametrize(("policy", "loser"), [("right", Side.LEFT), ("left", Side.RIGHT)])
async def test_a_value_that_lost_a_conflict_is_told_once(
    world: World, meeting: Event, policy: str, loser: Side
) -> None:
    world.settings["policy"] = policy
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(only_id(world.left), summary="links")
    world.right.user_edit(only_id(world.right), summary="rechts")
    report = await world.run()
    assert report.remarks == {(Kind.UPDATE, loser, "overruled"): 1}
    assert report.notices == {}
    assert (await world.run()).remarks == {}


async def test_a_value_that_lost_a_conflict_is_told_also_after_a_crash(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(only_id(world.left), summary="links")
    world.right.user_edit(only_id(world.right), summary="rechts")
    world.left.faults.add("update", lambda: RuntimeError("the process dies"), after=True)
    with pytest.raises(RuntimeError):
        await world.run()
    assert (await world.run()).remarks == {(Kind.UPDATE, Side.LEFT, "overruled"): 1}


async def test_an_edit_that_a_one_way_account_undid_is_told(world: World, meeting: Event) -> None:
    world.settings |= {"direction": Direction.LEFT_TO_RIGHT, "on_target_edit": "restore"}
    world.left.user_create(meeting)
    await world.settle()
    world.right.user_edit(only_id(world.right), summary="rechts")
    assert (await world.run()).remarks == {(Kind.UPDATE, Side.RIGHT, "restored"): 1}
    world.right.user_delete(only_id(world.right))
    report = await world.run()
    assert (report.counts[Side.RIGHT].created, report.remarks) == (1, {})


async def test_an_edit_that_stays_on_a_masked_copy_is_told(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, private=True))
    await world.settle()
    world.right.user_edit(only_id(world.right), summary="beim Arzt")
    assert (await world.run()).remarks == {(Kind.SKIP, Side.RIGHT, "masked"): 1}
    assert (await world.run()).remarks == {}


async def test_remarks_of_all_passes_of_a_run_are_told(world: World, meeting: Event) -> None:
    """A plan whose ground moved is made anew; what its first pass did is still told."""
    for number in range(2):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    for calendar in (world.left, world.right):
        for event_id in calendar.events():
            calendar.user_edit(event_id, summary=f"{calendar.key} {event_id}")
    world.left.faults.add("update", lambda: Missing("not found where it was expected"))
    report = await world.run()
    assert report.remarks == {(Kind.UPDATE, Side.LEFT, "overruled"): 2}


@pytest.mark.parametrize(
    ("count", "reasons"), [(0, []), (3, ["attendees_not_carried"]), (None, ["attendees_unknown"])]
)
async def test_a_copy_without_its_originals_attendees_is_told(
    world: World, meeting: Event, count: int | None, reasons: list[str]
) -> None:
    world.right.user_create(replace(meeting, attendee_count=count))
    report = await world.run()
    assert report.counts[Side.LEFT].created == 1
    assert report.remarks == {(Kind.CREATE, Side.LEFT, reason): 1 for reason in reasons}
    assert (await world.run()).remarks == {}


@pytest.mark.parametrize(
    ("reminder", "holds", "rules", "told"),
    [
        (True, False, RULES, True),
        (True, True, (), True),
        (True, True, RULES, False),
        (None, False, RULES, False),
        (False, False, RULES, False),
    ],
    ids=["no place for it", "no rule for it", "carried", "not known", "none"],
)
async def test_a_copy_without_its_originals_reminder_is_told(
    world: World, meeting: Event, reminder: bool | None, holds: bool, rules: tuple[Rule, ...], told: bool
) -> None:
    world.settings["rules"] = rules
    world.left.capabilities = replace(world.left.capabilities, writes_reminder=holds)
    world.right.user_create(replace(meeting, reminder=reminder))
    report = await world.run()
    assert report.counts[Side.LEFT].created == 1
    assert report.remarks == ({(Kind.CREATE, Side.LEFT, "reminder_not_carried"): 1} if told else {})


async def test_what_existed_on_both_sides_has_left_nothing_behind(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, attendee_count=3, reminder=True))
    report = await world.run()
    assert (report.counts[Side.RIGHT].linked, report.remarks) == (1, {})


async def test_each_event_that_is_left_out_is_named_on_its_own_side(world: World, meeting: Event) -> None:
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    series = world.left.user_create(replace(meeting, summary="Jour fixe", series=True))
    own = world.right.user_create(replace(meeting, summary="Teamrunde"))
    busy = world.left.user_create(meeting)
    assert (await world.run()).unsynced == {
        (Side.LEFT, series): Unsynced(Kind.SKIP, "series"),
        (Side.RIGHT, own): Unsynced(Kind.SKIP, "one_way"),
    }
    copy = next(each for each, event in world.right.events().items() if event.summary == "Besichtigung")
    world.right.user_edit(copy, attendee_count=2)
    world.left.user_edit(busy, summary="Besichtigung 2")
    world.left.user_edit(series, series=False)
    assert (await world.run()).unsynced == {
        (Side.RIGHT, own): Unsynced(Kind.SKIP, "one_way"),
        (Side.RIGHT, copy): Unsynced(Kind.BLOCK, "has_attendees", "attendee_stripping"),
    }


async def test_a_run_without_a_plan_names_nothing(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.left.faults.add("changes", lambda: LoginError("wrong password"))
    report = Report()
    with pytest.raises(LoginError):
        await Engine(world.store, world.runs, world.clock, random.Random(1), "test").run(world.account(), report)
    assert report.unsynced is None
    assert report.number == 1


@pytest.mark.parametrize("waits", [True, False])
async def test_a_pair_is_told_of_that_waits_as_its_event_may_live_under_a_new_id(
    world: World, meeting: Event, waits: bool
) -> None:
    """What carries its uid may not be looked at any more, for good."""
    known = replace(meeting, uid="uid-1")
    original = world.left.user_create(known)
    world.left.user_create(replace(meeting, summary="Notar"))
    await world.settle()
    other = world.left.user_create(replace(known, uid="uid-1" if waits else "uid-2", series=True))
    await world.settle()
    world.left.user_forbid(other)
    world.left.user_delete(original)
    for _ in range(3):
        world.left.drop_tokens()
        report = await world.run()
    assert report.notices == ({(Kind.DELETE, Side.RIGHT, "doubt"): 1} if waits else {})
    assert len(world.right.events()) == 1 + waits
