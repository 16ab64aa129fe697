"""What is forgotten, and what is asked about although no feed tells of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from calsync.errors import Retry
from calsync.sync.model import Event, Side, Timed
from calsync.sync.plan import Kind
from calsync.values import replace

if TYPE_CHECKING:
    from datetime import datetime

    from calsync.testing.rows import Row
    from tests.engine.conftest import World

DAY = 86400


async def test_ledger_and_tombstones_are_kept_for_a_month(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.left.user_delete(next(iter(world.left.events())))
    await world.settle()
    world.clock.advance(29 * DAY)
    await world.settle()
    state = await world.store.load("anna", world.clock.now())
    assert len(state.tombstones) == 2
    assert [entry.kind for entry in await world.store.ledger("anna", 9)] == ["create", "create", "delete"]
    world.clock.advance(2 * DAY)
    await world.settle()
    state = await world.store.load("anna", world.clock.now())
    assert state.tombstones == {}
    assert await world.store.ledger("anna", 9) == []
    assert len(world.right.events()) == 1


async def test_what_left_the_window_without_a_link_is_forgotten(world: World, meeting: Event) -> None:
    old = Timed(world.clock.now() - timedelta(days=89), world.clock.now() - timedelta(days=89, hours=-1))
    world.left.user_create(replace(meeting, when=old, series=True))
    linked = world.left.user_create(replace(meeting, when=old))
    await world.settle()
    world.clock.advance(5 * DAY)
    await world.settle()
    seen = (await world.store.load("anna", world.clock.now())).seen
    assert list(seen[Side.LEFT]) == [linked]
    assert len(seen[Side.RIGHT]) == 1


async def test_what_left_the_window_without_a_link_is_not_copied_as_it_once_was(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    left = world.left.user_create(replace(meeting, series=True))
    await world.settle()
    world.clock.advance(60)
    world.left.user_edit(left, series=False)
    single = world.left.rows.rows[left]
    far = tomorrow + timedelta(days=600)
    world.left.user_edit(left, series=True, when=Timed(far, far + timedelta(hours=1)))
    for _ in range(2):
        world.clock.advance(2 * DAY)
        await world.settle()
    assert (await world.store.load("anna", world.clock.now())).seen[Side.LEFT] == {}
    world.left.behaviour.repeated.append(single)
    await world.settle()
    assert world.right.writes() == []
    world.left.behaviour.repeated.clear()
    world.left.user_edit(left, series=False, when=meeting.when)
    await world.settle()
    assert len(world.right.events()) == 1


async def test_a_delete_outside_the_window_is_noticed_while_the_pair_is_awake(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    """The move out of the window cannot be carried over, so the copy stays inside."""
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    (right,) = (event_id for event_id, event in world.right.events().items() if event.summary == meeting.summary)
    world.right.user_edit(right, attendee_count=1)
    far = tomorrow + timedelta(days=600)
    world.left.user_edit(left, when=Timed(far, far + timedelta(hours=1)))
    assert (await world.run()).counts[Side.RIGHT].blocked == 1
    world.left.user_delete(left)
    world.clock.advance(2 * DAY)
    await world.run()
    world.right.user_edit(right, attendee_count=0)
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == ["anderer"]


async def test_an_event_outside_the_window_is_read_before_its_deleted_copy_is_made_anew(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    """Its move could not be carried over, and nothing tells there that it is private by now."""
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.right.user_edit(right, attendee_count=2)
    far = tomorrow + timedelta(days=600)
    world.left.user_edit(left, when=Timed(far, far + timedelta(hours=1)))
    assert (await world.run()).counts[Side.RIGHT].blocked == 1
    world.left.user_edit(left, private=True)
    world.right.user_delete(right)
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == ["Privat"]


async def test_an_event_restored_outside_the_window_is_seen_while_its_delete_waits(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    """Its copy has attendees, so the delete was blocked; neither feed nor listing tells of the event any more."""
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.right.user_edit(right, attendee_count=2)
    far = tomorrow + timedelta(days=600)
    world.left.user_edit(left, when=Timed(far, far + timedelta(hours=1)))
    await world.run()
    world.left.user_delete(left)
    world.clock.advance(2 * DAY)
    await world.settle()
    assert {each.wanted for each in (await world.run()).plan.operations} == {Kind.DELETE}
    world.left.user_restore(left)
    world.clock.advance(2 * DAY)
    await world.settle()
    assert {each.wanted for each in (await world.run()).plan.operations} == {Kind.UPDATE}


async def test_an_event_restored_outside_the_window_is_seen_when_its_pair_slept(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    """Its masked copy came back into the window while it was deleted, so a person was to decide."""
    far = Timed(tomorrow + timedelta(days=600), tomorrow + timedelta(days=600, hours=1))
    right = world.right.user_create(replace(meeting, private=True))
    await world.settle()
    world.right.user_edit(right, when=far)
    await world.settle()
    world.right.user_delete(right)
    (left,) = world.left.events()
    world.left.user_edit(left, when=meeting.when)
    await world.settle()
    assert (await world.run()).notices[Kind.HOLD, Side.LEFT, "private_original_deleted"] == 1
    world.right.user_restore(right)
    world.clock.advance(2 * DAY)
    await world.settle()
    assert [event.when for event in world.right.events().values()] == [meeting.when]


async def test_a_series_outside_the_window_that_is_a_single_event_again_takes_its_copy_along(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    left = world.left.user_create(meeting)
    await world.settle()
    far = Timed(tomorrow + timedelta(days=600), tomorrow + timedelta(days=600, hours=1))
    world.left.user_edit(left, series=True, when=far)
    await world.settle()
    assert [event.when for event in world.right.events().values()] == [meeting.when]
    world.left.user_edit(left, series=False)
    await world.settle()
    assert [event.when for event in world.right.events().values()] == [far]


async def test_what_only_a_broken_listing_showed_is_asked_about_when_the_next_one_does_not(
    world: World, meeting: Event
) -> None:
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.clock.advance(2 * DAY)
    world.left.behaviour.page_size = world.left.behaviour.listing_pages = 1
    with pytest.raises(Retry, match="before it was complete"):
        await world.run()
    world.left.user_purge(left)
    world.left.behaviour.listing_pages = None
    for _ in range(3):
        await world.run()
    assert [event.summary for event in world.right.events().values()] == ["anderer"]


async def test_a_late_repetition_neither_brings_back_nor_overwrites_anything(world: World, meeting: Event) -> None:
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    first = world.left.rows.rows[left]
    world.clock.advance(60)
    world.left.user_edit(left, summary="geändert")
    world.left.behaviour.repeated.append(first)  # behind the new state, in the same page
    await world.settle()
    assert {event.summary for event in world.right.events().values()} == {"geändert", "anderer"}
    assert len(world.right.writes()) == 3
    world.left.behaviour.repeated.clear()
    world.left.user_delete(left)
    await world.settle()
    world.left.behaviour.repeated.append(first)
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == ["anderer"]
    assert len(world.right.writes()) == 4


async def test_a_deleted_event_that_was_never_copied_is_not_copied_when_it_is_told_once_more(
    world: World, meeting: Event
) -> None:
    left = world.left.user_create(replace(meeting, series=True))
    await world.settle()
    world.clock.advance(60)
    world.left.user_edit(left, series=False)
    before = world.left.rows.rows[left]
    world.left.user_delete(left)
    await world.settle()
    world.left.behaviour.repeated.append(before)
    await world.settle()
    assert world.right.writes() == []


async def test_an_event_with_a_new_id_is_known_again_before_the_feed_tells_that_the_old_one_is_gone(
    world: World, meeting: Event
) -> None:
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.clock.advance(60)
    old = world.left.rows.rows[left]
    world.left.rows.add(old.event, by_us=False)
    world.left.behaviour.hidden.add(left)  # nothing tells yet that it is gone
    world.left.user_purge(left)
    await world.settle()
    assert len(world.right.writes()) == 2
    assert len(world.right.events()) == 2


async def test_a_delete_is_carried_over_although_the_feed_repeats_the_event_behind_it(
    world: World, meeting: Event
) -> None:
    left = world.left.user_create(meeting)
    world.left.user_create(replace(meeting, summary="anderer"))
    await world.settle()
    world.clock.advance(60)
    world.left.behaviour.page_size = 1
    world.left.behaviour.repeated.append(world.left.rows.rows[left])
    world.left.user_delete(left)
    await world.settle()
    assert [event.summary for event in world.right.events().values()] == ["anderer"]


@pytest.mark.parametrize("side", Side)
async def test_what_changed_is_synced_although_the_daily_listing_fails(
    world: World, meeting: Event, side: Side
) -> None:
    """The token works. What only the other side's listing shows waits: it may be on this side, too."""
    world.left.user_create(meeting)
    await world.settle()
    edge = world.clock.now() + timedelta(days=365, hours=12)
    for calendar in (world.left, world.right):
        calendar.user_create(replace(meeting, when=Timed(edge, edge + timedelta(hours=1))))
    world.clock.advance(2 * DAY)
    failing = world.left if side is Side.LEFT else world.right
    failing.behaviour.listing_pages = 0
    for number in range(3):
        world.left.user_create(replace(meeting, summary=f"links {number}"))
        world.right.user_create(replace(meeting, summary=f"rechts {number}"))
        with pytest.raises(Retry, match="ended before it was complete"):
            await world.run()
    assert len(world.left.events()) == len(world.right.events()) == 8
    failing.behaviour.listing_pages = None
    await world.settle()
    assert len(world.left.events()) == len(world.right.events()) == 8


