"""The invariants of a run, on calendars in memory."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from calsync.sync.model import Direction, Event, Side, Timed
from calsync.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from tests.engine.conftest import World


def only(calendar: Any) -> Event:
    (event,) = calendar.events().values()
    assert isinstance(event, Event)
    return event


def only_id(calendar: Any) -> str:
    (event_id,) = calendar.events()
    assert isinstance(event_id, str)
    return event_id


async def test_new_events_arrive_on_the_other_side(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="Notar"))
    await world.settle()
    left, right = world.both()
    assert [event.summary for event in left] == [event.summary for event in right] == ["Besichtigung", "Notar"]
    assert left[0].when == right[0].when
    assert left[0].description == right[0].description == "Schlüssel"


async def test_a_second_run_writes_nothing(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.run()
    writes = len(world.right.writes())
    await world.run()
    assert len(world.right.writes()) == writes == 1
    assert world.left.writes() == []


async def test_edits_of_different_fields_are_merged(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(only_id(world.left), summary="Besichtigung Altbau")
    world.right.user_edit(only_id(world.right), description="Tor klemmt")
    await world.settle()
    for calendar in (world.left, world.right):
        assert only(calendar).summary == "Besichtigung Altbau"
        assert only(calendar).description == "Tor klemmt"


@pytest.mark.parametrize(("policy", "winner"), [("right", "rechts"), ("left", "links")])
async def test_a_conflict_is_decided_by_policy_and_the_loser_is_in_the_ledger(
    world: World, meeting: Event, policy: str, winner: str
) -> None:
    world.settings["policy"] = policy
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(only_id(world.left), summary="links")
    world.right.user_edit(only_id(world.right), summary="rechts")
    await world.settle()
    assert only(world.left).summary == only(world.right).summary == winner
    ledger = await world.store.ledger("anna", 1)
    assert ledger[0].reason == "overruled"
    assert {"links", "rechts"} == {ledger[0].before["summary"], ledger[0].after["summary"]}


async def test_a_conflict_can_wait_for_a_person(world: World, meeting: Event) -> None:
    world.settings["policy"] = "hold"
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(only_id(world.left), summary="links", description="neu")
    world.right.user_edit(only_id(world.right), summary="rechts")
    await world.settle()
    report = await world.run()
    assert report.counts[Side.RIGHT].held == 1
    assert (only(world.left).summary, only(world.right).summary) == ("links", "rechts")
    assert only(world.right).description == "neu"


async def test_a_proven_delete_is_carried_over(world: World, meeting: Event) -> None:
    for number in range(7):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    world.left.user_delete(next(iter(world.left.events())))
    await world.settle()
    assert len(world.right.events()) == 6


async def test_an_event_gone_without_a_tombstone_is_deleted_in_the_second_run_only(
    world: World, meeting: Event
) -> None:
    for number in range(7):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    gone = next(iter(world.left.events()))
    world.left.user_purge(gone)
    world.left.drop_tokens()
    await world.run()
    assert len(world.right.events()) == 7
    await world.run()
    assert len(world.right.events()) == 6


async def test_an_edit_wins_against_a_delete(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    left_id = next(event_id for event_id, event in world.left.events().items() if event.summary == "Besichtigung")
    right_id = next(
        event_id for event_id, event in world.right.events().items() if event.summary == "Besichtigung"
    )
    world.left.user_delete(left_id)
    world.right.user_edit(right_id, description="wichtig")
    await world.settle()
    left, right = world.both()
    assert [event.description for event in left] == [event.description for event in right]
    assert len(left) == 2


async def test_a_lost_token_and_an_incomplete_listing_delete_nothing(world: World, meeting: Event) -> None:
    for number in range(30):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    world.left.behaviour.hidden.update(list(world.left.events())[:10])
    world.left.drop_tokens()
    await world.settle()
    assert len(world.right.events()) == 30


async def test_many_deletes_are_held_as_one_batch(world: World, meeting: Event) -> None:
    for number in range(20):
        world.left.user_create(replace(meeting, summary=f"Termin {number}"))
    await world.settle()
    for event_id in list(world.left.events())[:10]:
        world.left.user_delete(event_id)
    report = await world.run()
    assert report.counts[Side.RIGHT].held == 10
    assert len(world.right.events()) == 20
    world.clock.advance(60 * 60 * 48)
    report = await world.run()
    assert report.counts[Side.RIGHT].held == 10
    assert len(world.right.events()) == 20


async def test_equal_events_are_linked_and_not_written(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, description="andere Notiz"))
    report = await world.run()
    assert report.counts[Side.RIGHT].linked == 1
    await world.run()
    assert world.left.writes() == world.right.writes() == []
    world.left.user_edit(only_id(world.left), description="neu")
    await world.settle()
    assert only(world.right).description == "neu"


async def test_groups_of_unequal_size_are_held(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.left.user_create(meeting)
    world.right.user_create(meeting)
    report = await world.run()
    assert report.counts[Side.RIGHT].held == 2
    assert report.counts[Side.LEFT].held == 1
    assert world.left.writes() == world.right.writes() == []


async def test_hundreds_of_equal_events_are_copied_one_by_one(world: World, meeting: Event) -> None:
    for _ in range(120):
        world.right.user_create(meeting)
    await world.settle()
    assert len(world.left.events()) == 120


async def test_an_attendee_blocks_every_write_and_nothing_is_mailed(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    right = only_id(world.right)
    world.right.user_edit(right, attendee_count=1)
    world.left.user_edit(only_id(world.left), description="neue Notiz")
    report = await world.run()
    assert report.counts[Side.RIGHT].blocked == 1
    world.right.user_edit(right, summary="in Outlook umbenannt")
    await world.run()
    assert only(world.left).summary == "in Outlook umbenannt"
    world.right.user_edit(right, attendee_count=0)
    await world.settle()
    assert only(world.right).description == "neue Notiz"
    assert world.right.mails == 0


async def test_a_delete_is_blocked_by_attendees(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    for right in world.right.events():
        world.right.user_edit(right, attendee_count=2)
    await world.run()
    world.left.user_delete(next(iter(world.left.events())))
    report = await world.run()
    assert report.counts[Side.RIGHT].blocked == 1
    assert len(world.right.events()) == 2


@pytest.mark.parametrize("direction", [Direction.LEFT_TO_RIGHT, Direction.RIGHT_TO_LEFT])
async def test_a_one_way_account_writes_nothing_to_its_source(
    world: World, meeting: Event, direction: Direction
) -> None:
    world.settings["direction"] = direction
    world.left.user_create(meeting)
    world.right.user_create(replace(meeting, summary="Notar"))
    await world.settle()
    source, target = (
        (world.left, world.right) if direction is Direction.LEFT_TO_RIGHT else (world.right, world.left)
    )
    assert source.writes() == []
    assert len(source.events()) == 1
    assert len(target.events()) == 2
    copy = next(event_id for event_id in target.events() if target.rows.rows[event_id].by_us)
    target.user_edit(copy, summary="am Ziel geändert")
    await world.settle()
    assert target.events()[copy].summary == "am Ziel geändert"
    source.user_edit(only_id(source), description="neu")
    await world.settle()
    assert target.events()[copy].description == "neu"
    assert target.events()[copy].summary == "am Ziel geändert"
    assert source.writes() == []


async def test_restore_undoes_edits_and_deletes_of_a_one_way_target(world: World, meeting: Event) -> None:
    world.settings |= {"direction": Direction.LEFT_TO_RIGHT, "on_target_edit": "restore"}
    world.left.user_create(meeting)
    await world.settle()
    world.right.user_edit(only_id(world.right), summary="anders")
    await world.settle()
    assert only(world.right).summary == "Besichtigung"
    world.right.user_delete(only_id(world.right))
    await world.settle()
    assert only(world.right).summary == "Besichtigung"


async def test_a_deleted_one_way_target_returns_when_its_source_changes(world: World, meeting: Event) -> None:
    world.settings["direction"] = Direction.LEFT_TO_RIGHT
    world.left.user_create(meeting)
    await world.settle()
    world.right.user_delete(only_id(world.right))
    await world.settle()
    assert world.right.events() == {}
    world.left.user_edit(only_id(world.left), description="geändert")
    await world.settle()
    assert only(world.right).description == "geändert"


async def test_a_private_event_is_masked_on_its_copy_only(world: World, meeting: Event) -> None:
    world.left.user_create(replace(meeting, private=True))
    await world.settle()
    assert (only(world.right).summary, only(world.right).description) == ("Privat", "")
    assert only(world.left).summary == "Besichtigung"
    world.right.user_edit(only_id(world.right), summary="Zahnarzt")
    await world.settle()
    assert only(world.left).summary == "Besichtigung"
    assert only(world.right).summary == "Zahnarzt"
    moved = replace(meeting).when
    assert isinstance(moved, Timed)
    later = Timed(moved.start + timedelta(hours=2), moved.end + timedelta(hours=2))
    world.right.user_edit(only_id(world.right), when=later)
    await world.settle()
    assert only(world.left).when == later


async def test_an_event_becomes_private_and_stops_being_it(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_edit(only_id(world.left), private=True)
    await world.settle()
    assert (only(world.right).summary, only(world.right).description) == ("Privat", "")
    world.left.user_edit(only_id(world.left), private=False)
    await world.settle()
    assert (only(world.right).summary, only(world.right).description) == ("Besichtigung", "Schlüssel")


async def test_a_copy_marked_private_changes_nothing_on_the_original(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.right.user_edit(only_id(world.right), private=True)
    await world.settle()
    assert only(world.left).summary == "Besichtigung"


async def test_a_series_is_skipped_and_a_linked_event_that_becomes_one_sleeps(
    world: World, meeting: Event
) -> None:
    world.left.user_create(replace(meeting, series=True))
    single = world.left.user_create(replace(meeting, summary="einzeln"))
    report = await world.run()
    assert report.counts[Side.LEFT].skipped == {"series": 1}
    assert only(world.right).summary == "einzeln"
    world.left.user_edit(single, series=True, summary="jetzt Serie")
    await world.settle()
    assert only(world.right).summary == "einzeln"
    world.left.user_edit(single, series=False)
    await world.settle()
    assert only(world.right).summary == "jetzt Serie"


@pytest.mark.parametrize(("reminder", "minutes"), [(True, 15), (None, 15), (False, None)])
async def test_a_reminder_is_given_once(
    world: World, meeting: Event, reminder: bool | None, minutes: int | None
) -> None:
    world.left.user_create(replace(meeting, reminder=reminder))
    await world.settle()
    right = only_id(world.right)
    assert world.right.reminder_minutes(right) == minutes
    world.left.user_edit(only_id(world.left), reminder=not reminder, summary="neu")
    await world.settle()
    assert world.right.reminder_minutes(right) == minutes


async def test_an_event_moved_out_of_the_window_takes_its_copy_along(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    far = Timed(tomorrow + timedelta(days=600), tomorrow + timedelta(days=600, hours=1))
    moved = next(event_id for event_id, event in world.left.events().items() if event.summary == "Besichtigung")
    world.left.user_edit(moved, when=far)
    await world.settle()
    assert far in [event.when for event in world.right.events().values()]
    assert len(world.right.events()) == 2
    near = Timed(tomorrow, tomorrow + timedelta(hours=1))
    world.left.user_edit(moved, when=near, summary="zurück")
    await world.settle()
    assert ("zurück", near) in [(event.summary, event.when) for event in world.right.events().values()]


async def test_the_window_moves_and_old_events_sleep_without_a_delete(world: World, meeting: Event) -> None:
    old = Timed(
        world.clock.now() - timedelta(days=88), world.clock.now() - timedelta(days=88) + timedelta(hours=1)
    )
    world.left.user_create(replace(meeting, when=old))
    await world.settle()
    assert len(world.right.events()) == 1
    world.clock.advance(10 * 86400)
    await world.settle()
    assert len(world.left.events()) == len(world.right.events()) == 1
    world.left.user_delete(only_id(world.left))
    await world.settle()
    assert len(world.right.events()) == 1


async def test_an_event_that_left_the_account_is_held(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_move_away(only_id(world.left))
    world.left.drop_tokens()
    await world.settle()
    report = await world.run()
    assert len(world.right.events()) == 1
    assert report.counts[Side.RIGHT].held == 1


async def test_a_cancelled_meeting_counts_as_deleted_and_is_never_new(world: World, meeting: Event) -> None:
    world.right.user_create(replace(meeting, cancelled=True))
    linked = world.right.user_create(replace(meeting, summary="Team"))
    world.right.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    assert len(world.left.events()) == 2
    world.right.user_edit(linked, cancelled=True)
    await world.settle()
    assert [event.summary for event in world.left.events().values()] == ["anderer"]
    assert len(world.right.events()) == 3


async def test_both_sides_delete(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.left.user_delete(only_id(world.left))
    world.right.user_delete(only_id(world.right))
    await world.settle()
    assert world.left.events() == world.right.events() == {}


async def test_a_user_copies_an_event_with_its_marker(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    await world.settle()
    world.right.user_copy(only_id(world.right))
    await world.settle()
    assert len(world.left.events()) == len(world.right.events()) == 2


async def test_online_meeting_notes_are_kept(world: World, meeting: Event) -> None:
    world.right.user_create(replace(meeting, online_meeting=True, description="Link"))
    await world.settle()
    world.left.user_edit(only_id(world.left), description="neu", summary="umbenannt")
    report = await world.run()
    assert only(world.right).summary == "umbenannt"
    assert only(world.right).description == "Link"
    assert report.counts[Side.LEFT].skipped == {"online_meeting": 1}


async def test_a_plan_without_writes_sends_none(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    report = await world.run(write=False)
    assert [operation.kind for operation in report.plan.operations] == ["create"]
    assert world.right.writes() == []
    report = await world.run()
    assert report.counts[Side.RIGHT].created == 1


async def test_a_sleeping_event_that_came_back_with_a_new_id_is_known_again(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    old = Timed(world.clock.now() - timedelta(days=88), world.clock.now() - timedelta(days=88, hours=-1))
    left = world.left.user_create(replace(meeting, when=old))
    await world.settle()
    world.clock.advance(5 * 86400)
    await world.settle()
    event = replace(world.left.events()[left], when=Timed(tomorrow, tomorrow + timedelta(hours=1)))
    world.left.user_purge(left)
    world.left.rows.add(event, by_us=False)
    world.clock.advance(86400 + 7200)
    await world.run()
    await world.settle()
    assert len(world.left.events()) == 1
    assert only(world.right).when == event.when