async def test_without_a_token_a_listing_that_fails_ends_the_run(world: World, meeting: Event) -> None:
    world.left.user_create(meeting)
    world.right.behaviour.listing_pages = 0
    with pytest.raises(Retry, match="ended before it was complete"):
        await world.run()
    assert not world.right.writes()


async def test_an_old_id_that_is_told_once_more_does_not_take_the_place_of_a_deleted_event(
    world: World, meeting: Event
) -> None:
    others = [world.right.user_create(replace(meeting, summary=f"anderer {number}")) for number in range(6)]
    first = world.right.user_create(meeting)
    old = world.right.rows.rows[first]
    world.right.user_purge(first)
    second = world.right.rows.add(replace(old.event, summary="geändert"), by_us=False).id  # with another id
    await world.settle()
    for event_id in (*others, second):
        world.right.user_delete(event_id)
    report = await world.run()
    assert report.notices[Kind.HOLD, Side.LEFT, "brake_deletes"] == 7
    world.right.behaviour.repeated.append(old)  # as it was before it got its new id
    await world.settle()
    assert "geändert" in {event.summary for event in world.left.events().values()}
    assert [call.method for call in world.left.writes()] == ["create"] * 7


async def test_an_edit_that_was_never_told_before_its_delete_does_not_bring_the_event_back(
    world: World, meeting: Event
) -> None:
    ids = [world.left.user_create(replace(meeting, summary=f"Termin {number}")) for number in range(7)]
    await world.settle()
    world.clock.advance(60)
    world.left.user_edit(ids[0], summary="geändert")
    edited = world.left.rows.rows[ids[0]]
    for event_id in ids:
        world.left.user_delete(event_id)
    await world.run()
    world.left.behaviour.repeated.append(edited)
    report = await world.run()
    assert report.notices[Kind.HOLD, Side.RIGHT, "brake_deletes"] == 7
    assert len(world.right.writes()) == 7


async def test_an_event_that_came_back_into_the_account_outside_the_window_is_seen_when_its_pair_slept(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    far = Timed(tomorrow + timedelta(days=600), tomorrow + timedelta(days=600, hours=1))
    right = world.right.user_create(meeting)
    await world.settle()
    world.right.user_edit(right, when=far)
    await world.settle()
    (left,) = world.left.events()
    world.right.user_move_away(right)
    world.left.user_edit(left, when=meeting.when)
    await world.settle()
    assert (await world.run()).notices[Kind.HOLD, Side.LEFT, "left_account"] == 1
    world.right.user_restore(right)
    world.clock.advance(2 * DAY)
    await world.settle()
    assert [event.when for event in world.right.events().values()] == [meeting.when]


async def _left_and_told_again(world: World, meeting: Event, *, edited: bool) -> tuple[str, Row]:
    """Let an event leave the account, and its feed tell once more what it was; return its id and that."""
    left = world.left.user_create(meeting)
    await world.settle()
    world.clock.advance(60)
    if edited:
        world.left.user_edit(left, summary="geändert")
    before = world.left.rows.rows[left]
    world.left.user_move_away(left)
    assert (await world.run()).notices[Kind.HOLD, Side.RIGHT, "left_account"] == 1
    world.left.behaviour.repeated.append(before)
    return left, before


@pytest.mark.parametrize("edited", [False, True])
async def test_an_event_that_left_the_account_is_not_taken_for_back_when_it_is_told_once_more(
    world: World, meeting: Event, edited: bool
) -> None:
    left, before = await _left_and_told_again(world, meeting, edited=edited)
    assert (await world.run()).notices[Kind.HOLD, Side.RIGHT, "left_account"] == 1
    assert len(world.right.writes()) == 1
    world.left.behaviour.repeated.clear()
    world.left.user_restore(left)
    assert not (await world.run()).notices
    assert world.right.events().popitem()[1].summary == before.event.summary


@pytest.mark.parametrize("edited", [False, True])
async def test_what_left_the_account_is_asked_about_also_where_the_run_that_was_told_of_it_has_failed(
    world: World, meeting: Event, edited: bool
) -> None:
    await _left_and_told_again(world, meeting, edited=edited)
    world.left.faults.add("locate", lambda: Retry("busy"))
    with pytest.raises(Retry):
        await world.run()
    assert (await world.run()).notices[Kind.HOLD, Side.RIGHT, "left_account"] == 1
    assert len(world.right.writes()) == 1


async def test_an_event_outside_the_window_is_made_anew_as_it_is_by_now(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    """No rule is circumvented (I14): no feed tells that it is private by now, as it lies outside the window."""
    world.right.user_create(replace(meeting, attendee_count=2))
    await world.settle()
    (left,), (right,) = world.left.events(), world.right.events()
    far = tomorrow + timedelta(days=600)
    world.left.user_edit(left, when=Timed(far, far + timedelta(hours=1)))
    assert (await world.run()).counts[Side.RIGHT].blocked == 1
    world.left.user_edit(left, private=True)
    world.right.user_delete(right)
    await world.run()
    assert [(event.summary, event.description) for event in world.right.events().values()] == [("Privat", "")]


async def test_an_edit_outside_the_window_arrives_as_the_event_is_by_now(
    world: World, meeting: Event, tomorrow: datetime
) -> None:
    """It had to wait, as the copy had attendees; its event was marked as private meanwhile (I14)."""
    left = world.left.user_create(meeting)
    await world.settle()
    (right,) = world.right.events()
    world.right.user_edit(right, attendee_count=2)
    far = tomorrow + timedelta(days=600)
    world.left.user_edit(left, summary="Arzt", when=Timed(far, far + timedelta(hours=1)))
    assert (await world.run()).counts[Side.RIGHT].blocked == 1
    world.left.user_edit(left, private=True)
    world.right.user_edit(right, attendee_count=0)
    await world.settle()
    shown = [change.after.event.summary for change in world.right.rows.log]
    assert "Arzt" not in shown
    assert shown[-1] == "Privat"
